// What kinds of topologies are built with. Inside topologies only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "topologies/kind.h"
#include "topologies/topology.h"

namespace soliton {

// A topology of these nodes, without a cable.
Topology with_nodes(const TopologySpec& spec, const std::vector<PlacedNode>& nodes);
// Returns its vertex.
std::uint32_t add_switch(Topology& topology, std::string name, Duration forwarding,
                         std::string place);
// "LOWER-UPPER". Returns its number.
std::uint32_t add_link(Topology& topology, std::uint32_t lower, std::uint32_t upper,
                       Duration latency, BitRate rate);

// Nodes and switches that have no name, and names of these or of links that are used twice.
void check_names(const Topology& topology, const std::vector<PlacedNode>& nodes,
                 Diagnostics& errors);
// Nodes that have no path to each other.
void check_reachable(const Topology& topology, const std::vector<PlacedNode>& nodes,
                     Diagnostics& errors);

}  // namespace soliton
