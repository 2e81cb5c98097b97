#include "partition/assign/orders.h"

#include <algorithm>

#include "protocol/base/rng.h"

namespace soliton::assignment {
namespace {

// Takes units whose producers (backwards: consumers) were all taken.
class Walk {
 public:
  Walk(const UnitGraph& units, bool backwards, const Random& chance)
      : units_(units), backwards_(backwards), chance_(chance), waits_(units.size) {
    for (Index unit = 0; unit < units.size; ++unit)
      waits_[unit] =
          static_cast<Index>((backwards ? units.consumers : units.producers)[unit].size());
    for (Index unit = 0; unit < units.size; ++unit)
      if (waits_[unit] == 0) ready_.push_back(unit);
  }

  // Mostly the unit that became ready last; in one of `often` cases any.
  std::vector<Index> depth_first(std::uint64_t often) {
    shuffle(0);
    while (!ready_.empty()) {
      std::size_t at = ready_.size() - 1;
      if (often > 0 && draw(often) == 0) at = draw(ready_.size());
      take(at);
    }
    return finish();
  }

  // The unit after which the least is open; ties at random.
  std::vector<Index> least_open() {
    std::vector<Index> left(units_.nets.size());
    for (std::size_t net = 0; net < left.size(); ++net)
      left[net] = static_cast<Index>(units_.sinks[net].size());
    while (!ready_.empty()) {
      std::size_t best = 0;
      std::int64_t least = kForever;
      // Only some of many, so that wide graphs stay cheap.
      const std::size_t tried = std::min<std::size_t>(ready_.size(), kTried);
      for (std::size_t k = 0; k < tried; ++k) {
        const std::size_t at = ready_.size() - 1 - k;
        const std::int64_t change = opened(ready_[at], left);
        if (change < least || (change == least && draw(2) == 0)) {
          least = change;
          best = at;
        }
      }
      for (const Index net : units_.in_nets[ready_[best]]) --left[net];
      take(best);
    }
    return finish();
  }

 private:
  static constexpr std::size_t kTried = 64;

  std::uint64_t draw(std::uint64_t below) { return chance_.below(drawn_++, below); }

  std::int64_t opened(Index unit, const std::vector<Index>& left) const {
    std::int64_t change = 0;
    for (const Index net : units_.out_nets[unit]) change += units_.nets[net].cost;
    for (const Index net : units_.in_nets[unit])
      if (left[net] == 1) change -= units_.nets[net].cost;
    return change;
  }
  void shuffle(std::size_t from) {
    for (std::size_t k = ready_.size(); k > from + 1; --k)
      std::swap(ready_[k - 1], ready_[from + draw(k - from)]);
  }
  void take(std::size_t at) {
    const Index unit = ready_[at];
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(at));
    order_.push_back(unit);
    const std::size_t before = ready_.size();
    for (const Index to : (backwards_ ? units_.producers : units_.consumers)[unit])
      if (--waits_[to] == 0) ready_.push_back(to);
    shuffle(before);
  }
  std::vector<Index> finish() {
    if (backwards_) std::ranges::reverse(order_);
    return std::move(order_);
  }

  const UnitGraph& units_;
  bool backwards_;
  Random chance_;
  std::uint64_t drawn_ = 0;
  std::vector<Index> waits_, ready_, order_;
};

}  // namespace

std::vector<Index> make_order(const UnitGraph& units, std::uint64_t number) {
  if (number == 0) {
    std::vector<Index> out(units.size);
    for (Index unit = 0; unit < units.size; ++unit) out[unit] = unit;
    return out;
  }
  const Random chance(number, "order of units");
  switch (number % 4) {
    case 1:
      return Walk(units, true, chance).depth_first(number < 8 ? 0 : 8);
    case 2:
      return Walk(units, false, chance).least_open();
    case 3:
      return Walk(units, false, chance).depth_first(number < 8 ? 0 : 4);
    default:
      return Walk(units, true, chance).depth_first(number < 8 ? 8 : 3);
  }
}

bool only_order(const UnitGraph& units) {
  for (std::size_t unit = 0; unit + 1 < units.size; ++unit)
    if (!std::ranges::binary_search(units.consumers[unit], static_cast<Index>(unit + 1)))
      return false;
  return true;
}

}  // namespace soliton::assignment
