// A checked ONNX graph as plain values, without protobuf: the rest of the reader works on it.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "partition/onnx/parsed.h"
#include "protocol/base/files_read.h"
#include "protocol/base/result.h"

namespace soliton::onnx_import {

// A size that is only known with a request. It occurs in shapes and in integer constants computed
// from shapes.
inline constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();

using Shape = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Integers = std::vector<std::int64_t>;

// Row-major, with as many values as the shape says. All real types are held as fp32, all integer
// types as int64.
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
  std::vector<std::string> inputs;  // "": the input is left out
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;

  bool has_input(std::size_t k) const { return k < inputs.size() && !inputs[k].empty(); }
  const Attribute* find(const std::string& attribute) const;
  // The value of the attribute, or `otherwise` if it is absent. An attribute of another kind is an
  // error.
  Result<std::int64_t> integer(const std::string& attribute, std::int64_t otherwise) const;
  Result<float> number(const std::string& attribute, float otherwise) const;
  Result<std::string> text(const std::string& attribute, const std::string& otherwise) const;
};

struct GraphInput {
  enum class Kind : std::uint8_t { kIntegers, kFloats, kOther };
  struct Extent {
    std::int64_t size = kUnknown;
    std::string symbol;  // name of an unknown size, or ""
  };
  std::string name;
  Kind kind = Kind::kOther;
  bool has_shape = false;
  std::vector<Extent> shape;
};

struct Graph {
  std::int64_t opset = 0;
  std::vector<Node> nodes;  // in file order
  std::unordered_map<std::string, ConstantPtr>
      constants;                   // initializers by name; looked up, never iterated
  std::vector<GraphInput> inputs;  // without inputs that are initializers
  std::vector<std::string> outputs;
  FilesRead files;                            // the files with external weights
  std::shared_ptr<const ParsedGraph> parsed;  // the same by name, without the constants' values
};

// Reads and parses the file. Messages do not name the file; the caller adds its name.
Checked<Graph> load_graph(const std::string& path);

}  // namespace soliton::onnx_import
