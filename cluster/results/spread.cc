#include "cluster/results/spread.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "protocol/base/check.h"

namespace soliton {
namespace {

// Two-sided 95 %: any table of the distribution has them.
constexpr std::pair<double, double> kStudent[] = {
    {1, 12.706}, {2, 4.303},  {3, 3.182},  {4, 2.776},  {5, 2.571},   {6, 2.447},   {7, 2.365},
    {8, 2.306},  {9, 2.262},  {10, 2.228}, {11, 2.201}, {12, 2.179},  {13, 2.160},  {14, 2.145},
    {15, 2.131}, {16, 2.120}, {17, 2.110}, {18, 2.101}, {19, 2.093},  {20, 2.086},  {21, 2.080},
    {22, 2.074}, {23, 2.069}, {24, 2.064}, {25, 2.060}, {26, 2.056},  {27, 2.052},  {28, 2.048},
    {29, 2.045}, {30, 2.042}, {40, 2.021}, {60, 2.000}, {120, 1.980}, {1000, 1.962}};

double squared_error(const Spread& s) {
  return s.deviation * s.deviation / static_cast<double>(s.count);
}

}  // namespace

double student_t95(double freedom) {
  SOLITON_CHECK_MSG(freedom >= 1, "{}", freedom);
  double out = kStudent[0].second;
  for (const auto& [degrees, value] : kStudent)
    if (degrees <= freedom) out = value;
  return out;
}

Spread spread_of(std::span<const double> values) {
  SOLITON_CHECK(!values.empty());
  Spread out{.count = values.size(), .least = values[0], .most = values[0]};
  const auto n = static_cast<double>(values.size());
  for (const double value : values) {
    out.mean += value;
    out.least = std::min(out.least, value);
    out.most = std::max(out.most, value);
  }
  out.mean /= n;
  if (values.size() < 2) return out;
  double squares = 0;
  for (const double value : values) squares += (value - out.mean) * (value - out.mean);
  out.deviation = std::sqrt(squares / (n - 1));
  if (values.size() >= kIntervalLeast)
    out.half_width = student_t95(n - 1) * out.deviation / std::sqrt(n);
  return out;
}

std::optional<bool> differs_beyond_noise(const Spread& one, const Spread& other) {
  if (one.count < kNoiseLeast || other.count < kNoiseLeast) return std::nullopt;
  const double a = squared_error(one), b = squared_error(other);
  const double apart = std::abs(one.mean - other.mean);
  if (!(a + b > 0)) return apart > 0;
  const double freedom =
      (a + b) * (a + b) /
      (a * a / static_cast<double>(one.count - 1) + b * b / static_cast<double>(other.count - 1));
  return apart > student_t95(std::max(1.0, freedom)) * std::sqrt(a + b);
}

}  // namespace soliton
