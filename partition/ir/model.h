// The graph the partitioner works on: a chain of layers an NPU can run, between a CPU part before
// and a CPU part after.
//
// Readers (partition/onnx) and builders (build_rnn(), below) make it; shapes are unpadded. Weights
// are fp32, before quantisation, and may be absent (`weights` empty) when only times matter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "partition/ir/element_count.h"
#include "protocol/base/files_read.h"
#include "protocol/base/quantity.h"
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
  std::size_t index = 0;  // of Model::sources, or of an earlier layer
  // Of a layer: the vector of every token, that of the last one, or the cell state behind the last
  // one.
  enum class What : std::uint8_t { kEvery, kLast, kCell } what = What::kEvery;
  auto operator<=>(const LayerInput&) const = default;
};

// kRnn is the vanilla cell, h = tanh(W x + R h + b).
enum class Cell : std::uint8_t { kGru, kLstm, kRnn };

// "gru", "lstm", "rnn"
const char* cell_name(Cell cell);
constexpr int gate_count(Cell cell) { return cell == Cell::kGru ? 3 : cell == Cell::kLstm ? 4 : 1; }

// One direction of a recurrent layer. Order of the gates here: GRU r z n; LSTM i f o c; RNN has
// one. (ONNX has z r h; i o f c.)
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
  bool reset_after = false;    // GRU: ONNX linear_before_reset = 1
  bool emits_sequence = true;  // false: only the last hidden state is used
  bool reverse = false;        // the only direction runs from the last step to the first
  bool in_dram = false;  // weights stay in the device's DRAM and are streamed for every product
  // A request begins with the state in which the previous one ended; the first begins with zeros.
  bool carries_hidden = false, carries_cell = false;
  std::vector<RecurrentWeights> directions;  // 1, or 2: forward and reverse, outputs concatenated
  // Of a model that is no chain: where the vector comes from, part by part, and the states before
  // the first step, if they come with the request (of all directions, side by side).
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

// One chain of a program: a product, point-wise operations, or both.
struct DenseLayer {
  std::string name;
  std::int64_t input = 0;
  std::int64_t output = 0;
  bool every_step = false;  // true: applied to each step's vector; false: once, to the last one
  bool in_dram = false;     // as in RecurrentLayer
  Tensor weights;           // [output, input]; without a shape there is no product
  Tensor bias;              // [output]; null values: none
  std::vector<PointOperation> operations;  // in order, behind product and bias
  // Of a model that is no chain: where the vector comes from, part by part; a layer without a
  // product has one part. It runs once for each of `tokens` vectors.
  std::vector<LayerInput> inputs;
  std::int64_t tokens = 0;
  bool per_step = false;  // as in RecurrentLayer
  // Those of the model's graph that it is made of, by name; none: one of the layer's name.
  std::vector<std::string> operators;
  bool has_product() const { return !weights.shape.empty(); }
};

using Layer = std::variant<RecurrentLayer, DenseLayer>;

// What the host does before the first layer: turns one request's input into `steps` vectors of
// `input` elements.
struct HostBefore {
  enum class Kind : std::uint8_t { kVectors, kEmbedding } kind = Kind::kVectors;
  Tensor table;  // kEmbedding: [symbols, width]; the request is a list of symbol numbers
};
// What the host does with the vectors that come back: per vector.
enum class HostAfter : std::uint8_t { kNone, kSoftmax, kLogSoftmax };

// Vectors that CPU parts send to the layers.
struct ModelSource {
  std::string name;
  std::int64_t elements = 0;  // of one vector
  std::int64_t tokens = 1;    // vectors of a request
  bool per_step = false;      // as in RecurrentLayer
  // They may depend on what layers before this one make, by way of CPU parts; 0: on none.
  std::size_t after = 0;
};

// The layers are a chain, each reading the one before, the first the host's vector; or, if there
// are `sources`, a graph in topological order in which each says what it reads.
struct Model {
  std::string name;
  std::string source;  // path of the model file, or "rnn"
  FilesRead files;     // the model file and the files with its external weights
  HostBefore before;
  std::vector<Layer> layers;
  std::vector<ModelSource> sources;  // empty: a chain
  std::vector<LayerInput> results;   // of a graph: what leaves the layers for CPU parts
  HostAfter after = HostAfter::kNone;
  std::int64_t input = 0;        // elements of one step's vector into the first layer
  std::int64_t output = 0;       // elements of one vector out of the last layer
  bool sequence_output = false;  // a vector out for each step, not one a request
  // 0: every request has its own number of steps. Of a graph: those of the longest request.
  std::int64_t fixed_steps = 0;
  // Sequence lengths given by the model itself (ONNX sequence_lens). As an input: a request may be
  // shorter than `fixed_steps`. As a constant: a request has `row_steps` steps (-1: any number), of
  // which the first `fixed_steps` count; 0: there is no such constant.
  bool takes_lengths = false;
  std::int64_t row_steps = 0;
  std::vector<std::string>
      notes;  // what the reader assumed ("h0 is taken as zero"), shown by `soliton plan`
  std::vector<std::string> cpu_operators;  // names with reasons, for the explanation
};

// Limits of check_model(); together they keep operations() below 2^62.
inline constexpr std::int64_t kMaxWidth = std::int64_t{1} << 20;  // input, hidden, output, symbols
inline constexpr std::int64_t kMaxWeights = std::int64_t{1} << 40;
inline constexpr std::int64_t kMaxSteps = std::int64_t{1} << 20;
inline constexpr std::size_t kMaxLayers = 16'384;

// A multiply-add is 2 operations, so t steps with input = hidden = h count 12 h^2 t for a GRU, 16
// h^2 t for an LSTM and 4 h^2 t for an RNN. Only matrix products of the layers count, in every
// direction; embedding, biases and gates do not. REQUIRES: check_model(model) is empty, 0 <= steps
// <= kMaxSteps.
std::int64_t operations(const Model& model, std::int64_t steps);
// Checks that shapes agree from layer to layer, that sizes are positive and below limits, and that
// values are finite and as many as the shape says. Returns what is wrong.
Diagnostics check_model(const Model& model);
// Whether any layer keeps its state from one request to the next.
bool carries_state(const Model& model);

// Elements of one output vector of a layer: hidden size times directions, or the output of a dense
// layer.
std::int64_t layer_input(const Layer& layer);
std::int64_t layer_output(const Layer& layer);
const std::string& layer_name(const Layer& layer);
// The operators that a layer is made of, by name.
std::vector<std::string> layer_operators(const Layer& layer);
// Of a layer of a graph.
const std::vector<LayerInput>& layer_inputs(const Layer& layer);
std::int64_t layer_tokens(const Layer& layer);
bool layer_per_step(const Layer& layer);
// Vectors of a request; 0: one for each of its steps.
std::int64_t tokens_of(const Model& model, const LayerInput& input);
// Everything that a layer of a graph reads: its vector, initial states, operands.
std::vector<LayerInput> all_inputs(const Layer& layer);
bool in_dram(const Layer& layer);

// model: {rnn: {cell, hidden, steps, layers, bidirectional, input}} with weights uniform in
// +-1/sqrt(hidden), a function of the seed; without values when `with_weights` is false. A vector
// out for each step, as DeepBench's layers give.
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
// REQUIRES: hidden and layers positive, steps and input not negative, sizes within the limits
// above, and with weights: that they fit this machine's memory (4 bytes each).
Model build_rnn(const RnnOptions& options);

}  // namespace soliton
