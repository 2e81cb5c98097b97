// Credits: a receiver that does not take its messages stops its sender, and no lost packet keeps it
// stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/story/ltl/story.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Room for ten packets of 100 bytes with their overhead of 28, in units of 256 B.
LtlOptions small_credit() {
  LtlOptions o;
  o.mtu = 100;
  o.credit = Bytes{1280};
  o.credit_overhead = Bytes{28};
  return o;
}

// Ten messages of one packet; the receiver takes none of them.
void fill(Story& s) {
  for (int i = 0; i < 30; ++i) s.send(0, 100);
  for (int turn = 0; turn < 100; ++turn) {
    const auto data = s.take(0);
    const auto answer = (s.give(1, data), s.take(1));
    s.give(0, answer);
    s.wait(microseconds(4));
    s.fire(1);
    s.give(0, s.take(1));
    if (data.empty() && answer.empty()) return;
  }
}

TEST(LtlCredit, AtFirstTheWholePoolMayBeOutstanding) {
  Story s(small_credit());
  s.send(0, 5000);
  EXPECT_THAT(s.take(0), SizeIs(10));
}

TEST(LtlCredit, OnePacketAlwaysFits) {
  LtlOptions o;
  o.credit = Bytes{256};
  Story s(o);
  s.send(0, 20'000);
  ASSERT_TRUE(s.run());
  EXPECT_EQ(s.end(1).stats().messages_delivered, 1u);
}

TEST(LtlCredit, MessageLargerThanThePoolArrives) {
  Story s(small_credit());
  s.send(0, 50'000);
  ASSERT_TRUE(s.run());
  EXPECT_EQ(s.end(1).stats().messages_delivered, 1u);
  EXPECT_EQ(s.end(0).stats().timeouts, 0u);
}

TEST(LtlCredit, MessagesNotTakenStopTheSender) {
  Story s(small_credit());
  fill(s);
  EXPECT_TRUE(s.take(0).empty());
  EXPECT_FALSE(s.end(0).idle());
  const auto waiting = s.end(0).describe_outstanding(s.now());
  ASSERT_THAT(waiting, SizeIs(1));
  EXPECT_THAT(waiting[0], HasSubstr("waiting for its credit"));
  // Bounded: at most the pool, and once more what was granted in the instant in which it filled.
  EXPECT_LE(s.end(1).stats().messages_delivered * 100, 2 * 1280u);
}

TEST(LtlCredit, TakingMessagesOpensTheCreditAgain) {
  Story s(small_credit());
  fill(s);
  s.delivered(1);
  const auto told = s.take(1);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].header.kind, PacketKind::kCredit);
  EXPECT_EQ(told[0].header.credit, 5);
  s.give(0, told);
  EXPECT_THAT(s.take(0), SizeIs(10));
}

TEST(LtlCredit, LostCreditIsAskedForByPing) {
  Story s(small_credit());
  fill(s);
  s.delivered(1);
  s.take(1);  // the CREDIT is lost
  const Instant due = s.end(0).next_deadline();
  ASSERT_LE(due, s.now() + microseconds(100));
  s.wait(due - s.now());
  s.fire(0);
  const auto ping = s.take(0);
  ASSERT_THAT(ping, SizeIs(1));
  EXPECT_EQ(ping[0].header.kind, PacketKind::kPing);
  s.give(1, ping);
  const auto pong = s.take(1);
  ASSERT_THAT(pong, SizeIs(1));
  EXPECT_EQ(pong[0].header.kind, PacketKind::kPong);
  EXPECT_EQ(pong[0].header.time_ns, ping[0].header.time_ns);
  s.give(0, pong);
  EXPECT_THAT(s.take(0), SizeIs(10));
}

TEST(LtlCredit, AClosedCreditIsAskedForAtGrowingIntervals) {
  Story s(small_credit());
  fill(s);
  s.fire(0);
  s.take(0);
  for (int i = 0; i < 12; ++i) {
    s.wait(s.end(0).next_deadline() - s.now());
    s.fire(0);
    EXPECT_THAT(s.take(0), SizeIs(1));
    EXPECT_GT(s.end(0).next_deadline(), s.now());
  }
  // No silence is longer, so that a path that is back is found soon.
  EXPECT_EQ(s.end(0).next_deadline(), s.now() + microseconds(800));
}

TEST(LtlCredit, OrderOfDrainingDoesNotMatter) {
  for (const bool packets_first : {false, true}) {
    Story s(small_credit());
    s.send(0, 1000);
    const auto data = s.take(0);
    s.give(1, data);
    std::vector<Sent> out;
    if (packets_first) out = s.take(1);
    s.delivered(1);
    const auto rest = s.take(1);
    if (!packets_first)
      out = rest;
    else
      EXPECT_THAT(rest, IsEmpty());
    ASSERT_THAT(out, SizeIs(1));
    EXPECT_EQ(out[0].header.credit, 5);
  }
}

}  // namespace
}  // namespace soliton
