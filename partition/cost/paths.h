// What is known of the ways between nodes before a run: what LTL's timers begin with (LtlPath), in
// a run and in its prediction alike.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "fabric/faults/fault_plan.h"
#include "fabric/ltl/options.h"
#include "partition/cost/connections.h"
#include "topologies/routes.h"

namespace soliton {

class PathTimes {
 public:
  // `pairs`: who talks to whom in the run. Topology and routes outlive the object.
  PathTimes(const LtlOptions& ltl, const Topology& topology, const Routes& routes,
            const FaultPlan& faults, const std::set<NodePair>& pairs);

  // Nothing is known of a pair without a path. REQUIRES: from != to.
  LtlPath between(NodeId from, NodeId to) const;

 private:
  // The longest that a packet waits on this path, its own card left out: every switch port on it is
  // full, or holds all that the connections through it may have in flight. Bursts of other traffic
  // and delays by faults come on top.
  Duration hold(std::span<const Hop> path) const;

  const Topology& topology_;
  const Routes& routes_;
  Bytes packet_{};
  Bytes acknowledgement_{};
  Bytes window_{};                    // of one connection, on the line
  std::vector<std::uint32_t> used_;   // by so many connections, by link and direction
  std::vector<Duration> late_;        // by faults, by link and direction
  std::vector<std::uint16_t> ports_;  // of the node at the near end, by link and direction
};

}  // namespace soliton
