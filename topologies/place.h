// Assigns each node of a generated topology to a rack. Private to topologies/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "topologies/topology.h"

namespace soliton {

struct RackLayout {
  std::string topology;  // its name, for messages
  std::int64_t hosts_per_rack = 1;
  std::int64_t racks_per_pod = 1;
  std::int64_t pods = 1;
  bool one_rack = false;  // places are called "rack0", not "pod0/rack0"
};

// Numbers of the racks, by node. A rack's number counts through all pods: rack r of pod p is
// p * racks_per_pod + r. Nodes with a place come first, in order of appearance. The others then
// fill what is left, from rack 0 on. Errors: an unknown place, a rack or pod that is full, more
// nodes than there are places.
Checked<std::vector<std::int64_t>> assign_racks(const RackLayout& layout,
                                                const std::vector<PlacedNode>& nodes);

// "rack0" when there is one rack, "pod3/rack17" in a datacentre.
std::string place_of_rack(const RackLayout& layout, std::int64_t rack);

}  // namespace soliton
