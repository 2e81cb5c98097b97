// Rounding to integers, the same in every rounding mode of the machine. Inside partition/ir/ops only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace soliton::ir {

// Halves to even.
inline double round_even(double x) {
  const double down = std::floor(x);
  const double rest = x - down;
  if (rest < 0.5) return std::copysign(down, x);
  if (rest > 0.5) return std::copysign(down + 1, x);
  return std::copysign(std::fmod(down, 2) == 0 ? down : down + 1, x);
}

// The quantised form of a number in units of its scale: rounded, moved by the zero point, saturated.
// NaN gives the lowest number.
template <typename T>
T quantised(double units, std::int64_t zero_point) {
  constexpr auto kLow = static_cast<double>(std::numeric_limits<T>::lowest());
  constexpr auto kHigh = static_cast<double>(std::numeric_limits<T>::max());
  const double moved = round_even(units) + static_cast<double>(zero_point);
  if (!(moved > kLow)) return std::numeric_limits<T>::lowest();
  return moved >= kHigh ? std::numeric_limits<T>::max() : static_cast<T>(moved);
}

}  // namespace soliton::ir
