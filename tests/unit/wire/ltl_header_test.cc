#include "protocol/wire/ltl_header.h"

#include <gtest/gtest.h>

#include <array>

#include "protocol/base/rng.h"
#include "protocol/wire/arrival_bitmap.h"

namespace soliton {
namespace {

LtlHeader random_header(const Random& r) {
  LtlHeader h;
  h.kind = static_cast<PacketKind>(1 + r.below(0, 11));
  h.flags = static_cast<std::uint8_t>(r.bits(1));
  h.index = static_cast<std::uint16_t>(r.bits(2));
  h.cookie = static_cast<std::uint16_t>(r.bits(3));
  h.length = static_cast<std::uint16_t>(r.below(4, 100));
  h.sequence = static_cast<std::uint32_t>(r.bits(5));
  h.ack = static_cast<std::uint32_t>(r.bits(6));
  h.bitmap = static_cast<std::uint32_t>(r.bits(7));
  h.time_ns = static_cast<std::uint32_t>(r.bits(8));
  h.credit = static_cast<std::uint16_t>(r.bits(9));
  h.channel = static_cast<std::uint8_t>(r.bits(10));
  return h;
}

Payload packet_of(const LtlHeader& header, std::uint64_t ghost = 0) {
  Payload packet;
  packet.bytes.resize(kLtlHeaderSize + header.length - ghost);
  for (std::size_t i = kLtlHeaderSize; i < packet.bytes.size(); ++i)
    packet.bytes[i] = static_cast<std::byte>(37 * i);
  packet.ghost = ghost;
  encode(header, std::span<std::byte, kLtlHeaderSize>(packet.bytes.data(), kLtlHeaderSize));
  seal(packet);
  return packet;
}

TEST(LtlHeader, EveryFieldSurvivesTheRoundTrip) {
  for (std::uint64_t i = 0; i < 1000; ++i) {
    LtlHeader h = random_header(Random(i, "header"));
    const Payload packet = packet_of(h);
    auto back = decode(packet.bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(verify(*back, packet), std::nullopt);
    back->crc = 0;
    ASSERT_EQ(*back, h);
  }
}

TEST(LtlHeader, EveryFieldHasItsPlaceAndByteOrder) {
  LtlHeader h;
  h.kind = PacketKind::kNack;
  h.flags = 0xa5;
  h.index = 0x0102;
  h.cookie = 0x0304;
  h.length = 0x0506;
  h.sequence = 0x0708090a;
  h.ack = 0x0b0c0d0e;
  h.bitmap = 0x0f101112;
  h.time_ns = 0x13141516;
  h.credit = 0x1718;
  h.channel = 0x19;
  h.crc = 0x1a1b1c1d;
  std::array<std::byte, kLtlHeaderSize> out{};
  encode(h, out);
  const std::array<std::uint8_t, kLtlHeaderSize> expected = {
      0x13, 0xa5, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
      0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14,
      0x15, 0x16, 0x17, 0x18, 0x19, 0x00, 0x1a, 0x1b, 0x1c, 0x1d};
  for (std::size_t i = 0; i < kLtlHeaderSize; ++i)
    EXPECT_EQ(std::to_integer<std::uint8_t>(out[i]), expected[i]) << "byte " << i;
}

TEST(LtlHeader, FlagsHaveTheBitsOfThePage) {
  EXPECT_EQ(packet_flag::kFirst, 0x01);
  EXPECT_EQ(packet_flag::kLast, 0x02);
  EXPECT_EQ(packet_flag::kPacked, 0x04);
  EXPECT_EQ(packet_flag::kAckNow, 0x08);
  EXPECT_EQ(packet_flag::kResent, 0x10);
  EXPECT_EQ(packet_flag::kTailProbe, 0x20);
  EXPECT_EQ(packet_flag::kCongestion, 0x40);
  EXPECT_EQ(packet_flag::kBare, 0x80);
}

TEST(LtlHeader, EveryTruncationIsRefused) {
  const Payload packet = packet_of(random_header(Random(1, "header")));
  for (std::size_t n = 0; n < kLtlHeaderSize; ++n)
    EXPECT_EQ(decode(std::span(packet.bytes).first(n)).error(), DropCause::kTooShort) << n;
}

TEST(LtlHeader, EveryOtherVersionIsRefused) {
  Payload packet = packet_of({});
  for (std::uint8_t version = 0; version < 16; ++version) {
    packet.bytes[0] = static_cast<std::byte>(version << 4 | 1);
    if (version == kLtlVersion) {
      EXPECT_TRUE(decode(packet.bytes));
    } else {
      EXPECT_EQ(decode(packet.bytes).error(), DropCause::kBadVersion);
    }
  }
}

TEST(LtlHeader, ElevenKindsAreKnown) {
  Payload packet = packet_of({});
  for (std::uint8_t kind = 0; kind < 16; ++kind) {
    packet.bytes[0] = static_cast<std::byte>(kLtlVersion << 4 | kind);
    if (kind >= 1 && kind <= 11) {
      EXPECT_EQ(decode(packet.bytes)->kind, static_cast<PacketKind>(kind));
    } else {
      EXPECT_EQ(decode(packet.bytes).error(), DropCause::kUnknownKind);
    }
  }
}

TEST(LtlHeader, ZeroByteMustBeZero) {
  Payload packet = packet_of({});
  packet.bytes[27] = std::byte{1};
  EXPECT_EQ(decode(packet.bytes).error(), DropCause::kZeroByteSet);
}

TEST(LtlHeader, LengthMustEqualTheRestWithGhostsCounted) {
  LtlHeader h;
  h.length = 50;
  Payload packet = packet_of(h, 20);
  EXPECT_EQ(packet.bytes.size(), kLtlHeaderSize + 30);
  EXPECT_EQ(verify(*decode(packet.bytes), packet), std::nullopt);
  packet.ghost = 19;
  EXPECT_EQ(verify(*decode(packet.bytes), packet), DropCause::kLengthMismatch);
  packet.ghost = 21;
  EXPECT_EQ(verify(*decode(packet.bytes), packet), DropCause::kLengthMismatch);
}

TEST(LtlHeader, EverySingleFlippedBitIsFound) {
  LtlHeader h = random_header(Random(5, "header"));
  h.length = 41;
  const Payload good = packet_of(h);
  for (std::size_t bit = 0; bit < 8 * good.bytes.size(); ++bit) {
    Payload bad = good;
    bad.bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    const auto header = decode(bad.bytes);
    EXPECT_TRUE(!header || verify(*header, bad).has_value()) << "bit " << bit;
  }
}

TEST(LtlHeader, WireTimeIsNanosecondsAndWraps) {
  EXPECT_EQ(wire_time(kRunStart + picoseconds(1'999)), 1u);
  EXPECT_EQ(wire_time(kRunStart + nanoseconds(0x1'0000'0005)), 5u);
}

TEST(Sequence, ComparesAcrossTheWrap) {
  EXPECT_TRUE(sequence_before(0xffff'fff0, 5));
  EXPECT_FALSE(sequence_before(5, 0xffff'fff0));
  EXPECT_EQ(sequence_distance(0xffff'ffff, 1), 2);
  EXPECT_EQ(sequence_distance(1, 0xffff'ffff), -2);
}

TEST(ArrivalBitmap, HeaderAndTailHoldEveryBit) {
  for (std::uint32_t bit = 0; bit < 65'536; bit = bit < 256 ? bit + 1 : 2 * bit - 1) {
    const std::uint32_t header = bit < 32 ? 1U << bit : 0;
    std::vector<std::byte> tail(ArrivalBitmap::tail_bytes(bit + 1));
    EXPECT_EQ(tail.size(), bit < 32 ? 0 : bit / 8 - 3);
    if (bit >= 32) ArrivalBitmap::set_in_tail(tail, bit);
    const ArrivalBitmap one(header, tail);
    EXPECT_EQ(one.size(), bit + 1);
    for (std::uint32_t other = bit < 20 ? 0 : bit - 20; other < bit + 20; ++other)
      EXPECT_EQ(one.test(other), other == bit);
  }
}

TEST(ArrivalBitmap, TailIsLowestBitFirst) {
  std::vector<std::byte> tail(2);
  ArrivalBitmap::set_in_tail(tail, 32);
  ArrivalBitmap::set_in_tail(tail, 42);
  EXPECT_EQ(tail, (std::vector<std::byte>{std::byte{0x01}, std::byte{0x04}}));
}

TEST(ArrivalBitmap, WhatIsNotWrittenHasNotArrived) {
  const std::vector<std::byte> tail(29, std::byte{0xff});
  EXPECT_EQ(ArrivalBitmap(0, tail).size(), 264u);
  EXPECT_FALSE(ArrivalBitmap(0, tail).test(264));
  EXPECT_FALSE(ArrivalBitmap(0, tail).test(31));
  EXPECT_TRUE(ArrivalBitmap{}.empty());
  EXPECT_TRUE(ArrivalBitmap(0, std::vector<std::byte>(3)).empty());
}

}  // namespace
}  // namespace soliton
