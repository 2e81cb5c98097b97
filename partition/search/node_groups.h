// Which nodes of a cluster can stand in for each other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "partition/search/partition.h"

namespace soliton {

// A usable node, as an index into PartitionRequest::nodes.
struct GroupedNode {
  std::size_t node = 0;
  std::size_t device_class = 0;
  std::size_t signature = 0;  // LayerPins::signature()
};

// Gives equal numbers to equal devices. Equality is by value: devices of one name need not be
// equal. The order of the numbers depends on the devices and not on the nodes' order or names.
std::vector<GroupedNode> classify(const PartitionRequest& request,
                                  const std::vector<std::size_t>& nodes);

// Nodes of one class and signature that can be exchanged without changing the network. Groups are ordered by
// their first name, nodes of a group by name.
std::vector<std::vector<GroupedNode>> twins(const PartitionRequest& request,
                                            std::vector<GroupedNode> nodes);

// By group: the first vertex of a set of switches that can be exchanged together with everything
// attached to them, or a number that no other group has; and the group's own switch.
struct LeafOfGroup {
  std::size_t kind = 0;
  std::size_t leaf = 0;
};
std::vector<LeafOfGroup> exchangeable_leaves(const PartitionRequest& request,
                                             const std::vector<std::vector<GroupedNode>>& groups);

// Orders "fpga2" before "fpga10".
bool name_before(const std::string& a, const std::string& b);

}  // namespace soliton
