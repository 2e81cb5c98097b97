// The scalar reference of the block quantiser. The steps are those of OCP MX v1.0 section 6.3 as
// microsoft/microxcaling performs them, in exact arithmetic: every value below is exact in double
// (24 significant bits, exponents within 300).
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "protocol/base/check.h"
#include "protocol/tensor/block_scale.h"
#include "protocol/tensor/format.h"

namespace soliton {

namespace {

// What a value is rounded to: sign + `precision` significant bits, with element subnormals below
// 2^min_exponent.
struct Element {
  bool integer;
  int precision;
  int max_exponent;
  int min_exponent;
  double max_norm;
};

Element element_of(const NumberFormat& format) {
  Element element{};
  element.integer = format.exponent_bits == 0;
  element.precision = format.mantissa_bits + (element.integer ? 0 : 1);
  element.max_exponent = element_max_exponent(format);
  element.min_exponent = element.integer ? 0 : 2 - (1 << (format.exponent_bits - 1));
  const double largest =
      std::ldexp((1 << element.precision) - 1, element.max_exponent - (element.precision - 1));
  // e4m3 spends its topmost pattern on NaN: 448 instead of 480.
  element.max_norm = format.exponent_bits == 4 && format.mantissa_bits == 3 ? 448.0 : largest;
  return element;
}

// A count of quanta >= 0, rounded to a whole one.
double round_quanta(double quanta, Rounding rounding) {
  const double below = std::floor(quanta);
  const double rest = quanta - below;
  switch (rounding) {
    case Rounding::kFloor:
      return below;
    case Rounding::kNearest:
      return rest >= 0.5 ? below + 1 : below;
    case Rounding::kEven:
      break;
  }
  const bool up = rest > 0.5 || (rest == 0.5 && std::fmod(below, 2.0) != 0);
  return up ? below + 1 : below;
}

// Steps 4 to 6 for |x| / 2^S.
double round_magnitude(double scaled, const Element& element, Rounding rounding) {
  int exponent = element.min_exponent;
  if (!element.integer && scaled > 0) exponent = std::max(exponent, std::ilogb(scaled));
  const double quantum = std::ldexp(1.0, exponent - (element.precision - 1));
  return std::min(round_quanta(scaled / quantum, rounding) * quantum, element.max_norm);
}

}  // namespace

QuantisedBlock quantise_block(std::span<const float> values, const NumberFormat& format) {
  QuantisedBlock block;
  std::uint32_t largest = 0;
  for (const float value : values)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & 0x7fffffffu);
  const BlockScale scale = block_scale(largest, format);
  block.poisoned = scale.poison != Poison::kNone;
  if (block.poisoned) {
    block.values.assign(values.size(), std::numeric_limits<float>::quiet_NaN());
    return block;
  }
  block.scale_exponent = scale.exponent;
  const Element element = element_of(format);
  for (const float value : values) {
    const double scaled = std::ldexp(std::fabs(static_cast<double>(value)), -scale.exponent);
    const double rounded = scale.flushed ? 0.0 : round_magnitude(scaled, element, format.rounding);
    const float magnitude = static_cast<float>(std::ldexp(rounded, scale.exponent));
    // A negative that rounds to zero is -0; an input of -0, and all of a flushed block, is +0.
    block.values.push_back(value < 0 && !scale.flushed ? -magnitude : magnitude);
  }
  return block;
}

}  // namespace soliton
