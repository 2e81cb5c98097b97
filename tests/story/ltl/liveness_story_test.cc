// A peer that is silent: PINGs, suspicion, death; and the miss count that follows from the loss.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fabric/ltl/peer_watch.h"
#include "tests/story/ltl/story.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = LtlEvent::Kind;

LtlOptions nine_misses() {
  LtlOptions o;
  o.misses = 9;
  return o;
}

// Fires end 0 until `end`; instants, in timeouts of 50 us, at which it sent a PING that is no probe
// for lost packets.
std::vector<double> pings_until(Story& s, Instant end) {
  std::vector<double> at;
  const Instant start = s.now();
  while (s.end(0).next_deadline() <= end) {
    s.wait(s.end(0).next_deadline() - s.now());
    s.fire(0);
    for (const Sent& p : s.take(0))
      if (p.header.kind == PacketKind::kPing && !p.header.has(packet_flag::kTailProbe))
        at.push_back(in_us(s.now() - start) / 50);
  }
  return at;
}

TEST(LtlLiveness, PingsAreOneTimeoutApartWhateverTheResendsDo) {
  Story s(nine_misses());
  s.send(0, 10);
  s.take(0);
  EXPECT_THAT(pings_until(s, s.now() + milliseconds(5)), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  // Expect: resends doubled meanwhile (1, 3, 7 timeouts); dead at the tenth.
  EXPECT_EQ(s.end(0).stats().timeouts, 3u);
  const auto suspect = s.end(0).poll_event(), dead = s.end(0).poll_event();
  ASSERT_TRUE(suspect && dead);
  EXPECT_EQ(*suspect,
            (LtlEvent{Kind::kSuspect, kRow0, kRunStart + microseconds(250), 5, microseconds(250)}));
  EXPECT_EQ(*dead,
            (LtlEvent{Kind::kDead, kRow0, kRunStart + microseconds(500), 9, microseconds(500)}));
  EXPECT_FALSE(s.end(0).poll_event());
  // Nothing is kept for the dead, and nothing sent to them.
  EXPECT_TRUE(s.end(0).idle());
  EXPECT_EQ(s.end(0).next_deadline(), kNever);
  EXPECT_EQ(s.end(0).send(kRow0, Story::message(1), s.now()).error().code, ErrorCode::kBroken);
}

TEST(LtlLiveness, AnAnswerEndsTheCount) {
  Story s(nine_misses());
  s.send(0, 1);
  ASSERT_TRUE(s.run());  // the round trip is known
  s.send(0, 10);
  const auto data = s.take(0);
  EXPECT_EQ(pings_until(s, s.now() + microseconds(420)).size(), 8u);
  s.end(0).poll_event();
  // Event: its packet arrives, and one of the peer's that acknowledges it.
  s.give(1, data);
  s.send(1, 10);
  s.give(0, s.take(1));
  for (const Sent& ack : s.take(0)) s.give(1, ack);
  // Expect: nothing is outstanding, so nothing is asked; and the next silence is counted from one.
  EXPECT_EQ(s.end(0).next_deadline(), kNever);
  s.send(0, 10);
  s.take(0);
  EXPECT_EQ(pings_until(s, s.now() + microseconds(420)).size(), 8u);
  EXPECT_EQ(s.end(0).stats().peers_dead, 0u);
}

TEST(LtlLiveness, APeerThatAnswersPingsIsNeverDead) {
  Story s(nine_misses());
  s.drop = [](const Sent& p) { return p.from == 0 && p.header.kind == PacketKind::kData; };
  s.send(0, 10);
  EXPECT_FALSE(s.run()) << "it goes on for ever";
  EXPECT_EQ(s.end(0).stats().peers_dead, 0u);
  EXPECT_EQ(s.end(0).stats().peers_suspected, 0u);
}

TEST(LtlLiveness, PacketsOfTheDeadAreStale) {
  Story s(nine_misses());
  s.send(0, 10);
  s.take(0);
  s.send(1, 10);
  const auto late = s.take(1);
  pings_until(s, s.now() + milliseconds(1));
  ASSERT_EQ(s.end(0).stats().peers_dead, 1u);
  s.give(0, late);
  EXPECT_EQ(s.end(0).stats().dropped_stale, 1u);
  EXPECT_THAT(s.delivered(0), IsEmpty());
}

TEST(LtlLiveness, NobodyIsDeadBeforeTheLeastSilence) {
  LtlOptions o = nine_misses();
  o.silence_min = milliseconds(20);
  Story s(o);
  s.send(0, 10);
  s.take(0);
  const auto pings = pings_until(s, s.now() + milliseconds(30));
  EXPECT_EQ(pings.size(), 399u);  // 20 ms are 400 timeouts; at the last it is dead
  EXPECT_EQ(s.end(0).stats().peers_dead, 1u);
}

TEST(LtlLiveness, SwitchedOffNothingIsAskedAndNobodyDies) {
  Story s;
  s.send(0, 10);
  s.take(0);
  EXPECT_THAT(pings_until(s, s.now() + milliseconds(100)), IsEmpty());
  EXPECT_FALSE(s.end(0).poll_event());
}

// The table of the design: false suspicion below 10^-9.
TEST(LtlLiveness, MissesFollowTheLoss) {
  EXPECT_EQ(misses_for_loss(0, 100), kMissesDefault) << "too few packets to know";
  EXPECT_EQ(misses_for_loss(100, 10'000), 6u);
  EXPECT_EQ(misses_for_loss(500, 10'000), 9u);
  EXPECT_EQ(misses_for_loss(1'000, 10'000), 13u);
  EXPECT_EQ(misses_for_loss(3'000, 10'000), 31u);
  EXPECT_EQ(misses_for_loss(0, 10'000), kMissesLeast);
  EXPECT_EQ(misses_for_loss(10'000, 10'000), kMissesMost);
  for (std::uint64_t percent = 1; percent < 45; ++percent) {
    const double q = 1 - std::pow(1 - static_cast<double>(percent) / 100, 2);
    const auto least = static_cast<std::uint32_t>(std::ceil(std::log(1e-9) / std::log(q)));
    EXPECT_EQ(misses_for_loss(percent * 100, 10'000), std::clamp(least, kMissesLeast, kMissesMost))
        << percent << " %";
  }
}

TEST(LtlLiveness, AutoTakesTheDefaultAtFirst) {
  LtlOptions o;
  o.misses = kMissesAuto;
  Story s(o);
  s.send(0, 10);
  s.take(0);
  EXPECT_EQ(pings_until(s, s.now() + milliseconds(5)).size(), 9u);
  EXPECT_EQ(s.end(0).stats().peers_dead, 1u);
}

}  // namespace
}  // namespace soliton
