#include "cluster/results/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/results/sample.h"

namespace soliton {
namespace {

std::vector<Duration> one_to(std::int64_t n) {
  std::vector<Duration> out;
  for (std::int64_t i = 1; i <= n; ++i) out.push_back(Duration{i});
  return out;
}

TEST(NearestRank, OfAHundredValuesIsThePercentItself) {
  const std::vector<Duration> values = one_to(100);
  for (const std::int64_t percent : {1, 50, 90, 99, 100})
    EXPECT_EQ(nearest_rank(values, percent * 10), Duration{percent});
  EXPECT_EQ(nearest_rank(values, 999), Duration{100});
}

TEST(NearestRank, NeverInterpolates) {
  EXPECT_EQ(nearest_rank(one_to(1), 500), Duration{1});
  EXPECT_EQ(nearest_rank(one_to(2), 500), Duration{1});
  EXPECT_EQ(nearest_rank(one_to(3), 500), Duration{2});
  EXPECT_EQ(nearest_rank(one_to(2), 501), Duration{2});
  EXPECT_EQ(nearest_rank(one_to(1000), 999), Duration{999});
  EXPECT_EQ(nearest_rank(one_to(1001), 999), Duration{1000});
}

TEST(Mean, IsExactForSumsBeyond64Bits) {
  const Duration huge{std::int64_t{9} * 1'000'000'000'000'000'000};
  EXPECT_EQ(mean_of({huge, huge, huge - Duration{3}}), huge - Duration{1});
  EXPECT_EQ(mean_of({Duration{1}, Duration{2}}), Duration{2});
  EXPECT_EQ(mean_of({Duration{-1}, Duration{-2}}), Duration{-2});
  EXPECT_EQ(mean_of({Duration{1}, Duration{1}, Duration{2}}), Duration{1});
}

TEST(LatencySummary, CountsCompletedRequestsOnlyAndDoesNotNeedThemSorted) {
  RunResults r;
  r.requests = {sample::request(0, 0, 9'000'000), sample::request(1, 5, 1'000'000),
                sample::request(2, 0, 99'000'000)};
  r.requests[2].failed = true;
  const LatencySummary s = latency_summary(r);
  EXPECT_EQ(s.min, 1);
  EXPECT_EQ(s.mean, 5);
  EXPECT_EQ(s.p50, 1);
  EXPECT_EQ(s.max, 9);
}

TEST(LatencySummary, IsNotANumberWithoutCompletedRequests) {
  EXPECT_TRUE(std::isnan(latency_summary(RunResults{}).mean));
}

TEST(Rates, FollowFromRequestsAndTheSpanBetweenFirstAndLast) {
  const RunResults r = sample::run();
  EXPECT_DOUBLE_EQ(throughput_rps(r), 2 / 80e-6);
  EXPECT_DOUBLE_EQ(effective_tflops(r), 1e6 * 25000 / 1e12);
  EXPECT_DOUBLE_EQ(utilization(r), effective_tflops(r) * 1e12 / 1e12);
}

TEST(Rates, AreZeroWhenNothingCompleted) {
  RunResults r;
  r.peak_ops_per_second = 1e12;
  EXPECT_EQ(throughput_rps(r), 0);
  EXPECT_EQ(utilization(r), 0);
}

}  // namespace
}  // namespace soliton
