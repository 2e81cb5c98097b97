// sin, cos, tan. The argument is reduced to a quadrant and |r| <= pi / 4 in double-double; the nearest
// multiple of 1/32 is looked up and the rest is the Taylor series of an argument below 1/64 (Tang, "Some
// software implementations of the functions sine and cosine", ANL-90/3, 1990).
//
// Reduction of large arguments: x = M 2^e with whole M, and x 2/pi modulo 4 needs only those bits of
// 2/pi whose weight times 2^e is below 4 (Payne and Hanek, "Radian reduction for trigonometric
// functions", ACM SIGNUM Newsletter 18, 1983). 256 of them times the 53 of M, in integers, leave a
// fraction with at least 130 good bits, as no double is closer than 2^-62 to a multiple of pi/2 in this
// measure (Muller, "Elementary Functions", table of worst cases).
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "protocol/math/double_double.h"
#include "protocol/math/math.h"

namespace soliton::math {
namespace {

// 64 zeros and the first 1280 bits of 2/pi behind the binary point.
constexpr std::array<std::uint64_t, 21> kTwoOverPiBits = {
    0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
    0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e,
    0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
    0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
    0xf0cfbc209af4361d};

using Bits256 = std::array<std::uint64_t, 4>;  // most significant word first

// The 256 bits of kTwoOverPiBits from `position` on.
Bits256 window_at(std::size_t position) {
  const std::size_t word = position / 64, shift = position % 64;
  Bits256 out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = kTwoOverPiBits[word + i] << shift;
    if (shift > 0) out[i] |= kTwoOverPiBits[word + i + 1] >> (64 - shift);
  }
  return out;
}

// a * b modulo 2^256.
Bits256 product(const Bits256& a, std::uint64_t b) {
  Bits256 out{};
  std::uint64_t carry = 0;
  for (std::size_t i = out.size(); i-- > 0;) {
    const unsigned __int128 part = static_cast<unsigned __int128>(a[i]) * b + carry;
    out[i] = static_cast<std::uint64_t>(part);
    carry = static_cast<std::uint64_t>(part >> 64);
  }
  return out;
}

// REQUIRES: 0 <= count < 256.
Bits256 shifted_left(const Bits256& a, unsigned count) {
  const std::size_t words = count / 64;
  const unsigned bits = count % 64;
  Bits256 out{};
  for (std::size_t i = 0; i + words < out.size(); ++i) {
    out[i] = a[i + words] << bits;
    if (bits > 0 && i + words + 1 < out.size()) out[i] |= a[i + words + 1] >> (64 - bits);
  }
  return out;
}

// The first 106 significant bits of a fraction.
DoubleDouble to_double_double(Bits256 fraction) {
  unsigned zeros = 0;
  for (std::size_t i = 0; i < fraction.size() && zeros == 64 * i; ++i)
    zeros += static_cast<unsigned>(std::countl_zero(fraction[i]));
  fraction = shifted_left(fraction, zeros < 256 ? zeros : 255);
  const std::uint64_t low = (fraction[0] & 0x7ff) << 42 | fraction[1] >> 22;
  const double scale = std::bit_cast<double>(std::uint64_t{1023 - zeros} << 52);
  return fast_two_sum(static_cast<double>(fraction[0] >> 11) * (0x1p-53 * scale),
                      static_cast<double>(low) * (0x1p-106 * scale));
}

constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;

// x = quadrant pi/2 + r, |r| <= pi/4.
struct Reduced {
  unsigned quadrant = 0;
  DoubleDouble r;
};

// pi/2: three times 33 bits and the next 53. Products of the first three with a quadrant of 20 bits are
// exact, and so is the first difference (Cody and Waite, "Software Manual for the Elementary Functions",
// 1980, chapter 8).
constexpr double kHalfPiParts[] = {0x1.921fb54400000p+0, 0x1.0b4611a600000p-34,
                                   0x1.3198a2e000000p-69, 0x1.b839a252049c1p-104};

constexpr double kModerate = 0x1p20;

// REQUIRES: 0 <= x <= kModerate.
Reduced reduced_moderate(double x) {
  const double quadrant = round_half_even(x * kTwoOverPi);
  const DoubleDouble first = two_sum(x - quadrant * kHalfPiParts[0], -quadrant * kHalfPiParts[1]);
  const DoubleDouble second = two_sum(first.hi, -quadrant * kHalfPiParts[2]);
  const double rest = first.lo + second.lo - quadrant * kHalfPiParts[3];
  return {static_cast<unsigned>(quadrant) & 3, fast_two_sum(second.hi, rest)};
}

// REQUIRES: x finite and not negative.
Reduced reduced(double x) {
  if (x <= 0.785) return {0, {x}};
  if (x <= kModerate) return reduced_moderate(x);
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t whole = (bits & 0xfffffffffffffull) | 0x10000000000000ull;
  // M 2^e with e = exponent - 1075; the first bit that counts has weight 2^-(e - 1): bit e + 62 of the
  // table.
  const std::size_t position = static_cast<std::size_t>(bits >> 52) - 1075 + 62;
  Bits256 turns = product(window_at(position), whole);
  unsigned quadrant = static_cast<unsigned>(turns[0] >> 62);
  turns = shifted_left(turns, 2);
  if (turns[0] >> 63 == 0) return {quadrant, to_double_double(turns) * kHalfPi};
  // The nearer quadrant is the next one: minus (1 - fraction).
  for (std::uint64_t& word : turns) word = ~word;
  return {(quadrant + 1) & 3, -(to_double_double(turns) * kHalfPi)};
}

struct SineCosine {
  DoubleDouble sine, cosine;
};

constexpr std::size_t kRows = 27;

// Taylor series in double-double; made by the compiler.
constexpr std::array<SineCosine, kRows> kTable = [] {
  std::array<SineCosine, kRows> rows;
  for (std::size_t i = 0; i < kRows; ++i) {
    const double c = static_cast<double>(i) / 32;
    DoubleDouble term{1.0}, sum[2] = {{1.0}, {}};
    for (int n = 1; n <= 30; ++n) {
      term = term * c / static_cast<double>(n);
      sum[n % 2] = sum[n % 2] + (n % 4 < 2 ? term : -term);
    }
    rows[i] = {sum[1], sum[0]};
  }
  return rows;
}();

// REQUIRES: 0 <= r.hi <= pi/4.
SineCosine sine_cosine_of(DoubleDouble r) {
  const std::size_t row = static_cast<std::size_t>(r.hi * 32 + 0.5);
  const DoubleDouble h = two_sum(r.hi - static_cast<double>(row) / 32, r.lo);
  const double z = h.hi * h.hi;
  const double sine_rest =
      h.hi * z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880))));
  const DoubleDouble sine = fast_two_sum(h.hi, h.lo + sine_rest);
  const DoubleDouble half = scaled_by(two_product(h.hi, h.hi), -0.5);
  const double cosine_rest = z * z * (1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40320)));
  const DoubleDouble less_one = fast_two_sum(half.hi, half.lo + (cosine_rest - h.hi * h.lo));
  const SineCosine& c = kTable[row];
  return {c.sine + (c.cosine * sine + c.sine * less_one),
          c.cosine + (c.cosine * less_one - c.sine * sine)};
}

// Sine and cosine of a finite x >= 0.
SineCosine sine_cosine(double x) {
  const Reduced at = reduced(x);
  const bool negative = at.r.hi < 0;
  SineCosine it = sine_cosine_of(negative ? -at.r : at.r);
  if (negative) it.sine = -it.sine;
  if (at.quadrant % 2 == 1) it = {it.cosine, -it.sine};
  if (at.quadrant >= 2) it = {-it.sine, -it.cosine};
  return it;
}

constexpr double kTiny = 0x1p-28;

}  // namespace

double sin(double x) {
  if (std::fabs(x) < kTiny) return x;
  if (!std::isfinite(x)) return kNan;
  const double result = sine_cosine(std::fabs(x)).sine.hi;
  return std::signbit(x) ? -result : result;
}

double cos(double x) {
  if (!std::isfinite(x)) return kNan;
  return sine_cosine(std::fabs(x)).cosine.hi;
}

double tan(double x) {
  if (std::fabs(x) < kTiny) return x;
  if (!std::isfinite(x)) return kNan;
  const SineCosine it = sine_cosine(std::fabs(x));
  const double result = (it.sine / it.cosine).hi;
  return std::signbit(x) ? -result : result;
}

}  // namespace soliton::math
