// The best contiguous plan, over all sets of a lattice: every segment is the difference of two.
// Internal to the search.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/lattice.h"
#include "partition/assign/levels.h"
#include "partition/assign/order_split.h"

namespace soliton::assign {

class LatticeSplit {
 public:
  // The arguments outlive the object.
  LatticeSplit(const UnitGraph& units, const Prices& prices, const Lattice& lattice);

  // Whether loads up to `most` are possible. With kNo, next() is the least load that might be.
  Answer decide(std::int64_t most, std::int64_t& steps);
  std::int64_t next() const { return next_; }
  // After kYes.
  Split split() const;

 private:
  // What holds of a set, apart from where a segment starts.
  struct Sums {
    std::int64_t size = 0;
    std::int64_t open = 0;  // costs of nets with the source in it and a sink outside
    Wide price = 0;
  };
  // Of the set that a segment would end with, while its start is fixed.
  struct Reach {
    std::uint64_t round = 0;
    std::int64_t read = 0;     // costs of nets from before the segment with a sink in it
    std::int64_t passing = 0;  // of nets from before it that still have a sink outside the set
  };
  void sum();
  void find_advances();
  bool can_finish(const Levels::At& at, std::int64_t most);
  bool overtaken(const Levels::At& at) const;
  void extend(const Levels::At& at, std::int64_t most, std::int64_t& steps);
  void advance(Index from, Index to, Index unit);
  bool place(const Levels::At& start_at, Index set, std::int64_t most);

  const UnitGraph& units_;
  const Lattice& lattice_;
  Levels levels_;
  Wide total_ = 0;
  std::vector<std::size_t> used_;       // classes with nodes
  std::vector<Sums> sums_;              // by set
  std::vector<std::int64_t> computes_;  // [set * used + k]; wraps around, differences are right
  std::vector<Index> blocked_;          // the same: units that the class cannot run
  std::vector<bool> advances_;          // by step: see find_advances()
  std::vector<Reach> reach_;            // by set
  std::vector<Index> queue_;
  std::vector<std::int64_t> least_time_;  // by unit
  std::vector<char> in_start_;            // by unit: the set that segments start from holds it
  std::uint64_t round_ = 0;
  std::int64_t next_ = kForever;
};

}  // namespace soliton::assign
