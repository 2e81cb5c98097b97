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
      .between(nanoseconds(1), kLongestCable)
      .by_default("560 ns; dragonfly 1.5 us; torus, ring 400 ns; full-mesh 1.1076 us");
}

// A topology with these nodes and no cables.
Topology with_nodes(const TopologySpec& spec, const std::vector<PlacedNode>& nodes);
// Adds a switch and returns its vertex.
std::uint32_t add_switch(Topology& topology, std::string name, Duration forwarding,
                         std::string place);
// What a node that forwards does to a packet. Not calibrated. Published of a torus of FPGAs:
// "sub-microsecond latency" of a hop at 20 Gb/s (Putnam et al., "A reconfigurable fabric for
// accelerating large-scale datacenter services", ISCA 2014).
inline constexpr Duration kRouterForwarding = nanoseconds(100);
inline constexpr Duration kOnChip = nanoseconds(50);
// Adds the router of a node, "NODE-router", and the line on the chip that joins both, "NODE-chip",
// which build_topology() makes as fast as the router's cables together. Returns the router.
std::uint32_t add_router(Topology& topology, std::uint32_t node, Duration forwarding);
// Adds a link named "LOWER-UPPER" and returns its number.
std::uint32_t add_link(Topology& topology, std::uint32_t lower, std::uint32_t upper,
                       Duration latency, BitRate rate);

// Adds the cable of a node to the switch that is its place.
void hang_node(Topology& topology, std::uint32_t node, std::uint32_t leaf, BitRate rate);

// Reports a topology of more than kTopologyLinksLimit cables and returns true, for kinds to ask before
// they make them.
bool has_too_many_cables(const TopologySpec& spec, std::int64_t cables, Diagnostics& errors);
// Reports nodes and switches without a name, and names of nodes, switches or links that are used
// twice.
void check_names(const Topology& topology, const std::vector<PlacedNode>& nodes,
                 Diagnostics& errors);
}  // namespace soliton
