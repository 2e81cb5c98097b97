// ln x = k ln 2 + ln(1 / c) + ln(1 + r) with x = 2^k m, sqrt(1/2) <= m < sqrt(2), c about 1 / m from a
// table and r = c m - 1, |r| < 2^-7.4: Tang, "Table-driven implementation of the logarithm function in
// IEEE floating-point arithmetic", ACM TOMS 16 (1990). c has at most 11 bits, so that r is exact in two
// doubles; it is 1 around x = 1, where the result is ln(1 + r) alone and loses nothing. The compiler makes
// the table, in double-double.
#include "protocol/math/logarithm.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "protocol/math/exponential.h"

namespace soliton::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kSteps = 128;    // of m in [1, 2)
constexpr int kFirstRow = 90;  // m about 90/128, just below sqrt(1/2)
constexpr int kLastRow = 182;  // just above sqrt(2)

struct Row {
  double c = 0;
  DoubleDouble log;  // ln(1 / c)
};

// ln(1 / c) = 2 artanh((1 - c) / (1 + c)); the argument is below 0.18.
constexpr DoubleDouble negative_log(double c) {
  const DoubleDouble s = DoubleDouble{1 - c} / DoubleDouble{1 + c};
  const DoubleDouble square = s * s;
  DoubleDouble sum{};
  for (int n = 51; n > 0; n -= 2) sum = sum * square + 1.0 / DoubleDouble{1.0 * n};
  return scaled_by(s * sum, 2.0);
}

constexpr std::array<Row, kLastRow - kFirstRow + 1> kRows = [] {
  std::array<Row, kLastRow - kFirstRow + 1> rows;
  for (int j = kFirstRow; j <= kLastRow; ++j) {
    const int c = (2 * 1024 * kSteps + j) / (2 * j);  // 1024 * 128 / j, rounded
    rows[static_cast<std::size_t>(j - kFirstRow)] = {c / 1024.0, negative_log(c / 1024.0)};
  }
  return rows;
}();

// ln(1 + r): r - r^2 / 2 in two doubles, the rest, below 2^-16 r, in one.
DoubleDouble log_near_one(DoubleDouble r) {
  const double h = r.hi, z = h * h;
  const double even = 1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * (1.0 / 11))));
  const double odd = 1.0 / 4 + z * (1.0 / 6 + z * (1.0 / 8 + z * (1.0 / 10)));
  const DoubleDouble square = two_product(h, h);
  const DoubleDouble sum = fast_two_sum(h, -0.5 * square.hi);
  const double tail = z * h * (even - h * odd) + ((r.lo - r.lo * h) - 0.5 * square.lo);
  return fast_two_sum(sum.hi, sum.lo + tail);
}

// What every logarithm says of arguments that have no finite one; `x` is positive and finite otherwise.
bool has_log(double x) { return x > 0 && x < kInfinity; }
double log_of_special(double x) {
  if (x == 0) return -kInfinity;
  return x > 0 ? x : kNan;
}

}  // namespace

DoubleDouble log_of(double x) {
  const bool subnormal = x < 0x1p-1022;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(subnormal ? x * 0x1p54 : x);
  // Exponent and m of x = 2^k m: counted from 90.5/128 = sqrt(1/2).
  const std::uint64_t from_start = bits - std::bit_cast<std::uint64_t>(90.5 / 128);
  const std::int64_t exponent = static_cast<std::int64_t>(from_start) >> 52;
  const double k = static_cast<double>(exponent - (subnormal ? 54 : 0));
  const double m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52));

  const Row& row = kRows[static_cast<std::size_t>(static_cast<int>(m * kSteps + 0.5) - kFirstRow)];
  const double m_hi = std::bit_cast<double>(std::bit_cast<std::uint64_t>(m) & ~0x7ffffffull);
  const DoubleDouble r = two_sum(m_hi * row.c - 1.0, (m - m_hi) * row.c);
  const DoubleDouble near_one = log_near_one(r);
  const DoubleDouble powers = fast_two_sum(k * kLn2First, k * kLn2Second + k * kLn2Third) + row.log;
  return powers + near_one;
}

DoubleDouble log1p_of(DoubleDouble x) {
  if (std::fabs(x.hi) < 0x1p-40) return fast_two_sum(x.hi, x.lo - 0.5 * x.hi * x.hi);
  const DoubleDouble sum = two_sum(1.0, x.hi);
  const double rest = (sum.lo + x.lo) / sum.hi;  // ln(1 + rest), with |rest| < 2^-53
  return log_of(sum.hi) + fast_two_sum(rest, -0.5 * rest * rest);
}

double log(double x) { return has_log(x) ? log_of(x).hi : log_of_special(x); }
double log2(double x) { return has_log(x) ? (log_of(x) * kLog2E).hi : log_of_special(x); }
double log10(double x) { return has_log(x) ? (log_of(x) * kLog10E).hi : log_of_special(x); }

double log1p(double x) {
  if (std::fabs(x) < 0x1p-54) return x;
  if (!(x > -1 && x < kInfinity)) return log_of_special(1 + x);
  return log1p_of({x}).hi;
}

// ln(x + sqrt(x^2 + 1)) = ln(1 + x + x^2 / (1 + sqrt(1 + x^2))): no cancellation near 0.
double asinh(double x) {
  const double a = std::fabs(x);
  if (a < 0x1p-28 || a == kInfinity) return x;
  if (x != x) return kNan;
  DoubleDouble result;
  if (a > 0x1p28) {
    result = log_of(a) + kLn2;  // and 1 / (4 x^2), below 2^-58
  } else {
    const DoubleDouble square = two_product(a, a);
    result = log1p_of(square / (sqrt(square + 1.0) + 1.0) + a);
  }
  return std::copysign(result.hi, x);
}

// ln(x + sqrt(x^2 - 1)) = ln(1 + t + sqrt(2 t + t^2)) with t = x - 1, exact near 1.
double acosh(double x) {
  if (!(x >= 1)) return kNan;
  if (x == kInfinity) return x;
  if (x > 0x1p28) return (log_of(x) + kLn2).hi;
  const DoubleDouble t = two_sum(x, -1.0);
  return log1p_of(t + sqrt(scaled_by(t, 2.0) + t * t)).hi;
}

double atanh(double x) {
  const double a = std::fabs(x);
  if (a < 0x1p-28) return x;
  if (!(a <= 1)) return kNan;
  if (a == 1) return std::copysign(kInfinity, x);
  return std::copysign(0.5 * (log1p_of({a}) - log1p_of({-a})).hi, x);
}

}  // namespace soliton::math
