// IEEE binary16 ("fp16") as bit patterns, and the point-wise operations of the multifunction units,
// each correctly rounded.
//
// + - x are computed in fp32 and rounded once, which equals the correctly rounded fp16 result
// (docs/numbers.md). The functions of one number have 65,536 inputs: each has a table, rounded from
// double precision and made on first use.
#pragma once

#include <bit>
#include <cstdint>

namespace soliton {

using Half = std::uint16_t;  // a bit pattern

inline constexpr Half kHalfNan = 0x7e00;
inline constexpr Half kHalfInfinity = 0x7c00;

constexpr bool half_is_nan(Half value) { return (value & 0x7fff) > kHalfInfinity; }
constexpr bool half_is_infinite(Half value) { return (value & 0x7fff) == kHalfInfinity; }

// Exact. A NaN keeps its sign and payload.
inline float to_float(Half value) {
  const std::uint32_t sign = static_cast<std::uint32_t>(value & 0x8000) << 16;
  const std::uint32_t magnitude = static_cast<std::uint32_t>(value & 0x7fff) << 13;
  if (magnitude >= 0x0f800000)
    return std::bit_cast<float>(sign | 0x70000000 | magnitude);  // infinity, NaN
  if (magnitude >= 0x00800000) return std::bit_cast<float>(sign | (magnitude + 0x38000000));
  // Subnormal: 2^-14 * (1 + fraction) - 2^-14, both exact in fp32, instead of a search for the
  // leading bit.
  const float shifted = std::bit_cast<float>(magnitude + 0x38800000) - 0x1p-14f;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(shifted));
}

// Half to even; overflow gives infinity; subnormals kept; any NaN becomes kHalfNan.
inline Half to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7fffffff;
  const Half sign = static_cast<Half>((bits >> 16) & 0x8000);
  if (magnitude > 0x7f800000) return kHalfNan;
  if (magnitude >= 0x47800000) return sign | kHalfInfinity;  // 65536 and above
  if (magnitude < 0x38800000) {
    // Below 2^-14 the quantum is 2^-24, which is the spacing of fp32 numbers in [0.5, 1): one
    // addition rounds.
    const float rounded = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<Half>(std::bit_cast<std::uint32_t>(rounded) - 0x3f000000);
  }
  // Half to even on the 13 bits dropped; a carry into the exponent, up to infinity, is what is
  // wanted.
  const std::uint32_t rounded = magnitude + 0x0fff + ((magnitude >> 13) & 1);
  return sign | static_cast<Half>((rounded - 0x38000000) >> 13);
}

// One rounding, half to even; otherwise as to_half(), through which a double would be rounded twice.
Half round_to_half(double value);

inline Half half_add(Half a, Half b) { return to_half(to_float(a) + to_float(b)); }
inline Half half_sub(Half a, Half b) { return to_half(to_float(a) - to_float(b)); }  // a - b
inline Half half_mul(Half a, Half b) { return to_half(to_float(a) * to_float(b)); }
Half half_max(Half a, Half b);  // NaN when either is; max(-0, +0) = +0
Half half_min(Half a, Half b);  // NaN when either is; min(-0, +0) = -0
Half half_relu(Half a);         // relu(-0) = +0; NaN passes

// Functions at every input, indexed by bit pattern; NaN gives NaN. Zeros and infinities as in IEEE
// 754: 1 / -0 and 1 / sqrt(-0) are -infinity; 1 / sqrt(a) is NaN below -0.
const Half* half_sigmoid_table();
const Half* half_tanh_table();
const Half* half_exp_table();
const Half* half_reciprocal_table();
const Half* half_rsqrt_table();

}  // namespace soliton
