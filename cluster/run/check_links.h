// Which cables on ways over the fewest cables were not taken.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cluster/engine/cluster_run.h"
#include "cluster/run/run.h"

namespace soliton {

// Cables on ways over the fewest cables between two of `talking` over which no packet went, in order.
// `ports` are by port number (port_of()); empty when that is not known, and in networks so large that
// the search would take longer than a second.
std::vector<std::string> unused_cables(const Topology& topology,
                                       std::span<const std::pair<NodeId, NodeId>> talking,
                                       std::span<const PortCounters> ports);

// Warns of such cables between the nodes of this run.
void check_links(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                 const ClusterOutcome& outcome, RunResults& results);

}  // namespace soliton
