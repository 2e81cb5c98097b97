#include "fabric/faults/link_faults.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace soliton {
namespace {

constexpr Hop kUp{0, 0};
constexpr Hop kDown{0, 1};

Instant at_us(std::int64_t us) { return kRunStart + microseconds(us); }

FaultRule loss(const std::string& id, std::int64_t percent) {
  return {.id = id,
          .kind = &kLossFault,
          .links = {0},
          .options = loss_settings({.p = {percent * 10'000'000}})};
}

// Which of the first `count` packets are dropped, all at time zero.
std::vector<bool> decisions(LinkFaults& faults, Hop hop, int count) {
  std::vector<bool> dropped;
  for (int i = 0; i < count; ++i) {
    dropped.push_back(
        faults.judge(hop, {kRunStart, kRunStart, static_cast<std::uint64_t>(i)}).dropped());
  }
  return dropped;
}

double share(const std::vector<bool>& dropped) {
  return static_cast<double>(std::count(dropped.begin(), dropped.end(), true)) /
         static_cast<double>(dropped.size());
}

constexpr int kMany = 100'000;

TEST(Loss, HasTheRateAskedFor) {
  for (const int percent : {0, 1, 30, 100}) {
    LinkFaults faults({.seed = 7, .rules = {loss("a", percent)}}, 1);
    const double p = percent / 100.0;
    // Five standard deviations of a binomial share.
    EXPECT_NEAR(share(decisions(faults, kUp, kMany)), p, 5 * std::sqrt(p * (1 - p) / kMany));
  }
}

TEST(Loss, OfTwoRulesComposes) {
  LinkFaults faults({.seed = 7, .rules = {loss("a", 20), loss("b", 30)}}, 1);
  const double p = 1 - 0.8 * 0.7;
  EXPECT_NEAR(share(decisions(faults, kUp, kMany)), p, 5 * std::sqrt(p * (1 - p) / kMany));
  EXPECT_NEAR(static_cast<double>(faults.counters()[0].hits) / kMany, 0.2, 0.01);
  EXPECT_NEAR(static_cast<double>(faults.counters()[1].hits) / kMany, 0.3, 0.01);
  EXPECT_EQ(faults.counters()[0].dropped, faults.counters()[0].hits);
  EXPECT_LT(faults.counters()[1].dropped, faults.counters()[1].hits);
}

TEST(Loss, DecisionsDifferByLinkDirectionRuleAndSeed) {
  FaultRule rule = loss("a", 50);
  rule.links = {0, 1};
  LinkFaults faults({.seed = 7, .rules = {rule}}, 2);
  const auto first = decisions(faults, kUp, 64);
  EXPECT_NE(first, decisions(faults, kDown, 64));
  EXPECT_NE(first, decisions(faults, {1, 0}, 64));
  EXPECT_EQ(first, decisions(faults, kUp, 64));
  LinkFaults other_rule({.seed = 7, .rules = {loss("b", 50)}}, 1);
  EXPECT_NE(first, decisions(other_rule, kUp, 64));
  LinkFaults other_seed({.seed = 8, .rules = {loss("a", 50)}}, 1);
  EXPECT_NE(first, decisions(other_seed, kUp, 64));
}

TEST(Loss, AnotherRuleShiftsNoDecision) {
  LinkFaults alone({.seed = 7, .rules = {loss("a", 10)}}, 1);
  LinkFaults both({.seed = 7, .rules = {loss("b", 50), loss("a", 10)}}, 1);
  decisions(alone, kUp, 1000);
  decisions(both, kUp, 1000);
  EXPECT_EQ(alone.counters()[0].hits, both.counters()[1].hits);
}

TEST(Loss, BurstIsBounded) {
  for (const std::uint32_t burst : {1u, 3u}) {
    FaultRule rule = loss("a", 90);
    rule.options = loss_settings({.p = {900'000'000}, .max_burst = burst});
    LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
    std::uint32_t run = 0;
    std::uint32_t longest = 0;
    for (const bool dropped : decisions(faults, kUp, 1000)) {
      run = dropped ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    EXPECT_EQ(longest, burst);
  }
}

TEST(Direction, OnlyTheOneNamedIsHit) {
  FaultRule rule = loss("a", 100);
  rule.backward = false;
  LinkFaults faults({.seed = 7, .rules = {rule}}, 2);
  EXPECT_TRUE(faults.judge(kUp, {}).dropped());
  EXPECT_FALSE(faults.judge(kDown, {}).dropped());
  EXPECT_TRUE(faults.touches(kUp));
  EXPECT_FALSE(faults.touches(kDown));
  EXPECT_FALSE(faults.touches({1, 0}));
}

TEST(Window, StartsAtFromAndEndsBeforeUntil) {
  FaultRule rule = loss("a", 100);
  rule.when.from = at_us(10);
  rule.when.until = at_us(20);
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  const auto dropped = [&](Instant start) {
    return faults.judge(kUp, {start, start + nanoseconds(500)}).dropped();
  };
  EXPECT_FALSE(dropped(at_us(10) - picoseconds(1)));
  EXPECT_TRUE(dropped(at_us(10)));
  EXPECT_TRUE(dropped(at_us(20) - picoseconds(1)));
  EXPECT_FALSE(dropped(at_us(20)));
}

TEST(LinkDown, AlsoHitsWhatIsOnTheWire) {
  FaultRule rule{.id = "cut",
                 .kind = &kLinkDownFault,
                 .links = {0},
                 .when = {.from = at_us(10), .until = at_us(20)}};
  LinkFaults faults({.seed = 7, .rules = {rule}}, 1);
  const auto dropped = [&](Instant start, Instant end) {
    return faults.judge(kUp, {start, end}).dropped();
  };
  EXPECT_FALSE(dropped(at_us(9), at_us(10)));  // the last bit was through
  EXPECT_TRUE(dropped(at_us(9), at_us(10) + picoseconds(1)));
  EXPECT_TRUE(dropped(at_us(10), at_us(11)));
  EXPECT_TRUE(dropped(at_us(20) - picoseconds(1), at_us(21)));
  EXPECT_FALSE(dropped(at_us(20), at_us(21)));
  EXPECT_TRUE(dropped(at_us(9), at_us(30)));  // a cut shorter than the flight
}

TEST(LinkDown, IsChargedBeforeLoss) {
  const FaultRule cut{.id = "cut", .kind = &kLinkDownFault, .links = {0}};
  LinkFaults faults({.seed = 7, .rules = {loss("a", 100), cut}}, 1);
  EXPECT_EQ(faults.judge(kUp, {}).dropped_by, 1);
  EXPECT_EQ(faults.counters()[0].hits, 1u);
  EXPECT_EQ(faults.counters()[0].dropped, 0u);
  EXPECT_EQ(faults.counters()[1].dropped, 1u);
}

TEST(Delay, AddsUpAndJitterStaysBelowItsBound) {
  FaultRule fixed{.id = "d",
                  .kind = &kDelayFault,
                  .links = {0},
                  .options = delay_settings({microseconds(3), {}})};
  FaultRule jitter{.id = "j",
                   .kind = &kDelayFault,
                   .links = {0},
                   .options = delay_settings({microseconds(1), nanoseconds(100)})};
  LinkFaults faults({.seed = 7, .rules = {fixed, jitter}}, 1);
  Duration least = Duration::max();
  Duration most{};
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const FaultVerdict verdict = faults.judge(kUp, {kRunStart, kRunStart, i});
    ASSERT_FALSE(verdict.dropped());
    least = std::min(least, verdict.extra_delay);
    most = std::max(most, verdict.extra_delay);
  }
  EXPECT_GE(least, microseconds(4));
  EXPECT_LT(least, microseconds(4) + nanoseconds(5));
  EXPECT_LT(most, microseconds(4) + nanoseconds(100));
  EXPECT_GT(most, microseconds(4) + nanoseconds(95));
  EXPECT_EQ(faults.counters()[0].delayed, 1000u);
}

TEST(Delay, OfADroppedPacketIsNotCounted) {
  FaultRule fixed{.id = "d",
                  .kind = &kDelayFault,
                  .links = {0},
                  .options = delay_settings({microseconds(3), {}})};
  LinkFaults faults({.seed = 7, .rules = {fixed, loss("a", 100)}}, 1);
  EXPECT_EQ(faults.judge(kUp, {}).extra_delay, Duration{});
  EXPECT_EQ(faults.counters()[0].delayed, 0u);
  EXPECT_EQ(faults.counters()[0].hits, 1u);
}

TEST(Rule, NamingALinkTwiceHitsOnce) {
  FaultRule fixed{.id = "d",
                  .kind = &kDelayFault,
                  .links = {0, 0},
                  .options = delay_settings({microseconds(3), {}})};
  LinkFaults faults({.seed = 7, .rules = {fixed}}, 1);
  EXPECT_EQ(faults.judge(kUp, {}).extra_delay, microseconds(3));
}

}  // namespace
}  // namespace soliton
