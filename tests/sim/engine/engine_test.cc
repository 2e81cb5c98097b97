#include "fabric/sim/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/sim/engine/toys.h"

namespace soliton {
namespace {

Scenario token_ring(std::uint32_t nodes, std::uint32_t rounds) {
  return {.nodes = nodes,
          .make = [=](NodeId id) { return std::make_unique<TokenRing>(id, nodes, rounds); }};
}

Scenario chatter(std::uint32_t nodes, std::uint32_t bursts) {
  return {.nodes = nodes,
          .rack = 5,
          .make = [=](NodeId id) { return std::make_unique<Chatter>(id, nodes, bursts, 42); },
          .faults = {.seed = 9,
                     .rules = {{.id = "loss",
                                .links = {0, 1, 2, 3},
                                .options = loss_settings({.p = {50'000'000}})},
                               {.id = "late",
                                .kind = &kDelayFault,
                                .links = {1, 4},
                                .options = delay_settings({nanoseconds(100), microseconds(4)})},
                               {.id = "cut",
                                .kind = &kLinkDownFault,
                                .links = {2},
                                .when = {.from = kRunStart + microseconds(10),
                                         .until = kRunStart + microseconds(30)}}}},
          .queue = Bytes{4000}};
}

TEST(Engine, ATokenNeedsHopsTimesPathAndHold) {
  const Outcome outcome = run_packed(token_ring(4, 3));
  EXPECT_EQ(outcome.report.end, EndReason::kQuiet);
  // 64 B there: 1.44 us less the line time of 32 B of LTL header, which toys do not have.
  const Duration path = nanoseconds(1440) - transmit_time(Bytes{32}, BitRate{40'000'000'000});
  // 12 passes of 250, 260, 270, 280 ns in turn; node 0 starts without a hold and ends with one.
  EXPECT_EQ(outcome.report.now - kRunStart, 12 * path + 3 * nanoseconds(250 + 260 + 270 + 280));
  EXPECT_EQ(outcome.logs[0].find("pass@0\ntoken@"), 0u);
}

TEST(Engine, WindowBoundariesDoNotMatter) {
  const Scenario scenario = chatter(12, 30);
  const Outcome whole = run_packed(scenario);
  EXPECT_EQ(whole, run_packed(scenario));
  for (const Duration most : {picoseconds(1), nanoseconds(100), nanoseconds(900)}) {
    const Outcome cut = run_hasty(scenario, most);
    EXPECT_EQ(whole.logs, cut.logs);
    EXPECT_EQ(whole.fabric, cut.fabric);
    EXPECT_EQ(whole.end, cut.end);
    EXPECT_GT(cut.report.windows, whole.report.windows);
  }
  // The scenario is worth something: everything that can happen to a packet did.
  EXPECT_NE(whole.fabric.find(" -1 "), std::string::npos) << "no queue overflowed";
  EXPECT_GT(whole.report.node_events, 2000u);
}

// Pauses that begin and end between a node's sends, where windows may end.
TEST(Engine, WindowBoundariesDoNotMatterToPauses) {
  const Scenario scenario = pausing_chatter(12, 60);
  const Outcome whole = run_packed(scenario);
  for (const Duration most : {picoseconds(1), nanoseconds(70), nanoseconds(900)}) {
    const Outcome cut = run_hasty(scenario, most);
    EXPECT_EQ(whole.logs, cut.logs);
    EXPECT_EQ(whole.fabric, cut.fabric);
    EXPECT_EQ(whole.end, cut.end);
  }
  EXPECT_THAT(whole.fabric, testing::ContainsRegex("port 1?[02468] paused [1-9]")) << "no card was";
  EXPECT_THAT(whole.fabric, testing::ContainsRegex("port (2[4-9]|3[0-9]) paused [1-9]"))
      << "no port between switches was";
  EXPECT_THAT(whole.fabric, testing::HasSubstr("queue 0 fault "));
}

TEST(Engine, SixtyFourPackedNodesTalk) {
  Scenario scenario = chatter(64, 20);
  scenario.rack = 24;
  const Outcome outcome = run_packed(scenario);
  EXPECT_EQ(outcome, run_packed(scenario));
  EXPECT_EQ(outcome.report.end, EndReason::kQuiet);
  std::set<std::string> different(outcome.logs.begin(), outcome.logs.end());
  EXPECT_EQ(different.size(), 64u);
  EXPECT_GT(outcome.report.network_events, 10'000u);
}

// Counts how often it is woken.
class Counted : public EngineNode {
 public:
  Counted(Machine& machine, NodeId self) : node_(machine, self) {}
  void deliver(Frame frame) override { node_.deliver(std::move(frame)); }
  Instant next_event() const override { return node_.next_event(); }
  void grant(Instant until) override {
    ++grants;
    node_.grant(until);
  }
  Status collect(std::vector<Frame>& sent) override {
    if (grants == fail_at) return failure(ErrorCode::kBroken, "node fpga1: gone");
    return node_.collect(sent);
  }
  Instant last_event() const override { return node_.last_event(); }
  std::uint64_t events() const override { return node_.events(); }

  std::uint64_t grants = 0;
  std::uint64_t fail_at = ~std::uint64_t{0};

 private:
  LocalNode node_;
};

// Two machines play ping-pong among 32: the others sleep through it, and each event costs one
// wake-up.
TEST(Engine, IdleNodesAreNeverWoken) {
  Scenario scenario = token_ring(2, 50);
  scenario.nodes = 32;
  ScenarioNetwork world(scenario);
  std::vector<std::unique_ptr<Toy>> machines;
  std::vector<std::unique_ptr<Counted>> nodes;
  std::vector<EngineNode*> references;
  for (std::uint32_t i = 0; i < 32; ++i) {
    machines.push_back(scenario.make(NodeId{i}));
    nodes.push_back(std::make_unique<Counted>(*machines.back(), NodeId{i}));
    references.push_back(nodes.back().get());
  }
  const auto report = Engine(world.network, references).run();
  ASSERT_TRUE(report);
  // One hundred passes; a node takes the token and passes it on within one grant (250 ns < twice
  // the path).
  EXPECT_EQ(report->network_events, 200u);
  EXPECT_LE(nodes[0]->grants, 52u);
  EXPECT_LE(nodes[1]->grants, 52u);
  for (std::uint32_t i = 2; i < 32; ++i) EXPECT_EQ(nodes[i]->grants, 0u);
}

TEST(Engine, AFailedNodeEndsTheRunWithItsError) {
  const Scenario scenario = token_ring(2, 50);
  ScenarioNetwork world(scenario);
  TokenRing a(NodeId{0}, 2, 50);
  TokenRing b(NodeId{1}, 2, 50);
  Counted first(a, NodeId{0});
  Counted second(b, NodeId{1});
  second.fail_at = 10;
  Engine engine(world.network, {&first, &second});
  const auto report = engine.run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message, "node fpga1: gone");
  EXPECT_GT(engine.report().node_events, 10u);
}

TEST(Engine, TheTimeLimitIsExact) {
  Scenario scenario = token_ring(2, 1000);
  const Outcome free = run_packed(scenario);
  // The instant of some pass in the middle.
  const std::size_t at = free.logs[0].find("pass@", free.logs[0].size() / 2);
  const Instant instant{Duration{std::stoll(free.logs[0].substr(at + 5))}};
  scenario.options.time_limit = instant;
  const Outcome before = run_packed(scenario);
  EXPECT_EQ(before.logs[0], free.logs[0].substr(0, at));
  EXPECT_EQ(before.report.end, EndReason::kTimeLimit);
  EXPECT_EQ(before.report.now, instant);
  scenario.options.time_limit = instant + picoseconds(1);
  const std::size_t line_end = free.logs[0].find('\n', at) + 1;
  EXPECT_EQ(run_packed(scenario).logs[0], free.logs[0].substr(0, line_end));
  EXPECT_EQ(run_hasty(scenario, picoseconds(1)), run_packed(scenario));
}

TEST(Engine, StopsWhenToldTo) {
  Scenario scenario = token_ring(2, 1000);
  int asked = 0;
  scenario.options.stop = [&] { return ++asked > 20; };
  const Outcome outcome = run_packed(scenario);
  EXPECT_EQ(outcome.report.end, EndReason::kStopped);
  EXPECT_EQ(outcome.report.windows, 20u);
}

TEST(Engine, WithNothingToDoIsQuietAtOnce) {
  const Outcome outcome = run_packed(token_ring(3, 0));
  EXPECT_EQ(outcome.report.end, EndReason::kQuiet);
  EXPECT_EQ(outcome.report.now, kRunStart);
  EXPECT_EQ(outcome.report.node_events, 1u);
}

TEST(Engine, ALoneNodeRunsWithoutANetwork) {
  Scenario scenario{.nodes = 1,
                    .make = [](NodeId id) { return std::make_unique<TokenRing>(id, 1, 0); }};
  const Outcome outcome = run_packed(scenario);
  EXPECT_EQ(outcome.report.end, EndReason::kQuiet);
  EXPECT_EQ(outcome.logs[0], "pass@0\n");
  EXPECT_EQ(outcome.report.windows, 1u);
}

// Round trip of a 64-byte message as the engine plays it, at all three levels.
TEST(Engine, RoundTripsAreCalibrated) {
  class Pinger : public Toy {
   public:
    explicit Pinger(NodeId self) : Toy(self) { deadline_ = index(self) == 0 ? kRunStart : kNever; }
    void on_input(Datagram datagram, Instant now) override {
      note("in", now);
      if (index(self_) != 0) send(index(datagram.source), 96, 0, 0);
    }
    void on_deadline(Instant) override {
      deadline_ = kNever;
      send(1, 96, 0, 0);
    }
  };
  const std::pair<std::vector<PlacedNode>, Duration> levels[] = {
      {{{"a", "rack0"}, {"b", "rack0"}}, nanoseconds(2'880)},
      {{{"a", "rack0"}, {"b", "rack1"}}, nanoseconds(7'720)},
      {{{"a", "pod0"}, {"b", "pod1"}}, nanoseconds(18'710)}};
  for (const auto& [places, published] : levels) {
    const auto topology = build_topology({.name = "datacenter", .kind = "datacenter"}, places);
    ASSERT_TRUE(topology);
    const Routes routes(*topology);
    Network network(*topology, routes, {});
    Pinger a(NodeId{0});
    Pinger b(NodeId{1});
    LocalNode first(a, NodeId{0});
    LocalNode second(b, NodeId{1});
    const auto report = Engine(network, {&first, &second}).run();
    ASSERT_TRUE(report);
    EXPECT_NEAR(in_us(report->now), in_us(published), 0.03 * in_us(published));
    EXPECT_EQ(report->now - kRunStart, published);
  }
}

// Nodes wired without latency leave the engine a picosecond at a time, and it still comes to its
// end.
TEST(Engine, RunsOverLinksWithoutLatency) {
  const auto topology = build_topology({.name = "local", .kind = "local"}, {{"a", ""}, {"b", ""}});
  ASSERT_TRUE(topology);
  const auto run = [&](Duration most) {
    const Routes routes(*topology);
    Network network(*topology, routes, {});
    Chatter a(NodeId{0}, 2, 200, 1);
    Chatter b(NodeId{1}, 2, 200, 1);
    HastyNode first(a, NodeId{0}, most);
    HastyNode second(b, NodeId{1}, most);
    const auto report = Engine(network, {&first, &second}).run();
    EXPECT_TRUE(report);
    EXPECT_EQ(network.counters().delivered, network.counters().packets);
    return a.log() + b.log();
  };
  EXPECT_EQ(run(microseconds(1'000'000)), run(picoseconds(1)));
}

// A machine that acts before its word must be caught.
TEST(EngineDeath, ABrokenPromiseIsABug) {
  class Liar : public EngineNode {
   public:
    void deliver(Frame) override {}
    Instant next_event() const override { return kRunStart + microseconds(5); }
    void grant(Instant) override {}
    Status collect(std::vector<Frame>& sent) override {
      sent.push_back(
          {{.source = NodeId{0}, .destination = NodeId{1}}, kRunStart + microseconds(4), 0});
      return {};
    }
    Instant last_event() const override { return kRunStart; }
    std::uint64_t events() const override { return 0; }
  };
  const Scenario scenario = token_ring(2, 0);
  ScenarioNetwork world(scenario);
  TokenRing quiet(NodeId{1}, 2, 0);
  Liar liar;
  LocalNode other(quiet, NodeId{1});
  Engine engine(world.network, {&liar, &other});
  EXPECT_DEATH((void)engine.run(), "node 0 was granted");
}

}  // namespace
}  // namespace soliton
