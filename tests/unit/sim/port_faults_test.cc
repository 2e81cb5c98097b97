// Faults at ports of the simulated network: what a queue takes, when a line starts, how long it is busy. Each is
// tried on ports that are an instant, and on those that keep their packets (PriorityPause).
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/faults/rules.h"
#include "tests/unit/sim/worlds.h"

namespace soliton {
namespace {

constexpr std::uint64_t kPacket = 934;  // 1,000 bytes on the line
const Duration kLine = transmit_time(Bytes{1'000}, BitRate{40'000'000'000});

// fpga1's cable from the switch to it: link 1, direction 1.
FaultRule towards_1(std::string_view kind, Said said, Instant from, Instant until) {
  FaultRule rule = rule_of(kind, said);
  rule.links = {1};
  rule.forward = false;
  rule.when.from = from;
  rule.when.until = until;
  return rule;
}

class PortFaultsTest : public ::testing::TestWithParam<bool> {
 protected:
  World world(std::vector<FaultRule> rules) const {
    TopologySpec spec{.name = "rack", .kind = "rack", .options = {{"hosts_per_rack", {256}}}};
    // So high that no port is ever paused.
    if (GetParam()) spec.pause = PriorityPause{.xoff = Bytes{1'000'000}, .frame = Bytes{1'000}};
    return World(build(spec, {{"fpga0", ""}, {"fpga1", ""}, {"fpga2", ""}}),
                 {.seed = 3, .rules = std::move(rules)});
  }
  static std::vector<Instant> arrivals(World& its) {
    std::vector<Instant> out;
    for (const Frame& frame : its.drain()) out.push_back(frame.at);
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Ports, PortFaultsTest, ::testing::Bool(),
                         [](const auto& its) { return its.param ? "Kept" : "Instants"; });

// A packet that would start within the pause starts at its end, and those behind it follow back to back.
TEST_P(PortFaultsTest, APauseHoldsWhatWouldStartAndKeepsItsOrder) {
  World quiet = world({});
  for (int i = 0; i < 3; ++i) quiet.send(0, 1, kRunStart, kPacket);
  const std::vector<Instant> without = arrivals(quiet);
  const Instant end = at_us(50);
  World its = world({towards_1("pfc_pause", {}, kRunStart, end)});
  for (int i = 0; i < 3; ++i) its.send(0, 1, kRunStart, kPacket);
  const std::vector<Instant> held = arrivals(its);
  ASSERT_EQ(held.size(), 3u);
  EXPECT_EQ(held[1] - held[0], kLine);
  EXPECT_EQ(held[2] - held[1], kLine);
  EXPECT_GT(held[0], end + kLine);
  EXPECT_LT(held[0], end + microseconds(1));
  EXPECT_EQ(without.size(), 3u);
  EXPECT_EQ(its.network.fault_counters()[0].delayed, 1u);  // the others waited for the first
  EXPECT_EQ(its.network.fault_counters()[0].dropped, 0u);
}

// What is on the line when the pause begins goes on.
TEST_P(PortFaultsTest, APauseStopsNoPacketThatHasStarted) {
  World quiet = world({});
  quiet.send(0, 1, kRunStart, kPacket);
  const Instant arrival = arrivals(quiet).at(0);
  World its = world({towards_1("pfc_pause", {}, arrival - kLine, at_us(90))});
  its.send(0, 1, kRunStart, kPacket);
  EXPECT_EQ(arrivals(its), std::vector{arrival});
}

// The watchdog drops what waits when it has seen nothing leave for so long, and what comes until it obeys again.
TEST_P(PortFaultsTest, AStormLosesWhatWaitsWhenTheWatchdogSeesIt) {
  World its =
      world({towards_1("pfc_storm", {{"watchdog.detect", "20 us"}, {"watchdog.restore", "10 us"}},
                       kRunStart, at_us(100))});
  its.send(0, 1, at_us(1), kPacket);   // waits, and is dropped at 20 us
  its.send(0, 1, at_us(25), kPacket);  // comes while it drops
  its.send(0, 1, at_us(91), kPacket);  // waits for the end of the storm
  const std::vector<Instant> there = arrivals(its);
  ASSERT_EQ(there.size(), 1u);
  EXPECT_GT(there[0], at_us(100));
  EXPECT_LT(there[0], at_us(102));
  EXPECT_EQ(its.network.fault_counters()[0].dropped, 2u);
}

TEST_P(PortFaultsTest, AStormWithoutATimeToRestoreStillDropsWhatWaits) {
  World its =
      world({towards_1("pfc_storm", {{"watchdog.detect", "20 us"}, {"watchdog.restore", "0 s"}},
                       kRunStart, kNever)});
  its.send(0, 1, at_us(1), kPacket);
  EXPECT_TRUE(arrivals(its).empty());
  EXPECT_EQ(its.network.fault_counters()[0].dropped, 1u);
}

// Rules that hold a port by turns for ever hold no packet for ever.
TEST_P(PortFaultsTest, PausesThatTakeTurnsForEverEndNoRun) {
  FaultRule pause = towards_1("pfc_pause", {}, kRunStart, kNever);
  pause.when.every = pause.when.length = nanoseconds(10);
  World its = world({pause});
  its.send(0, 1, at_us(1), kPacket);
  EXPECT_EQ(arrivals(its).size(), 1u);
}

// In a circle what waits at the instant of detection is lost, and what comes later goes on.
TEST_P(PortFaultsTest, ADeadlockIsBrokenOnce) {
  World its =
      world({towards_1("pfc_deadlock", {{"watchdog.detect", "20 us"}}, kRunStart, at_us(1'000))});
  its.send(0, 1, at_us(1), kPacket);
  its.send(2, 1, at_us(2), kPacket);
  its.send(0, 1, at_us(30), kPacket);
  const std::vector<Instant> there = arrivals(its);
  ASSERT_EQ(there.size(), 1u);
  EXPECT_LT(there[0], at_us(32));
  EXPECT_EQ(its.network.fault_counters()[0].dropped, 2u);
}

// A receiver that takes a quarter: each packet has the line for four times as long.
TEST_P(PortFaultsTest, ASlowReceiverHasTheLineForLonger) {
  World its = world({towards_1("slow_receiver", {{"share", "25 %"}}, kRunStart, kNever)});
  for (int i = 0; i < 4; ++i) its.send(0, 1, kRunStart, kPacket);
  const std::vector<Instant> there = arrivals(its);
  ASSERT_EQ(there.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(there[i] - there[i - 1], 4 * kLine);
}

// Two senders at once fill a queue of three packets; a fourth finds it full.
TEST_P(PortFaultsTest, AShorterQueueRefusesWhatDoesNotFit) {
  World its = world({towards_1("queue", {{"bytes", "3 kB"}}, kRunStart, kNever)});
  for (int i = 0; i < 20; ++i) {
    its.send(0, 1, kRunStart, kPacket);
    its.send(2, 1, kRunStart, kPacket);
  }
  const std::size_t arrived = arrivals(its).size();
  const FaultCounters& counters = its.network.fault_counters()[0];
  EXPECT_EQ(arrived + counters.dropped, 40u);
  EXPECT_GT(counters.dropped, 15u);  // half of what comes leaves
  EXPECT_LT(counters.dropped, 20u);
  EXPECT_LE(its.network.port({1, 1}).queue_max, Bytes{3'000});
}

TEST_P(PortFaultsTest, AQueueOfPacketsCountsPackets) {
  World its = world({towards_1("queue", {{"packets", "1"}}, kRunStart, kNever)});
  for (int i = 0; i < 10; ++i) {
    its.send(0, 1, kRunStart, kPacket);
    its.send(2, 1, kRunStart, kPacket);
  }
  const std::size_t arrived = arrivals(its).size();
  EXPECT_GE(its.network.fault_counters()[0].dropped, 9u);
  EXPECT_EQ(arrived + its.network.fault_counters()[0].dropped, 20u);
}

// 10 senders of 1,000 bytes have the line for ten packets.
TEST_P(PortFaultsTest, AnIncastStandsInFrontOfWhatComesLater) {
  World quiet = world({});
  quiet.send(0, 1, at_us(1), kPacket);
  const Instant without = arrivals(quiet).at(0);
  World its =
      world({towards_1("incast", {{"fan_in", "10"}, {"burst", "1 kB"}}, at_us(1), at_us(100))});
  its.send(0, 1, at_us(1), kPacket);
  its.send(0, 1, at_us(50), kPacket);
  const std::vector<Instant> there = arrivals(its);
  ASSERT_EQ(there.size(), 2u);
  const Duration later_by = there[0] - without;
  EXPECT_GT(later_by, 5 * kLine);  // the burst began at the port while the packet was on its way
  EXPECT_LE(later_by, 10 * kLine);
  EXPECT_LT(there[1], at_us(52));
  EXPECT_EQ(its.network.fault_counters()[0].delayed, 1u);
}

// The firings of a run, played again, give the same arrivals.
TEST_P(PortFaultsTest, WhatIsRecordedCanBePlayedAgain) {
  const std::vector<FaultRule> rules = {
      towards_1("pfc_storm", {{"watchdog.detect", "3 us"}, {"watchdog.restore", "2 us"}}, at_us(2),
                at_us(40)),
      [] {
        FaultRule rule = towards_1("slow_receiver", {{"share", "50 %"}}, at_us(10), at_us(60));
        rule.id = "b";
        return rule;
      }(),
      [] {
        FaultRule rule =
            towards_1("incast", {{"fan_in", "4"}, {"burst", "2 kB"}}, at_us(45), at_us(70));
        rule.id = "c";
        return rule;
      }(),
      [] {
        FaultRule rule = towards_1("queue", {{"packets", "6"}}, at_us(50), kNever);
        rule.id = "d";
        return rule;
      }()};
  const auto play = [&](World& its) {
    its.network.record_firings();
    for (int i = 0; i < 200; ++i) {
      its.send(0, 1, at_ns(400 * i), kPacket);
      its.send(2, 1, at_ns(400 * i), kPacket);
    }
    return arrivals(its);
  };
  World first = world(rules);
  const std::vector<Instant> there = play(first);
  std::vector<FaultRule> recorded;
  for (const FaultFiring& firing : first.network.take_firings()) {
    while (recorded.size() <= firing.rule) {
      FaultRule rule = rule_of("events", {{"events", "x"}},
                               std::string(1, static_cast<char>('a' + recorded.size())));
      rule.links = {1};
      rule.forward = false;
      recorded.push_back(std::move(rule));
    }
    recorded[firing.rule].events.push_back(firing);
  }
  ASSERT_EQ(recorded.size(), 4u);
  for (const FaultRule& rule : recorded) EXPECT_FALSE(rule.events.empty()) << rule.id;
  World again = world(recorded);
  EXPECT_EQ(play(again), there);
}

// A card drops nothing, and pushes back on its node instead.
TEST_P(PortFaultsTest, ACardRefusesNothing) {
  FaultRule rule = rule_of("queue", {{"packets", "1"}});
  rule.links = {0};
  World its = world({rule});
  for (int i = 0; i < 10; ++i) its.send(0, 1, kRunStart, kPacket);
  EXPECT_EQ(arrivals(its).size(), 10u);
}

// What a card loses to a watchdog is lost before it is on the cable.
TEST_P(PortFaultsTest, ACardMayBePausedAndFlushed) {
  FaultRule rule =
      rule_of("pfc_storm", {{"watchdog.detect", "5 us"}, {"watchdog.restore", "5 us"}});
  rule.links = {0};
  rule.backward = false;
  rule.when.until = at_us(20);
  World its = world({rule});
  its.send(0, 1, at_us(1), kPacket);
  its.send(0, 1, at_us(19), kPacket);  // comes while it drops
  its.send(0, 1, at_us(21), kPacket);
  EXPECT_EQ(arrivals(its).size(), 1u);
  EXPECT_EQ(its.network.counters().dropped_fault, 2u);
}

}  // namespace
}  // namespace soliton
