// Helpers with which kinds of topologies build their graphs. Private to topologies/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "topologies/kind.h"
#include "topologies/topology.h"

namespace soliton {

// The row of a kind's `latency`: what it is and where it stands is the same for all of them.
template <auto member>
constexpr Field cable_latency_row() {
  return field<member>("latency", "Of each cable between switches, groups (`dragonfly`) or nodes.")
      .between(nanoseconds(1), milliseconds(10'000))
      .by_default("560 ns; dragonfly 1.5 us; torus, ring 400 ns; full-mesh 1.1076 us");
}

// A topology with these nodes and no cables.
Topology with_nodes(const TopologySpec& spec, const std::vector<PlacedNode>& nodes);
// Adds a switch and returns its vertex.
std::uint32_t add_switch(Topology& topology, std::string name, Duration forwarding,
                         std::string place);
// Adds a link named "LOWER-UPPER" and returns its number.
std::uint32_t add_link(Topology& topology, std::uint32_t lower, std::uint32_t upper,
                       Duration latency, BitRate rate);

// Reports nodes and switches without a name, and names of nodes, switches or links that are used
// twice.
void check_names(const Topology& topology, const std::vector<PlacedNode>& nodes,
                 Diagnostics& errors);
// Reports nodes without a path to each other.
void check_reachable(const Topology& topology, const std::vector<PlacedNode>& nodes,
                     Diagnostics& errors);

}  // namespace soliton
