// Convolutions as matrix products: a column of B is what the kernel sees at one position of the
// output, so Y = W B (Chellapilla, Puri and Simard, "High Performance Convolutional Neural Networks
// for Document Processing", 2006). Inside partition/ir/ops only.
//
// B is made in blocks of bounded size; as blocks of rows are added in ascending order, every output
// is summed over channels and then taps, last axis fastest, whatever the block size.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/ir/ops/window.h"

namespace soliton::ir {

struct ConvPlan {
  std::int64_t batch = 1, groups = 1;
  std::int64_t channels_in = 1, channels_out = 1;  // of one group
  Window window;
  Shape out;
};

// Adds the convolution of x [N, groups * channels_in, ...] with weights [groups * channels_out,
// channels_in, ...] to y. T as add_product's.
template <typename T>
void add_convolution(const ConvPlan& plan, const T* x, const T* weights, T* y);

// Adds the transposed convolution, in which every element of x puts its kernel onto y: weights
// [groups * channels_in, channels_out, ...]. The window is the one by which y would be convolved to
// x: its `in` is the extent of y, its `out` that of x.
template <typename T>
void add_transposed_convolution(const ConvPlan& plan, const T* x, const T* weights, T* y);

extern template void add_convolution(const ConvPlan&, const float*, const float*, float*);
extern template void add_convolution(const ConvPlan&, const double*, const double*, double*);
extern template void add_convolution(const ConvPlan&, const std::uint32_t*, const std::uint32_t*,
                                     std::uint32_t*);
extern template void add_transposed_convolution(const ConvPlan&, const float*, const float*,
                                                float*);
extern template void add_transposed_convolution(const ConvPlan&, const double*, const double*,
                                                double*);

}  // namespace soliton::ir
