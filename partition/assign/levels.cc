#include "partition/assign/levels.h"

#include <algorithm>

namespace soliton::assignment {
namespace {

constexpr std::uint32_t kUnusedNode = 1u << 16;  // added to a class: a node of it stays empty

}  // namespace

Levels::Levels(const UnitGraph& units, const Prices& prices) : shape_(units, prices) {}

void Levels::reset(std::size_t sets) {
  values_.assign(sets * shape_.states(), kNever);
  loads_.resize(sets * shape_.states());
  parents_.resize(sets * shape_.states());
  now_.assign(shape_.states(), {});
  then_.assign(shape_.states(), {});
  main_ = 0;
  state_ = taken_ = 0;
  put(0, 0, 0, 0, {});
}

// More nodes of another class hold the set as well; such states start no segments of their own.
void Levels::put(Index set, std::size_t state, Count main, std::int64_t load, Parent parent) {
  const std::size_t at = set * shape_.states() + state;
  if (values_[at] < main || (values_[at] == main && loads_[at] <= load)) return;
  const bool waits = values_[at] == main && (parents_[at].node_class & kUnusedNode) == 0;
  values_[at] = main;
  loads_[at] = load;
  parents_[at] = parent;
  if (!waits && (parent.node_class & kUnusedNode) == 0)
    (main == main_ ? now_ : then_)[state].push_back(set);
  for (std::size_t c = 0; c < shape_.classes(); ++c)
    if (shape_.stride(c) > 0 && shape_.has_one_more(state, c))
      put(set, state + shape_.stride(c), main, load,
          {set, static_cast<std::uint32_t>(c) | kUnusedNode});
}

bool Levels::take(At& at) {
  for (;;) {
    if (taken_ < now_[state_].size()) {
      const Index set = now_[state_][taken_++];
      const std::size_t value = set * shape_.states() + state_;
      // Fewer nodes may have turned up since it was put here.
      if (values_[value] != main_ || (parents_[value].node_class & kUnusedNode) != 0) continue;
      at = {set, state_, main_};
      return true;
    }
    now_[state_].clear();
    taken_ = 0;
    if (++state_ < shape_.states()) continue;
    state_ = 0;
    ++main_;
    now_.swap(then_);
    if (std::ranges::all_of(now_, [](const auto& it) { return it.empty(); })) return false;
  }
}

void Levels::add(const At& at, Index set, std::size_t node_class, std::int64_t load) {
  load = std::max(load, loads_[at.set * shape_.states() + at.state]);
  const Parent parent{at.set, static_cast<std::uint32_t>(node_class)};
  if (node_class == shape_.main())
    put(set, at.state, at.main + 1, load, parent);
  else
    put(set, at.state + shape_.stride(node_class), at.main, load, parent);
}

bool Levels::reached(Index set) const {
  const auto first = values_.begin() + static_cast<std::ptrdiff_t>(set * shape_.states());
  return std::any_of(first, first + static_cast<std::ptrdiff_t>(shape_.states()),
                     [](Count it) { return it < kNever; });
}

std::vector<CountTable::Step> Levels::steps_back(Index set) const {
  const Count* const values = values_.data() + set * shape_.states();
  auto state =
      static_cast<std::size_t>(std::min_element(values, values + shape_.states()) - values);
  std::vector<CountTable::Step> out;
  while (set != 0) {
    const Parent& parent = parents_[set * shape_.states() + state];
    const std::size_t node_class = parent.node_class & ~kUnusedNode;
    state -= shape_.stride(node_class);
    if ((parent.node_class & kUnusedNode) != 0) continue;
    set = parent.set;
    out.push_back({set, node_class});
  }
  return out;
}

}  // namespace soliton::assignment
