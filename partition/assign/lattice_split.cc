#include "partition/assign/lattice_split.h"

#include <algorithm>

namespace soliton::assignment {

std::size_t LatticeSplit::most_sets(const UnitGraph& units, const Prices& prices) {
  constexpr std::size_t kMemory = 400'000'000;  // bytes
  const std::size_t of_set = 120 + 12 * units.classes.size();
  return kMemory / (of_set + CountShape(units, prices).states() * Levels::kStateBytes);
}

LatticeSplit::LatticeSplit(const UnitGraph& units, const Prices& prices, const Lattice& lattice)
    : units_(units),
      lattice_(lattice),
      walk_(units, lattice),
      levels_(units, prices),
      total_(prices.total),
      prices_(lattice.size()) {
  for (std::size_t c = 0; c < units.classes.size(); ++c)
    if (units.classes[c].count > 0) used_.push_back(c);
  for (std::size_t set = 0; set < lattice.size(); ++set)
    for (const Lattice::Step& step : lattice.steps(set))
      prices_[step.to] = prices_[set] + prices.of_unit[step.unit];
  find_advances();
}

// A step advances if whoever continues from the smaller set can as well continue from the larger
// one: a segment that gives the unit away saves its time, and transfers of what only it still read,
// and these cover what the segment may now have to fetch.
void LatticeSplit::find_advances() {
  const std::vector<std::int64_t> least = least_paying_times(units_);
  advances_.resize(lattice_.step_count());
  for (std::size_t set = 0; set < lattice_.size(); ++set) {
    std::size_t at = lattice_.first_step(set);
    for (const Lattice::Step& step : lattice_.steps(set)) {
      const std::int64_t change = walk_.open(step.to) - walk_.open(static_cast<Index>(set));
      advances_[at++] = change <= least[step.unit];
    }
  }
}

Answer LatticeSplit::decide(std::int64_t most, std::int64_t& steps) {
  next_ = kForever;
  levels_.reset(lattice_.size());
  const auto all = static_cast<Index>(lattice_.size() - 1);
  for (Levels::At at; !levels_.reached(all) && levels_.take(at);) {
    if (!can_finish(at, most) || overtaken(at)) continue;
    walk_.walk(at.set, steps, [&](Index set) { return place(at, set, most); });
    if (steps < 0) return Answer::kTooLong;
  }
  return levels_.reached(all) ? Answer::kYes : Answer::kNo;
}

bool LatticeSplit::can_finish(const Levels::At& at, std::int64_t most) {
  const Wide free = levels_.shape().free_price(at.state, at.main);
  const Wide to_pay =
      levels_.shape().to_pay(at.state, total_ - prices_[at.set], walk_.open(at.set));
  if (free * most >= to_pay) return true;
  if (free > 0)
    next_ = static_cast<std::int64_t>(std::min(Wide{next_}, (to_pay + free - 1) / free));
  return false;
}

bool LatticeSplit::overtaken(const Levels::At& at) const {
  std::size_t number = lattice_.first_step(at.set);
  for (const Lattice::Step& step : lattice_.steps(at.set))
    if (advances_[number++] && levels_.held(step.to, at)) return true;
  return false;
}

// The segment from the set of `at` to `set`, on whatever class can run it; whether a larger one may
// be possible. Compute and memory only grow as a segment does; transfers may shrink again.
bool LatticeSplit::place(const Levels::At& at, Index set, std::int64_t most) {
  const std::int64_t size = walk_.size(set), transfers = walk_.transfers(set);
  bool any = false;
  for (const std::size_t c : used_) {
    const UnitClass& nodes = units_.classes[c];
    if (size > nodes.memory || !levels_.has_free(at, c)) continue;
    const std::int64_t compute = walk_.compute(set, c);
    if (compute == kUnsupported) continue;
    const std::int64_t load = compute + (nodes.pays ? transfers : 0);
    if (load <= most)
      levels_.add(at, set, c, load);
    else
      next_ = std::min(next_, compute > most ? compute : load);
    any = any || compute <= most;
  }
  return any;
}

Split LatticeSplit::split() const {
  Split out;
  out.value = 0;
  std::size_t end = lattice_.size() - 1;
  for (const CountTable::Step& step : levels_.steps_back(static_cast<Index>(end))) {
    out.segments.push_back({lattice_.difference(step.from, end), step.node_class});
    end = step.from;
  }
  std::ranges::reverse(out.segments);
  return out;
}

}  // namespace soliton::assignment
