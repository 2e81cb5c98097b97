#include "fabric/message/lines.h"

#include <gtest/gtest.h>

#include "topologies/routes.h"

namespace soliton {
namespace {

constexpr std::int64_t kFull = 1440;

// Two nodes on a switch, with lines of these rates.
Topology two_on_a_switch(std::int64_t first_gbps, std::int64_t second_gbps,
                         bool store_and_forward = false) {
  Topology t;
  t.nodes = 2;
  t.vertices.resize(3);
  for (const int i : {0, 1, 2}) t.vertices[i].name = "abs"[i];
  t.vertices[2].is_switch = true;
  t.vertices[2].forwarding = nanoseconds(450);
  t.vertices[2].store_and_forward = store_and_forward;
  const auto cable = [](const char* name, std::uint32_t node, std::int64_t gbps) {
    TopologyLink link;
    link.name = name;
    link.ends[0] = node;
    link.ends[1] = 2;
    link.latency = nanoseconds(100);
    link.rate = BitRate{gbps * 1'000'000'000};
    return link;
  };
  t.links = {cable("a-s", 0, first_gbps), cable("b-s", 1, second_gbps)};
  return t;
}
const std::size_t kUp = port_of({0, 0});    // from a to the switch
const std::size_t kDown = port_of({1, 1});  // from the switch to b

// Packet by packet, as the simulated network moves them.
struct ByPackets {
  const Topology& topology;
  Instant up_free{}, down_free{};

  AtPort send(Instant at, std::int64_t bytes) {
    const Bytes size{bytes};
    const TopologyLink &up = topology.links[0], &down = topology.links[1];
    const OnLine first = cross_line({at, at}, up_free, line_time(up, size), up.latency);
    up_free = later(first.start, line_time(up, size));
    const AtPort port = cross_switch(topology.vertices[2], first);
    const OnLine second = cross_line(port, down_free, line_time(down, size), down.latency);
    down_free = later(second.start, line_time(down, size));
    return {second.head, second.tail};
  }
};

TEST(Lines, ATrainTakesAsLongAsItsPackets) {
  for (const auto& [first, second] : {std::pair{40, 40}, {10, 40}, {40, 10}, {100, 25}})
    for (const bool whole : {false, true})
      for (const std::uint32_t packets : {1u, 2u, 7u, 46u})
        for (const std::int64_t last : {32, 100, 1440}) {
          SCOPED_TRACE(testing::Message() << first << " to " << second << " Gb/s, " << packets
                                          << " packets, the last of " << last);
          const Topology topology = two_on_a_switch(first, second, whole);
          ByPackets expected{topology};
          AtPort arrived{};
          for (std::uint32_t i = 0; i < packets; ++i)
            arrived = expected.send(kRunStart, i + 1 == packets ? last : kFull);
          Lines lines(topology, {}, Bytes{kFull});
          const Train train{packets, static_cast<std::uint64_t>((packets - 1) * kFull + last)};
          TrainAt at{};
          lines.cross(kUp, at, train);
          lines.cross(kDown, at, train);
          // A short last packet waits for the one before it, which came whole just before.
          const bool waits = whole && first < second && last < kFull;
          EXPECT_LE(at.tail, arrived.tail);
          EXPECT_GE(at.tail, arrived.tail - (waits ? lines.full_time(kDown) : Duration{}));
          EXPECT_EQ(lines.free(kUp), expected.up_free);
          // Where a slow line feeds a fast one, the gaps between its packets are left to others.
          if (first >= second) {
            EXPECT_EQ(lines.free(kDown), expected.down_free);
          }
          EXPECT_EQ(lines.counters()[kUp].packets, packets);
          EXPECT_EQ(lines.counters()[kDown].bytes, train.bytes);
        }
}

TEST(Lines, AreFirstInFirstOut) {
  const Topology topology = two_on_a_switch(40, 40);
  Lines lines(topology, {}, Bytes{kFull});
  const Duration packet = line_time(topology.links[1], Bytes{kFull});
  TrainAt first{}, second{};
  lines.cross(kDown, first, {1, kFull});
  lines.cross(kDown, second, {1, kFull});
  EXPECT_EQ(second.tail - first.tail, packet);
  EXPECT_EQ(lines.counters()[kDown].wait_max, packet);
  EXPECT_EQ(lines.counters()[kDown].queue_max, Bytes{2 * (kFull + kFrameOverheadBytes)});
  EXPECT_EQ(lines.counters()[kUp].queue_max, Bytes{0}) << "a card has no queue of a switch";
}

TEST(Lines, AnAcknowledgementTakesLineTimeAndHoldsUpNobodyBefore) {
  const Topology topology = two_on_a_switch(40, 40);
  Lines lines(topology, {}, Bytes{kFull});
  lines.charge(kDown, kRunStart, Bytes{32});
  EXPECT_EQ(lines.free(kDown), kRunStart + line_time(topology.links[1], Bytes{32}));
  EXPECT_EQ(lines.counters()[kDown].packets, 1u);
  EXPECT_EQ(lines.counters()[kDown].bytes, 32u);
}

TEST(Lines, CountWhatPacketModeWouldDropAndMark) {
  Topology topology = two_on_a_switch(40, 40);
  topology.links[1].queue = Bytes{4'000};
  topology.links[1].ecn = EcnMarking{.kmin = Bytes{2'000}, .kmax = Bytes{3'500}};
  Lines lines(topology, {}, Bytes{kFull});
  for (int i = 0; i < 3; ++i) {
    TrainAt at{};
    lines.cross(kDown, at, {1, kFull});
  }
  // Queues of 1506, 3012 and 4518 bytes: nothing, a chance of 1012/1500 of 1 %, and certainly.
  EXPECT_EQ(lines.beyond().drops, 1u);
  EXPECT_EQ(lines.beyond().marks_ppb, 1'000'000'000u + std::uint64_t{10'000'000} * 1012 / 1500);
}

FaultPlan down(Instant from, Instant until) {
  FaultRule rule;
  rule.id = "cut";
  rule.kind = &kLinkDownFault;
  rule.links = {1};
  rule.when.from = from;
  rule.when.until = until;
  return {1, {rule}};
}

TEST(Lines, WaitForALineThatIsDown) {
  const Topology topology = two_on_a_switch(40, 40);
  const Instant heal = kRunStart + microseconds(5);
  Lines lines(topology, down(kRunStart + microseconds(1), heal), Bytes{kFull});
  const Duration crossing = line_time(topology.links[1], Bytes{kFull}) + topology.links[1].latency;
  ASSERT_TRUE(lines.may_be_down(kDown));
  EXPECT_FALSE(lines.may_be_down(kUp));
  TrainAt before{}, across{}, within{};
  EXPECT_EQ(lines.down_until(kDown, before, {1, kFull}), std::nullopt);
  lines.cross(kDown, before, {1, kFull});
  EXPECT_EQ(before.tail, kRunStart + crossing);
  // It would be on the line when that is cut.
  across.ready = across.first = across.tail = kRunStart + nanoseconds(900);
  EXPECT_EQ(lines.down_until(kDown, across, {1, kFull}), heal);
  lines.hold(kDown, heal);
  lines.cross(kDown, across, {1, kFull});
  EXPECT_EQ(across.tail, heal + crossing);
  within.ready = within.first = within.tail = kRunStart + microseconds(2);
  EXPECT_EQ(lines.down_until(kDown, within, {1, kFull}), std::nullopt) << "the first one is ahead";
  lines.cross(kDown, within, {1, kFull});
  EXPECT_EQ(within.tail, heal + crossing + line_time(topology.links[1], Bytes{kFull}));
  EXPECT_EQ(lines.fault_counters()[0].delayed, 1u);
}

TEST(Lines, SayWhenALineIsDownForEver) {
  const Topology topology = two_on_a_switch(40, 40);
  Lines lines(topology, down(kRunStart, kNever), Bytes{kFull});
  EXPECT_EQ(lines.down_until(kDown, {}, {3, 3 * kFull}), kNever);
  EXPECT_EQ(lines.fault_counters()[0].dropped, 3u);
}

TEST(Lines, ADelayMakesATrainLater) {
  const Topology topology = two_on_a_switch(40, 40);
  FaultRule rule;
  rule.id = "late";
  rule.kind = &kDelayFault;
  rule.links = {0};
  rule.options = delay_settings({.delay = microseconds(3)});
  Lines plain(topology, {}, Bytes{kFull}), late(topology, {1, {rule}}, Bytes{kFull});
  for (const std::uint32_t packets : {1u, 5u}) {
    const Train train{packets, packets * std::uint64_t{kFull}};
    TrainAt a{}, b{};
    plain.cross(kUp, a, train);
    late.cross(kUp, b, train);
    EXPECT_EQ(b.ready - a.ready, microseconds(3));
    EXPECT_EQ(b.tail - a.tail, microseconds(3));
  }
  EXPECT_EQ(late.fault_counters()[0].delayed, 6u);
}

}  // namespace
}  // namespace soliton
