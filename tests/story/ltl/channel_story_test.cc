// Virtual channels: a connection is one ordered stream on one of them, and channels share the way
// out by weight.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/story/ltl/story.h"

namespace soliton {
namespace {

using testing::ElementsAre;

// Channels of the packets that leave when every row has messages of one packet each.
std::vector<int> order(const std::vector<std::uint8_t>& channels, LtlOptions o, int messages,
                       std::size_t packets) {
  o.mtu = 100;
  o.packing = Bytes{0};
  std::vector<LtlConnection> rows;
  for (const std::uint8_t channel : channels)
    rows.push_back({NodeId{1}, static_cast<std::uint16_t>(rows.size()), 7, channel});
  Ltl ltl(NodeId{0}, o, rows);
  for (int i = 0; i < messages; ++i)
    for (std::uint16_t row = 0; row < rows.size(); ++row)
      EXPECT_TRUE(ltl.send(ConnectionId{row}, Story::message(100), kRunStart));
  std::vector<int> out;
  while (out.size() < packets) {
    const auto datagram = ltl.poll_output(kRunStart);
    if (!datagram) break;
    out.push_back(decode(datagram->payload.bytes)->channel);
  }
  return out;
}

TEST(LtlChannels, ControlGoesFirstThenChannelsTakeTurns) {
  EXPECT_THAT(order({2, 0, 1}, {}, 3, 9), ElementsAre(0, 0, 0, 1, 2, 1, 2, 1, 2));
}

TEST(LtlChannels, WeightsShareTheWayOut) {
  LtlOptions o;
  o.weights[1] = 3;
  EXPECT_THAT(order({1, 2}, o, 6, 12), ElementsAre(1, 1, 1, 2, 1, 1, 1, 2, 2, 2, 2, 2));
}

// Two connections of one channel have together what one of another has.
TEST(LtlChannels, ShareIsOfTheChannelNotOfTheConnection) {
  const auto out = order({1, 1, 2}, {}, 20, 20);
  EXPECT_EQ(std::count(out.begin(), out.end(), 2), 10);
}

TEST(LtlChannels, ControlIsNotHeldByAFullWindowOfData) {
  LtlOptions o;
  o.mtu = 1;
  o.window = 4;
  Ltl ltl(NodeId{0}, o, {{NodeId{1}, 0, 7, 1}, {NodeId{1}, 1, 7, 0}});
  ASSERT_TRUE(ltl.send(ConnectionId{0}, Story::message(100), kRunStart));
  while (ltl.poll_output(kRunStart)) continue;
  ASSERT_TRUE(ltl.send(ConnectionId{1}, Story::message(1), kRunStart));
  const auto datagram = ltl.poll_output(kRunStart);
  ASSERT_TRUE(datagram);
  EXPECT_EQ(decode(datagram->payload.bytes)->channel, 0);
}

}  // namespace
}  // namespace soliton
