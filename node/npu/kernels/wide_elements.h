// Elements of more than 7 bits as 16-bit parts whose products a kernel can add up in 32 bits, and
// how the parts of a sum become the exact sum of the block, rounded to fp32 once.
//
// Integers of up to 15 bits (shorts) are one part; the vector they meet is cut into digits of
// `digit_bits`, sign and magnitude, so that no sum of a block leaves 32 bits.
//
// Minifloats (classes) are m * 2^k with a short m. k = class * class_bits + rest; the part is
// v = m * 2^rest, 13 bits at most, and a weight is stored as v * 4 + class. Sums are kept for each
// sum of two classes: the block's sum is that over `level` of 2^(level * class_bits) * sums[level].
// Blocks in which no weight of a group is tiny, nearly all, are shorts as well: whole numbers of
// 2^short_shift quanta, against the vector in digits.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "protocol/tensor/element.h"
#include "protocol/tensor/format.h"

namespace soliton {

inline constexpr int kMostDigits = 4;
inline constexpr int kMostClasses = 3;

struct WideElements {
  int digits = 0;      // shorts: parts into which an element of the vector is cut
  int digit_bits = 0;  // bits of each digit
  int classes = 0;     // minifloats: number of classes
  int class_bits = 0;
  int significand = 0;  // bits of m
  int short_shift = 0;  // minifloats that can be shorts: a short counts 2^short_shift quanta
  // The sum over all levels is a whole number below 2^53, so that doubles add it up exactly.
  bool exact_in_double = false;
  bool operator==(const WideElements&) const = default;

  // Whether an element of a minifloat format is a short; if so, `quanta` >> short_shift is its
  // value.
  bool is_short(std::int64_t quanta) const {
    return (quanta & ((std::int64_t{1} << short_shift) - 1)) == 0;
  }

  struct Part {
    int part_class = 0;
    int value = 0;
  };
  // REQUIRES: classes > 0; `quanta` is an element of the format.
  Part part_of(std::int64_t quanta) const {
    const auto magnitude = static_cast<std::uint64_t>(std::abs(quanta));
    if (magnitude == 0) return {classes - 1, 0};
    const int k = std::max(0, static_cast<int>(std::bit_width(magnitude)) - significand);
    const int value = static_cast<int>(magnitude >> k) << (k % class_bits);
    return {k / class_bits, quanta < 0 ? -value : value};
  }
};

// Number of bits of the largest element, counted in quanta.
inline int quanta_bits(const NumberFormat& format) {
  const Element element = element_of(format);
  const double largest = element.max_norm * power_of_two(-element.quantum_exponent());
  return std::ilogb(largest) + 1;
}

// How shorts are multiplied by vectors; nullopt if the sums would not fit.
inline std::optional<WideElements> as_shorts(const NumberFormat& format, int longest_block) {
  const int bits = quanta_bits(format);
  const int columns = std::bit_width(static_cast<unsigned>(longest_block));
  const int digit_bits = std::min(bits, 31 - bits - columns);
  if (bits > 15 || digit_bits < 1) return std::nullopt;
  WideElements out;
  out.digit_bits = digit_bits;
  out.digits = (bits + digit_bits - 1) / digit_bits;
  out.exact_in_double = true;
  if (out.digits > kMostDigits) return std::nullopt;
  return out;
}

// Sets the digits for blocks of minifloats whose weights are all shorts; sets none if sums would
// not fit.
inline void add_digits(const NumberFormat& format, int longest_block, WideElements& out) {
  constexpr int kShortBits = 15;
  const int bits = quanta_bits(format);
  const int columns = std::bit_width(static_cast<unsigned>(longest_block));
  const int digit_bits = 31 - kShortBits - columns;
  if (digit_bits < 1 || kShortBits + bits + columns > 53) return;
  const int digits = (bits + digit_bits - 1) / digit_bits;
  if (digits > kMostDigits) return;
  out.digit_bits = digit_bits;
  out.digits = digits;
  out.short_shift = std::max(0, bits - kShortBits);
}

inline std::optional<WideElements> as_classes(const NumberFormat& format, int longest_block) {
  if (format.exponent_bits == 0) return std::nullopt;
  WideElements out;
  out.significand = format.mantissa_bits + 1;
  const int shifts = quanta_bits(format) - out.significand + 1;  // k is below this
  for (out.classes = 2; out.classes <= kMostClasses; ++out.classes) {
    out.class_bits = (shifts + out.classes - 1) / out.classes;
    const int part = out.significand + out.class_bits - 1;
    const int sum = 2 * part + std::bit_width(static_cast<unsigned>(longest_block * out.classes));
    // Each half of the levels is summed exactly in one double.
    if (part > 13 || sum > 31 || sum + (out.classes - 1) * out.class_bits > 53) continue;
    out.exact_in_double = sum + (2 * out.classes - 2) * out.class_bits <= 53;
    add_digits(format, longest_block, out);
    return out;
  }
  return std::nullopt;
}

}  // namespace soliton
