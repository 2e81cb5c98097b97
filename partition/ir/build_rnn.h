// The graph of model.rnn: recurrent layers on top of each other, with random weights.
#pragma once

#include <cstdint>

#include "partition/ir/cell.h"
#include "partition/ir/graph.h"
#include "partition/ir/limits.h"

namespace soliton {

// model: {rnn: {cell, hidden, steps, layers, bidirectional, input}} with weights uniform in
// +-1/sqrt(hidden), a function of the seed; without values when `with_weights` is false.
struct RnnOptions {
  Cell cell = Cell::kGru;
  std::int64_t hidden = 0;
  std::int64_t steps = 0;
  std::int64_t layers = 1;
  std::int64_t input = 0;  // 0: as `hidden`
  bool bidirectional = false;
  bool reset_after = false;  // GRU
  // Operations are counted at this hidden size (published rows that were mapped padded or cut); 0:
  // `hidden`.
  std::int64_t count_as_hidden = 0;
  std::uint64_t seed = 1;
  bool with_weights = true;
};

// Takes "x", [steps, 1, input], and returns the vectors of all steps, [steps, width], as DeepBench's
// layers do. Layers are called "gru0", "gru1" and so on.
// REQUIRES: hidden, steps and layers positive, input not negative, sizes within the limits above, and
// with weights: that they fit this machine's memory (4 bytes each).
ir::Graph build_rnn(const RnnOptions& options);

// Elements of all its matrices and biases.
std::int64_t rnn_weights(const RnnOptions& options);
// Operations of one request of so many steps, at count_as_hidden: a multiply-add of a matrix product
// is two.
std::int64_t rnn_operations(const RnnOptions& options, std::int64_t steps);

}  // namespace soliton
