// What a tensor of the graph is to the reader: a constant, a constant of one value and any shape,
// or a stream: the data of a request on its way through the layers found so far.
//
// A stream's axes have roles instead of sizes only, so that reshapes, transposes and picks between
// the layers can be followed without running them, and refused where they would change the data.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "partition/onnx/graph.h"

namespace soliton::onnx_import {

enum class Role : std::uint8_t {
  kOpen,     // of a graph input: steps or batch, not known yet
  kUnit,     // extent 1
  kSteps,    // one vector for each step
  kPieces,   // stacked results: directions of a layer, or last states of several layers
  kFeature,  // elements of a vector
};

struct Axis {
  Role role = Role::kUnit;
  std::int64_t size = 1;  // kUnknown: set by the request
  std::string symbol;     // kOpen: the input's name of an unknown size
};

// One result of a layer in one direction.
struct Piece {
  std::size_t stage = 0;
  int direction = 0;
  bool operator==(const Piece&) const = default;
};

enum class Form : std::uint8_t {
  kSequence,    // the vectors of all steps (graph inputs too)
  kLast,        // the state after a direction's last step
  kAtLastStep,  // the vectors that belong to the request's last step; differs from kLast for a
                // reverse direction
  kAtFirstStep,
  kCell,  // the cell state after the last step
};

struct Stream {
  std::vector<Piece> pieces;  // concatenated in the feature axis, or along a kPieces axis
  Form form = Form::kSequence;
  std::vector<Axis> axes;
  bool integers = false;  // symbol numbers
  std::string input;      // name of the graph input it is, if it is one
  bool whole = true;      // false: part of a graph input, good for an initial state only

  std::size_t find(Role role) const;  // position, or axes.size()
  bool has(Role role) const { return find(role) < axes.size(); }
};

// A real or integer constant whose shape depends on the request, all elements equal: zero states
// made by exporters.
struct Uniform {
  double value = 0;
};

using Value = std::variant<ConstantPtr, Uniform, Stream>;

// Axis number counted from the end when negative. Errors: not within `rank`.
Result<std::size_t> axis_of(std::int64_t axis, std::size_t rank);
// Each at most once.
Result<std::vector<std::size_t>> axes_of(const Integers& axes, std::size_t rank);

// Views of a stream. Errors say which axis cannot be treated so.
Result<Stream> squeezed(Stream stream, const std::vector<std::size_t>& axes);
Result<Stream> unsqueezed(Stream stream,
                          const std::vector<std::size_t>& axes);  // positions in the result
Result<Stream> transposed(const Stream& stream, const std::vector<std::size_t>& order);
// `target`: as of ONNX Reshape after zeros were replaced: -1 once at most, kUnknown for sizes taken
// from the request. `merge_open`: steps of fixed number may become part of the vector (a network
// that takes the whole input at once).
Result<Stream> reshaped(const Stream& stream, const Shape& target, bool merge_open);
// Elements first, first + stride, ... (count of them) of `axis`; `drop` removes the axis (count is
// 1).
Result<Stream> picked(Stream stream, std::size_t axis, std::int64_t first, std::int64_t count,
                      std::int64_t stride, bool drop);
// End to end along `axis`.
Result<Stream> concatenated(const std::vector<Stream>& streams, std::int64_t axis);

std::string describe(const Stream& stream);  // "[steps, 1, 64]"

}  // namespace soliton::onnx_import
