// Marks of the network: who is told, and what the rate does at which instant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fabric/ltl/congestion.h"
#include "tests/story/ltl/story.h"

namespace soliton {
namespace {

using testing::SizeIs;

constexpr std::int64_t kGb = 1'000'000'000;

Instant at_us(std::int64_t us) { return kRunStart + microseconds(us); }

std::size_t notifications(Story& s, const Sent& packet) {
  Sent marked = packet;
  marked.datagram.congestion_seen = true;
  s.give(1, marked);
  std::size_t count = 0;
  for (const Sent& p : s.take(1)) count += p.header.kind == PacketKind::kCongestion;
  return count;
}

TEST(LtlCongestion, AMarkIsReportedAtOnceAndOnceIn50Microseconds) {
  LtlOptions o;
  o.mtu = 1;
  Story s(o);
  s.send(0, 10);
  const auto packets = s.take(0);
  EXPECT_EQ(notifications(s, packets[0]), 1u);
  s.wait(microseconds(49));
  EXPECT_EQ(notifications(s, packets[1]), 0u);
  s.wait(microseconds(1));
  EXPECT_EQ(notifications(s, packets[2]), 1u);
  EXPECT_EQ(s.end(1).stats().marks_received, 3u);
  EXPECT_EQ(s.end(1).stats().notifications_sent, 2u);
}

TEST(LtlCongestion, ANotificationPacesTheSender) {
  LtlOptions o;
  o.mtu = 1000;
  o.window = 8;
  Story s(o);
  s.send(0, 8000);
  const auto first = s.take(0);
  ASSERT_THAT(first, SizeIs(8)) << "not limited before the first mark";
  Sent marked = first[0];
  marked.datagram.congestion_seen = true;
  s.give(1, marked);
  s.give(0, s.take(1));
  s.give(1, std::vector<Sent>(first.begin() + 1, first.end()));
  s.give(0, s.take(1));
  s.send(0, 3000);
  // Half of 40 Gb/s: 1032 bytes take 412.8 ns.
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(s.take(0), SizeIs(1));
    if (i == 2) break;
    EXPECT_EQ(s.end(0).next_deadline(), s.now() + picoseconds(412'800));
    s.wait(picoseconds(412'799));
    EXPECT_THAT(s.take(0), SizeIs(0));
    s.wait(picoseconds(1));
    s.fire(0);
  }
}

TEST(LtlCongestion, SwitchedOffMarksAreCountedOnly) {
  LtlOptions o;
  o.congestion.enabled = false;
  Story s(o);
  s.send(0, 10);
  EXPECT_EQ(notifications(s, s.take(0)[0]), 0u);
  EXPECT_EQ(s.end(1).stats().marks_received, 1u);
}

TEST(LtlCongestion, FirstCutHalvesThenFastRecoveryGoesHalfWayBack) {
  const CongestionOptions o;
  RateControl r(o);
  EXPECT_FALSE(r.limits());
  r.notified(at_us(0));
  EXPECT_EQ(r.rate().bits_per_second, 20 * kGb);
  // Expect: every 55 us half-way to the 40 Gb/s of before.
  std::int64_t expected = 20 * kGb;
  for (int step = 1; step <= 5; ++step) {
    r.advance(at_us(55 * step) - picoseconds(1));
    EXPECT_EQ(r.rate().bits_per_second, expected);
    r.advance(at_us(55 * step));
    expected = (expected + 40 * kGb + 1) / 2;
    EXPECT_EQ(r.rate().bits_per_second, expected);
  }
  EXPECT_TRUE(r.limits());
  // Within a thousandth of the line it is no longer limited.
  r.advance(at_us(55 * 10));
  EXPECT_FALSE(r.limits());
  EXPECT_EQ(r.rate().bits_per_second, 40 * kGb);
}

TEST(LtlCongestion, TheSecondCutIsSmallerTheLongerTheFirstIsAgo) {
  const CongestionOptions o;
  RateControl soon(o), late(o);
  for (RateControl* r : {&soon, &late}) r->notified(at_us(0));
  const auto cut = [](RateControl& r, std::int64_t us) {
    r.advance(at_us(us));
    const double before = r.limits() ? static_cast<double>(r.rate().bits_per_second) : 40e9;
    r.notified(at_us(us));
    return static_cast<double>(r.rate().bits_per_second) / before;
  };
  EXPECT_NEAR(cut(soon, 50), 0.5, 1e-6);  // alpha stays 1 while every period is marked
  // After 1,000 periods alpha is (255/256)^1000 = 0.0200.
  EXPECT_NEAR(cut(late, 55'000), 1 - 0.0200 / 2, 2e-4);
}

TEST(LtlCongestion, AfterFastRecoveryTheTargetRisesByTheStep) {
  CongestionOptions o;
  RateControl r(o);
  r.notified(at_us(0));
  r.notified(at_us(10));  // target 20, rate 10
  EXPECT_EQ(r.rate().bits_per_second, 10 * kGb);
  r.advance(at_us(10 + 55 * 5));
  const std::int64_t fifth = r.rate().bits_per_second;
  r.advance(at_us(10 + 55 * 6));
  EXPECT_EQ(r.rate().bits_per_second, (fifth + 20 * kGb + 40'000'000 + 1) / 2);
}

TEST(LtlCongestion, BytesStepTheRateUpToo) {
  CongestionOptions o;
  RateControl r(o);
  r.notified(at_us(0));
  for (int i = 0; i < 9'999; ++i) r.sent(1000, at_us(1));
  EXPECT_EQ(r.rate().bits_per_second, 20 * kGb);
  r.sent(1000, at_us(1));
  EXPECT_EQ(r.rate().bits_per_second, 30 * kGb);
}

TEST(LtlCongestion, TheRateNeverFallsBelowItsFloor) {
  CongestionOptions o;
  RateControl r(o);
  for (int i = 0; i < 100; ++i) r.notified(at_us(i));
  EXPECT_EQ(r.rate(), o.rate_min);
}

// An hour of silence is caught up with at once, and arms no timer.
TEST(LtlCongestion, AnIdleConnectionHasNoDeadline) {
  LtlOptions o;
  Story s(o);
  s.send(0, 10);
  Sent marked = s.take(0)[0];
  marked.datagram.congestion_seen = true;
  s.give(1, marked);
  s.give(0, s.take(1));
  s.wait(microseconds(4));
  s.fire(1);
  s.give(0, s.take(1));
  EXPECT_EQ(s.end(0).next_deadline(), kNever);
  s.wait(std::chrono::duration_cast<Duration>(std::chrono::hours(1)));
  s.send(0, 10);
  EXPECT_THAT(s.take(0), SizeIs(1));
}

}  // namespace
}  // namespace soliton
