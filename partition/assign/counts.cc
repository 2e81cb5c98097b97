#include "partition/assign/counts.h"

#include <algorithm>

namespace soliton::assign {
namespace {

constexpr std::uint32_t kUnusedNode = 1u << 16;  // added to a class: a node of it stays empty

}  // namespace

CountTable::CountTable(const UnitGraph& units, const Prices& prices)
    : stride_(units.classes.size()), has_one_more_(units.classes.size()) {
  for (std::size_t c = 0; c < units.classes.size(); ++c)
    if (units.classes[c].count > units.classes[main_].count) main_ = c;
  main_most_ = static_cast<Count>(units.classes[main_].count);
  main_price_ = prices.of_class[main_];
  for (std::size_t c = 0; c < units.classes.size(); ++c) {
    if (c == main_ || units.classes[c].count == 0) continue;
    stride_[c] = states_;
    states_ *= static_cast<std::size_t>(units.classes[c].count) + 1;
  }
  free_price_.assign(states_, 0);
  for (std::size_t c = 0; c < units.classes.size(); ++c) {
    if (stride_[c] == 0) continue;
    const auto most = static_cast<std::size_t>(units.classes[c].count);
    has_one_more_[c].resize(states_);
    for (std::size_t x = 0; x < states_; ++x) {
      const std::size_t used = x / stride_[c] % (most + 1);
      has_one_more_[c][x] = used < most;
      free_price_[x] += Wide{prices.of_class[c]} * static_cast<std::int64_t>(most - used);
    }
  }
}

void CountTable::reset(std::size_t places) {
  values_.assign(places * states_, kNever);
  parents_.resize(places * states_);
  values_[0] = 0;
}

// A node may stay empty: more nodes of another class are never worse.
void CountTable::spread(std::size_t place) {
  Count* const values = row(place);
  for (std::size_t c = 0; c < stride_.size(); ++c) {
    if (stride_[c] == 0) continue;
    for (std::size_t x = 0; x + stride_[c] < states_; ++x)
      if (has_one_more_[c][x] && values[x] < values[x + stride_[c]]) {
        values[x + stride_[c]] = values[x];
        parents_[place * states_ + x + stride_[c]] = {static_cast<std::uint32_t>(place),
                                                      static_cast<std::uint32_t>(c) | kUnusedNode};
      }
  }
}

bool CountTable::settle(std::size_t place, Wide rest, std::int64_t most, std::int64_t& next) {
  spread(place);
  Count* const values = row(place);
  bool any = false;
  for (std::size_t x = 0; x < states_; ++x) {
    if (values[x] >= kNever) continue;
    const Wide free =
        free_price_[x] + main_price_ * static_cast<std::int64_t>(main_most_ - values[x]);
    if (free * most >= rest) {
      any = true;
      continue;
    }
    values[x] = kNever;
    if (free > 0) {
      const Wide least = (rest + free - 1) / free;
      if (least < next) next = static_cast<std::int64_t>(least);
    }
  }
  return any;
}

void CountTable::relax(std::size_t from, std::size_t to, std::size_t node_class) {
  if (node_class == main_)
    relax_main(from, to);
  else
    relax_other(from, to, node_class);
}

void CountTable::relax_main(std::size_t from, std::size_t to) {
  const Count* const old = row(from);
  Count* const values = row(to);
  bool better = false;
  for (std::size_t x = 0; x < states_; ++x) better |= old[x] + 1 < values[x];
  if (!better) return;
  for (std::size_t x = 0; x < states_; ++x)
    if (old[x] + 1 < values[x] && old[x] < main_most_) {
      values[x] = old[x] + 1;
      parents_[to * states_ + x] = {static_cast<std::uint32_t>(from),
                                    static_cast<std::uint32_t>(main_)};
    }
}

void CountTable::relax_other(std::size_t from, std::size_t to, std::size_t node_class) {
  const std::size_t stride = stride_[node_class];
  const Count* const old = row(from);
  Count* const values = row(to) + stride;
  bool better = false;
  for (std::size_t x = 0; x + stride < states_; ++x) better |= old[x] < values[x];
  if (!better) return;
  for (std::size_t x = 0; x + stride < states_; ++x)
    if (old[x] < values[x] && has_one_more_[node_class][x]) {
      values[x] = old[x];
      parents_[to * states_ + stride + x] = {static_cast<std::uint32_t>(from),
                                             static_cast<std::uint32_t>(node_class)};
    }
}

bool CountTable::reached(std::size_t place) const {
  const Count* const values = values_.data() + place * states_;
  return std::any_of(values, values + states_, [](Count it) { return it < kNever; });
}

std::vector<CountTable::Step> CountTable::steps_back(std::size_t place) const {
  const Count* const values = values_.data() + place * states_;
  auto x = static_cast<std::size_t>(std::min_element(values, values + states_) - values);
  std::vector<Step> out;
  while (place != 0) {
    const Parent& parent = parents_[place * states_ + x];
    const std::size_t node_class = parent.node_class & ~kUnusedNode;
    x -= stride_[node_class];
    if ((parent.node_class & kUnusedNode) != 0) continue;
    place = parent.place;
    out.push_back({place, node_class});
  }
  return out;
}

}  // namespace soliton::assign
