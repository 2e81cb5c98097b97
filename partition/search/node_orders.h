// Orders in which quick candidates may take the nodes.
#pragma once

#include <cstddef>
#include <vector>

#include "partition/search/nodes_view.h"
#include "partition/search/partition.h"

namespace soliton {

// Near nodes first; with devices of several kinds also the roomiest and the fastest first, and each
// of these the other way round. Where only some nodes may hold some layers, also orders in which
// the nodes stand as the layers want them. Each is all nodes of the view.
std::vector<std::vector<std::size_t>> node_orders(const PartitionRequest& request,
                                                  const NodesView& view);

}  // namespace soliton
