// Operations on constants. All of them check shapes and indices and count what they make against
// the chain's limit.
#pragma once

#include <optional>

#include "partition/onnx/chain.h"

namespace soliton::onnx_import {

// Elements first, first + stride, ... of an axis; all must lie within it.
struct Range {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t stride = 1;
};

Result<ConstantPtr> transposed(Chain& chain, const Constant& in,
                               const std::vector<std::size_t>& order);
Result<ConstantPtr> sliced(Chain& chain, const Constant& in, std::size_t axis, const Range& range);
Result<ConstantPtr> expanded(Chain& chain, const Constant& in, const Shape& target);
// REQUIRES: indices.integers().
Result<ConstantPtr> gathered(Chain& chain, const Constant& in, std::size_t axis,
                             const Constant& indices);
// REQUIRES: parts is not empty.
Result<ConstantPtr> concatenated(Chain& chain, const std::vector<ConstantPtr>& parts,
                                 std::int64_t axis);
Result<ConstantPtr> with_shape(Chain& chain, const Constant& in, const Shape& shape);
Result<ConstantPtr> to_integers(Chain& chain, const ConstantPtr& in);
Result<ConstantPtr> to_floats(Chain& chain, const ConstantPtr& in);

// Returns a constant if the shape is known and small, otherwise a Uniform.
Value filled(Chain& chain, const Shape& shape, double value, bool integer);
// The value that all elements have; nullopt if they differ or there are none.
std::optional<double> single_value(const Value& value);

}  // namespace soliton::onnx_import
