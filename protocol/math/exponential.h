// The kernels behind exp, tanh, sigmoid and erf: total functions of a double without a branch, so that a
// loop over them is vectorised, with two lanes of SSE2 as with eight of AVX-512, and gives what the
// function of one argument gives (protocol/math/arrays.h). Inner header of this library.
//
// e^x = 2^k e^r with |r| <= ln(2) / 2: Cody and Waite, "Software Manual for the Elementary Functions"
// (1980), chapter 6, with ln 2 in three parts so that r is known to 100 bits. e^r - 1 is the Taylor
// series: r + r^2 / 2 in two doubles, the rest, below 0.02 r, in one. The rounding to a whole number by
// adding 1.5 * 2^52, and reading its low bits as an integer, are those of Tang, "Table-driven
// implementation of the exponential function in IEEE floating-point arithmetic", ACM TOMS 15 (1989).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "protocol/math/double_double.h"
#include "protocol/math/math.h"

namespace soliton::math {

// Added and subtracted: rounds |x| <= 2^51 to a whole number, half to even.
inline constexpr double kRoundingShift = 0x1.8p52;

// ln 2: 40 bits, 40 more and the next 53. A k of 11 bits times one of the first two is exact.
inline constexpr double kLn2First = 0x1.62e42fefa2p-1;
inline constexpr double kLn2Second = 0x1.9ef35793c6p-41;
inline constexpr double kLn2Third = 0x1.673007e5ed5e8p-81;

// 1 / n! for n = 0 … 14.
inline constexpr std::array<double, 15> kInverseFactorial = [] {
  std::array<double, 15> out{1.0};
  double factorial = 1;
  for (std::size_t n = 1; n < out.size(); ++n) out[n] = 1.0 / (factorial *= static_cast<double>(n));
  return out;
}();

// 2^k as a double. REQUIRES: k whole, -1022 <= k <= 1023.
inline double power_of_two(double k) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(k + (kRoundingShift + 1023)) << 52);
}

// value * 2^k, in two steps because 2^k may itself be no double. REQUIRES: k whole, |k| <= 2044.
inline double scaled_by_power(double value, double k) {
  const double half = (0.5 * k + kRoundingShift) - kRoundingShift;
  return value * power_of_two(half) * power_of_two(k - half);
}

// e^(x + x_lo) = 2^k (1 + fraction), to about 2^-59. REQUIRES: |x| <= 1100, |x_lo| < 2^-40.
struct ReducedExponential {
  double k;
  DoubleDouble fraction;
};

inline ReducedExponential reduced_exponential(double x, double x_lo = 0) {
  const double k = (x * kLog2E.hi + kRoundingShift) - kRoundingShift;
  const DoubleDouble rest = two_sum(x - k * kLn2First, -(k * kLn2Second));
  const DoubleDouble r = fast_two_sum(rest.hi, rest.lo - k * kLn2Third + x_lo);
  const auto& c = kInverseFactorial;
  const double z = r.hi * r.hi;
  const double even = c[3] + z * (c[5] + z * (c[7] + z * (c[9] + z * (c[11] + z * c[13]))));
  const double odd = c[4] + z * (c[6] + z * (c[8] + z * (c[10] + z * (c[12] + z * c[14]))));
  const DoubleDouble square = two_product(r.hi, r.hi);
  const double tail = z * r.hi * (even + r.hi * odd) + ((r.lo + r.lo * r.hi) + 0.5 * square.lo);
  const DoubleDouble sum = fast_two_sum(r.hi, 0.5 * square.hi);
  return {k, fast_two_sum(sum.hi, sum.lo + tail)};
}

// 1 + fraction.
inline DoubleDouble significand(const ReducedExponential& e) {
  const DoubleDouble sum = fast_two_sum(1.0, e.fraction.hi);
  return {sum.hi, sum.lo + e.fraction.lo};
}

// e^x - 1 as two doubles. REQUIRES: -38 <= x <= 50.
inline DoubleDouble exponential_minus_one(double x) {
  const ReducedExponential e = reduced_exponential(x);
  const double power = power_of_two(e.k);
  const DoubleDouble less_one = two_sum(power, -1.0);
  const DoubleDouble sum = two_sum(less_one.hi, power * e.fraction.hi);
  return {sum.hi, sum.lo + (less_one.lo + power * e.fraction.lo)};
}

// Comparisons with a NaN are false, so that these let it pass.
inline double at_least(double x, double least) { return x < least ? least : x; }
inline double at_most(double x, double most) { return x > most ? most : x; }
inline double magnitude(double x) { return std::fabs(x); }
inline double with_canonical_nan(double argument, double result) {
  return argument == argument ? result : kNan;
}

inline double exp_kernel(double x) {
  const ReducedExponential e = reduced_exponential(at_most(at_least(x, -746.0), 710.0));
  const DoubleDouble v = significand(e);
  return with_canonical_nan(x, scaled_by_power(v.hi + v.lo, e.k));
}

// tanh |x| = E / (E + 2) with E = e^(2 |x|) - 1.
inline double tanh_kernel(double x) {
  const DoubleDouble e = exponential_minus_one(2.0 * at_most(magnitude(x), 22.0));
  const DoubleDouble sum = two_sum(2.0, e.hi);
  const double result = (e / DoubleDouble{sum.hi, sum.lo + e.lo}).hi;
  return with_canonical_nan(x, std::copysign(result, x));
}

// With E = e^-|x|: 1 / (1 + E) for x >= 0, E / (1 + E) below, so that no difference loses bits.
inline double sigmoid_kernel(double x) {
  const ReducedExponential e = reduced_exponential(-at_most(magnitude(x), 746.0));
  const DoubleDouble v = significand(e);
  const double power = power_of_two(at_least(e.k, -1000.0));
  const DoubleDouble sum = two_sum(1.0, power * v.hi);
  const bool negative = x < 0;
  const DoubleDouble numerator{negative ? v.hi : 1.0, negative ? v.lo : 0.0};
  const double result = (numerator / DoubleDouble{sum.hi, sum.lo + power * v.lo}).hi;
  return with_canonical_nan(x, scaled_by_power(result, negative ? e.k : 0.0));
}

// For each multiple c of 1/8 up to 6: the Taylor coefficients of erf at c, the first two in two doubles.
// Within 1/16 of c the 14 terms are good to 2^-66 of the result. 64 columns, the last 15 of zeros, because the
// low six bits of a NaN are a column as well.
inline constexpr std::size_t kErfColumns = 64;
inline constexpr std::size_t kErfTerms = 14;
struct ErfTable {
  double low[2][kErfColumns];
  double term[kErfTerms][kErfColumns];
};
extern const ErfTable kErfTable;

inline double erf_kernel(double x) {
  const double a = at_most(magnitude(x), 6.0);
  const double shifted = 8.0 * a + kRoundingShift;
  const std::uint64_t at = std::bit_cast<std::uint64_t>(shifted) & 63;
  const double h = a - 0.125 * (shifted - kRoundingShift);
  const auto& t = kErfTable.term;
  const double z = h * h;
  const double even =
      t[2][at] + z * (t[4][at] + z * (t[6][at] + z * (t[8][at] + z * (t[10][at] + z * t[12][at]))));
  const double odd =
      t[3][at] + z * (t[5][at] + z * (t[7][at] + z * (t[9][at] + z * (t[11][at] + z * t[13][at]))));
  const DoubleDouble slope = two_product(h, t[1][at]);
  const DoubleDouble sum = two_sum(t[0][at], slope.hi);
  const double tail =
      z * (even + h * odd) + (h * kErfTable.low[1][at] + (slope.lo + kErfTable.low[0][at]));
  return with_canonical_nan(x, std::copysign(sum.hi + (sum.lo + tail), x));
}

}  // namespace soliton::math
