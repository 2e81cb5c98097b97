#include "partition/assign/lattice_split.h"

#include <algorithm>

namespace soliton::assign {

LatticeSplit::LatticeSplit(const UnitGraph& units, const Prices& prices, const Lattice& lattice)
    : units_(units), lattice_(lattice), table_(units, prices), total_(prices.total) {
  for (std::size_t c = 0; c < units.classes.size(); ++c)
    if (units.classes[c].count > 0) used_.push_back(c);
  sums_.resize(lattice.size());
  computes_.resize(lattice.size() * used_.size());
  blocked_.resize(lattice.size() * used_.size());
  reach_.resize(lattice.size());
  sum();
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

Answer LatticeSplit::decide(std::int64_t most, std::int64_t& steps) {
  next_ = kForever;
  table_.reset(lattice_.size());
  std::ranges::fill(reach_, Reach{});
  for (Index set = 0; set + 1 < lattice_.size(); ++set) {
    if (!table_.settle(set, total_ - sums_[set].price, most, next_)) continue;
    extend(set, most, steps);
    if (steps < 0) return Answer::kTooLong;
  }
  return table_.settle(lattice_.size() - 1, 0, most, next_) ? Answer::kYes : Answer::kNo;
}

// Every set that can end a segment, by the steps that lead to it.
void LatticeSplit::extend(Index start, std::int64_t most, std::int64_t& steps) {
  queue_.assign(1, start);
  reach_[start] = {start, 0, sums_[start].open};
  for (std::size_t head = 0; head < queue_.size(); ++head) {
    const Index from = queue_[head];
    for (const Lattice::Step& step : lattice_.steps(from)) {
      --steps;
      if (reach_[step.to].start == start) continue;
      advance(start, from, step.to, step.unit);
      if (place(start, step.to, most)) queue_.push_back(step.to);
    }
  }
}

void LatticeSplit::advance(Index start, Index from, Index to, Index unit) {
  Reach reach{start, reach_[from].read, reach_[from].passing};
  for (const Index net : units_.in_nets[unit]) {
    if (!lattice_.holds(start, units_.nets[net].source)) continue;
    bool touched = false, done = true;
    for (const Index sink : units_.sinks[net]) {
      if (sink == unit) continue;
      if (!lattice_.holds(to, sink))
        done = false;
      else if (!lattice_.holds(start, sink))
        touched = true;
    }
    if (!touched) reach.read += units_.nets[net].cost;
    if (done) reach.passing -= units_.nets[net].cost;
  }
  reach_[to] = reach;
}

// A segment from `start` to `set`, on whatever class can; whether a larger one may be possible.
bool LatticeSplit::place(Index start, Index set, std::int64_t most) {
  const std::int64_t size = sums_[set].size - sums_[start].size;
  const std::int64_t transfers = reach_[set].read + sums_[set].open - reach_[set].passing;
  bool any = false;
  for (std::size_t k = 0; k < used_.size(); ++k) {
    const std::size_t from = start * used_.size() + k, at = set * used_.size() + k;
    const UnitClass& nodes = units_.classes[used_[k]];
    if (blocked_[at] != blocked_[from] || size > nodes.memory) continue;
    const std::int64_t compute = computes_[at] - computes_[from];
    const std::int64_t load = compute + (nodes.pays ? transfers : 0);
    if (load <= most)
      table_.relax(start, set, used_[k]);
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
  for (const CountTable::Step& step : table_.steps_back(end)) {
    out.segments.push_back({lattice_.difference(step.from, end), step.node_class});
    end = step.from;
  }
  std::ranges::reverse(out.segments);
  return out;
}

}  // namespace soliton::assign
