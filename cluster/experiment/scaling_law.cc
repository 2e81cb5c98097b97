// N / X is linear in the unknowns: N / X = a + b (N - 1) + c N (N - 1), with a = 1 / lambda, b = sigma a,
// c = kappa a. Each equation is divided by its N / X, so that relative deviations are minimised. Where the
// best b or c is negative, the best fit without it is taken.
#include "cluster/experiment/scaling_law.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace soliton {
namespace {

using Vector = std::array<double, 3>;

struct Row {
  Vector of{};  // coefficients of a, b, c; the right side is 1
};

// Solves the normal equations for the unknowns in `used`; the others are 0. nullopt: they are not determined.
std::optional<Vector> least_squares(const std::vector<Row>& rows, const std::array<bool, 3>& used) {
  std::array<std::array<double, 4>, 3> m{};
  for (std::size_t i = 0; i < 3; ++i) {
    if (!used[i]) {
      m[i][i] = 1;
      continue;
    }
    for (const Row& row : rows) {
      for (std::size_t j = 0; j < 3; ++j)
        if (used[j]) m[i][j] += row.of[i] * row.of[j];
      m[i][3] += row.of[i];
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i + 1; r < 3; ++r)
      if (std::abs(m[r][i]) > std::abs(m[pivot][i])) pivot = r;
    if (!(std::abs(m[pivot][i]) > 0)) return std::nullopt;
    std::swap(m[i], m[pivot]);
    for (std::size_t r = 0; r < 3; ++r) {
      if (r == i) continue;
      const double factor = m[r][i] / m[i][i];
      for (std::size_t j = i; j < 4; ++j) m[r][j] -= factor * m[i][j];
    }
  }
  return Vector{m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]};
}

double squares(const std::vector<Row>& rows, const Vector& v) {
  double sum = 0;
  for (const Row& row : rows) {
    const double off = row.of[0] * v[0] + row.of[1] * v[1] + row.of[2] * v[2] - 1;
    sum += off * off;
  }
  return sum;
}

constexpr std::array<std::array<bool, 3>, 4> kChoices = {
    {{true, true, true}, {true, true, false}, {true, false, true}, {true, false, false}}};

std::optional<Vector> best_fit(const std::vector<Row>& rows) {
  std::optional<Vector> best;
  for (const auto& used : kChoices) {
    const std::optional<Vector> one = least_squares(rows, used);
    if (!one || !((*one)[0] > 0) || (*one)[1] < 0 || (*one)[2] < 0) continue;
    if (!best || squares(rows, *one) < squares(rows, *best)) best = one;
  }
  return best;
}

std::optional<double> knee_of(const ScalingLaw& law, double largest) {
  if (!(law.kappa > 0) || law.sigma >= 1) return std::nullopt;
  const double n = std::sqrt((1 - law.sigma) / law.kappa);
  return n <= 2 * largest ? std::optional(n) : std::nullopt;
}

}  // namespace

double ScalingLaw::at(double n) const {
  return lambda * n / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

std::optional<ScalingLaw> fit_scaling_law(const std::vector<ScalingPoint>& points) {
  std::vector<Row> rows;
  std::set<double> different;
  for (const ScalingPoint& p : points) {
    if (!(p.n > 0) || !(p.throughput > 0)) return std::nullopt;
    const double weight = p.throughput / p.n;
    rows.push_back({{weight, weight * (p.n - 1), weight * p.n * (p.n - 1)}});
    different.insert(p.n);
  }
  if (different.size() < kScalingPointsLeast) return std::nullopt;
  const std::optional<Vector> fit = best_fit(rows);
  if (!fit) return std::nullopt;
  ScalingLaw out{.lambda = 1 / (*fit)[0],
                 .sigma = (*fit)[1] / (*fit)[0],
                 .kappa = (*fit)[2] / (*fit)[0],
                 .points = points.size()};
  for (const ScalingPoint& p : points) {
    const double off = std::abs(out.at(p.n) / p.throughput - 1);
    out.residual += off * off;
    out.worst = std::max(out.worst, off);
  }
  out.residual = std::sqrt(out.residual / static_cast<double>(points.size()));
  out.knee = knee_of(out, *different.rbegin());
  return out;
}

}  // namespace soliton
