// What a receiver accepts, refuses and answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/wire/arrival_bitmap.h"
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

std::vector<Sequence> missing_in(const Sent& nack) {
  const ArrivalBitmap bits(nack.header.bitmap,
                           std::span(nack.datagram.payload.bytes).subspan(kLtlHeaderSize));
  std::vector<Sequence> out{nack.header.ack};
  for (std::uint32_t i = 0; i < bits.size(); ++i)
    if (!bits.test(i)) out.push_back(nack.header.ack + 1 + i);
  return out;
}

TEST(LtlReceive, DuplicateIsAckedAgainAndNotDelivered) {
  Story s;
  s.send(0, 10);
  const auto packets = s.take(0);
  // Past: it arrived and was acknowledged.
  s.give(1, packets);
  EXPECT_THAT(s.delivered(1), SizeIs(1));
  EXPECT_THAT(s.take(1), SizeIs(1));
  // Event: it arrives again.
  s.give(1, packets);
  // Expect: an ACK, no delivery.
  const auto again = s.take(1);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].header.kind, PacketKind::kAck);
  EXPECT_EQ(again[0].header.ack, 1u);
  EXPECT_THAT(s.delivered(1), IsEmpty());
  EXPECT_EQ(s.end(1).stats().duplicates_received, 1u);
}

TEST(LtlReceive, DuplicateBehindAGapIsCountedOnce) {
  Story s(one_byte_packets());
  s.send(0, 3);
  const auto packets = s.take(0);
  s.give(1, packets[2]);
  s.give(1, packets[2]);
  EXPECT_EQ(s.end(1).stats().duplicates_received, 1u);
  s.give(1, packets[0]);
  s.give(1, packets[1]);
  EXPECT_THAT(s.delivered(1), ElementsAre(Story::message(3)));
}

TEST(LtlReceive, OneNackNamesAllGapsBeyondTheHeaderToo) {
  Story s(one_byte_packets());
  s.send(0, 100);
  const auto packets = s.take(0);
  ASSERT_THAT(packets, SizeIs(100));
  // Past: 0 to 69 but 3, 5, 6 and 40.
  for (Sequence q = 0; q < 70; ++q)
    if (q != 3 && q != 5 && q != 6 && q != 40) s.give(1, packets[q]);
  s.take(1);
  // Event: 75, so that 70 to 74 are a new gap.
  s.give(1, packets[75]);
  // Expect: one NACK at once, with every gap.
  const auto answer = s.take(1);
  ASSERT_THAT(answer, SizeIs(1));
  EXPECT_EQ(answer[0].header.kind, PacketKind::kNack);
  EXPECT_THAT(missing_in(answer[0]), ElementsAre(3, 5, 6, 40, 70, 71, 72, 73, 74));
  EXPECT_EQ(answer[0].header.time_ns, packets[75].header.time_ns);
  EXPECT_EQ(answer[0].header.sequence, 75u);
}

TEST(LtlReceive, ALongGapIsNackedOnceARoundTrip) {
  Story s(one_byte_packets());
  s.send(0, 60);
  const auto packets = s.take(0);
  // Event: 0 is missing; 1 to 10 arrive within 10 ns.
  for (Sequence q = 1; q <= 10; ++q) {
    s.wait(nanoseconds(1));
    s.give(1, packets[q]);
    s.take(1);
  }
  EXPECT_EQ(s.end(1).stats().nacks_sent, 1u);
  // Event: nothing but the timeout's half is known of the round trip; after it another packet
  // arrives.
  s.wait(microseconds(25));
  for (Sequence q = 11; q <= 13; ++q) {
    s.give(1, packets[q]);
    s.take(1);
  }
  // Expect: reported again, once.
  EXPECT_EQ(s.end(1).stats().nacks_sent, 2u);
}

TEST(LtlReceive, FilledGapIsAckedAtOnce) {
  Story s(one_byte_packets());
  s.send(0, 3);
  const auto packets = s.take(0);
  s.give(1, packets[1]);
  s.take(1);
  s.give(1, packets[0]);
  const auto answer = s.take(1);
  ASSERT_THAT(answer, SizeIs(1));
  EXPECT_EQ(answer[0].header.kind, PacketKind::kAck);
  EXPECT_EQ(answer[0].header.ack, 2u);
}

TEST(LtlReceive, EveryOneOfSeveralGapsIsAckedAtOnceWhenFilled) {
  Story s(one_byte_packets());
  s.send(0, 6);
  const auto packets = s.take(0);
  for (const Sequence q : {1, 3, 5}) s.give(1, packets[q]);
  s.take(1);
  for (const Sequence late : {0, 2, 4}) {
    s.give(1, packets[late]);
    const auto answer = s.take(1);
    ASSERT_THAT(answer, SizeIs(1)) << late;
    EXPECT_EQ(answer[0].header.ack, late + 2);
  }
}

// Each change of a good packet, with a good checksum again unless the checksum is what is wrong.
TEST(LtlReceive, PacketsOfOthersAreStale) {
  Story s;
  s.send(0, 10);
  const Sent good = s.take(0)[0];
  s.give(1, forged(good, [](LtlHeader& h) { h.cookie ^= 1; }));
  s.give(1, forged(good, [](LtlHeader& h) { h.index = 1; }));
  s.give(1, forged(good, [](LtlHeader& h) { h.channel = 2; }));
  Sent stranger = good;
  stranger.datagram.source = NodeId{7};
  s.give(1, stranger);
  EXPECT_EQ(s.end(1).stats().dropped_stale, 4u);
  EXPECT_THAT(s.delivered(1), IsEmpty());
  EXPECT_THAT(s.take(1), IsEmpty()) << "nothing is answered";
  EXPECT_EQ(s.end(1).next_deadline(), kNever);
}

TEST(LtlReceive, DamageIsDroppedAndCounted) {
  Story s;
  s.send(0, Payload{{}, 10});
  const Sent good = s.take(0)[0];
  Sent flipped = good, marked = good;
  flipped.datagram.payload.bytes[9] ^= std::byte{4};
  marked.datagram.damaged = true;
  s.give(1, flipped);
  s.give(1, marked);
  EXPECT_EQ(s.end(1).stats().dropped_checksum, 2u);
  EXPECT_THAT(s.take(1), IsEmpty());
  s.give(1, good);
  EXPECT_THAT(s.delivered(1), SizeIs(1));
}

TEST(LtlReceive, WhatNoPeerMaySayIsMalformed) {
  LtlOptions o;
  o.mtu = 100;
  o.window = 8;
  Story s(o);
  s.send(0, 10);
  const Sent good = s.take(0)[0];
  const std::vector<std::function<void(LtlHeader&)>> changes = {
      [](LtlHeader& h) { h.ack = 1; },                                 // never sent
      [](LtlHeader& h) { h.sequence = 8; },                            // outside the window
      [](LtlHeader& h) { h.kind = PacketKind::kAck; },                 // with a payload
      [](LtlHeader& h) { h.kind = PacketKind::kOpen, h.cookie = 0; },  // no handshake here
      [](LtlHeader& h) { h.kind = PacketKind::kCongestion; },
      [](LtlHeader& h) { h.flags = packet_flag::kPacked | packet_flag::kFirst; },  // no end
      [](LtlHeader& h) { h.length = 11; },
  };
  for (const auto& change : changes) s.give(1, forged(good, change));
  Sent large = good;
  large.datagram.payload.ghost = 91;  // 101 bytes
  s.give(1, forged(large, [](LtlHeader& h) { h.length = 101; }));
  Sent cut = good;
  cut.datagram.payload.bytes.resize(31);
  s.give(1, cut);
  EXPECT_EQ(s.end(1).stats().dropped_malformed, changes.size() + 2);
  EXPECT_THAT(s.delivered(1), IsEmpty());
  EXPECT_THAT(s.take(1), IsEmpty());
}

TEST(LtlReceive, FragmentsWithoutABeginningAreDroppedAndTheStreamGoesOn) {
  LtlOptions o;
  o.packing = Bytes{0};
  Story s(o);
  s.send(0, 10);
  s.send(0, 20);
  const auto packets = s.take(0);
  s.give(1, forged(packets[0], [](LtlHeader& h) {
           h.flags &= static_cast<std::uint8_t>(~packet_flag::kFirst);
         }));
  s.give(1, packets[1]);
  EXPECT_THAT(s.delivered(1), ElementsAre(Story::message(20)));
  EXPECT_EQ(s.end(1).stats().dropped_malformed, 1u);
}

TEST(LtlReceive, RealBytesBehindGhostsDoNotStopTheNode) {
  LtlOptions o;
  o.mtu = 10;
  Story s(o);
  Payload mixed = Story::message(10);
  mixed.ghost = 20;
  s.send(0, mixed);
  const auto packets = s.take(0);
  s.give(1, packets[0]);
  s.give(1, packets[1]);
  Sent real = packets[2];
  real.datagram.payload.ghost = 0;
  real.datagram.payload.bytes.resize(kLtlHeaderSize + 10);
  s.give(1, forged(real, [](LtlHeader&) {}));
  EXPECT_EQ(s.end(1).stats().dropped_malformed, 1u);
  const auto got = s.delivered(1);
  ASSERT_THAT(got, SizeIs(1));
  EXPECT_EQ(got[0].size(), 30u);
}

TEST(LtlReceive, GoBackNThrowsAwayWhatIsOutOfOrder) {
  LtlOptions o = one_byte_packets();
  o.recovery = RecoveryMode::kGoBackN;
  Story s(o);
  s.send(0, 4);
  const auto packets = s.take(0);
  s.give(1, packets[0]);
  s.give(1, packets[2]);
  s.give(1, packets[3]);
  const auto answer = s.take(1);
  ASSERT_THAT(answer, SizeIs(1));
  EXPECT_EQ(answer[0].header.kind, PacketKind::kNack);
  EXPECT_EQ(answer[0].header.bitmap, 0u);
  s.give(0, answer);
  const auto again = s.take(0);
  EXPECT_THAT(sequences(again), ElementsAre(1, 2, 3));
  s.give(1, again);
  EXPECT_THAT(s.delivered(1), ElementsAre(Story::message(4)));
}

}  // namespace
}  // namespace soliton
