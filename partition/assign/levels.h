// The sets of a lattice that some nodes can hold, by the nodes they take: fewest nodes of the main
// class for each number of the others (counts.h), in the order in which these become final. Internal
// to the search.
//
// A segment adds one node, so what k nodes hold is final once everything with fewer nodes is. States
// are taken by ascending number of nodes of the main class, then by ascending state index.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/counts.h"
#include "partition/assign/lattice.h"

namespace soliton::assignment {

class Levels {
 public:
  static constexpr std::size_t kStateBytes = 24;  // memory of a state of a set

  Levels(const UnitGraph& units, const Prices& prices);

  // Drops everything; the empty set takes no nodes.
  void reset(std::size_t sets);

  // The next set to start segments from, with the state that holds it; false at the end.
  struct At {
    Index set = 0;
    std::size_t state = 0;
    Count main = 0;
  };
  bool take(At& at);

  // Whether the state's nodes, or fewer, hold `set`.
  bool held(Index set, const At& at) const {
    return values_[set * shape_.states() + at.state] <= at.main;
  }
  // Whether a node of the class is left.
  bool has_free(const At& at, std::size_t node_class) const {
    return shape_.has_free(at.state, at.main, node_class);
  }
  // A segment from the set of `at` to `set` on a node of a class that has one free. Of equal
  // numbers of nodes, the one stays whose largest load is least.
  void add(const At& at, Index set, std::size_t node_class, std::int64_t load);

  // Whether any state holds the set, and the steps that lead to it, the last first.
  bool reached(Index set) const;
  std::vector<CountTable::Step> steps_back(Index set) const;
  const CountShape& shape() const { return shape_; }

 private:
  struct Parent {
    Index set = 0;
    std::uint32_t node_class = 0;
  };
  void put(Index set, std::size_t state, Count main, std::int64_t load, Parent parent);

  CountShape shape_;
  std::vector<Count> values_;
  std::vector<std::int64_t> loads_;  // the largest so far
  std::vector<Parent> parents_;
  std::vector<std::vector<Index>> now_,
      then_;  // by state: sets to take with main_ nodes, or one more
  Count main_ = 0;
  std::size_t state_ = 0, taken_ = 0;
};

}  // namespace soliton::assignment
