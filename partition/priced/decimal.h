// Decimal numbers of JSON as integers of a smaller unit, without a detour through floating point.
#pragma once

#include <cstdint>
#include <string_view>

namespace soliton::priced {

enum class Rounding : std::uint8_t { kNearest, kUp, kDown };

// Sums of numbers of a graph stay below this.
inline constexpr std::int64_t kNumberLimit = std::int64_t{1} << 62;

// `spelling` × 10^`shift`, rounded; halves go away from 0. Beyond ±kNumberLimit: that limit.
// REQUIRES: a number as JSON spells it.
std::int64_t scaled_decimal(std::string_view spelling, int shift, Rounding rounding);

}  // namespace soliton::priced
