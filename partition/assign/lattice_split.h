// The best contiguous plan, over all sets of a lattice: every segment is the difference of two.
// Internal to the search.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/lattice.h"
#include "partition/assign/levels.h"
#include "partition/assign/order_split.h"
#include "partition/assign/segment_walk.h"

namespace soliton::assignment {

class LatticeSplit {
 public:
  // How many sets a lattice may have for the search to stay within a few hundred MiB.
  static std::size_t most_sets(const UnitGraph& units, const Prices& prices);

  // The arguments outlive the object.
  LatticeSplit(const UnitGraph& units, const Prices& prices, const Lattice& lattice);

  // Whether loads up to `most` are possible. With kNo, next() is the least load that might be.
  Answer decide(std::int64_t most, std::int64_t& steps);
  std::int64_t next() const { return next_; }
  // After kYes.
  Split split() const;

 private:
  void find_advances();
  bool can_finish(const Levels::At& at, std::int64_t most);
  bool overtaken(const Levels::At& at) const;
  bool place(const Levels::At& at, Index set, std::int64_t most);

  const UnitGraph& units_;
  const Lattice& lattice_;
  SegmentWalk walk_;
  Levels levels_;
  Wide total_ = 0;
  std::vector<std::size_t> used_;  // classes with nodes
  std::vector<Wide> prices_;       // by set
  std::vector<bool> advances_;     // by step: see find_advances()
  std::int64_t next_ = kForever;
};

}  // namespace soliton::assignment
