// What the reader knows of a tensor of the graph. It is a constant, a constant whose elements are
// all equal in a shape that depends on the request, or a stream: the data of a request on its way
// through the layers found so far.
//
// The axes of a stream have roles and not only sizes, so that reshapes, transposes and picks
// between layers can be followed without executing them, and refused if they would change the data.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "partition/onnx/graph.h"

namespace soliton::onnx_import {

enum class Role : std::uint8_t {
  kOpen,     // axis of a graph input: steps or batch, not known yet
  kUnit,     // extent 1
  kSteps,    // one vector for each step
  kPieces,   // stacked results: directions of a layer, or last states of several layers
  kFeature,  // elements of a vector
};

struct Axis {
  Role role = Role::kUnit;
  std::int64_t size = 1;  // kUnknown: set by the request
  std::string symbol;     // kOpen: the input's name for an unknown size
};

// One result of one direction of a layer.
struct Piece {
  std::size_t stage = 0;
  int direction = 0;
  bool operator==(const Piece&) const = default;
};

enum class Form : std::uint8_t {
  kSequence,    // the vectors of all steps (also of graph inputs)
  kLast,        // the state after the last step of a direction
  kAtLastStep,  // the vectors that belong to the request's last step; differs from kLast for a
                // reverse direction
  kAtFirstStep,
  kCell,  // the cell state after the last step
};

struct Stream {
  std::vector<Piece> pieces;  // joined along the feature axis, or stacked along kPieces
  Form form = Form::kSequence;
  std::vector<Axis> axes;
  bool integers = false;  // symbol numbers
  std::string input;      // name of the graph input, if it is one
  bool whole = true;      // false: a part of a graph input, which only an initial state may read

  std::size_t find(Role role) const;  // index of the axis, or axes.size()
  bool has(Role role) const { return find(role) < axes.size(); }
};

// A real or integer constant whose shape depends on the request and whose elements are all equal:
// exporters make zero states like this.
struct Uniform {
  double value = 0;
};

using Value = std::variant<ConstantPtr, Uniform, Stream>;

// Axis number counted from the end when negative. Errors: not within `rank`.
Result<std::size_t> axis_of(std::int64_t axis, std::size_t rank);
// Each at most once.
Result<std::vector<std::size_t>> axes_of(const Integers& axes, std::size_t rank);

// Views of a stream. Errors say which axis cannot be treated like that.
Result<Stream> squeezed(Stream stream, const std::vector<std::size_t>& axes);
Result<Stream> unsqueezed(Stream stream,
                          const std::vector<std::size_t>& axes);  // positions in the result
Result<Stream> transposed(const Stream& stream, const std::vector<std::size_t>& order);
// `target`: as for ONNX Reshape after zeros were replaced: at most one -1, and kUnknown for sizes
// that depend on the request. `merge_open`: a fixed number of steps may become part of the vector
// (for a network that takes the whole input at once).
Result<Stream> reshaped(const Stream& stream, const Shape& target, bool merge_open);
// Elements first, first + stride, ... (`count` of them) of `axis`; `drop` removes the axis, and
// then `count` is 1.
Result<Stream> picked(Stream stream, std::size_t axis, std::int64_t first, std::int64_t count,
                      std::int64_t stride, bool drop);
// Concatenates along `axis`.
Result<Stream> concatenated(const std::vector<Stream>& streams, std::int64_t axis);

std::string describe(const Stream& stream);  // "[steps, 1, 64]"

}  // namespace soliton::onnx_import
