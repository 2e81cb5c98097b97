// What FPGAs run of a model, as layers: chains of an NPU's instructions around a product or a
// recurrent cell.
//
// partition/region makes it from a graph; shapes are unpadded. Weights are fp32, before quantisation,
// and may be absent (`values` null) when only times matter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "partition/ir/cell.h"
#include "partition/ir/element_count.h"
#include "partition/ir/limits.h"
#include "protocol/base/result.h"
#include "protocol/isa/program.h"

namespace soliton {

// Row-major fp32 constant, shared between the IR and its users.
struct Tensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::shared_ptr<const std::vector<float>> values;  // null: shape only
};

// A vector that a layer reads, or that leaves the layers.
struct LayerInput {
  enum class From : std::uint8_t { kHost, kLayer } from = From::kLayer;
  std::size_t index = 0;  // of LayerGraph::sources, or of an earlier layer
  // Of a layer: the vector of every token, that of the last one, or the cell state behind the last
  // one.
  enum class What : std::uint8_t { kEvery, kLast, kCell } what = What::kEvery;
  auto operator<=>(const LayerInput&) const = default;
};

// One direction of a recurrent layer. Order of the gates as onnx_gates() says.
struct RecurrentWeights {
  Tensor input;           // W  [gates * hidden, input]
  Tensor recurrent;       // R  [gates * hidden, hidden]
  Tensor input_bias;      // Wb [gates * hidden]
  Tensor recurrent_bias;  // Rb [gates * hidden]
  // State before the first step, [hidden]; a tensor without a shape means zeros.
  Tensor initial_hidden, initial_cell;
};

struct RecurrentLayer {
  std::string name;
  Cell cell = Cell::kGru;
  std::int64_t input = 0;
  std::int64_t hidden = 0;
  bool reset_after = false;  // GRU: ONNX linear_before_reset = 1
  bool reverse = false;      // the only direction runs from the last step to the first
  bool in_dram = false;      // weights stay in the device's DRAM and are streamed for every product
  // A request begins with the state in which the previous one ended; the first begins with zeros.
  bool carries_hidden = false, carries_cell = false;
  std::vector<RecurrentWeights> directions;  // 1, or 2: forward and reverse, outputs concatenated
  // Where the vector comes from, part by part, and the states before the first step, if they come
  // with the request (of all directions, side by side).
  std::vector<LayerInput> inputs;
  std::optional<LayerInput> initial_hidden, initial_cell;
  std::int64_t tokens = 0;
  bool per_step = false;  // one token for each step of a request; `tokens` are those of the longest
  std::vector<std::string> operators;  // as in DenseLayer
  int gates() const { return gate_count(cell); }
};

// An operation of the multifunction units behind a layer's product: of one operand or with a second
// one, which is a vector of another layer or a constant.
struct PointOperation {
  Opcode opcode = Opcode::kVRelu;
  std::optional<LayerInput> operand;
  Tensor constant;  // [output]
  // What stands behind the constant's elements up to the end of the last native vector. An operation
  // there must not make an infinity, which would poison the block of a product that reads it.
  float padding = 0;
};

// The vectors of several tokens that a product reads side by side, the oldest first: every
// `dilation`-th up to the present one. Before the first token of a request stand zeros or, carried, the
// last ones of the request before, whose first has zeros before it.
struct Taps {
  std::int64_t count = 1;
  std::int64_t dilation = 1;
  bool carried = false;
  // Tokens from the oldest to the present one.
  std::int64_t length() const { return (count - 1) * dilation + 1; }
};

// One chain of a program: a product, point-wise operations, or both.
struct DenseLayer {
  std::string name;
  std::int64_t input = 0;
  std::int64_t output = 0;
  bool in_dram = false;                    // as in RecurrentLayer
  Tensor weights;                          // [output, input]; without a shape there is no product
  Tensor bias;                             // [output]; null values: none
  std::vector<PointOperation> operations;  // in order, behind product and bias
  // Of a product with one part, whose vector then has input / taps.count elements.
  Taps taps;
  // Where the vector comes from, part by part; a layer without a product has one part. It runs once
  // for each of `tokens` vectors.
  std::vector<LayerInput> inputs;
  std::int64_t tokens = 0;
  bool per_step = false;  // as in RecurrentLayer
  // Those of the model's graph that it is made of, by name; none: one of the layer's name.
  std::vector<std::string> operators;
  bool has_product() const { return !weights.shape.empty(); }
};

using Layer = std::variant<RecurrentLayer, DenseLayer>;

// Vectors that CPU parts send to the layers.
struct LayerSource {
  std::string name;
  std::int64_t elements = 0;  // of one vector
  std::int64_t tokens = 1;    // vectors of a request
  bool per_step = false;      // as in RecurrentLayer
  // They may depend on what layers before this one make, by way of CPU parts; 0: on none.
  std::size_t after = 0;
};

// The layers are a graph in topological order, in which each says what it reads.
struct LayerGraph {
  std::string name;
  std::vector<Layer> layers;
  std::vector<LayerSource> sources;
  std::vector<LayerInput> results;  // what leaves the layers for CPU parts
  std::int64_t fixed_steps = 0;     // of the longest request
};

// A multiply-add is 2 operations, so t steps with input = hidden = h count 12 h^2 t for a GRU, 16
// h^2 t for an LSTM and 4 h^2 t for an RNN. Only matrix products of the layers count, in every
// direction; biases and gates do not. REQUIRES: check_layers(model) is empty, 0 <= steps
// <= kMaxSteps.
std::int64_t operations(const LayerGraph& model, std::int64_t steps);
// Checks that sizes are positive and below limits, that weights have the shapes of their layers, and
// that values are finite and as many as the shape says. Returns what is wrong.
Diagnostics check_layers(const LayerGraph& model);

// Elements of the vector of one token that a layer reads, and of the one that it makes: hidden size
// times directions, or the output of a dense layer.
std::int64_t layer_input(const Layer& layer);
std::int64_t layer_output(const Layer& layer);
const std::string& layer_name(const Layer& layer);
// The operators that a layer is made of, by name.
std::vector<std::string> layer_operators(const Layer& layer);
const std::vector<LayerInput>& layer_inputs(const Layer& layer);
std::int64_t layer_tokens(const Layer& layer);
bool layer_per_step(const Layer& layer);
// Vectors of a request; 0: one for each of its steps.
std::int64_t tokens_of(const LayerGraph& model, const LayerInput& input);
// Everything that a layer reads: its vector, initial states, operands.
std::vector<LayerInput> all_inputs(const Layer& layer);
// Whether that is among it.
bool reads_vector(const Layer& layer, const LayerInput& vector);
bool in_dram(const Layer& layer);

}  // namespace soliton
