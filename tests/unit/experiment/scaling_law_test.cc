#include "cluster/experiment/scaling_law.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

std::vector<ScalingPoint> points_of(const ScalingLaw& law, const std::vector<double>& ns) {
  std::vector<ScalingPoint> out;
  for (const double n : ns) out.push_back({n, law.at(n)});
  return out;
}

TEST(ScalingLaw, FindsTheConstantsOfPointsThatFollowIt) {
  const ScalingLaw law{.lambda = 1'000, .sigma = 0.05, .kappa = 0.002};
  const auto fit = fit_scaling_law(points_of(law, {1, 2, 4, 8, 16, 32}));
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->lambda, 1'000, 1e-6);
  EXPECT_NEAR(fit->sigma, 0.05, 1e-9);
  EXPECT_NEAR(fit->kappa, 0.002, 1e-9);
  EXPECT_LT(fit->residual, 1e-9);
  ASSERT_TRUE(fit->knee);
  EXPECT_NEAR(*fit->knee, 21.79, 0.01);  // sqrt((1 - sigma) / kappa)
}

TEST(ScalingLaw, ClaimsNoKneeFarBeyondTheLastPoint) {
  const ScalingLaw law{.lambda = 1, .sigma = 0, .kappa = 0.0001};  // highest at 100
  EXPECT_FALSE(fit_scaling_law(points_of(law, {1, 2, 4, 8, 49}))->knee);
  EXPECT_TRUE(fit_scaling_law(points_of(law, {1, 2, 4, 8, 51}))->knee);
}

TEST(ScalingLaw, OfPerfectScalingHasNoContention) {
  const auto fit = fit_scaling_law({{1, 10}, {2, 20}, {3, 30}, {4, 40}, {5, 50}});
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->sigma, 0, 1e-12);
  EXPECT_FALSE(fit->knee);
}

// More than twice the throughput of twice the nodes: neither constant may fall below 0.
TEST(ScalingLaw, OfMoreThanPerfectScalingKeepsItsConstantsAtZero) {
  const auto fit = fit_scaling_law({{1, 10}, {2, 22}, {3, 36}, {4, 52}, {5, 70}});
  ASSERT_TRUE(fit);
  EXPECT_GE(fit->sigma, 0);
  EXPECT_GE(fit->kappa, 0);
  EXPECT_GT(fit->worst, 0.1);
}

TEST(ScalingLaw, NeedsFiveDifferentPoints) {
  EXPECT_FALSE(fit_scaling_law({{1, 10}, {2, 20}, {3, 30}, {4, 40}, {4, 40}}));
  EXPECT_FALSE(fit_scaling_law({{0, 10}, {2, 20}, {3, 30}, {4, 40}, {5, 50}}));
}

}  // namespace
}  // namespace soliton
