// How an emulated network is cut into parts that are simulated side by side (hub.h).
//
// A part has the nodes of neighbouring racks and the ports that belong to them. A port is the unit of
// a cut where its queue is its own; where a switch's ports depend on each other, the whole switch is.
// A cut crosses only links that take time: an event in one part has an effect in another no earlier
// than `least` later, which is what lets parts run ahead of each other. The bytes of results do not
// depend on the cut.
#pragma once

#include <cstdint>
#include <vector>

#include "fabric/sim/lookahead.h"
#include "topologies/topology.h"

namespace soliton {

struct Cut {
  std::uint32_t parts = 1;
  // Empty if there is one part.
  std::vector<std::uint32_t> part_of_node;
  std::vector<std::uint32_t> part_of_port;  // by port number (port_of())
  // Least time from an event in one part to one that follows from it in another, over any others:
  // row x parts + column. The diagonal is not used.
  std::vector<Duration> least;

  std::uint32_t of_node(std::uint32_t node) const { return parts == 1 ? 0 : part_of_node[node]; }
  std::uint32_t of_port(std::size_t port) const { return parts == 1 ? 0 : part_of_port[port]; }
  Duration between(std::uint32_t from, std::uint32_t to) const {
    return least[std::size_t{from} * parts + to];
  }
};

// Cuts into at most `parts` parts: fewer where there are fewer nodes, or where no cable between them
// takes time.
Cut cut_network(const Topology& topology, std::uint32_t parts);

// The part of a cut that an object simulates. Without a cut it simulates everything.
struct PartOf {
  const Cut* cut = nullptr;  // outlives the object
  std::uint32_t part = 0;

  bool has_node(std::uint32_t node) const { return !cut || cut->of_node(node) == part; }
  bool has_port(std::size_t port) const { return !cut || cut->of_port(port) == part; }
};

}  // namespace soliton
