// Bodies of the handshake: round trips, and that nothing passes without its proof.
#include "protocol/wire/handshake.h"

#include <gtest/gtest.h>

#include <array>

namespace soliton {
namespace {

Key key_of(std::uint8_t seed) {
  Key key{};
  key.fill(static_cast<std::byte>(seed));
  return key;
}

LtlHeader header_of(PacketKind kind) {
  LtlHeader h;
  h.kind = kind;
  h.index = 258;
  h.channel = 3;
  return h;
}

OpenBody example() {
  OpenBody b;
  b.run_id = 0x0102'0304'0506'0708;
  b.node = NodeId{9};
  b.peer = NodeId{10};
  b.epoch = 11;
  b.peer_epoch = 12;
  b.image_hash = 13;
  b.nonce = 14;
  b.peer_nonce = 15;
  b.mtu = 1408;
  b.window = 128;
  b.credit = 4096;
  b.row = 7;
  b.auth = AuthMode::kHeader;
  b.recovery = 1;
  b.capabilities = 0x8000'0001;
  b.first_sequence = 0xffff'ff9c;
  return b;
}

TEST(Handshake, OpenRoundTrips) {
  std::array<std::byte, OpenBody::kSize> bytes{};
  encode(example(), header_of(PacketKind::kOpen), key_of(1), bytes);
  EXPECT_EQ(decode_open(header_of(PacketKind::kOpen), bytes, key_of(1)), example());
}

TEST(Handshake, ResetRoundTrips) {
  const ResetBody body{1, 2, NodeId{3}, 4, ResetReason::kImage};
  std::array<std::byte, ResetBody::kSize> bytes{};
  encode(body, header_of(PacketKind::kReset), key_of(1), bytes);
  EXPECT_EQ(decode_reset(header_of(PacketKind::kReset), bytes, key_of(1)), body);
  EXPECT_FALSE(decode_reset(header_of(PacketKind::kReset), bytes, key_of(2)));
}

TEST(Handshake, ProofHoldsEveryBitAndTheHeaderItCameWith) {
  std::array<std::byte, OpenBody::kSize> bytes{};
  const LtlHeader header = header_of(PacketKind::kOpen);
  encode(example(), header, key_of(1), bytes);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    auto bad = bytes;
    bad[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(decode_open(header, bad, key_of(1))) << "bit " << bit;
  }
  EXPECT_FALSE(decode_open(header_of(PacketKind::kOpened), bytes, key_of(1)));
  for (const auto change : std::initializer_list<void (*)(LtlHeader&)>{
           [](LtlHeader& h) { h.flags ^= 8; }, [](LtlHeader& h) { h.index ^= 256; },
           [](LtlHeader& h) { h.cookie ^= 1; }, [](LtlHeader& h) { h.sequence ^= 1; },
           [](LtlHeader& h) { h.ack ^= 1; }, [](LtlHeader& h) { h.bitmap ^= 1; },
           [](LtlHeader& h) { h.time_ns ^= 1; }, [](LtlHeader& h) { h.credit ^= 1; },
           [](LtlHeader& h) { h.channel ^= 7; }}) {
    LtlHeader other = header;
    change(other);
    EXPECT_FALSE(decode_open(other, bytes, key_of(1)));
  }
}

TEST(Handshake, OtherSizesAreRefused) {
  std::array<std::byte, OpenBody::kSize> bytes{};
  encode(example(), header_of(PacketKind::kOpen), key_of(1), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(
        decode_open(header_of(PacketKind::kOpen), std::span(bytes).first(size), key_of(1)));
}

TEST(Handshake, ReasonsHaveNames) {
  EXPECT_EQ(reset_reason_name(ResetReason::kImage), "another image");
  EXPECT_EQ(reset_reason_name(ResetReason{99}), "unknown reason");
}

}  // namespace
}  // namespace soliton
