// Which rows of each layer of a stage are placed on which node.
#pragma once

#include <set>
#include <vector>

#include "partition/lower/lower.h"
#include "partition/lower/weights.h"

namespace soliton {

struct Slice {
  std::size_t node = 0;  // index into LowerRequest::nodes
  RowRange rows;
};

// Spreads native-tile rows as evenly as possible, larger slices first. There are fewer slices than
// nodes if there are fewer tile rows.
std::vector<Slice> split_rows(std::int64_t elements, int native_dim,
                              const std::vector<std::size_t>& nodes);

// How often a layer runs in a request of `steps` steps: fixed + per_step * steps.
struct Rounds {
  std::int32_t fixed = 0;
  std::int32_t per_step = 1;
  bool operator==(const Rounds&) const = default;
};
Rounds rounds_of(const LayerGraph& model, std::size_t layer);

// The parts of a vector that a layer reads, side by side, each from a native-vector border.
std::vector<std::int64_t> parts_of(const LayerGraph& model, const LayerInput& input);

// Columns of a product, padding between the parts of its vector included.
struct ColumnSlice {
  std::size_t node = 0;
  RowRange columns;
};

struct StagePlacement {
  // slices[layer - stage.first][direction]
  std::vector<std::vector<std::vector<Slice>>> slices;
  // Rows of the first layer's input side, if it has nodes of its own.
  std::vector<Slice> input_slices;
  // Of the last layer, if it is divided by columns, in ascending order: the order in which its sums
  // are formed (docs/numbers.md).
  std::vector<ColumnSlice> columns;
  // Tiles that pinned layers leave free in the matrix register file of stage.nodes[i]; negative if
  // they do not fit.
  std::vector<std::int64_t> tiles_free;

  const std::vector<Slice>& of(const Stage& stage, std::size_t layer,
                               std::size_t direction = 0) const {
    return slices[layer - stage.first][direction];
  }
};

// Recurrent layers are split by rows over the stage's nodes (of their direction). A dense layer
// beside recurrent ones goes whole to the last node, else whole to the node with the most room,
// else by rows over all nodes. If all layers are dense each is split by rows over all nodes, but for
// the last one where the stage says so.
// `tiles_free[i]` is the matrix register file of stage.nodes[i]; `device` says how tiles lie in all
// of them.
Result<StagePlacement> place_stage(const LayerGraph& model, const Stage& stage,
                                   const NpuDevice& device, std::vector<std::int64_t> tiles_free);

// The nodes that run one direction of the stage's recurrent layers.
std::vector<std::size_t> direction_nodes(const Stage& stage, std::size_t direction);

std::set<std::size_t> nodes_of(const std::vector<Slice>& slices);

// Whether the layer works on one vector of a request.
bool runs_once(const LayerGraph& model, std::size_t layer);
bool is_bidirectional(const Layer& layer);
std::int64_t output_rows(const Layer& layer);  // of one direction

}  // namespace soliton
