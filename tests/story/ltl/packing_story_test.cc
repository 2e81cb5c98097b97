// Several messages in one packet, and what is promised of bytes that are lent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "fabric/ltl/burst.h"
#include "tests/story/ltl/story.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

LtlOptions packets_of(std::uint32_t mtu) {
  LtlOptions o;
  o.mtu = mtu;
  return o;
}

std::vector<std::uint16_t> lengths(const std::vector<Sent>& packets) {
  std::vector<std::uint16_t> out;
  for (const Sent& p : packets) out.push_back(p.header.length);
  return out;
}

TEST(LtlPacking, MessagesThatWaitTogetherShareAPacket) {
  Story s(packets_of(100));
  // Past: nothing waits. Event: a message. Expect: it leaves at once, alone and without a prefix.
  s.send(0, 10);
  auto packets = s.take(0);
  ASSERT_THAT(packets, SizeIs(1));
  EXPECT_FALSE(packets[0].header.has(packet_flag::kPacked));
  EXPECT_EQ(packets[0].header.length, 10);
  s.give(1, packets);
  s.delivered(1);
  // Event: four at once; 2 + 20 four times is 88 of 100 bytes. Expect: one packet.
  for (int i = 0; i < 4; ++i) s.send(0, 20);
  packets = s.take(0);
  ASSERT_THAT(packets, SizeIs(1));
  constexpr std::uint8_t kFlags =
      packet_flag::kPacked | packet_flag::kFirst | packet_flag::kLast | packet_flag::kAckNow;
  EXPECT_EQ(packets[0].header.flags & kFlags, kFlags);
  EXPECT_EQ(packets[0].header.length, 88);
  s.give(1, packets);
  EXPECT_THAT(s.delivered(1), ElementsAre(Story::message(20), Story::message(20),
                                          Story::message(20), Story::message(20)));
  EXPECT_EQ(s.end(1).stats().messages_delivered, 5u);
}

TEST(LtlPacking, APacketIsFilledInOrderAndNoFurther) {
  Story s(packets_of(100));
  for (const std::size_t size : {40, 54, 1, 97, 0, 250, 3, 0}) s.send(0, size);
  const auto packets = s.take(0);
  // 2+40+2+54 = 98; then 1 and 97 do not fit together; 97 and 0 need 101; 250 has packets of its
  // own; the rest share one.
  EXPECT_THAT(lengths(packets), ElementsAre(98, 1, 97, 0, 100, 100, 50, 7));
  s.give(1, packets);
  std::vector<std::size_t> sizes;
  for (const Payload& message : s.delivered(1)) {
    EXPECT_EQ(message, Story::message(message.size()));
    sizes.push_back(message.size());
  }
  EXPECT_THAT(sizes, ElementsAre(40, 54, 1, 97, 0, 250, 3, 0));
}

TEST(LtlPacking, MessagesThatComeWhileThePacketWaitsJoinIt) {
  LtlOptions o = packets_of(100);
  o.window = 1;
  Story s(o);
  s.send(0, 10);
  const auto first = s.take(0);
  for (int i = 0; i < 8; ++i) s.send(0, 10);
  EXPECT_THAT(s.take(0), SizeIs(0)) << "the window is full";
  s.give(1, first);
  s.give(0, s.take(1));
  EXPECT_THAT(lengths(s.take(0)), ElementsAre(96));
}

TEST(LtlPacking, AResendCarriesTheSameMessages) {
  Story s(packets_of(100));
  s.send(0, 10);
  s.send(0, 10);
  const auto lost = s.take(0);
  ASSERT_THAT(lost, SizeIs(1));
  s.send(0, 10);
  s.give(1, s.take(0));
  s.give(0, s.take(1));
  const auto again = s.take(0);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_TRUE(again[0].header.has(packet_flag::kResent));
  EXPECT_TRUE(std::equal(again[0].datagram.payload.bytes.begin() + kLtlHeaderSize,
                         again[0].datagram.payload.bytes.end(),
                         lost[0].datagram.payload.bytes.begin() + kLtlHeaderSize));
  s.give(1, again);
  EXPECT_THAT(s.delivered(1), SizeIs(3));
}

TEST(LtlPacking, GhostsTakeTheRoomOfRealBytes) {
  const std::vector<std::pair<std::size_t, std::uint64_t>> shapes = {
      {20, 0}, {0, 20}, {7, 13}, {0, 1}, {5, 2}};
  Story real(packets_of(200)), ghost(packets_of(200));
  std::vector<Payload> sent;
  for (const auto& [bytes, ghosts] : shapes) {
    real.send(0, bytes + ghosts);
    Payload message = Story::message(bytes);
    message.ghost = ghosts;
    ghost.send(0, message);
    sent.push_back(message);
  }
  const auto a = real.take(0), b = ghost.take(0);
  EXPECT_EQ(lengths(a), lengths(b));
  ASSERT_THAT(b, SizeIs(1));
  EXPECT_EQ(a[0].datagram.payload.size(), b[0].datagram.payload.size());
  ghost.give(1, b);
  EXPECT_EQ(ghost.delivered(1), sent);
}

TEST(LtlPacking, APackedPacketThatMakesNoSenseIsCountedAndTheStreamGoesOn) {
  Story s(packets_of(100));
  s.send(0, 10);
  s.send(0, 10);
  auto packets = s.take(0);
  Sent bad = packets[0];
  bad.datagram.payload.bytes[kLtlHeaderSize + 12 + 1] = std::byte{200};  // the second length
  s.give(1, forged(bad, [](LtlHeader&) {}));
  EXPECT_EQ(s.end(1).stats().dropped_malformed, 1u);
  EXPECT_THAT(s.delivered(1), ElementsAre(Story::message(10)));
  s.send(0, 30);
  s.give(1, s.take(0));
  EXPECT_THAT(s.delivered(1), ElementsAre(Story::message(30)));
}

TEST(LtlPacking, CanBeSwitchedOff) {
  LtlOptions o = packets_of(100);
  o.packing = Bytes{0};
  Story s(o);
  s.send(0, 10);
  s.send(0, 10);
  EXPECT_THAT(lengths(s.take(0)), ElementsAre(10, 10));
}

// --- bursts, and views of messages

TEST(LtlViews, AMessageOfOnePacketIsReadWhereThePacketLies) {
  Story s;
  s.send(0, 100);
  const auto packets = s.take(0);
  const std::vector<std::byte>& bytes = packets[0].datagram.payload.bytes;
  LtlBurst(s.end(1)).on_packet({NodeId{0}, false, false, bytes}, s.now());
  const auto view = LtlBurst(s.end(1)).next_message();
  ASSERT_TRUE(view);
  EXPECT_EQ(view->bytes.data(), bytes.data() + kLtlHeaderSize);
  EXPECT_EQ(view->bytes.size(), 100u);
  EXPECT_FALSE(LtlBurst(s.end(1)).next_message());
}

TEST(LtlViews, WhatIsNotTakenIsKept) {
  Story s;
  s.send(0, 100);
  s.send(0, 50);
  auto packets = s.take(0);
  std::vector<std::byte>& bytes = packets[0].datagram.payload.bytes;
  LtlBurst(s.end(1)).on_packet({NodeId{0}, false, false, bytes}, s.now());
  LtlBurst(s.end(1)).keep_messages();
  std::fill(bytes.begin(), bytes.end(), std::byte{0xee});
  EXPECT_THAT(s.delivered(1), ElementsAre(Story::message(100), Story::message(50)));
}

TEST(LtlViews, AFullStoreIsSaidByName) {
  LtlOptions o = packets_of(100);
  o.store = Bytes{400};
  Story s(o);
  const std::array<std::byte, 60> message{};
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(LtlBurst(s.end(0)).send(kRow0, {message, {}}, s.now()));
  const Status full = LtlBurst(s.end(0)).send(kRow0, {message, {}}, s.now());
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kWouldBlock);
  ASSERT_TRUE(s.run());
  EXPECT_TRUE(LtlBurst(s.end(0)).send(kRow0, {message, {}}, s.now()));
}

TEST(LtlViews, AFullStoreTakesAnEmptyMessage) {
  LtlOptions o = packets_of(100);
  o.store = Bytes{100};
  Story s(o);
  const std::array<std::byte, 60> message{};
  ASSERT_TRUE(LtlBurst(s.end(0)).send(kRow0, {message, {}}, s.now()));
  ASSERT_FALSE(LtlBurst(s.end(0)).send(kRow0, {message, {}}, s.now()));
  EXPECT_TRUE(LtlBurst(s.end(0)).send(kRow0, {}, s.now()));
  std::vector<std::size_t> sizes;
  s.on_delivery = [&](std::size_t, const Payload& p) { sizes.push_back(p.bytes.size()); };
  ASSERT_TRUE(s.run());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{60, 0}));
}

// The receiver's store is full too: what lies behind the gap is dropped and comes again.
TEST(LtlViews, AFullReorderStoreCostsResendsOnly) {
  LtlOptions o = packets_of(100);
  o.store = Bytes{200};
  Story s(o);
  s.drop = [](const Sent& p) {
    return p.from == 0 && p.header.sequence == 1 && !p.header.has(packet_flag::kResent);
  };
  std::vector<Payload> got;
  s.on_delivery = [&](std::size_t, const Payload& p) { got.push_back(p); };
  s.send(0, 1000);
  ASSERT_TRUE(s.run());
  EXPECT_THAT(got, ElementsAre(Story::message(1000)));
  EXPECT_GT(s.end(1).stats().dropped_no_room, 0u);
}

TEST(LtlBursts, PacketsOfOneSizeToOnePeerLieBehindEachOther) {
  Story s(packets_of(100));
  s.send(0, 350);
  std::vector<std::byte> room(64 * LtlBurst(s.end(0)).packet_bytes_max());
  const auto burst = LtlBurst(s.end(0)).write(room, 64, s.now());
  ASSERT_TRUE(burst);
  EXPECT_EQ(burst->packets, 4u);
  EXPECT_EQ(burst->segment, kLtlHeaderSize + 100);
  EXPECT_EQ(burst->size, 3 * burst->segment + kLtlHeaderSize + 50);
  EXPECT_FALSE(LtlBurst(s.end(0)).write(room, 64, s.now()));
  for (std::size_t at = 0; at < burst->size; at += burst->segment)
    LtlBurst(s.end(1)).on_packet(
        {NodeId{0}, false, false,
         std::span<const std::byte>(room).subspan(at, std::min(burst->segment, burst->size - at))},
        s.now());
  EXPECT_THAT(s.delivered(1), ElementsAre(Story::message(350)));
}

TEST(LtlBursts, EndsWhereThePeerOrTheSizeChanges) {
  const std::vector<LtlConnection> rows = {{NodeId{1}, 0, 1, 1}, {NodeId{2}, 0, 2, 1}};
  Ltl ltl(NodeId{0}, packets_of(100), rows);
  ASSERT_TRUE(ltl.send(ConnectionId{0}, Story::message(50), kRunStart));
  ASSERT_TRUE(ltl.send(ConnectionId{1}, Story::message(50), kRunStart));
  ASSERT_TRUE(ltl.send(ConnectionId{1}, Story::message(95), kRunStart));
  std::vector<std::byte> room(64 * LtlBurst(ltl).packet_bytes_max());
  std::vector<std::pair<std::uint32_t, std::uint32_t>> bursts;
  while (const auto burst = LtlBurst(ltl).write(room, 64, kRunStart))
    bursts.emplace_back(index(burst->destination), burst->packets);
  EXPECT_THAT(bursts, ElementsAre(std::pair(1u, 1u), std::pair(2u, 1u), std::pair(2u, 1u)));
}

}  // namespace
}  // namespace soliton
