// Operators that compute in fp32 or fp64 only, and how fp16 comes to them. Inside partition/ir/ops
// only.
#pragma once

#include <limits>
#include <vector>

#include "partition/ir/ops/common.h"

namespace soliton::ir {

// Runs an operator on fp16 inputs as on fp32 ones and rounds each fp32 output once.
inline Result<Outputs> through_float32(const Call& call, Result<Outputs> (*apply)(const Call&)) {
  std::vector<Array> inputs;
  for (const Array& array : call.inputs)
    inputs.push_back(array.type() == ElementType::kFloat16 ? converted(array, ElementType::kFloat32)
                                                           : array);
  Result<Outputs> outputs = apply(Call{call.node, inputs, call.opset, call.most_elements});
  if (outputs)
    for (Array& array : *outputs)
      if (array.type() == ElementType::kFloat32) array = converted(array, ElementType::kFloat16);
  return outputs;
}

// The same as with_real for types that are not widened. REQUIRES: fp32 or fp64.
template <typename Body>
decltype(auto) with_wide(ElementType type, Body&& body) {
  if (type == ElementType::kFloat64) return body(TypeTag<double>{});
  return body(TypeTag<float>{});
}

// A number of an operator that computes in double and rounds each result once.
template <typename T>
double as_double(T value) {
  return static_cast<double>(static_cast<Computed<T>>(value));
}
template <typename T>
T rounded_to(double value) {
  return static_cast<T>(static_cast<Computed<T>>(value));
}

inline std::size_t to_size(std::int64_t count) { return static_cast<std::size_t>(count); }

// Products of counts that files state, for work that is only compared: saturates.
inline std::int64_t saturating_product(std::initializer_list<std::int64_t> factors) {
  std::int64_t product = 1;
  for (const std::int64_t factor : factors)
    if (__builtin_mul_overflow(product, factor, &product))
      return std::numeric_limits<std::int64_t>::max();
  return product;
}

// Error: an input that is there has another shape. `what`: "a bias".
inline Status check_shape(const Array& array, const Shape& wanted, const char* what) {
  if (!array.present() || array.shape() == wanted) return {};
  return invalid(fmt::format("has {} of shape {} instead of {}", what, shape_text(array.shape()),
                             shape_text(wanted)));
}

}  // namespace soliton::ir
