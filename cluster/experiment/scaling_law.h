// The universal scalability law (N. J. Gunther, "Guerrilla Capacity Planning", 2007): throughput
// X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)), in which sigma is the share of work that
// queues for something shared, and kappa the cost of making each pair agree.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace soliton {

struct ScalingLaw {
  double lambda = 0, sigma = 0, kappa = 0;
  double residual = 0;  // root of the mean square of the relative deviation
  double worst = 0;     // the largest of them
  std::size_t points = 0;
  // N of the highest throughput, if the law has one no further than twice the largest N measured:
  // beyond that the fit says nothing.
  std::optional<double> knee;

  double at(double n) const;
};

struct ScalingPoint {
  double n = 0, throughput = 0;
};
inline constexpr std::size_t kScalingPointsLeast = 5;

// Least squares of the relative deviation, with sigma and kappa not below 0. nullopt: fewer than five
// different N, or one that is not positive.
std::optional<ScalingLaw> fit_scaling_law(const std::vector<ScalingPoint>& points);

}  // namespace soliton
