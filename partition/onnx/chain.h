// The model as found so far, and the values of the tensors met so far: the state that the handlers
// of the operators read and extend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "partition/ir/model.h"
#include "partition/onnx/graph.h"
#include "partition/onnx/read_onnx.h"
#include "partition/onnx/stream.h"

namespace soliton::onnx_import {

// A point between operators that change the data. Stage 0 is a graph input; each layer, bias and
// softmax makes the next one. Only the newest stage may be read, which is how branches are
// detected.
struct Stage {
  std::string made_by;     // name of the node that made it, for messages
  bool recurrent = false;  // made by a recurrent layer that has `directions` directions
  int directions = 1;
  bool reverse = false;  // its only direction is the reverse one
};

// A graph input that is the initial state of a recurrent layer.
struct StateInput {
  std::string input;
  std::string node;
  std::size_t stage = 0;
  std::size_t layer = 0;
  bool cell = false;      // true: the cell state; false: the hidden state
  bool returned = false;  // an output of the graph holds the layer's final state
};

// The source of the sequence lengths of all recurrent layers.
struct Lengths {
  enum class From : std::uint8_t { kNothing, kInput, kConstant } from = From::kNothing;
  std::string input;
  std::int64_t steps = 0;
  bool operator==(const Lengths&) const = default;
};

struct Chain {
  const Graph* graph = nullptr;
  Model model;
  std::unordered_map<std::string, Value> values;  // by tensor name; looked up, never iterated
  std::vector<Stage> stages{Stage{"the graph's input"}};
  bool any_recurrent = false;  // the graph has one; otherwise open dimensions are not steps
  bool steps_known = false;    // a layer has determined which axis holds the steps
  std::vector<StateInput> states;
  std::optional<Lengths> lengths;              // of the recurrent layers met so far
  std::int64_t folding_left = kMaxOnnxFolded;  // elements constant folding may still make

  const Value& value(const Node& node, std::size_t input) const;
  // Null if the input is left out or is of another kind.
  ConstantPtr constant(const Node& node, std::size_t input) const;
  const Stream* stream(const Node& node, std::size_t input) const;
  void set(const Node& node, std::size_t output, Value value);
  // Counts elements that constant folding is about to make; an error if they exceed the limit.
  Status charge(std::int64_t elements);
};

// How the next layer receives its input.
enum class Feed : std::uint8_t {
  kSequence,  // one vector for each step
  kLast,      // one vector, as the layer before emits only that
  kAtStep,    // one vector, while the layer before emits all: the reader takes the last
};

// Checks that `stream` is the newest, complete, in order, and can be read by a layer or be
// returned. Determines what the layer before it emits.
Result<Feed> consume(Chain& chain, const Stream& stream);
// Elements of the stream's vectors. Errors: the number is unknown, or the vectors are still in
// pieces.
Result<std::int64_t> vector_width(const Stream& stream);
// The output stream of a layer that was just added: a new stage with the same axes, but vectors of
// the layer's width.
Stream next_stage(Chain& chain, const Node& node, const Stream& before, Feed feed,
                  std::int64_t width);
// Called when the data of graph inputs is first used and the graph has no recurrent layer: there
// are `steps` vectors in all.
Status settle_open_axes(Chain& chain, Stream& stream);
// Makes the stream that reached the graph's first output the end of the model.
Status finish(Chain& chain, const Stream& stream);

void add_note(Chain& chain, std::string note);

// Name for the next layer of a kind: "gru0", "dense1".
std::string layer_name(const Chain& chain, const std::string& kind);

// Handlers, one for each operator type. Their messages do not name the node; the caller adds its
// name.
using Handler = Status (*)(Chain&, const Node&);
Status handle_constant(Chain& chain, const Node& node);
Status handle_identity(Chain& chain, const Node& node);
Status handle_cast(Chain& chain, const Node& node);
Status handle_shape(Chain& chain, const Node& node);
Status handle_constant_of_shape(Chain& chain, const Node& node);
Status handle_expand(Chain& chain, const Node& node);
Status handle_gather(Chain& chain, const Node& node);
Status handle_slice(Chain& chain, const Node& node);
Status handle_concat(Chain& chain, const Node& node);
Status handle_reshape(Chain& chain, const Node& node);
Status handle_flatten(Chain& chain, const Node& node);
Status handle_squeeze(Chain& chain, const Node& node);
Status handle_unsqueeze(Chain& chain, const Node& node);
Status handle_transpose(Chain& chain, const Node& node);
Status handle_recurrent(Chain& chain, const Node& node);
Status handle_gemm(Chain& chain, const Node& node);
Status handle_matmul(Chain& chain, const Node& node);
Status handle_add(Chain& chain, const Node& node);
Status handle_softmax(Chain& chain, const Node& node);

// A list given as an attribute (older opsets) or as a constant input. `found`: whether it was given
// at all.
struct ListArgument {
  bool found = false;
  Integers values;
};
Result<ListArgument> list_argument(const Chain& chain, const Node& node,
                                   const std::string& attribute, std::size_t input);

// The embedding: rows of a constant table, selected by symbol numbers.
Status embed_symbols(Chain& chain, const Node& node, const ConstantPtr& table,
                     const Stream& symbols);

}  // namespace soliton::onnx_import
