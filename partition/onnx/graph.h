// An ONNX graph as plain values, checked: what the rest of the reader works on, without protobuf.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "protocol/base/files_read.h"
#include "protocol/base/result.h"

namespace soliton::onnx_import {

// A size not known before a request comes. Stands in shapes and in integer constants computed from
// shapes.
inline constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();

using Shape = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Integers = std::vector<std::int64_t>;

// Row-major. As many values as the shape says; every real type is held as fp32, every integer type
// as int64.
struct Constant {
  Shape shape;
  std::variant<Floats, Integers> values;
  const Integers* integers() const { return std::get_if<Integers>(&values); }
  const Floats* floats() const { return std::get_if<Floats>(&values); }
};
using ConstantPtr = std::shared_ptr<const Constant>;

ConstantPtr integer_list(Integers values);

struct Attribute {
  enum class Kind : std::uint8_t {
    kFloat,
    kInteger,
    kText,
    kFloats,
    kIntegers,
    kTexts,
    kTensor,
    kOther
  };
  std::string name;
  Kind kind = Kind::kOther;
  float number = 0;
  std::int64_t integer = 0;
  std::string text;
  Floats numbers;
  Integers integers;
  std::vector<std::string> texts;
  ConstantPtr tensor;
};

struct Node {
  std::string name;  // for messages: the file's, or "GRU #3"
  std::string
      op;  // "GRU"; with its domain when that is not ONNX's own: "com.microsoft:MatMulNBits"
  std::vector<std::string> inputs;  // "": left out
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;

  bool has_input(std::size_t k) const { return k < inputs.size() && !inputs[k].empty(); }
  const Attribute* find(const std::string& attribute) const;
  // The attribute's value or, when it is absent, `otherwise`; an attribute of another kind is an
  // error.
  Result<std::int64_t> integer(const std::string& attribute, std::int64_t otherwise) const;
  Result<float> number(const std::string& attribute, float otherwise) const;
  Result<std::string> text(const std::string& attribute, const std::string& otherwise) const;
};

struct GraphInput {
  enum class Kind : std::uint8_t { kIntegers, kFloats, kOther };
  struct Extent {
    std::int64_t size = kUnknown;
    std::string symbol;  // of an unknown size, may be ""
  };
  std::string name;
  Kind kind = Kind::kOther;
  bool has_shape = false;
  std::vector<Extent> shape;
};

struct Graph {
  std::int64_t opset = 0;
  std::vector<Node> nodes;  // in the order of the file
  std::unordered_map<std::string, ConstantPtr>
      constants;                   // initializers by name; looked up, never iterated
  std::vector<GraphInput> inputs;  // without those that are initializers
  std::vector<std::string> outputs;
  FilesRead files;  // with weights beside the model's
};

// Reads and parses the file. Messages do not name it.
Checked<Graph> load_graph(const std::string& path);

// Positions in graph.nodes such that producers come before consumers (the file's order where it is
// free), only of nodes that output number `output` needs. Errors: a name made twice, an input
// nobody makes, a cycle (named: "cycle: a > b > c > a").
Checked<std::vector<std::size_t>> sorted_nodes(const Graph& graph, std::size_t output = 0);

// Appends to `found` unless that has many errors already; then counts on in one last line.
void report(Diagnostics& found, std::string message);

}  // namespace soliton::onnx_import
