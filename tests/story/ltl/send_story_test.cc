// What a sender puts on the wire, in which order, and when an end is quiet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/story/ltl/story.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

LtlOptions small_packets() {
  LtlOptions o;
  o.mtu = 100;
  return o;
}

TEST(LtlSend, MessageIsCutAtTheMtuAndFlagged) {
  Story s(small_packets());
  s.send(0, 250);
  const auto packets = s.take(0);
  ASSERT_EQ(packets.size(), 3u);
  EXPECT_EQ(packets[0].header.flags, packet_flag::kFirst);
  EXPECT_EQ(packets[1].header.flags, 0);
  EXPECT_EQ(packets[2].header.flags, packet_flag::kLast | packet_flag::kAckNow);
  EXPECT_EQ(packets[2].header.length, 50);
  EXPECT_THAT(sequences(packets), ElementsAre(0, 1, 2));
  EXPECT_EQ(packets[0].datagram.destination, NodeId{1});
}

TEST(LtlSend, ZeroLengthMessageArrives) {
  Story s;
  s.send(0, 0);
  ASSERT_TRUE(s.run());
  EXPECT_EQ(s.end(1).stats().messages_delivered, 1u);
  EXPECT_EQ(s.logged(0, PacketKind::kData).size(), 1u);
}

TEST(LtlSend, GhostsAreSlicedBehindTheRealBytes) {
  Story s(small_packets());
  Payload mixed = Story::message(130);
  mixed.ghost = 200;
  s.send(0, mixed);
  const auto packets = s.take(0);
  ASSERT_EQ(packets.size(), 4u);
  EXPECT_EQ(packets[1].datagram.payload.bytes.size(), kLtlHeaderSize + 30);
  EXPECT_EQ(packets[1].datagram.payload.ghost, 70u);
  EXPECT_EQ(packets[3].header.length, 30);
  s.give(1, packets);
  EXPECT_THAT(s.delivered(1), ElementsAre(mixed));
}

TEST(LtlSend, WindowLimitsWhatIsInFlight) {
  LtlOptions o = small_packets();
  o.window = 8;
  Story s(o);
  s.send(0, 1000);
  const auto packets = s.take(0);
  EXPECT_EQ(packets.size(), 8u);
  s.give(1, packets[0]);
  s.give(1, packets[1]);
  const auto acks = s.take(1);  // a quarter of the window
  ASSERT_EQ(acks.size(), 1u);
  s.give(0, acks);
  EXPECT_THAT(sequences(s.take(0)), ElementsAre(8, 9));
}

TEST(LtlSend, ConnectionsTakeTurns) {
  const std::vector<LtlConnection> rows = {{NodeId{1}, 0, 1, 1}, {NodeId{2}, 0, 2, 1}};
  Ltl ltl(NodeId{0}, small_packets(), rows);
  ASSERT_TRUE(ltl.send(ConnectionId{0}, Story::message(300), kRunStart));
  ASSERT_TRUE(ltl.send(ConnectionId{1}, Story::message(200), kRunStart));
  std::vector<std::uint32_t> destinations;
  while (auto datagram = ltl.poll_output(kRunStart))
    destinations.push_back(index(datagram->destination));
  EXPECT_THAT(destinations, ElementsAre(1, 2, 1, 2, 1));
}

TEST(LtlSend, ControlLeavesBeforeResendsBeforeNewData) {
  Story s(small_packets());
  s.send(0, 100);
  s.send(0, 100);
  auto data = s.take(0);
  s.give(1, data[1]);  // a gap: NACK
  s.send(1, 100);
  const auto answer = s.take(1);
  ASSERT_EQ(answer.size(), 2u);
  EXPECT_EQ(answer[0].header.kind, PacketKind::kNack);
  EXPECT_EQ(answer[1].header.kind, PacketKind::kData);
  s.give(0, answer);
  s.send(0, 100);
  const auto out = s.take(0);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0].header.kind, PacketKind::kAck);
  EXPECT_TRUE(out[1].header.has(packet_flag::kResent));
  EXPECT_EQ(out[2].header.sequence, 2u);
}

TEST(LtlSend, QueueLimitAndMessageLimitAreRefused) {
  LtlOptions o;
  o.queue_limit = Bytes{10'000};
  Ltl ltl(NodeId{0}, o, {{NodeId{1}, 0, 1, 1}});
  EXPECT_EQ(ltl.send(kRow0, Payload{{}, (std::uint64_t{1} << 30) + 1}, kRunStart).error().code,
            ErrorCode::kInvalid);
  ASSERT_TRUE(ltl.send(kRow0, Payload{{}, 20'000}, kRunStart));
  EXPECT_EQ(ltl.send(kRow0, Payload{{}, 1}, kRunStart).error().code, ErrorCode::kWouldBlock);
  EXPECT_TRUE(ltl.poll_output(kRunStart));
  while (ltl.poll_output(kRunStart)) continue;
  EXPECT_TRUE(ltl.send(kRow0, Payload{{}, 1}, kRunStart));
}

TEST(LtlSend, EmptyMessagesCountAgainstTheQueueLimitToo) {
  LtlOptions o;
  o.queue_limit = Bytes{10'000};
  Ltl ltl(NodeId{0}, o, {{NodeId{1}, 0, 1, 1}});
  int accepted = 0;
  while (accepted < 1'000'000 && ltl.send(kRow0, Payload{}, kRunStart)) ++accepted;
  EXPECT_LT(accepted, 1000);
}

TEST(LtlQuiet, NothingIsDueBeforeAndAfterAnExchange) {
  Story s;
  EXPECT_EQ(s.end(0).next_deadline(), kNever);
  EXPECT_TRUE(s.end(0).idle());
  s.send(0, 5000);
  EXPECT_FALSE(s.end(0).idle());
  ASSERT_TRUE(s.run());
  EXPECT_EQ(s.end(0).next_deadline(), kNever);
  EXPECT_EQ(s.end(1).next_deadline(), kNever);
  EXPECT_TRUE(s.end(0).idle());
  EXPECT_TRUE(s.end(0).describe_outstanding(s.now()).empty());
  EXPECT_TRUE(s.take(0).empty());
  EXPECT_TRUE(s.take(1).empty());
}

TEST(LtlQuiet, OutstandingPacketsAreExplained) {
  Story s(small_packets());
  s.send(0, 250);
  s.take(0);
  s.wait(milliseconds(12));
  EXPECT_THAT(s.end(0).describe_outstanding(s.now()),
              ElementsAre("3 packets from sequence 0 on unacknowledged by node 1 for 12 ms"));
  const std::vector<std::string> names{"host0", "fpga3"};
  EXPECT_THAT(s.end(0).describe_outstanding(s.now(), names),
              ElementsAre("3 packets from sequence 0 on unacknowledged by fpga3 for 12 ms"));
}

TEST(LtlAck, RoundTripIsMeasuredToThePicosecond) {
  Story s;
  s.wait(picoseconds(777));
  s.send(0, 10);
  ASSERT_TRUE(s.run());
  const DurationHistogram& rtt = s.end(0).stats().rtt;
  EXPECT_EQ(rtt.count(), 1u);
  EXPECT_EQ(rtt.min(), 2 * Story::kOneWay);
  EXPECT_EQ(rtt.max(), 2 * Story::kOneWay);
}

TEST(LtlAck, ReplyCarriesTheAcknowledgement) {
  Story s;
  // Past: the first exchange asks for a sample.
  s.send(0, 10);
  ASSERT_TRUE(s.run());
  s.log.clear();
  // Event: ten requests, each answered within the ACK delay.
  int replies = 0;
  s.on_delivery = [&](std::size_t at, const Payload&) {
    s.wait(nanoseconds(at == 1 ? 3000 : 0));
    if (at == 1)
      s.send(1, 10);
    else if (++replies < 10)
      s.send(0, 10);
  };
  s.send(0, 10);
  ASSERT_TRUE(s.run());
  EXPECT_EQ(replies, 10);
  // Expect: two packets an exchange; bare ACKs only for the responder's first samples and at the
  // end.
  EXPECT_EQ(s.logged(0, PacketKind::kData).size() + s.logged(1, PacketKind::kData).size(), 20u);
  EXPECT_EQ(s.logged(1, PacketKind::kAck).size(), 0u);
  EXPECT_LE(s.logged(0, PacketKind::kAck).size(), 2u);
}

TEST(LtlAck, LonePacketIsAcknowledgedAfterTheDelay) {
  Story s;
  s.send(0, 10);
  ASSERT_TRUE(s.run());
  const auto packets = (s.send(0, 10), s.take(0));
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_FALSE(packets[0].header.has(packet_flag::kAckNow));
  s.give(1, packets);
  EXPECT_TRUE(s.take(1).empty());
  EXPECT_EQ(s.end(1).next_deadline(), s.now() + microseconds(4));
  s.wait(microseconds(4));
  s.fire(1);
  const auto acks = s.take(1);
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_FALSE(acks[0].header.has(packet_flag::kAckNow)) << "a late answer is no sample";
  EXPECT_EQ(s.end(1).next_deadline(), kNever);
}

TEST(LtlAck, OneBareAckForFourPackets) {
  Story s(small_packets());
  s.send(0, 1600);
  std::vector<Sequence> acks;
  for (const Sent& packet : s.take(0)) {
    s.give(1, packet);
    for (const Sent& answer : s.take(1)) acks.push_back(answer.header.ack);
  }
  EXPECT_THAT(acks, ElementsAre(4, 8, 12, 16));
}

TEST(LtlAck, PacketsOfOneInstantAreAcknowledgedTogether) {
  Story s(small_packets());
  s.send(0, 1600);
  s.give(1, s.take(0));
  const auto acks = s.take(1);
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_EQ(acks[0].header.ack, 16u);
}

TEST(LtlTrace, MessagesHaveTheSameFlowAtBothEnds) {
  TraceBuffer trace(100);
  Story s({}, &trace);
  s.send(0, 10);
  s.send(1, 20);
  ASSERT_TRUE(s.run());
  std::vector<std::int64_t> sent, received;
  for (const TraceEvent& e : trace.take()) {
    if (e.kind == TraceKind::kMessageSent) sent.push_back(e.a);
    if (e.kind == TraceKind::kMessageReceived) received.push_back(e.a);
  }
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_NE(sent[0], sent[1]);
  EXPECT_THAT(received, testing::UnorderedElementsAreArray(sent));
}

TEST(LtlOptions, BadOnesAreNamed) {
  LtlOptions o;
  EXPECT_TRUE(check(o));
  o.window = 48;
  EXPECT_THAT(check(o).error().message, HasSubstr("window is 48"));
  o = {};
  o.mtu = 70'000;
  EXPECT_THAT(check(o).error().message, HasSubstr("mtu is 70000"));
  o = {};
  o.timeout_max = nanoseconds(1);
  EXPECT_FALSE(check(o));
}

}  // namespace
}  // namespace soliton
