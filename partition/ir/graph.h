// The graph of a model: operators joined by the arrays they make. It is what the reader of ONNX
// (partition/onnx) produces, passes transform, the evaluator runs, and the partitioner cuts.
//
// A graph is in static single assignment form: every value has at most one producer, and nodes are
// in topological order. Recurrence is an operator's own business; there are no cycles. State between
// requests is explicit: an output of one request that is an input of the next.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "partition/ir/array.h"
#include "protocol/base/result.h"

namespace soliton::ir {

struct Operator;
struct Graph;

// Index into Graph::values.
using ValueId = std::uint32_t;
inline constexpr ValueId kAbsent = std::numeric_limits<ValueId>::max();  // an input left out

// A dimension of a graph input that the model leaves open.
inline constexpr std::int64_t kOpen = -1;

struct Attribute {
  enum class Kind : std::uint8_t {
    kReal,
    kInteger,
    kText,
    kReals,
    kIntegers,
    kTexts,
    kArray,
    kGraph,
    kOther,  // of a kind nobody reads
  };
  std::string name;
  Kind kind = Kind::kOther;
  float real = 0;
  std::int64_t integer = 0;
  std::string text;
  std::vector<float> reals;
  std::vector<std::int64_t> integers;
  std::vector<std::string> texts;
  Array array;
  // A body (If, Loop, Scan). Its inputs are the operator's formal ones followed by the values it
  // captures from outside, which are the last inputs of the node; all bodies of a node capture the
  // same ones.
  std::shared_ptr<const Graph> graph;
};

struct Node {
  std::string name;  // for messages and placement: the file's, or its first output
  std::string op;  // "GRU"; with its domain if that is not ONNX's own: "com.microsoft:MatMulNBits"
  const Operator* kind = nullptr;
  std::vector<ValueId> inputs;   // kAbsent: left out
  std::vector<ValueId> outputs;  // kAbsent: not wanted
  std::vector<Attribute> attributes;
  std::size_t captured = 0;  // how many of the last inputs are captured by bodies

  const Attribute* find(std::string_view attribute) const;
  bool wants(std::size_t output) const {
    return output < outputs.size() && outputs[output] != kAbsent;
  }
  // The attribute, or `otherwise` if it is absent. Error: it is of another kind.
  Result<std::int64_t> integer(std::string_view attribute, std::int64_t otherwise) const;
  Result<float> real(std::string_view attribute, float otherwise) const;
  Result<std::string> text(std::string_view attribute, std::string_view otherwise) const;
  Result<std::vector<std::int64_t>> integers(std::string_view attribute,
                                             std::vector<std::int64_t> otherwise = {}) const;
  Result<std::vector<float>> reals(std::string_view attribute,
                                   std::vector<float> otherwise = {}) const;
};

struct Value {
  std::string name;
  Array constant;  // known if the value is the same in every request
};

// An input of the graph as the file declares it.
struct Input {
  ValueId value = kAbsent;
  ElementType type = ElementType::kFloat32;
  bool ranked = true;                // false: the file does not say how many axes there are
  Shape shape;                       // kOpen where the file leaves the extent open
  std::vector<std::string> symbols;  // per axis: the file's name of an open extent, or ""
};

// What one request leaves for the next: output `output` becomes input `input`, which is `initial` in
// the first request.
struct State {
  ValueId input = kAbsent;
  ValueId output = kAbsent;
  Array initial;
};

struct Graph {
  std::int64_t opset = 17;  // version of ONNX's operators, which decides some meanings
  std::vector<Value> values;
  std::vector<Node> nodes;  // in topological order
  std::vector<Input> inputs;
  std::vector<ValueId> outputs;
  std::vector<State> states;

  const std::string& name_of(ValueId id) const { return values[id].name; }
};

// What must hold for every graph that code here is given; a violation is a bug of whoever made it.
// Returns the first violation, or "".
std::string broken_rule(const Graph& graph);

}  // namespace soliton::ir
