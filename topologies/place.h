// Which rack each node of a generated topology is in.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/result.h"
#include "topologies/topology.h"

namespace soliton {

// Numbers of the racks, by node. A rack's number counts through all pods: rack r of pod p is p *
// racks_per_pod + r. Nodes with a place come first, in order of appearance; the others then fill
// what is left from rack 0 on. Errors: an unknown place, a rack or pod that is full, a cluster
// larger than the datacentre.
Checked<std::vector<std::int64_t>> assign_racks(const TopologySpec& spec,
                                                const std::vector<PlacedNode>& nodes);

// "rack0" when there is one rack, "pod3/rack17" in a datacentre.
std::string place_of_rack(const TopologySpec& spec, std::int64_t rack);

}  // namespace soliton
