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

enum class PointwiseOp : std::uint8_t { kAdd, kAMinusB, kBMinusA, kMultiply, kMax };
enum class ActivationFunction : std::uint8_t { kSigmoid, kTanh, kRelu };

// a[i] = a[i] op b[i]. REQUIRES: equal sizes; a and b are the same memory or do not overlap.
std::uint64_t apply(PointwiseOp op, std::span<Half> a, std::span<const Half> b,
                    KernelLevel level = best_kernel_level());
void apply(ActivationFunction function, std::span<Half> values);

// Rounds the sums of a product to fp16, once each. REQUIRES: equal sizes.
std::uint64_t round_sums(std::span<const float> sums, std::span<Half> out,
                         KernelLevel level = best_kernel_level());

}  // namespace soliton
