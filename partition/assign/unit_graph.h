// The graph the search works on: units, which are operators that are known to share a node, and
// nets, each the output of some of a unit's operators and the units that read it. Internal to the
// search.
//
// Units are numbered in a topological order. Times are picoseconds, sizes bytes; both fit 2^62
// summed up (priced_graph.h).
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "partition/assign/rows.h"
#include "partition/priced/priced_graph.h"

namespace soliton::assignment {

inline constexpr std::int64_t kUnsupported = -1;
inline constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

struct UnitClass {
  bool pays = true;        // for transfers, and has a memory limit
  std::int64_t count = 0;  // at most the number of units
  std::int64_t memory = kForever;
};

// What a segment of a plan pays once if the source is outside and a sink inside, or the source
// inside and a sink outside.
struct Net {
  Index source = 0;
  std::int64_t cost = 0;
};

struct UnitGraph {
  std::size_t size = 0;
  std::vector<UnitClass> classes;
  std::vector<std::int64_t> times;  // [unit * classes.size() + class]
  std::vector<std::int64_t> sizes;
  std::vector<Net> nets;             // all with a cost and a sink besides the source
  Rows<Index> sinks;                 // by net, ascending
  Rows<Index> in_nets;               // by unit that is a sink
  Rows<Index> out_nets;              // by unit that is the source
  Rows<Index> producers, consumers;  // by unit, ascending; also where no net has a cost
  Rows<Index> members;               // operators by unit
  std::vector<Index> unit_of;        // by operator
  bool circular = false;             // some unit holds several groups, as they were on a cycle

  std::int64_t time(std::size_t unit, std::size_t node_class) const {
    return times[unit * classes.size() + node_class];
  }
};

// By unit: its least time on nodes that pay for transfers; kForever if none of them runs it.
std::vector<std::int64_t> least_paying_times(const UnitGraph& units);

struct ContractOptions {
  // Also merges operators that some best plan has on one node: those that take no time and whose
  // transfer costs at least as much as what they read or return.
  bool free_operators = false;
  // Counts only where they could ever bind: otherwise all sizes are 0.
  bool drop_slack_memory = true;
};

// Units from a number for each operator, below `parts`; every number is used, and no unit waits for
// another in a circle. Units are renumbered.
UnitGraph make_units(const priced::PricedGraph& graph, const std::vector<Index>& part,
                     std::size_t parts, bool drop_slack_memory);

// Units are the groups of the graph, groups on a cycle of groups together.
UnitGraph contract(const priced::PricedGraph& graph, const ContractOptions& options);

}  // namespace soliton::assignment
