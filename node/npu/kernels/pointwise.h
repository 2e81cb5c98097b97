// The multifunction units over whole vectors of fp16: the operations of protocol/tensor/half.h,
// value by value, each correctly rounded. The same bits at every level.
//
// Functions that can turn finite values into an infinity return how often they did.
#pragma once

#include <cstdint>
#include <span>

#include "node/npu/kernels/processor.h"
#include "protocol/tensor/half.h"

namespace soliton {

enum class PointwiseOp : std::uint8_t { kAdd, kAMinusB, kBMinusA, kMultiply, kMax, kMin };
enum class ActivationFunction : std::uint8_t { kSigmoid, kTanh, kRelu, kExp, kReciprocal, kRsqrt };
enum class Reduction : std::uint8_t { kSum, kMean, kMax };

// a[i] = a[i] op b[i]. REQUIRES: equal sizes; a and b are the same memory or do not overlap.
std::uint64_t apply(PointwiseOp op, std::span<Half> a, std::span<const Half> b,
                    KernelLevel level = best_kernel_level());
std::uint64_t apply(ActivationFunction function, std::span<Half> values);
// Puts the sum, mean or maximum of the first `elements` values into all of them. Sums are in fp32, from
// +0 in ascending order, and rounded to fp16 once, the mean's behind the division (docs/numbers.md).
// REQUIRES: 1 <= elements <= values.size().
std::uint64_t reduce(Reduction reduction, std::span<Half> values, std::size_t elements);

// Rounds the sums of a product to fp16, once each. REQUIRES: equal sizes.
std::uint64_t round_sums(std::span<const float> sums, std::span<Half> out,
                         KernelLevel level = best_kernel_level());

}  // namespace soliton
