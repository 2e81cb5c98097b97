// Whether nodes have a path to each other.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "protocol/base/result.h"
#include "topologies/topology.h"

namespace soliton {

using NodePair = std::pair<NodeId, NodeId>;

// Nodes that have no path to each other although they exchange packets, at the position of the first
// of each pair (kInvalid). `nodes` are those that the topology was built from.
Diagnostics check_reachable(const Topology& topology, const std::vector<PlacedNode>& nodes,
                            std::span<const NodePair> pairs);
// The same for any two nodes: one pair at most of each node, because all would bury the gap.
Diagnostics check_reachable(const Topology& topology, const std::vector<PlacedNode>& nodes);

}  // namespace soliton
