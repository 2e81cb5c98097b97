// asin, acos, atan, atan2: all are the arc tangent of a quotient y / x, brought to [0, 1] by the symmetries
// of the circle. atan t = atan c + atan((t - c) / (1 + t c)) with c the nearest multiple of 1/64
// (Tang, "Table-lookup algorithms for elementary functions and their error analysis", ARITH-10, 1991). The
// rest, below 1/128, is the Taylor series; quotients and square roots are double-double.
#include <array>
#include <cmath>
#include <cstddef>

#include "protocol/math/double_double.h"
#include "protocol/math/math.h"

namespace soliton::math {
namespace {

constexpr std::size_t kSteps = 64;

// atan(i / 64) from its predecessor: tan of the difference is (1/64) / (1 + i (i - 1) / 4096), below 1/64.
constexpr std::array<DoubleDouble, kSteps + 1> kArcs = [] {
  std::array<DoubleDouble, kSteps + 1> arcs;
  for (std::size_t i = 1; i <= kSteps; ++i) {
    const double d = static_cast<double>(i * (i - 1));
    const DoubleDouble t = 64.0 / DoubleDouble{4096.0 + d};
    const DoubleDouble square = t * t;
    DoubleDouble sum{};
    for (int n = 21; n > 0; n -= 2) sum = 1.0 / DoubleDouble{static_cast<double>(n)} - sum * square;
    arcs[i] = arcs[i - 1] + t * sum;
  }
  return arcs;
}();

// REQUIRES: 0 <= t <= 1.
DoubleDouble arc_of(DoubleDouble t) {
  const std::size_t row = static_cast<std::size_t>(t.hi * kSteps + 0.5);
  const double c = static_cast<double>(row) / kSteps;
  const DoubleDouble s = row == 0 ? t : (t + -c) / (t * c + 1.0);
  const double z = s.hi * s.hi;
  const double rest =
      s.hi * z * (-1.0 / 3 + z * (1.0 / 5 + z * (-1.0 / 7 + z * (1.0 / 9 + z * (-1.0 / 11)))));
  return kArcs[row] + fast_two_sum(s.hi, s.lo + rest);
}

// The angle of the point (x, y) in the first quadrant. REQUIRES: neither is negative, not both are 0, and
// the smaller is 0 or at least 2^-300 of the larger.
DoubleDouble angle_of(DoubleDouble y, DoubleDouble x) {
  return y.hi > x.hi ? kHalfPi - arc_of(x / y) : arc_of(y / x);
}

// The other cathetus of a right triangle with hypotenuse 1. REQUIRES: 0 <= a <= 1.
DoubleDouble cathetus(double a) { return sqrt(two_sum(1.0, -a) * two_sum(1.0, a)); }

// |y| and |x| finite and not 0.
DoubleDouble angle_in_first_quadrant(double y, double x) {
  const int apart = std::ilogb(y) - std::ilogb(x);
  if (apart > 64) return kHalfPi;  // less 2^-64 and less
  if (apart < -64) return {y / x};
  // So that nothing overflows or is subnormal.
  const int scale = -std::ilogb(x);
  return angle_of({std::ldexp(y, scale)}, {std::ldexp(x, scale)});
}

// Multiples of pi / 4 where an argument is 0 or infinite (ISO C, F.10.1.4); magnitude only.
double special_angle(double y, double x) {
  const bool left = std::signbit(x);
  if (std::isinf(y) && std::isinf(x)) return 0.5 * (left ? (kPi + kHalfPi).hi : kHalfPi.hi);
  if (std::isinf(y) || x == 0) return y == 0 ? (left ? kPi.hi : 0.0) : kHalfPi.hi;
  return left ? kPi.hi : 0.0;  // y = 0 or x infinite
}

}  // namespace

double atan(double x) {
  const double a = std::fabs(x);
  if (a < 0x1p-28) return x;
  if (x != x) return kNan;
  if (a > 0x1p64) return std::copysign(kHalfPi.hi, x);
  const double result = (a > 1 ? kHalfPi - arc_of(1.0 / DoubleDouble{a}) : arc_of({a})).hi;
  return std::copysign(result, x);
}

double atan2(double y, double x) {
  if (x != x || y != y) return kNan;
  if (x == 0 || y == 0 || std::isinf(x) || std::isinf(y))
    return std::copysign(special_angle(y, x), y);
  DoubleDouble angle = angle_in_first_quadrant(std::fabs(y), std::fabs(x));
  if (x < 0) angle = kPi - angle;
  return std::copysign(angle.hi, y);
}

double asin(double x) {
  const double a = std::fabs(x);
  if (a < 0x1p-28) return x;
  if (!(a <= 1)) return kNan;
  return std::copysign(angle_of({a}, cathetus(a)).hi, x);
}

double acos(double x) {
  const double a = std::fabs(x);
  if (!(a <= 1)) return kNan;
  const DoubleDouble angle = a < 0x1p-64 ? kHalfPi : angle_of(cathetus(a), {a});
  return (x < 0 ? kPi - angle : angle).hi;
}

}  // namespace soliton::math
