#include "partition/priced/decimal.h"

#include <algorithm>
#include <charconv>

namespace soliton::priced {
namespace {

constexpr int kDigitsKept = 30;  // fit in 128 bits; a rest only matters for rounding

struct Digits {
  unsigned __int128 value = 0;
  std::int64_t exponent = 0;  // value × 10^exponent
  bool rest = false;          // digits that are not 0 were left out
};

Digits digits_of(std::string_view spelling) {
  Digits out;
  int kept = 0;
  bool fraction = false;
  std::size_t at = 0;
  for (; at < spelling.size() && (spelling[at] | 0x20) != 'e'; ++at) {
    if (spelling[at] == '.') {
      fraction = true;
      continue;
    }
    const auto digit = static_cast<unsigned>(spelling[at] - '0');
    const bool keep = kept < kDigitsKept;
    if (keep) out.value = out.value * 10 + digit;
    if (out.value > 0) ++kept;
    if (!keep) out.rest = out.rest || digit != 0;
    if (keep == fraction) out.exponent += fraction ? -1 : 1;
  }
  if (at < spelling.size()) {
    std::string_view power = spelling.substr(at + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    std::int64_t exponent = 0;
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
    constexpr std::int64_t kFar = 1'000'000;  // beyond any number of digits of a file
    if (error != std::errc{}) exponent = power.starts_with('-') ? -kFar : kFar;
    out.exponent += std::clamp(exponent, -kFar, kFar);
  }
  return out;
}

std::int64_t magnitude(const Digits& digits, std::int64_t shift, Rounding rounding) {
  std::int64_t exponent = digits.exponent + shift;
  unsigned __int128 value = digits.value;
  if (value == 0) return 0;
  for (; exponent > 0; --exponent) {
    value *= 10;
    if (value >= static_cast<unsigned __int128>(kNumberLimit)) return kNumberLimit;
  }
  bool rest = digits.rest;
  unsigned last = 0;  // digit behind the point
  for (; exponent < 0; ++exponent) {
    rest = rest || last != 0;
    last = static_cast<unsigned>(value % 10);
    value /= 10;
    if (value == 0 && last == 0) {
      rest = true;
      break;
    }
  }
  if (rounding == Rounding::kUp ? rest || last != 0 : rounding == Rounding::kNearest && last >= 5)
    ++value;
  return static_cast<std::int64_t>(std::min(value, static_cast<unsigned __int128>(kNumberLimit)));
}

}  // namespace

std::int64_t scaled_decimal(std::string_view spelling, int shift, Rounding rounding) {
  const bool negative = spelling.starts_with('-');
  if (negative) spelling.remove_prefix(1);
  if (negative && rounding == Rounding::kUp)
    rounding = Rounding::kDown;
  else if (negative && rounding == Rounding::kDown)
    rounding = Rounding::kUp;
  const std::int64_t out = magnitude(digits_of(spelling), shift, rounding);
  return negative ? -out : out;
}

}  // namespace soliton::priced
