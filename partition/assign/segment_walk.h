// Goes over the segments that start at a set of a lattice, and knows what each costs. Internal to
// the search.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/lattice.h"

namespace soliton::assignment {

class SegmentWalk {
 public:
  // The arguments outlive the object.
  SegmentWalk(const UnitGraph& units, const Lattice& lattice);

  // Meets once every set that contains `start` and is reached by steps over sets for which
  // visit(set) was true; `start` itself is not visited. Counts down `steps` for each step.
  template <typename Visit>
  void walk(Index start, std::int64_t& steps, Visit visit) {
    begin(start);
    for (std::size_t head = 0; head < queue_.size(); ++head) {
      const Index from = queue_[head];
      for (const Lattice::Step& step : lattice_.steps(from)) {
        --steps;
        if (reach_[step.to].round == round_) continue;
        advance(from, step.to, step.unit);
        if (visit(step.to)) queue_.push_back(step.to);
      }
    }
  }

  // Of the segment from the start of the walk to a set it is visiting.
  std::int64_t size(Index set) const { return sums_[set].size - sums_[start_].size; }
  std::int64_t transfers(Index set) const {
    return reach_[set].read + sums_[set].open - reach_[set].passing;
  }
  // Time on nodes of a class; kUnsupported if they cannot run it.
  std::int64_t compute(Index set, std::size_t node_class) const {
    const std::size_t from = start_ * classes_ + node_class, at = set * classes_ + node_class;
    return blocked_[at] != blocked_[from] ? kUnsupported : computes_[at] - computes_[from];
  }

  // Costs of nets with their source in the set and a sink outside.
  std::int64_t open(Index set) const { return sums_[set].open; }
  bool start_holds(Index unit) const { return lattice_.holds(start_, unit); }

 private:
  struct Sums {
    std::int64_t size = 0;
    std::int64_t open = 0;
  };
  struct Reach {
    std::uint64_t round = 0;   // of the walk that met the set
    std::int64_t read = 0;     // costs of nets from before the segment with a sink in it
    std::int64_t passing = 0;  // of nets from before it that still have a sink outside the set
  };
  void sum();
  void begin(Index start);
  void advance(Index from, Index to, Index unit);

  const UnitGraph& units_;
  const Lattice& lattice_;
  std::size_t classes_ = 0;
  std::vector<Sums> sums_;              // by set
  std::vector<std::int64_t> computes_;  // [set * classes_ + class]
  std::vector<Index> blocked_;          // the same: units that the class cannot run
  std::vector<Reach> reach_;            // by set
  std::vector<Index> queue_;
  Index start_ = 0;
  std::uint64_t round_ = 0;
};

}  // namespace soliton::assignment
