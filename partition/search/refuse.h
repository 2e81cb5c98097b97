// Why a model has no plan, in the words of the partition design page, section 8.
#pragma once

#include "partition/search/nodes_view.h"

namespace soliton {

// Native tiles of the whole model on one device like `device`.
std::int64_t tiles_of_model(const Model& model, const NpuDevice& device);

// Bytes of `tiles` native tiles, rounded up.
Bytes tile_bytes(std::int64_t tiles, const NumberFormat& format, int native_dim);

// REQUIRES: no plan exists on the first `nodes` nodes of the view.
Error refusal(const PartitionRequest& request, const NodesView& view, std::size_t nodes);

}  // namespace soliton
