#include "cluster/results/intervals.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cluster/results/spread.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

// P(K <= k) of the binomial distribution, straight from its definition.
double at_most(std::int64_t k, std::int64_t n, double p) {
  double sum = 0;
  for (std::int64_t i = 0; i <= k; ++i)
    sum += std::exp(std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0) +
                    static_cast<double>(i) * std::log(p) +
                    static_cast<double>(n - i) * std::log1p(-p));
  return sum;
}

TEST(RankInterval, LeavesAtMostATailOnEachSideAndNoRankMore) {
  for (const std::int64_t n : {10, 100, 1'000, 5'000})
    for (const std::int64_t permille : {500, 900, 990, 999}) {
      const auto ranks = rank_interval(n, permille);
      if (!ranks) continue;
      const double p = static_cast<double>(permille) / 1000;
      const auto [low, high] = *ranks;
      EXPECT_LE(at_most(low - 1, n, p), 0.025) << n << " " << permille;
      EXPECT_GT(at_most(low, n, p), 0.025) << n << " " << permille;
      EXPECT_LE(1 - at_most(high - 1, n, p), 0.025 + 1e-9) << n << " " << permille;
      EXPECT_GT(1 - at_most(high - 2, n, p), 0.025 - 1e-9) << n << " " << permille;
    }
}

// 0.999^n is 2.5 % at n = 3,687; so for the others.
TEST(RankInterval, IsThereFromTheFirstCountThatAllowsIt) {
  for (const auto& [permille, least] : {std::pair{500, 6}, {900, 36}, {990, 368}, {999, 3'688}}) {
    EXPECT_FALSE(rank_interval(least - 1, permille)) << permille;
    EXPECT_TRUE(rank_interval(least, permille)) << permille;
  }
}

TEST(RankInterval, OfAMillionSamplesTakesNoTime) {
  const auto ranks = rank_interval(1'000'000, 990);
  ASSERT_TRUE(ranks);
  // 1.96 standard deviations of sqrt(n p (1 - p)) = 99.5 ranks.
  EXPECT_NEAR(ranks->first, 990'000 - 195, 2);
  EXPECT_NEAR(ranks->second, 990'000 + 196, 2);
}

std::vector<Duration> exponential(std::size_t count, std::uint64_t seed) {
  const Random random(seed, "test");
  std::vector<Duration> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(Duration{static_cast<std::int64_t>(1e6 * random.exponential(i))});
  return out;
}

TEST(LatencyIntervals, HoldTheTrueValuesInAboutNineteenOfTwentyCases) {
  int mean = 0, p50 = 0, p99 = 0;
  const auto holds = [](const std::optional<LatencyInterval>& interval, double value) {
    return interval && static_cast<double>(interval->low.count()) <= value &&
           value <= static_cast<double>(interval->high.count());
  };
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const LatencyIntervals all = latency_intervals(exponential(2'000, seed));
    mean += holds(all.mean, 1e6);
    p50 += holds(all.p50, 1e6 * std::log(2));
    p99 += holds(all.p99, 1e6 * std::log(100));
  }
  for (const int count : {mean, p50, p99}) {
    EXPECT_GE(count, 181);  // three standard deviations below 190
    EXPECT_LE(count, 200);
  }
}

TEST(LatencyIntervals, AreWiderWhereSamplesDependOnEachOther) {
  std::vector<Duration> alone = exponential(1'000, 7), repeated;
  for (const Duration one : alone)
    for (int i = 0; i < 20; ++i) repeated.push_back(one);
  const LatencyIntervals narrow = latency_intervals(exponential(20'000, 7));
  const LatencyIntervals wide = latency_intervals(repeated);
  const auto width = [](const LatencyInterval& i) { return (i.high - i.low).count(); };
  EXPECT_GT(width(*wide.p50), 2 * width(*narrow.p50));
  EXPECT_GT(width(*wide.mean), 2 * width(*narrow.mean));
  EXPECT_FALSE(wide.p99_9) << "20,000 samples that are worth 1,000";
  EXPECT_TRUE(narrow.p99_9);
}

TEST(LatencyIntervals, OfTooFewSamplesAreUnset) {
  const LatencyIntervals few = latency_intervals(exponential(30, 1));
  EXPECT_FALSE(few.mean);
  EXPECT_TRUE(few.p50);
  EXPECT_FALSE(few.p90);
  EXPECT_FALSE(latency_intervals(std::vector<Duration>{}).p50);
}

TEST(LatencyIntervals, OfEqualLatenciesAreThatLatency) {
  const LatencyIntervals same = latency_intervals(std::vector<Duration>(400, microseconds(5)));
  EXPECT_EQ(same.p99->low, microseconds(5));
  EXPECT_EQ(same.p99->high, microseconds(5));
  EXPECT_EQ(same.mean->low, microseconds(5));
  EXPECT_FALSE(same.p99_9);
}

TEST(Spread, IsThatOfStudentsT) {
  const double values[] = {1, 2, 3, 4, 5};
  const Spread s = spread_of(values);
  EXPECT_EQ(s.mean, 3);
  EXPECT_NEAR(*s.half_width, 2.776 * std::sqrt(2.5 / 5), 1e-12);
  EXPECT_FALSE(spread_of(std::span(values).first(4)).half_width);
  EXPECT_EQ(student_t95(1e9), 1.962);
}

TEST(Noise, IsSaidFromThreeMeasurementsASideOn) {
  const double low[] = {10, 11, 12}, high[] = {20, 21, 22}, near[] = {11, 12, 10};
  EXPECT_EQ(differs_beyond_noise(spread_of(low), spread_of(high)), true);
  EXPECT_EQ(differs_beyond_noise(spread_of(low), spread_of(near)), false);
  EXPECT_FALSE(differs_beyond_noise(spread_of(std::span(low).first(2)), spread_of(high)));
}

}  // namespace
}  // namespace soliton
