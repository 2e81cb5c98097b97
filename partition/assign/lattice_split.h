// The best contiguous plan, over all sets of a lattice: every segment is the difference of two.
// Internal to the search.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/lattice.h"
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
    Index start = static_cast<Index>(-1);
    std::int64_t read = 0;     // costs of nets from before the segment with a sink in it
    std::int64_t passing = 0;  // of nets from before it that still have a sink outside the set
  };
  void sum();
  void extend(Index start, std::int64_t most, std::int64_t& steps);
  void advance(Index start, Index from, Index to, Index unit);
  bool place(Index start, Index set, std::int64_t most);

  const UnitGraph& units_;
  const Lattice& lattice_;
  CountTable table_;
  Wide total_ = 0;
  std::vector<std::size_t> used_;       // classes with nodes
  std::vector<Sums> sums_;              // by set
  std::vector<std::int64_t> computes_;  // [set * used + k]; wraps around, differences are right
  std::vector<Index> blocked_;          // the same: units that the class cannot run
  std::vector<Reach> reach_;            // by set
  std::vector<Index> queue_;
  std::int64_t next_ = kForever;
};

}  // namespace soliton::assign
