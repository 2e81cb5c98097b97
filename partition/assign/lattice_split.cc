#include "partition/assign/lattice_split.h"

#include <algorithm>

namespace soliton::assign {

LatticeSplit::LatticeSplit(const UnitGraph& units, const Prices& prices, const Lattice& lattice)
    : units_(units), lattice_(lattice), levels_(units, prices), total_(prices.total) {
  for (std::size_t c = 0; c < units.classes.size(); ++c)
    if (units.classes[c].count > 0) used_.push_back(c);
  sums_.resize(lattice.size());
  computes_.resize(lattice.size() * used_.size());
  blocked_.resize(lattice.size() * used_.size());
  reach_.resize(lattice.size());
  in_start_.resize(units.size);
  sum();
  least_time_ = least_paying_times(units);
  find_advances();
  for (std::size_t set = 0; set < lattice.size(); ++set)
    for (const Lattice::Step& step : lattice.steps(set))
      sums_[step.to].price = sums_[set].price + prices.of_unit[step.unit];
}

void LatticeSplit::sum() {
  for (std::size_t set = 0; set < lattice_.size(); ++set)
    for (const Lattice::Step& step : lattice_.steps(set)) {
      Sums& to = sums_[step.to];
      to.size = sums_[set].size + units_.sizes[step.unit];
      to.open = sums_[set].open;
      for (const Index net : units_.out_nets[step.unit]) to.open += units_.nets[net].cost;
      for (const Index net : units_.in_nets[step.unit])
        if (std::ranges::all_of(units_.sinks[net],
                                [&](Index sink) { return lattice_.holds(step.to, sink); }))
          to.open -= units_.nets[net].cost;
      for (std::size_t k = 0; k < used_.size(); ++k) {
        const std::int64_t time = units_.time(step.unit, used_[k]);
        const std::size_t from = set * used_.size() + k, at = step.to * used_.size() + k;
        computes_[at] = computes_[from] + std::max<std::int64_t>(time, 0);
        blocked_[at] = blocked_[from] + (time == kUnsupported ? 1 : 0);
      }
    }
}

// A step advances if whoever continues from the smaller set can as well continue from the larger
// one: a segment that gives the unit away saves its time, and transfers of what only it still read,
// and these cover what the segment may now have to fetch.
void LatticeSplit::find_advances() {
  advances_.resize(lattice_.step_count());
  for (std::size_t set = 0; set < lattice_.size(); ++set) {
    std::size_t at = lattice_.first_step(set);
    for (const Lattice::Step& step : lattice_.steps(set)) {
      const std::int64_t change = sums_[step.to].open - sums_[set].open;
      advances_[at++] = change <= least_time_[step.unit];
    }
  }
}

Answer LatticeSplit::decide(std::int64_t most, std::int64_t& steps) {
  next_ = kForever;
  levels_.reset(lattice_.size());
  std::ranges::fill(reach_, Reach{});
  const auto all = static_cast<Index>(lattice_.size() - 1);
  for (Levels::At at; !levels_.reached(all) && levels_.take(at);) {
    if (!can_finish(at, most) || overtaken(at)) continue;
    extend(at, most, steps);
    if (steps < 0) return Answer::kTooLong;
  }
  return levels_.reached(all) ? Answer::kYes : Answer::kNo;
}

bool LatticeSplit::can_finish(const Levels::At& at, std::int64_t most) {
  const Wide free = levels_.shape().free_price(at.state, at.main);
  const Wide to_pay =
      levels_.shape().to_pay(at.state, total_ - sums_[at.set].price, sums_[at.set].open);
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

// Every set that can end a segment, by the steps that lead to it. A set is met once for each start.
void LatticeSplit::extend(const Levels::At& at, std::int64_t most, std::int64_t& steps) {
  const Index start = at.set;
  ++round_;
  for (Index unit = 0; unit < units_.size; ++unit) in_start_[unit] = lattice_.holds(start, unit);
  queue_.assign(1, start);
  reach_[start] = {round_, 0, sums_[start].open};
  for (std::size_t head = 0; head < queue_.size(); ++head) {
    const Index from = queue_[head];
    for (const Lattice::Step& step : lattice_.steps(from)) {
      --steps;
      if (reach_[step.to].round == round_) continue;
      advance(from, step.to, step.unit);
      if (place(at, step.to, most)) queue_.push_back(step.to);
    }
  }
}

void LatticeSplit::advance(Index from, Index to, Index unit) {
  Reach reach{round_, reach_[from].read, reach_[from].passing};
  for (const Index net : units_.in_nets[unit]) {
    if (!in_start_[units_.nets[net].source]) continue;
    bool touched = false, done = true;
    for (const Index sink : units_.sinks[net]) {
      if (sink == unit) continue;
      if (!lattice_.holds(to, sink))
        done = false;
      else if (!in_start_[sink])
        touched = true;
    }
    if (!touched) reach.read += units_.nets[net].cost;
    if (done) reach.passing -= units_.nets[net].cost;
  }
  reach_[to] = reach;
}

// A segment from `start` to `set`, on whatever class can; whether a larger one may be possible.
bool LatticeSplit::place(const Levels::At& start_at, Index set, std::int64_t most) {
  const Index start = start_at.set;
  const std::int64_t size = sums_[set].size - sums_[start].size;
  const std::int64_t transfers = reach_[set].read + sums_[set].open - reach_[set].passing;
  bool any = false;
  for (std::size_t k = 0; k < used_.size(); ++k) {
    const std::size_t from = start * used_.size() + k, at = set * used_.size() + k;
    const UnitClass& nodes = units_.classes[used_[k]];
    if (!levels_.has_free(start_at, used_[k])) continue;
    if (blocked_[at] != blocked_[from] || size > nodes.memory) continue;
    const std::int64_t compute = computes_[at] - computes_[from];
    const std::int64_t load = compute + (nodes.pays ? transfers : 0);
    if (load <= most)
      levels_.add(start_at, set, used_[k], load);
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

}  // namespace soliton::assign
