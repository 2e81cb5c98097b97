// The shared exponent of one block: steps 1 to 3 of the quantiser (numerics, section 2), on the
// bits of the largest magnitude, so without the rounding of a computed logarithm.
#pragma once

#include <bit>
#include <cstdint>

#include "protocol/tensor/format.h"

namespace soliton {

enum class Poison : std::uint8_t { kNone, kNan, kInfinity, kExponentAboveRange };

struct BlockScale {
  Poison poison = Poison::kNone;
  bool flushed = false;  // every value of the block becomes +0
  int exponent = 0;      // S
};

// floor(log2) of the largest finite element: 0 for integers. Minifloats up to 4 exponent bits have
// no infinity and use their top exponent for numbers; e5m2 follows IEEE 754.
constexpr int element_max_exponent(const NumberFormat& format) {
  if (format.exponent_bits == 0) return 0;
  return (1 << (format.exponent_bits - 1)) - (format.exponent_bits >= 5 ? 1 : 0);
}

// `largest` is the maximum over the block of the fp32 bits without the sign, which order like the
// magnitudes.
inline BlockScale block_scale(std::uint32_t largest, const NumberFormat& format) {
  BlockScale scale;
  if (largest >= 0x7f800000u) {
    scale.poison = largest == 0x7f800000u ? Poison::kInfinity : Poison::kNan;
    return scale;
  }
  // A block of zeros gets -126; subnormals their true exponent, -127 to -149.
  int exponent = -126;
  if (largest >= 0x00800000u)
    exponent = static_cast<int>(largest >> 23) - 127;
  else if (largest != 0)
    exponent = static_cast<int>(std::bit_width(largest)) - 150;
  scale.flushed = format.flush && exponent <= -127;
  const int limit = (1 << (format.scale_bits - 1)) - 1;
  scale.exponent = exponent - element_max_exponent(format);
  if (scale.exponent > limit) {
    if (format.overflow == Overflow::kPoison) scale.poison = Poison::kExponentAboveRange;
    scale.exponent = limit;
  }
  if (scale.exponent < -limit) scale.exponent = -limit;
  return scale;
}

}  // namespace soliton
