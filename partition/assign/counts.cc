#include "partition/assign/counts.h"

#include <algorithm>

namespace soliton::assignment {
namespace {

constexpr std::uint32_t kUnusedNode = 1u << 16;  // added to a class: a node of it stays empty

}  // namespace

CountShape::CountShape(const UnitGraph& units, const Prices& prices)
    : stride_(units.classes.size()), has_one_more_(units.classes.size()) {
  const std::vector<UnitClass>& classes = units.classes;
  for (std::size_t c = 0; c < classes.size(); ++c)
    if (classes[c].count > classes[main_].count) main_ = c;
  main_most_ = static_cast<Count>(classes[main_].count);
  main_price_ = prices.of_class[main_];
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (c == main_ || classes[c].count == 0) continue;
    stride_[c] = states_;
    states_ *= static_cast<std::size_t>(classes[c].count) + 1;
  }
  free_price_.assign(states_, 0);
  only_paying_left_.assign(states_, classes[main_].pays);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (classes[c].pays && classes[c].count > 0 &&
        (paying_price_ == 0 || prices.of_class[c] < paying_price_))
      paying_price_ = prices.of_class[c];
    if (stride_[c] == 0) continue;
    const auto most = static_cast<std::size_t>(classes[c].count);
    has_one_more_[c].resize(states_);
    for (std::size_t x = 0; x < states_; ++x) {
      const std::size_t used = x / stride_[c] % (most + 1);
      has_one_more_[c][x] = used < most;
      if (used < most && !classes[c].pays) only_paying_left_[x] = false;
      free_price_[x] += Wide{prices.of_class[c]} * static_cast<std::int64_t>(most - used);
    }
  }
}

void CountTable::reset(std::size_t places) {
  values_.assign(places * shape_.states(), kNever);
  parents_.resize(places * shape_.states());
  values_[0] = 0;
}

// A node may stay empty: more nodes of another class are never worse.
void CountTable::spread(std::size_t place) {
  Count* const values = row(place);
  for (std::size_t c = 0; c < shape_.classes(); ++c) {
    const std::size_t stride = shape_.stride(c);
    if (stride == 0) continue;
    for (std::size_t x = 0; x + stride < shape_.states(); ++x)
      if (shape_.has_one_more(x, c) && values[x] < values[x + stride]) {
        values[x + stride] = values[x];
        parents_[place * shape_.states() + x + stride] = {
            static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(c) | kUnusedNode};
      }
  }
}

bool CountTable::settle(std::size_t place, const Rest& rest, std::int64_t most,
                        std::int64_t& next) {
  spread(place);
  Count* const values = row(place);
  bool any = false;
  for (std::size_t x = 0; x < shape_.states(); ++x) {
    if (values[x] >= kNever) continue;
    const Wide free = shape_.free_price(x, values[x]);
    const Wide to_pay = shape_.to_pay(x, rest.price, rest.border);
    if (free * most >= to_pay) {
      any = true;
      continue;
    }
    values[x] = kNever;
    if (free > 0) {
      const Wide least = (to_pay + free - 1) / free;
      if (least < next) next = static_cast<std::int64_t>(least);
    }
  }
  return any;
}

bool CountTable::covers(std::size_t further, std::size_t place) const {
  const Count *const more = row(further), *const values = row(place);
  for (std::size_t x = 0; x < shape_.states(); ++x)
    if (values[x] < more[x]) return false;
  return true;
}

void CountTable::relax(std::size_t from, std::size_t to, std::size_t node_class) {
  if (node_class == shape_.main())
    relax_main(from, to);
  else
    relax_other(from, to, node_class);
}

void CountTable::relax_main(std::size_t from, std::size_t to) {
  const Count* const old = row(from);
  Count* const values = row(to);
  bool better = false;
  for (std::size_t x = 0; x < shape_.states(); ++x) better |= old[x] + 1 < values[x];
  if (!better) return;
  for (std::size_t x = 0; x < shape_.states(); ++x)
    if (old[x] + 1 < values[x] && old[x] < shape_.main_most()) {
      values[x] = old[x] + 1;
      parents_[to * shape_.states() + x] = {static_cast<std::uint32_t>(from),
                                            static_cast<std::uint32_t>(shape_.main())};
    }
}

void CountTable::relax_other(std::size_t from, std::size_t to, std::size_t node_class) {
  const std::size_t stride = shape_.stride(node_class);
  const Count* const old = row(from);
  Count* const values = row(to) + stride;
  bool better = false;
  for (std::size_t x = 0; x + stride < shape_.states(); ++x) better |= old[x] < values[x];
  if (!better) return;
  for (std::size_t x = 0; x + stride < shape_.states(); ++x)
    if (old[x] < values[x] && shape_.has_one_more(x, node_class)) {
      values[x] = old[x];
      parents_[to * shape_.states() + stride + x] = {static_cast<std::uint32_t>(from),
                                                     static_cast<std::uint32_t>(node_class)};
    }
}

std::vector<CountTable::Step> CountTable::steps_back(std::size_t place) const {
  const Count* const values = row(place);
  auto x = static_cast<std::size_t>(std::min_element(values, values + shape_.states()) - values);
  std::vector<Step> out;
  while (place != 0) {
    const Parent& parent = parents_[place * shape_.states() + x];
    const std::size_t node_class = parent.node_class & ~kUnusedNode;
    x -= shape_.stride(node_class);
    if ((parent.node_class & kUnusedNode) != 0) continue;
    place = parent.place;
    out.push_back({place, node_class});
  }
  return out;
}

}  // namespace soliton::assignment
