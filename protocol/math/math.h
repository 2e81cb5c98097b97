// Elementary functions whose results are the same bytes on every machine and instruction set.
//
// The functions of a C library are not: glibc, for one, picks variants with FMA or AVX2 at run time,
// whose last bits differ. Here every function is a fixed sequence of IEEE 754 additions,
// multiplications, divisions and square roots in double, rounded half to even, without contraction
// (-ffp-contract=off), in double-double where one double is too short (protocol/math/double_double.h).
// All are pure and may be called from any thread. They set neither errno nor, on purpose, flags.
//
// Special values are those of ISO C Annex F. A result that is NaN is always kNan, whatever the NaN that
// went in and whatever sign the processor gives: bytes must not depend on it. Subnormal arguments and
// results are kept.
//
// Accuracy: in units in the last place (ulp) of the exact result, the bound that tests/unit/math holds, and the
// largest error measured over 8 million arguments a function, spread over all exponents and crowded at
// 1, against long double. A subnormal result is rounded twice: below 0.76 ulp, 0.75 measured.
//
//   function                                        bound   measured
//   exp, sigmoid, softplus, cosh                    0.53    0.5278
//   expm1                                           0.60    0.588
//   tanh, sinh                                      0.58    0.573
//   erf                                             0.52    0.507
//   pow                                             0.55    0.532
//   logarithms, area and circular functions         0.502   0.501 (the oracle's own error included)
//   sqrt, round_half_even                           correctly rounded
#pragma once

#include <bit>
#include <cstdint>

namespace soliton::math {

inline constexpr double kNan = std::bit_cast<double>(std::uint64_t{0x7ff8000000000000});
inline constexpr float kNanF = std::bit_cast<float>(std::uint32_t{0x7fc00000});

double exp(double x);
double expm1(double x);  // e^x - 1
double tanh(double x);
double sigmoid(double x);   // 1 / (1 + e^-x)
double softplus(double x);  // ln(1 + e^x)
double sinh(double x);
double cosh(double x);
double erf(double x);

double log(double x);
double log1p(double x);  // ln(1 + x)
double log2(double x);   // exact at powers of two
double log10(double x);  // exact at powers of ten
double asinh(double x);
double acosh(double x);
double atanh(double x);
double pow(double x, double y);

// Arguments in radians, reduced exactly whatever their size.
double sin(double x);
double cos(double x);
double tan(double x);
double asin(double x);
double acos(double x);
double atan(double x);
double atan2(double y, double x);

double sqrt(double x);             // rounded correctly
double round_half_even(double x);  // to a whole number; exact

}  // namespace soliton::math
