// Operators as values. One function computes the shapes of the outputs and, if all inputs are known,
// their elements: constant folding, shape inference, the reference, and the CPU role are the same
// code. All arithmetic is in a fixed order, so results are the same bits on every machine and
// instruction set (docs/numbers.md).
//
// Families are files in partition/ir/ops; adding an operator is one row in its family's table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "partition/ir/array.h"
#include "partition/ir/graph.h"
#include "protocol/base/result.h"

namespace soliton::ir {

// Elements one operator may make; protects against shapes that damaged files claim.
inline constexpr std::int64_t kMostElements = std::int64_t{1} << 28;

// One application of an operator.
struct Call {
  const Node& node;
  std::span<const Array> inputs;  // absent ones are !present(); trailing ones may be missing
  std::int64_t opset = 17;
  std::int64_t most_elements = kMostElements;  // of one output

  // Input k, or an absent array beyond the last.
  const Array& input(std::size_t k) const;
  bool has(std::size_t k) const { return input(k).present(); }
  // Whether every present input has elements, so that the outputs have too.
  bool known() const;
};

using Outputs = std::vector<Array>;

// What a call costs beyond moving its inputs and outputs.
struct Work {
  std::int64_t multiply_adds = 0;  // of matrix products and convolutions
  std::int64_t operations = 0;     // everything else, one for each element touched
  Work& operator+=(const Work& other) {
    multiply_adds += other.multiply_adds;
    operations += other.operations;
    return *this;
  }
};

struct Operator {
  std::string_view name;  // ONNX's, with the domain as in Node::op
  // Outputs in the node's order; one that the node does not want may be absent. Errors: kInvalid,
  // worded to follow "node "x" (Op) ".
  Result<Outputs> (*apply)(const Call&);
  // Null: one operation for each element of the outputs. Called with what apply() returned.
  Work (*work)(const Call&, const Outputs&) = nullptr;
};

// The operator of that name (Node::op), or null.
const Operator* find_operator(std::string_view name);
// All of them, sorted by name: for messages, `soliton list operators`, and docs/models.md.
std::span<const Operator* const> operators();

// Work of a call by the operator's own rule or the default one.
Work work_of(const Operator& op, const Call& call, const Outputs& outputs);

}  // namespace soliton::ir
