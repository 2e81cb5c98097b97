// Explains why a model has no plan; docs/planner.md lists the wordings.
#pragma once

#include "partition/search/nodes_view.h"

namespace soliton {

// Number of native tiles of the whole model on one device like `device`.
std::int64_t tiles_of_model(const LayerGraph& model, const NpuDevice& device);

// Bytes of `tiles` native tiles, rounded up.
Bytes tile_bytes(std::int64_t tiles, const NumberFormat& format, int native_dim);

// The error that no plan was found on any `nodes` nodes of the view; `proved`: none exists.
Error refusal(const PartitionRequest& request, const NodesView& view, std::size_t nodes,
              bool proved);

// The number of nodes like the view's first one over which the whole model can be laid out: at most
// kFewestLimit, and the smallest that cuts between layers allow; 0 if there is no such number.
inline constexpr std::size_t kFewestLimit = 1024;
std::size_t fewest_nodes(const PartitionRequest& request, const NodesView& view);

}  // namespace soliton
