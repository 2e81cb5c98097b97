#include "partition/assign/segment_walk.h"

#include <algorithm>

namespace soliton::assignment {

SegmentWalk::SegmentWalk(const UnitGraph& units, const Lattice& lattice)
    : units_(units), lattice_(lattice), classes_(units.classes.size()) {
  sums_.resize(lattice.size());
  computes_.resize(lattice.size() * classes_);
  blocked_.resize(lattice.size() * classes_);
  reach_.resize(lattice.size());
  sum();
}

void SegmentWalk::sum() {
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
      for (std::size_t c = 0; c < classes_; ++c) {
        const std::int64_t time = units_.time(step.unit, c);
        const std::size_t from = set * classes_ + c, at = step.to * classes_ + c;
        computes_[at] = computes_[from] + std::max<std::int64_t>(time, 0);
        blocked_[at] = blocked_[from] + (time == kUnsupported ? 1 : 0);
      }
    }
}

void SegmentWalk::begin(Index start) {
  start_ = start;
  ++round_;
  queue_.assign(1, start);
  reach_[start] = {round_, 0, sums_[start].open};
}

void SegmentWalk::advance(Index from, Index to, Index unit) {
  Reach reach{round_, reach_[from].read, reach_[from].passing};
  for (const Index net : units_.in_nets[unit]) {
    if (!start_holds(units_.nets[net].source)) continue;
    bool touched = false, done = true;
    for (const Index sink : units_.sinks[net]) {
      if (sink == unit) continue;
      if (!lattice_.holds(to, sink))
        done = false;
      else if (!start_holds(sink))
        touched = true;
    }
    if (!touched) reach.read += units_.nets[net].cost;
    if (done) reach.passing -= units_.nets[net].cost;
  }
  reach_[to] = reach;
}

}  // namespace soliton::assignment
