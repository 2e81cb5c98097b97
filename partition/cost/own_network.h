// The part of a network that a plan uses, numbered by the plan: first its nodes, in the plan's
// order, then switches and cables in the order in which they are reached from there. So the cost of
// a plan does not depend on how a cluster file lists the nodes, and interchangeable nodes cost the
// same.
#pragma once

#include <vector>

#include "topologies/topology.h"

namespace soliton {

// `nodes` are nodes of `topology`, each at most once. They get the numbers 0, 1, ... in this order.
Topology own_network(const Topology& topology, const std::vector<NodeId>& nodes);

}  // namespace soliton
