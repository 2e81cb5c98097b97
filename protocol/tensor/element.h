// The values one element can have, and rounding to them: steps 4 to 6 of the quantiser
// (docs/numbers.md). All of it is exact in double: 24 significant bits, exponents within 300.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "protocol/tensor/format.h"

namespace soliton {

// Magnitudes are `precision` significant bits, with element subnormals below 2^min_exponent.
struct Element {
  int precision = 0;
  int min_exponent = 0;
  double max_norm = 0;  // the largest
  bool has_infinity = false;

  int quantum_exponent() const { return min_exponent - (precision - 1); }  // of the smallest step
};

// floor(log2) of the largest element: 0 for integers. Minifloats of up to 4 exponent bits have no
// infinity and use their top exponent for numbers; those of 5 and more follow IEEE 754.
constexpr int element_max_exponent(const NumberFormat& format) {
  if (format.exponent_bits == 0) return 0;
  return (1 << (format.exponent_bits - 1)) - (format.exponent_bits >= 5 ? 1 : 0);
}

inline double power_of_two(int exponent) {  // REQUIRES: a normal double
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

inline Element element_of(const NumberFormat& format) {
  Element element;
  if (format.exponent_bits == 0) {
    // Under a shared exponent an integer is 1.xxx at its top; under an fp32 factor a whole number.
    element.precision = format.mantissa_bits;
    element.min_exponent = format.scale() == Scale::kFloat ? format.mantissa_bits - 1 : 0;
    element.max_norm = ((1 << format.mantissa_bits) - 1) * power_of_two(element.quantum_exponent());
    return element;
  }
  element.precision = format.mantissa_bits + 1;
  element.min_exponent = 2 - (1 << (format.exponent_bits - 1));
  element.has_infinity = format.exponent_bits >= 5;
  element.max_norm = ((1 << element.precision) - 1) *
                     power_of_two(element_max_exponent(format) - format.mantissa_bits);
  // e4m3 spends its topmost pattern on NaN: 448 instead of 480.
  if (format.exponent_bits == 4 && format.mantissa_bits == 3) element.max_norm = 448;
  return element;
}

// A count of quanta >= 0, rounded to a whole one. `chance` in [0, 1) is for kDither.
inline double round_quanta(double quanta, Rounding rounding, double chance) {
  const double below = std::floor(quanta);
  const double rest = quanta - below;
  switch (rounding) {
    case Rounding::kFloor:
      return below;
    case Rounding::kNearest:
      return rest >= 0.5 ? below + 1 : below;
    case Rounding::kDither:
      return rest >= 1 - chance ? below + 1 : below;
    case Rounding::kEven:
      break;
  }
  const bool up = rest > 0.5 || (rest == 0.5 && std::fmod(below, 2.0) != 0);
  return up ? below + 1 : below;
}

// Steps 4 and 5 for a magnitude in units of its scale: to the quantum of its own exponent. Not yet
// clamped to max_norm.
inline double round_magnitude(double scaled, const Element& element, Rounding rounding,
                              double chance = 0) {
  // The exponent field of a double; that of zero and of subnormals is below every min_exponent.
  const int own = static_cast<int>(std::bit_cast<std::uint64_t>(scaled) >> 52) - 1023;
  const int quantum = std::max(own, element.min_exponent) - (element.precision - 1);
  return round_quanta(scaled * power_of_two(-quantum), rounding, chance) * power_of_two(quantum);
}

}  // namespace soliton
