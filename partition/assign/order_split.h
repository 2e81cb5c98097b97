// The best way to cut one order of the units into segments, each on a node of its own. Internal to
// the search.
//
// Decided for a limit of the load by dynamic programming over positions: fewest nodes that hold the
// first units (counts.h). Then bisection on the limit: each "no" names the least load that could
// make a difference.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "partition/assign/counts.h"

namespace soliton::assignment {

// A segment: the units a node runs.
struct Segment {
  std::vector<Index> units;
  std::size_t node_class = 0;
};
// Segments in an order in which each depends on earlier ones only.
struct Split {
  std::int64_t value = kForever;  // largest load
  std::vector<Segment> segments;
};

// What a decision found for a limit of the load.
enum class Answer : std::uint8_t { kYes, kNo, kTooLong };

class OrderSplit {
 public:
  // The arguments outlive the object.
  OrderSplit(const UnitGraph& units, const Prices& prices);

  // Whether loads up to `most` are possible along `order`, which starts at the front. With `kNo`,
  // next() is the least load that might be possible.
  void set_order(const std::vector<Index>& order);
  Answer decide(std::int64_t most, std::int64_t& steps);
  std::int64_t next() const { return next_; }
  // After kYes.
  Split split() const;

  // The least possible value, at most `below` - 1; nullopt if there is none or steps ran out.
  // `lower`: a bound known already. After each step `steps` is what is left of it.
  std::optional<Split> best(std::int64_t lower, std::int64_t below, std::int64_t& steps);

 private:
  struct Read {
    Index source = 0;    // position of the net's source
    Index previous = 0;  // position of the net's previous sink, or of its source
    bool last = false;   // no sink comes after
    std::int64_t cost = 0;
  };
  void extend(std::size_t first, std::int64_t most, std::int64_t& steps);
  std::int64_t load(std::size_t first, std::size_t end, std::size_t node_class) const;

  const UnitGraph& units_;
  const Prices& prices_;
  CountTable table_;
  std::vector<Index> order_;
  Rows<Read> reads_;                      // by position
  std::vector<std::int64_t> sends_;       // by position: costs of the unit's nets
  std::vector<CountTable::Rest> rest_;    // by position: what the units from there on need
  std::vector<bool> advances_;            // by position: who starts there can start one later
  std::vector<std::int64_t> least_time_;  // by unit
  std::vector<std::size_t> used_;         // classes with nodes
  std::vector<std::int64_t> computes_;    // of extend(), by class
  std::int64_t next_ = kForever;
};

}  // namespace soliton::assignment
