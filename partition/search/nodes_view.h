// The cluster as the search sees it: usable nodes in the order plans take them, and the host.
#pragma once

#include <string>
#include <vector>

#include "partition/lower/lower.h"
#include "partition/search/partition.h"

namespace soliton {

struct NodesView {
  // Rack by rack, the host's first, otherwise in the order of the cluster file: neighbours in a
  // plan are near.
  std::vector<LowerNode> nodes;
  std::vector<std::string> places;        // per node
  std::vector<std::size_t> device_class;  // per node; equal devices have equal numbers
  std::string host;
  std::string host_place;
  CpuDevice cpu;
  bool mixed = false;  // devices differ: plans keep the order above, and their class says so
};

Checked<NodesView> view_nodes(const PartitionRequest& request);

}  // namespace soliton
