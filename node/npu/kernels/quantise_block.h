// Converts one block of fp16 values to integer mantissas: the steps of quantise_activation() for
// elements of at most 7 magnitude bits, 16 values at a time. For the packed kernels. REQUIRES: AVX2
// and F16C.
#pragma once

#include <cstdint>
#include <span>

#include "protocol/tensor/half.h"

namespace soliton {

// Number of values, and bytes of lanes, written at once; `lanes` must have room for a whole
// multiple of it. Whatever is written behind the block's last step is zero.
inline constexpr int kQuantiseChunk = 16;

// The largest magnitude as a bit pattern without sign, which orders like the numbers themselves,
// with NaN above infinity.
Half largest_magnitude(std::span<const Half> values);

// Each computes value * inverse_quantum, clamped to +-limit and rounded half to even.
// `inverse_quantum` is a power of two. Each returns the sum of the mantissas. The layouts are
// described in activation.h.
std::int32_t quantise_bytes(std::span<const Half> values, float inverse_quantum, float limit,
                            std::int8_t* lanes);
std::int32_t quantise_nibbles(std::span<const Half> values, float inverse_quantum, float limit,
                              std::int8_t* lanes);
// Writes zero mantissas for a block of `count` values.
void clear_lanes(std::size_t count, std::int8_t* lanes);

}  // namespace soliton
