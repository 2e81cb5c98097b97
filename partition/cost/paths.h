// What is known before a run about the paths between nodes: the start values of LTL's timers
// (LtlPath), the same for a run and its prediction.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "fabric/faults/fault_plan.h"
#include "fabric/ltl/options.h"
#include "partition/cost/connections.h"
#include "topologies/routes.h"

namespace soliton {

class PathTimes {
 public:
  // `pairs`: the pairs that exchange messages in the run. Topology and routes must outlive the
  // object.
  PathTimes(const LtlOptions& ltl, const Topology& topology, const Routes& routes,
            const FaultPlan& faults, const std::set<NodePair>& pairs);

  // A pair without a path gets an LtlPath in which nothing is known. REQUIRES: from != to.
  LtlPath between(NodeId from, NodeId to) const;

 private:
  // Of the way that is worst for its packets, at whatever time of the run.
  struct Worst {
    Duration packet{};  // that it takes a packet of the MTU in an idle network
    Duration acknowledgement{};
    // The longest that a packet waits, except in its own network card: every switch port on the way is
    // full, or holds everything that the connections through it may have in flight. Bursts of other
    // traffic and delays by faults are included.
    Duration hold{};
    std::optional<Hop> first;
  };
  Worst worst(NodeId from, NodeId to) const;
  void take_worst(const std::vector<Hop>& ways, Worst& out) const;
  Duration wait_at(Hop hop) const;
  Duration hold(const std::vector<Hop>& ways) const;

  const Topology& topology_;
  const Routes& routes_;
  Bytes packet_{};
  Bytes acknowledgement_{};
  Bytes window_{};                    // of one connection, as bytes on the wire
  std::vector<std::uint32_t> used_;   // number of connections, by link and direction
  std::vector<Duration> late_;        // delay by faults, by link and direction
  std::vector<std::uint16_t> ports_;  // of the node at the near end, by link and direction
};

}  // namespace soliton
