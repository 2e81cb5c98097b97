// The rest of a burst that a packet meets, for each distribution of lengths: against the mean of a renewal
// process's residual life, E[X^2] / 2 E[X], and against bursts laid one behind the other.
#include "topologies/other_traffic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace soliton {
namespace {

constexpr Duration kUs = microseconds(1);

struct Case {
  std::string name;
  OtherTraffic traffic;
};

std::vector<Case> cases() {
  const auto with = [](BurstLengths lengths, Duration mean, double shape, Duration longest) {
    OtherTraffic out{.busy = {500'000'000}, .longest = longest, .lengths = lengths};
    out.mean = mean;
    out.shape = shape;
    return out;
  };
  OtherTraffic listed{.busy = {1}, .longest = 50 * kUs, .lengths = BurstLengths::kListed};
  listed.listed = {{1 * kUs, 9}, {10 * kUs, 3}, {50 * kUs, 1}};
  return {{"uniform", with(BurstLengths::kUniform, {}, 1.5, 10 * kUs)},
          {"exponential", with(BurstLengths::kExponential, 10 * kUs, 1.5, 1'000 * kUs)},
          {"exponential, cut off", with(BurstLengths::kExponential, 10 * kUs, 1.5, 15 * kUs)},
          {"pareto", with(BurstLengths::kPareto, 10 * kUs, 2.5, 1'000 * kUs)},
          {"pareto, heavy", with(BurstLengths::kPareto, 10 * kUs, 1.2, 500 * kUs)},
          {"pareto, all cut off", with(BurstLengths::kPareto, 10 * kUs, 2.0, 2 * kUs)},
          {"listed", listed}};
}

// A burst by inversion of its own distribution, in picoseconds.
double burst(const OtherTraffic& other, double unit) {
  const auto in_ps = [](Duration span) { return static_cast<double>(span.count()); };
  const double longest = in_ps(other.longest), mean = in_ps(other.mean);
  switch (other.lengths) {
    case BurstLengths::kUniform:
      return unit * longest;
    case BurstLengths::kExponential:
      return std::min(longest, -mean * std::log(1 - unit));
    case BurstLengths::kPareto:
      return std::min(
          longest, mean * (other.shape - 1) / other.shape * std::pow(1 - unit, -1 / other.shape));
    case BurstLengths::kListed:
      break;
  }
  double all = 0;
  for (const ListedBurst& its : other.listed) all += static_cast<double>(its.share);
  double left = unit * all;
  for (const ListedBurst& its : other.listed) {
    if (left < static_cast<double>(its.share)) return in_ps(its.length);
    left -= static_cast<double>(its.share);
  }
  return in_ps(other.listed.back().length);
}

TEST(OtherTraffic, ItsRestIsThatOfBurstsLaidOneBehindTheOther) {
  constexpr int kDraws = 200'000;
  for (const Case& it : cases()) {
    SCOPED_TRACE(it.name);
    const Random lengths(1, it.name), points(2, it.name), rests(3, it.name);
    // Time is cut into bursts; an instant anywhere in them has the rest of its burst before it.
    std::vector<double> ends;
    double end = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double length = burst(it.traffic, lengths.unit(static_cast<std::uint64_t>(i)));
      end += length;
      squares += length * length;
      ends.push_back(end);
    }
    std::vector<double> expected, actual;
    double sum = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double at = points.unit(static_cast<std::uint64_t>(i)) * end;
      expected.push_back(*std::upper_bound(ends.begin(), ends.end(), at) - at);
      const Duration rest = rest_of_burst(it.traffic, rests.child(static_cast<std::uint64_t>(i)));
      ASSERT_GE(rest, Duration{});
      ASSERT_LE(rest, it.traffic.longest);
      actual.push_back(static_cast<double>(rest.count()));
      sum += actual.back();
    }
    EXPECT_NEAR(sum / kDraws / (squares / 2 / end), 1, 0.03);
    std::sort(expected.begin(), expected.end());
    std::sort(actual.begin(), actual.end());
    // The distance of two samples of 200,000 stays below 1.95 sqrt(2 / n) but once in a thousand times
    // (Kolmogorov and Smirnov).
    double farthest = 0;
    for (int i = 0; i < kDraws; i += 50) {
      const double x = expected[static_cast<std::size_t>(i)];
      const auto below = std::upper_bound(actual.begin(), actual.end(), x) - actual.begin();
      farthest = std::max(farthest, std::abs(static_cast<double>(below - i) / kDraws));
    }
    EXPECT_LT(farthest, 0.0062 + 0.002) << "ties of listed lengths count a little";
  }
}

TEST(OtherTraffic, IsAFunctionOfItsStream) {
  for (const Case& it : cases()) {
    const Random chance(5, "again");
    EXPECT_EQ(rest_of_burst(it.traffic, chance), rest_of_burst(it.traffic, chance));
  }
}

}  // namespace
}  // namespace soliton
