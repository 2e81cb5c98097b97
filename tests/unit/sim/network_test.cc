#include "fabric/sim/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "tests/unit/sim/worlds.h"

namespace soliton {
namespace {

// 934 + 66 bytes: 200 ns at 40 Gb/s.
constexpr std::uint64_t kKilo = 934;
constexpr Duration kLine = nanoseconds(200);

TEST(Network, ChargesAnIdlePacketWhatTransferTimeSays) {
  TopologySpec mixed{.name = "mixed", .kind = "explicit"};
  mixed.explicit_switches = {
      {.name = "s", .forwarding = nanoseconds(123)},
      {.name = "t", .forwarding = nanoseconds(77), .store_and_forward = true},
      {.name = "u", .forwarding = nanoseconds(11)}};
  const auto cable = [](std::int64_t ns, std::int64_t gigabits) {
    TopologyLink link;
    link.latency = nanoseconds(ns);
    link.rate = BitRate{gigabits * 1'000'000'000};
    return link;
  };
  mixed.explicit_links = {{"a", "s", cable(31, 7)},
                          {"s", "t", cable(5, 40)},
                          {"t", "u", cable(900, 3)},
                          {"u", "b", cable(1, 11)}};
  const TopologySpec local{.name = "local", .kind = "local"};
  const TopologySpec datacenter{.name = "dc", .kind = "datacenter"};
  const Topology worlds[] = {build(mixed, {{"a", ""}, {"b", ""}}),
                             build(local, {{"a", ""}, {"b", ""}}),
                             build(datacenter, {{"a", "rack0"}, {"b", "rack0"}}),
                             build(datacenter, {{"a", "rack0"}, {"b", "rack1"}}),
                             build(datacenter, {{"a", "pod0/rack0"}, {"b", "pod1/rack0"}})};
  for (const Topology& topology : worlds) {
    for (const std::uint64_t bytes : {0u, 32u, 33u, 96u, 1440u, 9000u}) {
      for (const std::uint32_t from : {0u, 1u}) {
        World world(topology);
        world.send(from, 1 - from, at_ns(17), bytes);
        const auto frames = world.drain();
        ASSERT_EQ(frames.size(), 1u);
        EXPECT_EQ(frames[0].at - at_ns(17),
                  transfer_time(world.topology, world.routes.path(NodeId{from}, NodeId{1 - from}),
                                Bytes{static_cast<std::int64_t>(bytes)}));
        EXPECT_EQ(frames[0].datagram.payload.size(), bytes);
      }
    }
  }
}

TEST(Network, PacketsOfOneHostFollowEachOtherAtLineRate) {
  World world(rack(2));
  for (int i = 0; i < 5; ++i) world.send(0, 1, at_us(1), kKilo);
  const auto frames = world.drain();
  ASSERT_EQ(frames.size(), 5u);
  for (std::size_t i = 1; i < 5; ++i) {
    EXPECT_EQ(frames[i].at - frames[i - 1].at, kLine);
    EXPECT_GT(frames[i].ordinal, frames[i - 1].ordinal);
  }
  EXPECT_EQ(world.network.port({0, 0}).wait_max, 4 * kLine);
}

// Two hosts send to a third at the same instant: the lower source goes first, the other one line
// time later.
TEST(Network, ContentionForAPortIsResolvedBySource) {
  World world(rack(3));
  world.send(1, 2, at_us(1), kKilo);
  world.send(0, 2, at_us(1), kKilo);
  const auto frames = world.drain();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].datagram.source, NodeId{0});
  EXPECT_EQ(frames[1].at - frames[0].at, kLine);
  const Duration idle =
      transfer_time(world.topology, world.routes.path(NodeId{0}, NodeId{2}), Bytes{kKilo});
  EXPECT_EQ(frames[0].at, at_us(1) + idle);
}

TEST(Network, DirectionsOfALinkDoNotDisturbEachOther) {
  World world(rack(2));
  world.send(0, 1, at_us(1), kKilo);
  world.send(1, 0, at_us(1), kKilo);
  const auto frames = world.drain();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].at, frames[1].at);
}

TEST(Network, AFullQueueDropsTheTail) {
  Topology topology = rack(9);
  for (TopologyLink& link : topology.links) link.queue = Bytes{3000};
  World world(std::move(topology), {}, 100);
  for (std::uint32_t from = 0; from < 8; ++from) world.send(from, 8, at_us(1), kKilo);
  const auto frames = world.drain();
  // The first is on the line, and with its rest the queue holds three.
  ASSERT_EQ(frames.size(), 3u);
  // Which of them they are is chance; and in another instant they are others.
  std::set<NodeId> first;
  for (const Frame& frame : frames) first.insert(frame.datagram.source);
  EXPECT_EQ(first.size(), 3u);
  EXPECT_EQ(world.network.counters().dropped_queue, 5u);
  EXPECT_EQ(world.network.port({8, 1}).dropped_queue, 5u);
  const auto events = world.trace.take();
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].kind, TraceKind::kPacketDropped);
  EXPECT_EQ(events[0].a, -1);
  EXPECT_EQ(events[0].b, 8);
  for (const TraceEvent& event : events) EXPECT_EQ(first.count(event.node), 0u);
}

TEST(Network, EqualSendersShareAFullQueue) {
  Topology topology = rack(3);
  for (TopologyLink& link : topology.links) link.queue = Bytes{0};
  World world(std::move(topology));
  for (int i = 0; i < 1000; ++i)
    for (std::uint32_t from = 0; from < 2; ++from) world.send(from, 2, at_us(1) + i * kLine, kKilo);
  std::array<int, 2> got{};
  for (const Frame& frame : world.drain()) ++got[index(frame.datagram.source)];
  EXPECT_EQ(got[0] + got[1], 1000);
  EXPECT_NEAR(got[0], 500, 60) << "four standard deviations";
}

TEST(Network, AQueueDrainsAndTakesPacketsAgain) {
  Topology topology = rack(3);
  for (TopologyLink& link : topology.links) link.queue = Bytes{1000};
  World world(std::move(topology));
  world.send(0, 2, at_us(1), kKilo);
  world.send(1, 2, at_us(1), kKilo);          // finds the line busy for a whole packet: dropped
  world.send(0, 2, at_us(1) + kLine, kKilo);  // finds it free
  EXPECT_EQ(world.drain().size(), 2u);
  EXPECT_EQ(world.network.counters().dropped_queue, 1u);
}

TEST(Network, TheHostsOwnCardNeverDrops) {
  Topology topology = rack(2);
  for (TopologyLink& link : topology.links) link.queue = Bytes{0};
  World world(std::move(topology));
  for (int i = 0; i < 100; ++i) world.send(0, 1, at_us(1), kKilo);
  EXPECT_EQ(world.drain().size(), 100u);
}

TEST(Network, StopsWhereAReceiverCouldAnswer) {
  World world(rack(3));
  world.send(0, 1, at_us(1), 96);
  world.send(2, 1, at_us(9), 96);
  std::vector<Frame> frames;
  world.network.advance(kNever, frames);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(world.network.processed(), frames[0].at + world.network.least_first());
  EXPECT_LT(world.network.next_event(), kNever);
}

TEST(Network, BoundsAreTheLeastOverAllNodes) {
  World world(rack(2));
  EXPECT_EQ(world.network.least_path(),
            least_latency(world.topology, world.routes.path(NodeId{0}, NodeId{1})));
  EXPECT_EQ(world.network.least_first() + world.network.least_last(), world.network.least_path());
  World local(build({.name = "local", .kind = "local"}, {{"a", ""}, {"b", ""}}));
  EXPECT_EQ(local.network.least_path(), picoseconds(1));
  EXPECT_EQ(local.network.least_first(), picoseconds(1));
}

// How the calls are cut must not matter: one packet at a time in send order against all at once.
TEST(Network, ResultsDoNotDependOnTheHorizons) {
  const auto arrivals = [](Duration step) {
    Topology topology = rack(4);
    for (TopologyLink& link : topology.links) link.queue = Bytes{4000};
    FaultPlan plan{
        .seed = 5,
        .rules = {{.id = "l", .links = {0, 3}, .options = loss_settings({.p = {200'000'000}})}}};
    World world(std::move(topology), plan, 10'000);
    std::vector<Frame> frames;
    for (std::int64_t t = 0; t < 200; ++t) {
      const Instant now = at_ns(t * 100);
      for (std::uint32_t from = 0; from < 4; ++from) {
        const auto hot =
            static_cast<std::uint32_t>(t / 10 % 4);  // most send to one host for a while
        world.send(from, from == hot ? (from + 1) % 4 : hot, now, 100 + 50 * (t % 7));
      }
      for (Instant h = now; step > Duration{} && h < at_ns((t + 1) * 100); h += step)
        world.network.advance(h, frames);
    }
    const auto rest = world.drain();
    frames.insert(frames.end(), rest.begin(), rest.end());
    std::string log;
    std::sort(frames.begin(), frames.end(),
              [](const Frame& a, const Frame& b) { return a.ordinal < b.ordinal; });
    for (const Frame& frame : frames)
      log += fmt::format("{}@{} ", frame.ordinal, frame.at.time_since_epoch().count());
    for (const TraceEvent& event : world.trace.take()) {
      log += fmt::format("{}:{}/{} ", event.at.time_since_epoch().count(), event.a, event.b);
    }
    EXPECT_GT(world.network.counters().dropped_queue, 0u);
    EXPECT_GT(world.network.counters().dropped_fault, 0u);
    return log;
  };
  const std::string whole = arrivals(Duration{});
  EXPECT_EQ(whole, arrivals(nanoseconds(100)));
  EXPECT_EQ(whole, arrivals(nanoseconds(7)));
}

TEST(NetworkDeath, AFrameFromThePastIsABug) {
  World world(rack(2));
  world.send(0, 1, at_us(5), 96);
  EXPECT_DEATH(world.send(0, 1, at_us(4), 96), "went back in time");
  std::vector<Frame> frames;
  world.network.advance(at_us(20), frames);
  EXPECT_DEATH(world.send(1, 0, kRunStart, 96), "were processed");
}

}  // namespace
}  // namespace soliton
