// The part of a network that a plan uses, numbered by the plan: its nodes first, in its own order,
// then switches and cables as they are met from there. So what a plan costs does not depend on how
// a cluster file lists the nodes, and nodes that can stand in for each other cost the same.
#pragma once

#include <vector>

#include "topologies/topology.h"

namespace soliton {

// `nodes`: of `topology`, each once. They get the numbers 0, 1, ... in this order.
Topology own_network(const Topology& topology, const std::vector<NodeId>& nodes);

}  // namespace soliton
