// Which nodes of a cluster can stand in for each other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "partition/search/partition.h"

namespace soliton {

// A usable node, as a position in PartitionRequest::nodes.
struct GroupedNode {
  std::size_t node = 0;
  std::size_t device_class = 0;
};

// Numbers alike devices alike, by value: two of one name need not be the same. Classes are in order
// of what the devices are, not of who names them first.
std::vector<GroupedNode> classify(const PartitionRequest& request,
                                  const std::vector<std::size_t>& nodes);

// Nodes of one class whose exchange maps the network onto itself: groups by first name, nodes of a
// group by name.
std::vector<std::vector<GroupedNode>> twins(const PartitionRequest& request,
                                            std::vector<GroupedNode> nodes);

// Per group the first vertex of a set of switches that can be exchanged, with all that hangs on
// them, or a number that no other group has; and the group's own switch.
struct LeafOfGroup {
  std::size_t kind = 0;
  std::size_t leaf = 0;
};
std::vector<LeafOfGroup> exchangeable_leaves(const PartitionRequest& request,
                                             const std::vector<std::vector<GroupedNode>>& groups);

// "fpga2" before "fpga10".
bool name_before(const std::string& a, const std::string& b);

}  // namespace soliton
