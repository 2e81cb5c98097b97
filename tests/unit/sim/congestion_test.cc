// Marks by the length of a queue, and waiting for the traffic of others.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/sim/worlds.h"

namespace soliton {
namespace {

// Bytes of one packet here: 934 of LTL and 66 of frame.
constexpr std::uint64_t kPacket = 934;

Topology marking_rack(int nodes, const EcnMarking& ecn) {
  std::vector<PlacedNode> placed;
  for (int i = 0; i < nodes; ++i) placed.push_back({"fpga" + std::to_string(i), ""});
  return build({.name = "rack", .kind = "rack", .options = {{"hosts_per_rack", {256}}}, .ecn = ecn},
               placed);
}

// `senders` packets that reach the port of the last node together: queues of 1, 2, 3, ... packets.
std::vector<Frame> collide(World& world, std::uint32_t senders) {
  for (std::uint32_t i = 0; i < senders; ++i) world.send(i, senders, kRunStart, kPacket);
  return world.drain();
}

std::int64_t marked(const std::vector<Frame>& frames) {
  return std::count_if(frames.begin(), frames.end(),
                       [](const Frame& f) { return f.datagram.congestion_seen; });
}

TEST(EcnMarks, NoneUpToKmin) {
  World world(marking_rack(6, {Bytes{5'000}, Bytes{5'000}, Probability{1'000'000'000}}));
  EXPECT_EQ(marked(collide(world, 5)), 0);  // the longest queue is 5,000 bytes
  EXPECT_EQ(world.network.counters().queue_max, Bytes{5'000});
}

TEST(EcnMarks, AllAboveKmax) {
  World world(marking_rack(11, {Bytes{3'000}, Bytes{3'000}, Probability{0}}));
  EXPECT_EQ(marked(collide(world, 10)), 7);
  EXPECT_EQ(world.network.counters().marked, 7U);
  EXPECT_EQ(world.network.counters().queue_max, Bytes{10'000});
}

TEST(EcnMarks, RiseInBetween) {
  // 4,000 packets at a queue of 51,000 bytes on average: half way from 1,000 to 101,000, so a
  // quarter with `most` of one half.
  const EcnMarking half{Bytes{1'000}, Bytes{101'000}, Probability{500'000'000}};
  World world(marking_rack(101, half));
  std::int64_t seen = 0;
  for (int burst = 0; burst < 40; ++burst) {
    const Instant at = kRunStart + microseconds(100 * burst);
    for (std::uint32_t i = 0; i < 100; ++i) world.send(i, 100, at, kPacket);
    seen += marked(world.drain());
  }
  // 4,000 draws with mean 0.2475: four standard deviations are 109.
  EXPECT_NEAR(static_cast<double>(seen), 990, 109);
}

TEST(EcnMarks, NoneWithoutMarking) {
  std::vector<PlacedNode> placed;
  for (int i = 0; i < 41; ++i) placed.push_back({"fpga" + std::to_string(i), ""});
  World world(build(
      {.name = "rack", .kind = "rack", .options = {{"hosts_per_rack", {256}}}, .ecn = std::nullopt},
      placed));
  EXPECT_EQ(marked(collide(world, 40)), 0);
}

// One packet at a time between two pods crosses four ports that others use, two of each level.
TEST(OtherTraffic, LengthensTheTailAsPublishedAndNotTheMiddle) {
  const TopologySpec spec{.name = "dc", .kind = "datacenter"};
  World world(build(spec, {{"a", "pod0/rack0"}, {"b", "pod1/rack0"}}));
  const Duration idle =
      transfer_time(world.topology, world.routes.path(NodeId{0}, NodeId{1}), Bytes{96});
  std::vector<Duration> waits;
  constexpr int kPackets = 100'000;
  for (int i = 0; i < kPackets; ++i) {
    const Instant at = kRunStart + microseconds(50) * i;
    world.send(0, 1, at, 96);
    for (const Frame& frame : world.drain()) waits.push_back(frame.at - at - idle);
  }
  ASSERT_EQ(waits.size(), static_cast<std::size_t>(kPackets));
  std::sort(waits.begin(), waits.end());
  EXPECT_EQ(waits.front(), Duration{});
  EXPECT_EQ(waits[kPackets / 2], Duration{});
  // One way has half the ports of a round trip: 2 b (1 - x/L)^2 = 1/1000 at x = 3.2 us for the
  // spine's.
  EXPECT_NEAR(in_us(waits[kPackets - kPackets / 1000]), 3.2, 0.25);
  EXPECT_LT(waits.back(), nanoseconds(2 * 4'800 + 2 * 700));
}

TEST(OtherTraffic, IsNotThereInAQuietDatacenter) {
  const TopologySpec spec{.name = "dc", .kind = "datacenter", .options = {{"quiet", {1}}}};
  World world(build(spec, {{"a", "pod0/rack0"}, {"b", "pod1/rack0"}}));
  for (int i = 0; i < 10'000; ++i) {
    const Instant at = kRunStart + microseconds(50) * i;
    world.send(0, 1, at, 96);
    for (const Frame& frame : world.drain()) EXPECT_EQ(frame.at - at, nanoseconds(9'355));
  }
}

}  // namespace
}  // namespace soliton
