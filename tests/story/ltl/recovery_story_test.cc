// Lost packets: who notices, when, and how many packets the repair costs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "tests/story/ltl/story.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

LtlOptions one_byte_packets() {
  LtlOptions o;
  o.mtu = 1;
  return o;
}

// Drops the first transmission of these sequences of end 0.
auto first_of(std::set<Sequence> doomed) {
  return [doomed](const Sent& p) {
    return p.from == 0 && p.header.kind == PacketKind::kData &&
           !p.header.has(packet_flag::kResent) && doomed.count(p.header.sequence) > 0;
  };
}

TEST(LtlRecovery, HoleIsResentAtOnceAndOnce) {
  Story s(one_byte_packets());
  s.send(0, 4);
  const auto packets = s.take(0);
  // Past: 1 is lost, the NACK for it arrives.
  s.give(1, packets[0]);
  s.give(1, packets[2]);
  const auto report = s.take(1);
  s.wait(Story::kOneWay);
  s.give(0, report);
  // Expect: resent in the same instant.
  EXPECT_THAT(sequences(s.take(0)), ElementsAre(1));
  // Event: the same report again, and a later one caused by a packet sent before the resend.
  s.give(0, report);
  s.give(1, packets[3]);
  s.give(0, s.take(1));
  // Expect: nothing, as neither proves anything about the resend.
  EXPECT_THAT(s.take(0), IsEmpty());
  EXPECT_EQ(s.end(0).stats().retransmitted, 1u);
}

TEST(LtlRecovery, HoleIsResentAgainOnProofOnly) {
  Story s(one_byte_packets());
  s.send(0, 3);
  const auto packets = s.take(0);
  s.give(1, packets[0]);
  s.give(1, packets[2]);
  s.give(0, s.take(1));
  // Past: the resend of 1 is lost.
  EXPECT_THAT(sequences(s.take(0)), ElementsAre(1));
  // Event: a packet sent after the resend, in the same instant, arrives.
  s.send(0, 1);
  const auto newer = s.take(0);
  ASSERT_THAT(sequences(newer), ElementsAre(3));
  s.give(1, newer);
  s.wait(microseconds(4));
  s.fire(1);
  s.give(0, s.take(1));
  // Expect: resent a second time.
  EXPECT_THAT(sequences(s.take(0)), ElementsAre(1));
  EXPECT_EQ(s.end(0).stats().retransmitted, 2u);
}

TEST(LtlRecovery, AllHolesOfAReportAreResentTogether) {
  Story s(one_byte_packets());
  s.send(0, 60);
  const auto packets = s.take(0);
  for (Sequence q = 0; q < 60; ++q)
    if (q != 4 && q != 9 && q != 50) s.give(1, packets[q]);
  s.give(0, s.take(1));
  EXPECT_THAT(sequences(s.take(0)), ElementsAre(4, 9, 50));
}

TEST(LtlRecovery, TailLossIsFoundByTheProbeBeforeTheTimeout) {
  Story s(one_byte_packets());
  s.send(0, 1);
  ASSERT_TRUE(s.run());  // the round trip is known: 3 us
  s.log.clear();
  const Instant start = s.now();
  // Event: three packets, the last two lost.
  s.drop = first_of({2, 3});
  s.send(0, 3);
  ASSERT_TRUE(s.run());
  // Expect: 1 is acknowledged at 1.5 + 4 + 1.5 us; the probe follows after the longest likely round
  // trip (3 us and four times a deviation of 1.5) and the ACK delay. Its answer names both, and
  // only they are sent again; no timeout.
  EXPECT_EQ(s.end(1).stats().messages_delivered, 2u);
  EXPECT_EQ(s.end(0).stats().tail_probes, 1u);
  EXPECT_EQ(s.end(0).stats().timeouts, 0u);
  EXPECT_EQ(s.end(0).stats().retransmitted, 2u);
  const std::vector<Sent> probes = s.logged(0, PacketKind::kPing);
  ASSERT_THAT(probes, SizeIs(1));
  EXPECT_TRUE(probes[0].header.has(packet_flag::kTailProbe));
  EXPECT_EQ(probes[0].at, start + nanoseconds(7'000 + 13'000));
  std::vector<Sent> resent;
  for (const Sent& p : s.logged(0, PacketKind::kData))
    if (p.header.has(packet_flag::kResent)) resent.push_back(p);
  ASSERT_THAT(sequences(resent), ElementsAre(2, 3));
  for (const Sent& p : resent) EXPECT_EQ(p.at, probes[0].at + 2 * Story::kOneWay);
}

TEST(LtlRecovery, AnAnsweredProbeOfALateAcknowledgementSendsNothingAgain) {
  Story s(one_byte_packets());
  s.send(0, 3);
  const auto packets = s.take(0);
  s.wait(s.end(0).next_deadline() - s.now());
  s.fire(0);
  const auto probe = s.take(0);
  ASSERT_THAT(probe, SizeIs(1));
  EXPECT_EQ(probe[0].header.kind, PacketKind::kPing);
  // Event: the packets were in a queue, and the probe behind them.
  s.give(1, packets);
  s.give(1, probe);
  s.give(0, s.take(1));
  EXPECT_THAT(s.take(0), IsEmpty());
  EXPECT_TRUE(s.end(0).idle());
  EXPECT_EQ(s.end(0).stats().retransmitted, 0u);
}

TEST(LtlRecovery, SilenceIsProbedAtGrowingIntervalsAndTimeoutsDouble) {
  Story s;
  s.send(0, 10);
  s.take(0);
  // Expect: a probe at half the timeout (no round trip is known), then four times later each, at
  // last every 16 timeouts; resends at 50, 150, 350, ... us, at last every 10 ms.
  std::vector<std::int64_t> probes, resends;
  while (s.now() < kRunStart + milliseconds(35)) {
    s.wait(s.end(0).next_deadline() - s.now());
    s.fire(0);
    for (const Sent& p : s.take(0))
      (p.header.kind == PacketKind::kPing ? probes : resends)
          .push_back((s.now() - kRunStart).count() / 1'000'000);
    EXPECT_GT(s.end(0).next_deadline(), s.now());
  }
  EXPECT_THAT(resends, ElementsAre(50, 150, 350, 750, 1550, 3150, 6350, 12750, 22750, 32750));
  ASSERT_GT(probes.size(), 20u);
  EXPECT_EQ(probes[0], 25);
  for (std::size_t i = 1; i < probes.size(); ++i)
    EXPECT_LE(probes[i] - probes[i - 1], 1600) << "after a resend it waits anew";
  EXPECT_EQ(s.end(0).stats().tail_probes, probes.size());
  EXPECT_EQ(s.end(0).stats().timeouts, resends.size());
}

TEST(LtlRecovery, TimeoutIsBackAtTheBaseAfterProgress) {
  Story s(one_byte_packets());
  s.send(0, 2);
  const auto packets = s.take(0);
  for (int i = 0; i < 5; ++i) {
    s.wait(s.end(0).next_deadline() - s.now());
    s.fire(0);
    s.take(0);
  }
  s.give(1, packets[0]);
  s.wait(microseconds(4));
  s.fire(1);
  s.give(0, s.take(1));
  EXPECT_LE(s.end(0).next_deadline(), s.now() + microseconds(25));
  s.wait(microseconds(25));
  s.fire(0);
  EXPECT_EQ(s.end(0).next_deadline(), s.now() + microseconds(25));
}

TEST(LtlRecovery, LostAcksCostNoDelivery) {
  Story s;
  int acks = 0;
  s.drop = [&](const Sent& p) { return p.from == 1 && ++acks <= 3; };
  s.send(0, 10);
  ASSERT_TRUE(s.run());
  EXPECT_EQ(s.end(1).stats().messages_delivered, 1u);
  EXPECT_EQ(s.end(1).stats().duplicates_received, s.end(0).stats().retransmitted);
  // The acknowledgement, the answer to a probe and that to the first resend were lost; the second
  // resend left before the next probe was answered.
  EXPECT_EQ(s.end(0).stats().retransmitted, 2u);
  EXPECT_TRUE(s.end(0).idle());
}

TEST(LtlRecovery, LostAckIsMadeGoodByTheNext) {
  Story s(one_byte_packets());
  s.send(0, 12);
  std::vector<Sent> acks;
  for (const Sent& packet : s.take(0)) {
    s.give(1, packet);
    for (const Sent& answer : s.take(1)) acks.push_back(answer);
  }
  ASSERT_THAT(acks, SizeIs(3));
  s.give(0, acks[2]);
  EXPECT_TRUE(s.end(0).idle());
  EXPECT_EQ(s.end(0).next_deadline(), kNever);
}

struct DropList {
  const char* name;
  std::uint32_t packets;
  std::set<Sequence> dropped;
};
std::ostream& operator<<(std::ostream& out, const DropList& list) { return out << list.name; }

class LtlDropList : public testing::TestWithParam<DropList> {};

// The number of resends is exactly the number of packets lost, wherever they are.
TEST_P(LtlDropList, SelectiveResendsExactlyWhatWasLost) {
  Story s(one_byte_packets());
  s.drop = first_of(GetParam().dropped);
  s.send(0, GetParam().packets);
  ASSERT_TRUE(s.run());
  EXPECT_EQ(s.end(1).stats().messages_delivered, 1u);
  EXPECT_EQ(s.end(0).stats().retransmitted, GetParam().dropped.size());
  EXPECT_EQ(s.end(0).stats().timeouts, 0u);
  EXPECT_EQ(s.end(1).stats().duplicates_received, 0u);
}

INSTANTIATE_TEST_SUITE_P(Lists, LtlDropList,
                         testing::Values(DropList{"first", 20, {0}}, DropList{"middle", 20, {7}},
                                         DropList{"last", 20, {19}}, DropList{"lone", 1, {0}},
                                         DropList{"run", 40, {2, 3, 4, 5, 6, 7}},
                                         DropList{"scattered", 120, {1, 30, 31, 64, 65, 100, 118}},
                                         DropList{"every third", 12, {0, 3, 6, 9}},
                                         DropList{"last two", 20, {18, 19}},
                                         DropList{"long gap", 120, {5, 6, 7, 8, 9, 90}}),
                         [](const auto& test) {
                           std::string name = test.param.name;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST(LtlRecovery, GoBackNResendsFromTheHoleOn) {
  LtlOptions o = one_byte_packets();
  o.recovery = RecoveryMode::kGoBackN;
  Story s(o);
  s.drop = first_of({7});
  s.send(0, 20);
  ASSERT_TRUE(s.run());
  EXPECT_EQ(s.end(1).stats().messages_delivered, 1u);
  EXPECT_EQ(s.end(0).stats().retransmitted, 13u);  // 7 to 19
}

TEST(LtlRecovery, SequencesWrap) {
  for (const RecoveryMode mode : {RecoveryMode::kSelective, RecoveryMode::kGoBackN}) {
    LtlOptions o = one_byte_packets();
    o.first_sequence = 0xffff'ff9c;  // 2^32 - 100
    o.recovery = mode;
    Story s(o);
    s.drop = first_of({0xffff'fffe, 0xffff'ffff, 0, 3});
    std::vector<Payload> got;
    s.on_delivery = [&](std::size_t, const Payload& p) { got.push_back(p); };
    s.send(0, 250);
    ASSERT_TRUE(s.run());
    EXPECT_THAT(got, ElementsAre(Story::message(250)));
    EXPECT_EQ(s.end(0).stats().timeouts, 0u);
    if (mode == RecoveryMode::kSelective) {
      EXPECT_EQ(s.end(0).stats().retransmitted, 4u);
    }
  }
}

TEST(LtlRecovery, ToleranceSparesALateComer) {
  LtlOptions o = one_byte_packets();
  o.reorder_tolerance = microseconds(2);
  Story s(o);
  s.send(0, 4);
  const auto packets = s.take(0);
  s.give(1, packets[1]);
  s.give(0, s.take(1));
  EXPECT_THAT(s.take(0), IsEmpty());
  EXPECT_EQ(s.end(0).next_deadline(), s.now() + microseconds(2));
  // Event: the late-comer arrives in time. Expect: no resend.
  s.wait(microseconds(1));
  s.give(1, packets[0]);
  s.give(0, s.take(1));
  s.wait(microseconds(1));
  s.fire(0);
  EXPECT_THAT(s.take(0), IsEmpty());
  // Event: another one does not. Expect: resent when the tolerance ends.
  s.give(1, packets[3]);
  s.give(0, s.take(1));
  s.wait(microseconds(2));
  s.fire(0);
  EXPECT_THAT(sequences(s.take(0)), ElementsAre(2));
}

// A packet that was overtaken by far is sent again once; from then on the connection knows.
TEST(LtlRecovery, ALateComerTeachesTolerance) {
  Story s(one_byte_packets());
  s.send(0, 1);
  ASSERT_TRUE(s.run());
  s.send(0, 2);
  auto packets = s.take(0);
  s.give(1, packets[1]);
  s.wait(microseconds(1));
  s.give(0, s.take(1));
  EXPECT_THAT(sequences(s.take(0)), ElementsAre(1));
  // Event: the first transmission arrives 2 us later, sooner than the resend could.
  s.wait(microseconds(2));
  s.give(1, packets[0]);
  s.give(0, s.take(1));
  EXPECT_EQ(s.end(0).stats().needless, 1u);
  // Expect: the next gap is tolerated for 2.5 us, then it is a loss.
  s.send(0, 2);
  packets = s.take(0);
  s.give(1, packets[1]);
  s.give(0, s.take(1));
  EXPECT_THAT(s.take(0), IsEmpty());
  EXPECT_EQ(s.end(0).next_deadline(), s.now() + nanoseconds(2'500));
  s.wait(nanoseconds(2'500));
  s.fire(0);
  EXPECT_THAT(sequences(s.take(0)), ElementsAre(3));
}

// What waits in the own port has not been lost: time begins when it leaves.
TEST(LtlRecovery, TheOwnPortsQueueIsNoSilence) {
  LtlOptions o;
  o.congestion.enabled = false;
  const LtlPath slow{
      .round_trip = microseconds(300), .hold = milliseconds(2), .line = BitRate{100'000'000}};
  Ltl a(NodeId{0}, o, {{NodeId{1}, 0, 1, 1, slow}});
  ASSERT_TRUE(a.send(ConnectionId{0}, Story::message(20'000), kRunStart));
  int packets = 0;
  while (a.poll_output(kRunStart)) ++packets;
  ASSERT_EQ(packets, 15);
  // 1,506 bytes take 120,480 ns on this line; the last of them leaves 14 packets after the first.
  EXPECT_EQ(a.next_deadline(), kRunStart + nanoseconds(14 * 120'480) + microseconds(300 + 4));
}

TEST(LtlRecovery, LossOnOneConnectionDoesNotHoldAnother) {
  LtlOptions o = one_byte_packets();
  const std::vector<LtlConnection> rows0 = {{NodeId{1}, 0, 1, 1}, {NodeId{1}, 1, 2, 2}};
  const std::vector<LtlConnection> rows1 = {{NodeId{0}, 0, 1, 1}, {NodeId{0}, 1, 2, 2}};
  Ltl a(NodeId{0}, o, rows0), b(NodeId{1}, o, rows1);
  ASSERT_TRUE(a.send(ConnectionId{0}, Story::message(3), kRunStart));
  ASSERT_TRUE(a.send(ConnectionId{1}, Story::message(3), kRunStart));
  bool first = true;
  while (auto datagram = a.poll_output(kRunStart))
    if (!std::exchange(first, false)) b.on_input(*datagram, kRunStart);
  const auto delivery = b.poll_delivery();
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->connection, ConnectionId{1});
  EXPECT_FALSE(b.poll_delivery());
}

TEST(LtlRecovery, ResendsAndTimeoutsAreTraced) {
  TraceBuffer trace(100);
  Story s({}, &trace);
  s.send(0, 10);
  s.take(0);
  for (int i = 0; i < 2; ++i) {
    s.wait(s.end(0).next_deadline() - s.now());
    s.fire(0);
    s.take(0);
  }
  std::vector<TraceKind> kinds;
  for (const TraceEvent& e : trace.take()) kinds.push_back(e.kind);
  EXPECT_THAT(kinds,
              ElementsAre(TraceKind::kMessageSent, TraceKind::kTimeout, TraceKind::kRetransmit));
}

}  // namespace
}  // namespace soliton
