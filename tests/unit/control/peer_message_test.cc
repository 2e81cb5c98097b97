// Control messages between nodes: round trips, limits, and a connection of LTL that carries them.
#include "protocol/control/peer_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "fabric/ltl/ltl.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

using testing::HasSubstr;

std::vector<PeerMessage> examples() {
  return {PeerHello{"fpga3", "bw-s10", 7, 1, 2, 0x8000'0000'0000'0001, 42, 4},
          PeerHealth{Instant{microseconds(5)}, 99, 1 << 20, 731},
          PeerStatistics{1, 2, 3, 4, 5, 6, nanoseconds(2880)}, PeerError{404, "no such shard"}};
}

TEST(PeerMessage, EveryKindComesBack) {
  for (const PeerMessage& message : examples()) {
    const auto back = decode_peer_message(encode_peer_message(message));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, message);
  }
}

TEST(PeerMessage, TextsAreCutAtTheirLimit) {
  const auto bytes = encode_peer_message(PeerError{1, std::string(10'000, 'x')});
  EXPECT_LT(bytes.size(), 5'000u);
  EXPECT_EQ(std::get<PeerError>(*decode_peer_message(bytes)).message.size(), kPeerTextMax);
}

// Any bytes are a message or an error, never more; and never slow: a pointer may claim half a
// thousand million elements.
TEST(PeerMessage, ChangedBytesAreAMessageOrAnError) {
  const Random r(1, "peer message");
  std::uint64_t refused = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const Random one = r.child(i);
    auto bytes = encode_peer_message(examples()[i % 4]);
    for (std::uint64_t change = 0; change < 3; ++change)
      bytes[one.below(2 * change, bytes.size())] = static_cast<std::byte>(one.bits(2 * change + 1));
    if (!decode_peer_message(bytes)) ++refused;
  }
  EXPECT_GT(refused, 1'000u);
}

TEST(PeerMessage, LimitsAreHeldBeforeAnythingIsRead) {
  const auto good = encode_peer_message(examples()[0]);
  EXPECT_THAT(decode_peer_message({}).error().message, HasSubstr("size"));
  EXPECT_FALSE(decode_peer_message(std::span(good).first(good.size() - 3)));
  EXPECT_FALSE(decode_peer_message(std::vector<std::byte>(kPeerMessageBytesMax + 8)));
  auto segments = good;
  segments[0] = std::byte{4};
  EXPECT_THAT(decode_peer_message(segments).error().message, HasSubstr("too many segments"));
}

TEST(PeerMessage, VersionsMeetAtTheHighestBothSpeak) {
  PeerHello a, b;
  a.protocol_max = 3;
  b.protocol_min = 2;
  b.protocol_max = 5;
  EXPECT_EQ(*common_protocol(a, b), 3);
  b.protocol_min = 4;
  EXPECT_FALSE(common_protocol(a, b));
}

// The connection is opened with proofs of the key, then both say hello on channel 0, before data.
TEST(PeerMessage, GoesFirstOnChannelZeroOfAnOpenedConnection) {
  LtlOptions options;
  options.handshake = true;
  options.auth = AuthMode::kHeader;
  std::array<std::unique_ptr<Ltl>, 2> ends;
  for (std::uint32_t n = 0; n < 2; ++n) {
    LtlIdentity who;
    who.epoch = 1;
    who.key.fill(std::byte{5});
    ends[n] = std::make_unique<Ltl>(
        NodeId{n}, options,
        std::vector<LtlConnection>{{NodeId{1 - n}, 0, 0, 1}, {NodeId{1 - n}, 1, 0, 0}}, nullptr,
        who);
  }
  std::vector<int> channels;
  std::vector<PeerMessage> heard;
  ASSERT_TRUE(ends[0]->send(ConnectionId{0}, Payload{{}, 5000}, kRunStart));
  ends[0]->open(ConnectionId{1}, kRunStart);
  for (int turn = 0; turn < 10; ++turn)
    for (std::size_t n = 0; n < 2; ++n) {
      while (const auto event = ends[n]->poll_event()) {
        if (event->kind != LtlEvent::Kind::kOpened || event->connection != ConnectionId{1})
          continue;
        ASSERT_TRUE(ends[n]->send(ConnectionId{1}, Payload{encode_peer_message(examples()[n]), 0},
                                  kRunStart));
      }
      while (auto datagram = ends[n]->poll_output(kRunStart)) {
        const auto header = decode(datagram->payload.bytes);
        if (n == 0 && header->kind == PacketKind::kData) channels.push_back(header->channel);
        ends[1 - n]->on_input(*datagram, kRunStart);
      }
      while (auto delivery = ends[1 - n]->poll_delivery())
        if (delivery->connection == ConnectionId{1})
          heard.push_back(*decode_peer_message(delivery->message.bytes));
    }
  EXPECT_THAT(heard, testing::UnorderedElementsAre(examples()[0], examples()[1]));
  ASSERT_FALSE(channels.empty());
  EXPECT_EQ(channels[0], 0) << "control before data";
}

}  // namespace
}  // namespace soliton
