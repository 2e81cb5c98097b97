// What a topology is like: its levels, how far nodes are from each other, and what fits between its halves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "topologies/topology.h"

namespace soliton {

struct TopologyShape {
  // Switches that are equally many cables away from the nearest node.
  struct Level {
    std::size_t level = 0;  // cables
    std::vector<std::string> switches;
    // Rates of their cables to nodes and lower levels, to higher ones, and among themselves.
    BitRate down{0}, up{0}, across{0};
  };
  // Pairs of nodes, in either direction, that are equally many cables apart.
  struct Distance {
    std::size_t cables = 0;
    std::uint64_t pairs = 0;
    Duration least{}, most{};     // one way of a message of 64 B on an idle network
    std::uint64_t ways_most = 0;  // the most ways of that length between any two of them
  };
  std::size_t nodes = 0, switches = 0, links = 0;
  std::vector<Level> levels;        // ascending
  std::vector<Distance> distances;  // ascending; without pairs that have no path
  BitRate halves{0};                // between the first half of the nodes, in order, and the others
};

TopologyShape shape_of(const Topology& topology);

// The graph for Graphviz, and as a picture of its own: nodes below, switches by level above them.
std::string topology_dot(const Topology& topology);
std::string topology_svg(const Topology& topology);

}  // namespace soliton
