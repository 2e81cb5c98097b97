// The scale of one block: steps 1 to 3 of the quantiser (docs/numbers.md), computed from the bits
// of the largest magnitude, so without the rounding of a computed logarithm.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

#include "protocol/tensor/element.h"
#include "protocol/tensor/format.h"

namespace soliton {

enum class Poison : std::uint8_t { kNone, kNan, kInfinity, kAboveRange };

struct BlockScale {
  Poison poison = Poison::kNone;
  bool flushed = false;  // every value of the block becomes +0
  int exponent = 0;      // S, Scale::kPowerOfTwo
  float factor = 1;      // Scale::kFloat
};

// The fp32 bits without the sign, which order like the magnitudes; a NaN is above infinity.
inline std::uint32_t magnitude_bits(float value) {
  return std::bit_cast<std::uint32_t>(value) & 0x7fffffffu;
}

inline std::uint32_t largest_magnitude(std::span<const float> values) {
  std::uint32_t largest = 0;
  for (const float value : values) largest = std::max(largest, magnitude_bits(value));
  return largest;
}

// Largest exponent of `scale_bits` bits; its negative is the smallest.
constexpr int scale_limit(const NumberFormat& format) { return (1 << (format.scale_bits - 1)) - 1; }

// Step 2 for finite bits. A block of zeros gets -126; subnormals their true exponent, -127 to -149.
inline int exponent_of(std::uint32_t largest) {
  if (largest >= 0x00800000u) return static_cast<int>(largest >> 23) - 127;
  return largest != 0 ? static_cast<int>(std::bit_width(largest)) - 150 : -126;
}

// `largest` is the maximum of magnitude_bits() over the block. Under Scale::kNone a block is one
// element and only NaN and infinity are of interest.
inline BlockScale block_scale(std::uint32_t largest, const NumberFormat& format) {
  BlockScale scale;
  if (largest >= 0x7f800000u) {
    scale.poison = largest == 0x7f800000u ? Poison::kInfinity : Poison::kNan;
    return scale;
  }
  const int exponent = exponent_of(largest);
  scale.flushed = format.flush && exponent <= -127;
  if (format.scale() == Scale::kFloat)
    scale.factor = static_cast<float>(static_cast<double>(std::bit_cast<float>(largest)) /
                                      element_of(format).max_norm);
  if (format.scale() != Scale::kPowerOfTwo) return scale;
  const int limit = scale_limit(format);
  scale.exponent = exponent - element_max_exponent(format);
  if (scale.exponent > limit) {
    if (format.overflow == Overflow::kPoison) scale.poison = Poison::kAboveRange;
    scale.exponent = limit;
  }
  scale.exponent = std::max(scale.exponent, -limit);
  return scale;
}

}  // namespace soliton
