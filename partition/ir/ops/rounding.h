// Rounding to the integers of quantised arrays. Inside partition/ir/ops only.
#pragma once

#include <cstdint>
#include <limits>

#include "protocol/math/math.h"

namespace soliton::ir {

// The quantised form of a number in units of its scale: rounded, moved by the zero point, saturated.
// NaN gives the lowest number.
template <typename T>
T quantised(double units, std::int64_t zero_point) {
  constexpr auto kLow = static_cast<double>(std::numeric_limits<T>::lowest());
  constexpr auto kHigh = static_cast<double>(std::numeric_limits<T>::max());
  const double moved = math::round_half_even(units) + static_cast<double>(zero_point);
  if (!(moved > kLow)) return std::numeric_limits<T>::lowest();
  return moved >= kHigh ? std::numeric_limits<T>::max() : static_cast<T>(moved);
}

}  // namespace soliton::ir
