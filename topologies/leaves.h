// Hangs the nodes of a generated topology on its lowest switches. Private to topologies/.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "topologies/topology.h"

namespace soliton {

struct Leaves {
  std::string topology;  // its name, for messages
  std::size_t count = 1;
  std::int64_t hosts = 1;  // nodes that fit on one
  std::function<std::string(std::size_t)> name;
};

// Numbers of the switches, by node. A node's `at` names its switch; the others then fill what is left,
// from switch 0 on. Errors: an unknown place, a switch that is full, more nodes than there are places.
Checked<std::vector<std::size_t>> assign_leaves(const Leaves& leaves,
                                                const std::vector<PlacedNode>& nodes);

// Reports each node with an `at`, where nodes have no places to choose.
void refuse_places(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                   Diagnostics& errors);

}  // namespace soliton
