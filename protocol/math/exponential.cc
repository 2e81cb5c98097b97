#include "protocol/math/exponential.h"

#include "protocol/math/logarithm.h"

namespace soliton::math {
namespace {

// Below this, x is the result of every odd function here whose derivative at 0 is 1: x^3 is less than
// 2^-56 x.
constexpr double kTiny = 0x1p-28;
// From here on e^-2x is below half a unit in the last place of 1.
constexpr double kLarge = 22;

// e^x / 2, also where e^x is no double. REQUIRES: x >= kLarge.
double half_exponential(double x) {
  const ReducedExponential e = reduced_exponential(at_most(x, 712.0));
  const DoubleDouble v = significand(e);
  return scaled_by_power(v.hi + v.lo, e.k - 1);
}

}  // namespace

double exp(double x) { return exp_kernel(x); }
double tanh(double x) { return tanh_kernel(x); }
double sigmoid(double x) { return sigmoid_kernel(x); }

double expm1(double x) {
  if (!(x <= 45)) return exp_kernel(x);
  if (x < -38) return -1;
  if (std::fabs(x) < 0x1p-54) return x;
  const DoubleDouble e = exponential_minus_one(x);
  return e.hi + e.lo;
}

double softplus(double x) {
  if (!(x >= -40)) return exp_kernel(x);  // e^x - e^2x / 2
  if (x > 37) return x;
  const ReducedExponential e = reduced_exponential(-std::fabs(x));
  const DoubleDouble v = significand(e);
  const DoubleDouble sum = log1p_of(scaled_by(fast_two_sum(v.hi, v.lo), power_of_two(e.k)));
  return (sum + at_least(x, 0.0)).hi;
}

double sinh(double x) {
  const double a = std::fabs(x);
  if (a < kTiny) return x;
  if (!(a < kLarge)) return with_canonical_nan(x, std::copysign(half_exponential(a), x));
  const DoubleDouble minus_one = exponential_minus_one(a);
  const DoubleDouble e = fast_two_sum(minus_one.hi, minus_one.lo);
  return std::copysign(0.5 * (e + e / (e + 1.0)).hi, x);
}

double cosh(double x) {
  const double a = std::fabs(x);
  if (!(a < kLarge)) return with_canonical_nan(x, half_exponential(a));
  const DoubleDouble minus_one = exponential_minus_one(a);
  const DoubleDouble e = fast_two_sum(minus_one.hi, minus_one.lo) + 1.0;
  return 0.5 * (e + 1.0 / e).hi;
}

}  // namespace soliton::math
