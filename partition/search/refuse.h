// Why a model has no plan, in the words of docs/planner.md.
#pragma once

#include "partition/search/nodes_view.h"

namespace soliton {

// Native tiles of the whole model on one device like `device`.
std::int64_t tiles_of_model(const Model& model, const NpuDevice& device);

// Bytes of `tiles` native tiles, rounded up.
Bytes tile_bytes(std::int64_t tiles, const NumberFormat& format, int native_dim);

// No plan was found on any `nodes` nodes of the view; `proved`: none exists.
Error refusal(const PartitionRequest& request, const NodesView& view, std::size_t nodes,
              bool proved);

// Nodes like the view's first one on which the whole model can be laid out, up to kFewestLimit and
// as few as cuts at any layer allow; 0: there is no such number.
inline constexpr std::size_t kFewestLimit = 1024;
std::size_t fewest_nodes(const PartitionRequest& request, const NodesView& view);

}  // namespace soliton
