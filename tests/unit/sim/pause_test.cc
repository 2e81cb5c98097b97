// Pauses: nothing of the lossless class is lost, buffers keep their bound, cards wait, circles are
// found and broken.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "protocol/base/rng.h"
#include "tests/unit/sim/worlds.h"

namespace soliton {
namespace {

constexpr std::uint64_t kPacket = 934;  // 1,000 bytes on the line
constexpr Bytes kFrame{1'000};
constexpr BitRate kRate{40'000'000'000};
const Duration kLine = transmit_time(kFrame, kRate);

PriorityPause pause_at(std::int64_t xoff) { return {.xoff = Bytes{xoff}, .frame = kFrame}; }

Topology pausing_rack(int nodes, const PriorityPause& pause) {
  std::vector<PlacedNode> placed;
  for (int i = 0; i < nodes; ++i) placed.push_back({fmt::format("fpga{}", i), ""});
  return build({.name = "rack",
                .kind = "rack",
                .options = {{"hosts_per_rack", {256}}},
                .ecn = std::nullopt,
                .pause = pause},
               placed);
}

// The most a switch of the rack may hold of one host.
Bytes bound(const PriorityPause& pause) {
  return pause.xoff +
         headroom_needed(kFrame, nanoseconds(553) + picoseconds(800), kRate, nanoseconds(300));
}

// Every one of `senders` hosts hands over `count` packets for the last node at once.
std::vector<Frame> incast(World& world, std::uint32_t senders, int count) {
  for (std::uint32_t i = 0; i < senders; ++i)
    for (int k = 0; k < count; ++k) world.send(i, senders, kRunStart, kPacket);
  return world.drain();
}

TEST(Pause, AnIncastLosesNothingAndKeepsItsBound) {
  const PriorityPause pause = pause_at(20'000);
  World world(pausing_rack(17, pause));
  const std::vector<Frame> frames = incast(world, 16, 500);
  EXPECT_EQ(frames.size(), 8'000u);
  EXPECT_EQ(world.network.counters().dropped(), 0u);
  EXPECT_GT(world.network.counters().pauses, 16u);
  for (std::size_t host = 0; host < 16; ++host) {
    EXPECT_GT(world.network.pauses()->held_max(2 * host), pause.xoff);
    EXPECT_LE(world.network.pauses()->held_max(2 * host), bound(pause));
    EXPECT_EQ(world.network.pauses()->held(2 * host), Bytes{});
  }
  EXPECT_LE(world.network.counters().queue_max, Bytes{16 * bound(pause).count});
  // 8,000 packets back to back: pauses leave no gap on the line they protect.
  const Duration first =
      transfer_time(world.topology, world.routes.path(NodeId{0}, NodeId{16}), Bytes{kPacket});
  EXPECT_EQ(frames.back().at - kRunStart, first + 7'999 * kLine);
}

TEST(Pause, WithoutHeadroomWhatIsOnTheWayIsLost) {
  PriorityPause pause = pause_at(20'000);
  pause.headroom = Bytes{1'000};
  World world(pausing_rack(17, pause));
  EXPECT_LT(incast(world, 16, 500).size(), 8'000u);
  EXPECT_GT(world.network.counters().dropped_queue, 0u);
}

TEST(Pause, ACardKeepsTheOrderOfItsHost) {
  World world(pausing_rack(4, pause_at(3'000)));
  std::map<NodeId, std::uint64_t> last;
  for (const Frame& frame : incast(world, 3, 200)) {
    const auto [entry, fresh] = last.emplace(frame.datagram.source, frame.ordinal);
    EXPECT_TRUE(fresh || entry->second < frame.ordinal);
    entry->second = frame.ordinal;
  }
  EXPECT_EQ(last.size(), 3u);
}

// Two hosts at the full rate to a third: what lies in the switch grows by half a rate a host.
TEST(Pause, StopsAndResumesAHostALinkLatencyLater) {
  const PriorityPause pause = pause_at(10'000);
  World world(pausing_rack(3, pause));
  const Duration latency = world.topology.links[0].latency;
  for (int k = 0; k < 40; ++k)
    for (std::uint32_t host : {0u, 1u}) world.send(host, 2, kRunStart, kPacket);
  std::vector<Frame> frames;
  Instant stopped = kNever;
  Bytes seen{};
  const Instant ready = kRunStart + latency + nanoseconds(300);
  Instant above = kNever;  // when the switch held more than xoff of host 0
  for (Instant t = kRunStart; stopped == kNever && t < at_us(100); t += nanoseconds(1)) {
    world.network.advance(t, frames);
    seen = world.network.pauses()->held(0);
    if (seen > pause.xoff && above == kNever) above = t;
    if (world.network.pauses()->stopped(0)) stopped = t;
  }
  ASSERT_NE(stopped, kNever);
  EXPECT_GT(above, ready);
  EXPECT_NEAR(in_us(stopped - above), in_us(pause_delay(latency, kRate)), 0.002);
}

TEST(Pause, WithoutOnePacketsArriveAsIfThereWereNone) {
  const Random random(3, "sends");
  std::vector<PlacedNode> places;
  for (const char* place : {"pod0/rack0", "pod0/rack0", "pod0/rack1", "pod1/rack0"})
    places.push_back({fmt::format("n{}", places.size()), place});
  TopologySpec spec{.name = "dc", .kind = "datacenter", .ecn = std::nullopt};
  World plain(build(spec, places));
  spec.pause = pause_at(1 << 30);
  World pausing(build(spec, places));
  Instant at = kRunStart;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    const auto from = static_cast<std::uint32_t>(random.below(4 * i, 4));
    const auto to = static_cast<std::uint32_t>((from + 1 + random.below(4 * i + 1, 3)) % 4);
    at += nanoseconds(static_cast<std::int64_t>(random.below(4 * i + 2, 150)));
    for (World* world : {&plain, &pausing})
      world->send(from, to, at, 60 + random.below(4 * i + 3, 1'400));
  }
  const auto list = [](World& world) {
    std::vector<std::tuple<Instant, std::uint32_t, std::uint64_t>> out;
    for (const Frame& frame : world.drain())
      out.emplace_back(frame.at, index(frame.datagram.source), frame.ordinal);
    std::sort(out.begin(), out.end());
    return out;
  };
  const auto expected = list(plain);
  EXPECT_EQ(expected.size(), 5'000u);
  EXPECT_EQ(list(pausing), expected);
  EXPECT_EQ(pausing.network.counters().pauses, 0u);
  EXPECT_EQ(pausing.network.counters().events, plain.network.counters().events);
}

// A packet that a host hands over after the network has gone on leaves when it would have left.
TEST(Pause, APacketHandedOverLateMeetsThePausesOfItsTime) {
  const PriorityPause pause = pause_at(5'000);
  const auto play = [&](bool late) {
    World world(pausing_rack(3, pause));
    std::vector<Frame> frames;
    for (int k = 0; k < 100; ++k)
      for (std::uint32_t host : {0u, 1u}) world.send(host, 2, kRunStart, kPacket);
    std::uint64_t ordinal = 1'000;
    for (Instant t = at_ns(100); t < at_us(60); t += nanoseconds(731)) {
      if (late) world.network.advance(t + world.network.least_first(), frames);
      world.ordinal = ordinal++;
      world.send(1, 2, t, kPacket);
    }
    while (world.network.next_event() != kNever) world.network.advance(kNever, frames);
    std::sort(frames.begin(), frames.end(), [](const Frame& a, const Frame& b) {
      return std::tie(a.at, a.ordinal) < std::tie(b.at, b.ordinal);
    });
    std::vector<std::pair<Instant, std::uint64_t>> out;
    for (const Frame& frame : frames) out.emplace_back(frame.at, frame.ordinal);
    EXPECT_GT(world.network.pauses()->pauses(2), 3u);
    return out;
  };
  EXPECT_EQ(play(true), play(false));
}

// Hosts at a circle of five switches, each sending to the one two further on: shortest paths all
// run the same way round.
Topology circle(const PriorityPause& pause) {
  TopologySpec spec{.name = "circle", .kind = "explicit", .ecn = std::nullopt, .pause = pause};
  std::vector<PlacedNode> nodes;
  for (int i = 0; i < 5; ++i) {
    spec.explicit_switches.push_back({.name = fmt::format("s{}", i)});
    nodes.push_back({fmt::format("n{}", i), fmt::format("s{}", i)});
    TopologyLink cable;
    cable.latency = nanoseconds(500);
    spec.explicit_links.push_back({fmt::format("s{}", i), fmt::format("s{}", (i + 1) % 5), cable});
  }
  return build(spec, nodes);
}

void go_round(World& world) {
  for (int k = 0; k < 400; ++k)
    for (std::uint32_t i = 0; i < 5; ++i) world.send(i, (i + 2) % 5, kRunStart, kPacket);
}

TEST(PauseWatchdog, FindsTheCircleNamesItAndBreaksIt) {
  World world(circle(pause_at(10'000)));
  go_round(world);
  world.send(0, 2, at_us(500'000), kPacket);  // the ports work again once restored
  const std::vector<Frame> frames = world.drain();
  ASSERT_EQ(world.network.deadlocks().size(), 1u);
  const Deadlock& found = world.network.deadlocks()[0];
  // Links 0 to 4 are the hosts'.
  EXPECT_THAT(found.circle,
              testing::ElementsAre(Hop{5, 0}, Hop{6, 0}, Hop{7, 0}, Hop{8, 0}, Hop{9, 0}));
  EXPECT_EQ(found.at, kRunStart + milliseconds(100));  // the first poll
  const NetworkCounters& counters = world.network.counters();
  EXPECT_GT(counters.watchdogs, 0u);
  EXPECT_GT(counters.dropped_watchdog, 0u);
  EXPECT_EQ(counters.dropped_queue, 0u);
  EXPECT_EQ(frames.size() + counters.dropped_watchdog, 2'001u);
  EXPECT_GT(frames.back().at, at_us(500'000));
  EXPECT_FALSE(std::any_of(frames.begin(), frames.end(), [](const Frame& frame) {
    return frame.at > at_us(50'000) && frame.at < at_us(200'000);
  })) << "nothing moved before the second poll";
}

TEST(PauseWatchdog, WithoutItTheCircleStandsAndIsNamedAtTheEnd) {
  PriorityPause pause = pause_at(10'000);
  pause.watchdog = std::nullopt;
  World world(circle(pause));
  go_round(world);
  EXPECT_LT(world.drain().size(), 2'000u);
  EXPECT_EQ(world.network.next_event(), kNever);
  EXPECT_TRUE(world.network.deadlocks().empty());
  world.network.finish(at_us(1'000));
  world.network.finish(at_us(1'000));
  ASSERT_EQ(world.network.deadlocks().size(), 1u);
  EXPECT_EQ(world.network.deadlocks()[0].circle.size(), 5u);
  EXPECT_EQ(world.network.counters().dropped(), 0u);
}

TEST(PauseWatchdog, LeavesAPortAloneThatIsOnlySlow) {
  // Polls far closer together than a pause is long: a port that sends in between is not stuck.
  PriorityPause pause = pause_at(20'000);
  pause.watchdog = PauseWatchdog{.poll = microseconds(20), .polls = 2, .restore = microseconds(50)};
  TopologySpec spec{.name = "slow", .kind = "explicit", .ecn = std::nullopt, .pause = pause};
  spec.explicit_switches = {{.name = "s0"}, {.name = "s1"}};
  TopologyLink trunk, slow;
  slow.rate = BitRate{10'000'000'000};
  spec.explicit_links = {{"s0", "s1", trunk}, {"s1", "b", slow}};
  World world(build(spec, {{"a", "s0"}, {"b", ""}}));
  for (int k = 0; k < 2'000; ++k) world.send(0, 1, kRunStart, kPacket);
  EXPECT_EQ(world.drain().size(), 2'000u);
  EXPECT_GT(world.network.pauses()->pauses(2 * 1), 5u) << "the trunk was paused";
  EXPECT_EQ(world.network.counters().watchdogs, 0u);
  EXPECT_TRUE(world.network.deadlocks().empty());
}

TEST(PauseHeadroom, CoversWhatIsOnTheWay) {
  // 2 x 500 ns + 200 ns + 16.8 ns of the pause frame at 5 bytes a nanosecond, and two frames.
  EXPECT_EQ(headroom_needed(Bytes{1'500}, nanoseconds(500), kRate, nanoseconds(200)),
            Bytes{6'084 + 3'000});
}

}  // namespace
}  // namespace soliton
