// Double-double arithmetic: a number of about 106 bits as the unevaluated sum hi + lo of two doubles,
// |lo| at most half a unit in the last place of hi. For the functions of this library; no fma is used,
// so that a machine with and one without it run the same operations in the same order.
//
// Algorithms: Dekker, "A floating-point technique for extending the available precision", Numer. Math.
// 18 (1971); two_sum: Knuth, TAOCP volume 2, 4.2.2; the operators as in Hida, Li, Bailey, "Algorithms
// for quad-double precision floating point arithmetic", ARITH-15 (2001). Relative errors are below 2^-102.
//
// REQUIRES of everything that multiplies or divides: magnitudes between 2^-900 and 2^900, or zeros.
#pragma once

#include <cfloat>
#include <cmath>

static_assert(FLT_EVAL_METHOD == 0,
              "double must be computed in double: results are pinned bit by bit");

namespace soliton::math {

struct DoubleDouble {
  double hi = 0;
  double lo = 0;
};

// Exact: the sum, rounded, and what the rounding lost. REQUIRES: |a| >= |b| or a = 0.
constexpr DoubleDouble fast_two_sum(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

// Exact, in any order of magnitudes.
constexpr DoubleDouble two_sum(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

// Veltkamp's splitting into 26 and 26 bits with a sign: products of such halves are exact.
constexpr DoubleDouble split(double a) {
  const double scaled = 0x1.0000002p27 * a;
  const double high = scaled - (scaled - a);
  return {high, a - high};
}

// Exact: the product, rounded, and what the rounding lost (Dekker).
constexpr DoubleDouble two_product(double a, double b) {
  const double product = a * b;
  const DoubleDouble x = split(a), y = split(b);
  return {product, ((x.hi * y.hi - product) + x.hi * y.lo + x.lo * y.hi) + x.lo * y.lo};
}

constexpr DoubleDouble operator-(DoubleDouble a) { return {-a.hi, -a.lo}; }

constexpr DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble high = two_sum(a.hi, b.hi), low = two_sum(a.lo, b.lo);
  const DoubleDouble sum = fast_two_sum(high.hi, high.lo + low.hi);
  return fast_two_sum(sum.hi, sum.lo + low.lo);
}

constexpr DoubleDouble operator-(DoubleDouble a, DoubleDouble b) { return a + -b; }

constexpr DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble product = two_product(a.hi, b.hi);
  return fast_two_sum(product.hi, product.lo + (a.hi * b.lo + a.lo * b.hi));
}

// One step of Newton's: the rest of the first quotient is formed without error but for its own rounding.
constexpr DoubleDouble operator/(DoubleDouble a, DoubleDouble b) {
  const double first = a.hi / b.hi;
  const DoubleDouble product = two_product(first, b.hi);
  const double rest = ((a.hi - product.hi) - product.lo) + (a.lo - first * b.lo);
  return fast_two_sum(first, rest / b.hi);
}

constexpr DoubleDouble operator+(DoubleDouble a, double b) {
  const DoubleDouble sum = two_sum(a.hi, b);
  return fast_two_sum(sum.hi, sum.lo + a.lo);
}

constexpr DoubleDouble operator*(DoubleDouble a, double b) {
  const DoubleDouble product = two_product(a.hi, b);
  return fast_two_sum(product.hi, product.lo + a.lo * b);
}

constexpr DoubleDouble operator/(double a, DoubleDouble b) { return DoubleDouble{a} / b; }
constexpr DoubleDouble operator/(DoubleDouble a, double b) { return a / DoubleDouble{b}; }

// REQUIRES: a >= 0.
inline DoubleDouble sqrt(DoubleDouble a) {
  if (a.hi == 0) return {};
  const double root = std::sqrt(a.hi);
  const DoubleDouble rest = a - two_product(root, root);
  return fast_two_sum(root, rest.hi / (2 * root));
}

// Multiplication by a power of two is exact.
constexpr DoubleDouble scaled_by(DoubleDouble a, double power_of_two) {
  return {a.hi * power_of_two, a.lo * power_of_two};
}

// pi / 2 and 1 / ln 2, 1 / ln 10, 2 / sqrt(pi) to 107 bits.
inline constexpr DoubleDouble kHalfPi{0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
inline constexpr DoubleDouble kPi{0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};
inline constexpr DoubleDouble kLog2E{0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
inline constexpr DoubleDouble kLog10E{0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57};
inline constexpr DoubleDouble kTwoOverRootPi{0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56};
inline constexpr DoubleDouble kLn2{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

}  // namespace soliton::math
