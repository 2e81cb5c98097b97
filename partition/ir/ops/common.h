// What operators share: outputs, lists of integers, axes, broadcasting. Inside partition/ir/ops only.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "partition/ir/operator.h"

namespace soliton::ir {

// Returns the error of a Result or Status from the function around it; else goes on. GNU statement
// expressions would read better, but are not C++.
#define SOLITON_IR_TRY(name, expression)                    \
  auto name##_or = (expression);                            \
  if (!name##_or) return tl::unexpected(name##_or.error()); \
  auto& name = *name##_or
#define SOLITON_IR_CHECK(expression) \
  if (auto status_or = (expression); !status_or) return tl::unexpected(status_or.error())

// An operator with one output.
inline Result<Outputs> one(Array output) {
  Outputs out;
  out.push_back(std::move(output));
  return out;
}

// Axes an operator's output may have, so that work that grows with the square of them stays small.
inline constexpr std::size_t kMostAxes = 64;

// Error: the shape has a negative extent, too many axes, or more elements than the call may make.
// Check a shape that was computed from inputs before making an array of it.
Status check_fits(const Call& call, const Shape& shape);
// Error: input k is left out or has none of the types.
Status check_type(const Call& call, std::size_t k, std::span<const ElementType> types);
Status check_real(const Call& call, std::size_t k);
Status check_number(const Call& call, std::size_t k);  // anything but bool
// Error: the inputs do not all have the type of input 0.
Status check_same_type(const Call& call, std::span<const std::size_t> inputs);
// Error: fewer than `least` leading inputs are there.
Status check_inputs(const Call& call, std::size_t least);

// The integers of input k (int32 or int64). Errors: it is left out, of another type, or unknown,
// which means that a shape depends on the data of a request. `what`: "its shape".
Result<std::vector<std::int64_t>> integers_of(const Call& call, std::size_t k, const char* what);
// A list that is an attribute in older opsets and an input in newer ones; empty if neither is there.
struct OptionalList {
  bool given = false;
  std::vector<std::int64_t> values;
};
Result<OptionalList> list_of(const Call& call, std::string_view attribute, std::size_t input);
// Any number as one double. REQUIRES: known, one element.
double number_of(const Array& array);

// Axis -rank … rank-1 as an index.
Result<std::size_t> axis_in(std::int64_t axis, std::size_t rank);
// The same for several, all different, in the given order.
Result<std::vector<std::size_t>> axes_in(std::span<const std::int64_t> axes, std::size_t rank);

// Product of the extents [first, last).
std::int64_t extent_product(const Shape& shape, std::size_t first, std::size_t last);
// Elements from one index of each axis to the next, row-major.
std::vector<std::int64_t> strides_of(const Shape& shape);

// The shape that all broadcast to (ONNX "multidirectional broadcasting"). Error: extents that do not
// match.
Result<Shape> broadcast_shape(std::span<const Shape* const> shapes);

// Calls body(offset_out, offset_a, offset_b, count, step_a, step_b) for contiguous runs of the
// output, so that the inner loop has constant steps (0 or 1). REQUIRES: a and b broadcast to `out`.
struct BroadcastRun {
  std::int64_t out, a, b, count, step_a, step_b;
};
void for_each_run(const Shape& out, const Shape& a, const Shape& b,
                  const std::function<void(const BroadcastRun&)>& body);
// `array` as `shape`, which it broadcasts to. An unknown array stays unknown.
Array broadcast_to(const Array& array, const Shape& shape);

// Calls body(index) for every index of the shape, row-major.
template <typename Body>
void for_each_index(const Shape& shape, Body&& body) {
  std::vector<std::int64_t> index(shape.size(), 0);
  if (std::ranges::find(shape, 0) != shape.end()) return;
  while (true) {
    body(std::as_const(index));
    std::size_t axis = shape.size();
    while (axis > 0 && ++index[axis - 1] == shape[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}

// Families; each is one file.
std::span<const Operator> control_operators();
std::span<const Operator> conv_operators();
std::span<const Operator> create_operators();
std::span<const Operator> einsum_operators();
std::span<const Operator> elementwise_operators();
std::span<const Operator> gather_operators();
std::span<const Operator> matrix_operators();
std::span<const Operator> move_operators();
std::span<const Operator> nbits_operators();
std::span<const Operator> norm_operators();
std::span<const Operator> order_operators();
std::span<const Operator> pad_operators();
std::span<const Operator> pool_operators();
std::span<const Operator> quantise_operators();
std::span<const Operator> recurrent_operators();
std::span<const Operator> reduce_operators();
std::span<const Operator> resize_operators();
std::span<const Operator> scatter_operators();
std::span<const Operator> shape_operators();
std::span<const Operator> slice_operators();
std::span<const Operator> softmax_operators();
std::span<const Operator> unique_operators();

}  // namespace soliton::ir
