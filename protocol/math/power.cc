// x^y = e^(y ln x) with ln x and the product in double-double, so that the error of the logarithm, times
// an exponent of up to 745, stays below 2^-5 of a unit in the last place.
#include <cmath>
#include <limits>

#include "protocol/math/exponential.h"
#include "protocol/math/logarithm.h"

namespace soliton::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_whole(double y) { return std::floor(y) == y; }
// From 2^53 on every double is even.
bool is_odd(double y) { return std::fabs(y) < 0x1p53 && is_whole(y) && !is_whole(0.5 * y); }

// |x| finite, not 0 nor 1; y finite, not 0.
double power_of_positive(double x, double y) {
  const DoubleDouble log = log_of(x);
  // |ln x| is between 2^-54 and 745: outside of these the result is 1, 0 or infinity.
  if (std::fabs(y) < 0x1p-70) return 1;
  DoubleDouble product{(log.hi > 0) == (y > 0) ? 800.0 : -800.0};
  if (std::fabs(y) < 0x1p70) product = log * y;
  if (product.hi > 710) product = {710};
  if (product.hi < -746) product = {-746};
  const ReducedExponential e = reduced_exponential(product.hi, product.lo);
  const DoubleDouble v = significand(e);
  return scaled_by_power(v.hi + v.lo, e.k);
}

}  // namespace

// The cases are those of ISO C, F.10.4.4.
double pow(double x, double y) {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return kNan;
  const double a = std::fabs(x);
  if (std::fabs(y) == kInfinity) {
    if (a == 1) return 1;
    return (a > 1) == (y > 0) ? kInfinity : 0;
  }
  const double sign = std::signbit(x) && is_odd(y) ? -1 : 1;
  if (a == 0 || a == kInfinity) return sign * ((a > 0) == (y > 0) ? kInfinity : 0);
  if (x < 0 && !is_whole(y)) return kNan;
  return sign * (a == 1 ? 1 : power_of_positive(a, y));
}

}  // namespace soliton::math
