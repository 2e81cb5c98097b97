// Which rows of each layer of a stage lie on which node.
#pragma once

#include <set>
#include <vector>

#include "partition/lower/lower.h"
#include "partition/lower/weights.h"

namespace soliton {

struct Slice {
  std::size_t node = 0;  // position in LowerRequest::nodes
  RowRange rows;
};

// Native-tile rows spread as evenly as possible, the fuller slices first. Fewer slices than nodes
// when rows run out.
std::vector<Slice> split_rows(std::int64_t elements, int native_dim,
                              const std::vector<std::size_t>& nodes);

struct StagePlacement {
  // slices[layer - stage.first][direction]
  std::vector<std::vector<std::vector<Slice>>> slices;
  // Rows of the first layer's input side, where it has nodes of its own.
  std::vector<Slice> input_slices;
  // What pinned layers leave of the matrix register file of stage.nodes[i]; below zero: does not
  // fit.
  std::vector<std::int64_t> tiles_free;

  const std::vector<Slice>& of(const Stage& stage, std::size_t layer,
                               std::size_t direction = 0) const {
    return slices[layer - stage.first][direction];
  }
};

// Recurrent layers: rows over the stage's nodes (of the direction). A dense layer beside recurrent
// ones: whole on the last node, else on the node with most room, else rows over all; dense layers
// alone: rows over all. `tiles_free[i]` is the matrix register file of stage.nodes[i]; `device`
// says how tiles lie in all of them.
Result<StagePlacement> place_stage(const Model& model, const Stage& stage, const NpuDevice& device,
                                   std::vector<std::int64_t> tiles_free);

// Nodes that run a direction of the stage's recurrent layers.
std::vector<std::size_t> direction_nodes(const Stage& stage, std::size_t direction);

std::set<std::size_t> nodes_of(const std::vector<Slice>& slices);

// A dense layer that runs once, on the last state, because a recurrent layer stands before it.
bool runs_once(const Model& model, std::size_t layer);
// Whether a vector comes out of a layer each step.
bool sequence_after(const Model& model, std::size_t layer);
bool is_bidirectional(const Layer& layer);
std::int64_t output_rows(const Layer& layer);  // of one direction

}  // namespace soliton
