// Networks cut into parts give the bytes of one that is whole.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/sim/engine/toys.h"

namespace soliton {
namespace {

// Plays hubs in another order each round.
class Shuffled : public Team {
 public:
  void run(std::size_t count, const std::function<void(std::size_t)>& task) override {
    for (std::size_t i = 0; i < count; ++i) task((i + round_) % count);
    ++round_;
  }

 private:
  std::size_t round_ = 0;
};

// One queue, several classes, or a buffer that all ports of the switch share.
SwitchQueues random_queues(const Random& random) {
  SwitchQueues queues;
  if (random.below(0, 3) == 0) queues.buffer = Bytes{6'000};
  if (random.below(1, 3) == 0)
    queues.classes = {{.name = "a", .strict = random.below(2, 2) == 0},
                      {.name = "b", .channels = {1}}};
  return queues;
}

// A graph of switches: a path through all of them, some further cables, some of them parallel, and
// nodes at any switch. Latencies are from 0 to a few hundred nanoseconds.
TopologySpec random_graph(std::uint64_t seed, std::uint32_t nodes) {
  const Random random(seed, "graph");
  std::uint64_t drawn = 0;
  const auto below = [&](std::uint64_t n) {
    return static_cast<std::uint32_t>(random.below(drawn++, n));
  };
  TopologySpec spec{.name = "graph",
                    .kind = "explicit",
                    .routing = seed % 3 == 0 ? Routing::kSpray : Routing::kEcmp,
                    .reroute = microseconds(2)};
  const std::uint32_t switches = 1 + below(7);
  const bool instant = below(3) == 0;
  const auto link = [&](const std::string& a, const std::string& b) {
    TopologyLink cable;
    cable.name = fmt::format("c{}", spec.explicit_links.size());
    cable.latency = nanoseconds(instant && below(2) == 0 ? 0 : 50 + 100 * below(4));
    spec.explicit_links.push_back({a, b, cable});
  };
  for (std::uint32_t i = 0; i < switches; ++i)
    spec.explicit_switches.push_back({.name = fmt::format("s{}", i),
                                      .forwarding = nanoseconds(100 * below(3)),
                                      .store_and_forward = below(4) == 0,
                                      .queues = random_queues(random.child(i))});
  for (std::uint32_t i = 1; i < switches; ++i)
    link(fmt::format("s{}", below(i)), fmt::format("s{}", i));
  for (std::uint32_t i = 0; switches > 1 && i < 6; ++i) {
    const std::uint32_t a = below(switches), b = (a + 1 + below(switches - 1)) % switches;
    link(fmt::format("s{}", a), fmt::format("s{}", b));
  }
  for (std::uint32_t i = 0; i < nodes; ++i)
    link(fmt::format("fpga{}", i), fmt::format("s{}", below(switches)));
  return spec;
}

Scenario on_graph(std::uint64_t seed) {
  const std::uint32_t nodes = 2 + static_cast<std::uint32_t>(seed % 13);
  return {.nodes = nodes,
          .make = [=](NodeId id) { return std::make_unique<Chatter>(id, nodes, 12, seed); },
          .faults = {.seed = seed,
                     .rules = {{.id = "loss",
                                .links = {0, 1},
                                .options = loss_settings({.p = {50'000'000}})},
                               {.id = "late",
                                .kind = &kDelayFault,
                                .links = {1},
                                .options = delay_settings({nanoseconds(100), microseconds(4)})},
                               {.id = "down",
                                .kind = &kLinkDownFault,
                                .links = {0},
                                .when = {.from = kRunStart + microseconds(5),
                                         .until = kRunStart + microseconds(15)}}}},
          .queue = Bytes{4000},
          .topology = random_graph(seed, nodes)};
}

TEST(Cut, RandomGraphsGiveTheBytesOfTheWhole) {
  std::uint64_t cut = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Scenario scenario = on_graph(seed);
    const Outcome whole = run_packed(scenario);
    for (const std::uint32_t parts : {2u, 3u, 8u}) {
      Shuffled team;
      const Outcome got = run_cut(scenario, parts, team);
      ASSERT_EQ(whole.logs, got.logs) << "seed " << seed << ", " << parts << " parts";
      ASSERT_EQ(whole.fabric, got.fabric) << "seed " << seed << ", " << parts << " parts";
      ASSERT_EQ(whole.end, got.end) << "seed " << seed << ", " << parts << " parts";
      cut += got.hubs > 1 ? 1 : 0;
    }
  }
  EXPECT_GT(cut, 300u) << "hardly any of these networks can be cut";
}

// Plays the scenario whole and in parts. Returns what the whole did.
Outcome expect_equal_parts(const Scenario& scenario, const std::string& which) {
  OneByOne one;
  Outcome whole = run_cut(scenario, 1, one);
  EXPECT_EQ(whole.logs, run_packed(scenario).logs) << which;
  for (const std::uint32_t parts : {2u, 3u, 8u}) {
    Shuffled team;
    const Outcome got = run_cut(scenario, parts, team);
    EXPECT_EQ(whole, got) << which << ", " << parts << " parts";
    EXPECT_EQ(whole.pauses, got.pauses) << which << ", " << parts << " parts";
    whole.hubs = std::max(whole.hubs, got.hubs);
  }
  return whole;
}

PriorityPause short_pauses(std::uint64_t seed) {
  const auto more = static_cast<std::int64_t>(seed % 5);
  return {
      .xoff = Bytes{3'100 + 300 * more},
      .watchdog =
          PauseWatchdog{.poll = microseconds(20 + more), .polls = 2, .restore = microseconds(10)},
      .frame = Bytes{1'432 + 66}};
}

TEST(Cut, PausesGiveTheBytesOfTheWhole) {
  std::uint64_t cut = 0, paused = 0;
  for (std::uint64_t seed = 1; seed <= 100 && !testing::Test::HasFailure(); ++seed) {
    Scenario scenario = on_graph(seed);
    scenario.topology->pause = short_pauses(seed);
    // With pauses all switches have the same classes and no shared buffer.
    std::vector<Vertex>& switches = scenario.topology->explicit_switches;
    for (Vertex& its : switches) its.queues = {.classes = switches.front().queues.classes};
    const Outcome whole = expect_equal_parts(scenario, fmt::format("seed {}", seed));
    cut += whole.hubs > 1 ? 1 : 0;
    paused += whole.pauses.empty() ? 0 : 1;
  }
  EXPECT_GT(cut, 50u) << "hardly any of these networks can be cut";
  EXPECT_GT(paused, 50u);
}

// Slow cables in a ring, over which all send: its ports wait for each other in a circle, which the watchdog
// breaks. The parts of the ring know of the circle only together.
TEST(Cut, ACircleThroughAllPartsIsFoundAndBroken) {
  std::uint64_t circles = 0, watched = 0;
  for (std::uint64_t seed = 1; seed <= 10 && !testing::Test::HasFailure(); ++seed) {
    TopologySpec ring{.name = "ring", .kind = "explicit", .routing = Routing::kEcmp};
    const auto link = [&](const std::string& from, const std::string& to, BitRate rate) {
      TopologyLink cable;
      cable.name = from + to;
      cable.latency = nanoseconds(100);
      cable.rate = rate;
      ring.explicit_links.push_back({from, to, cable});
    };
    for (std::uint32_t i = 0; i < 5; ++i)
      ring.explicit_switches.push_back({.name = fmt::format("s{}", i)});
    for (std::uint32_t i = 0; i < 5; ++i)
      link(fmt::format("s{}", i), fmt::format("s{}", (i + 1) % 5), BitRate{2'000'000'000});
    for (std::uint32_t i = 0; i < 10; ++i)
      link(fmt::format("fpga{}", i), fmt::format("s{}", i / 2), BitRate{40'000'000'000});
    ring.pause = short_pauses(seed);
    const Scenario scenario{
        .nodes = 10,
        .make = [=](NodeId id) { return std::make_unique<Chatter>(id, 10, 30, seed); },
        .faults = {.seed = seed},
        .topology = ring};
    const Outcome whole = expect_equal_parts(scenario, fmt::format("seed {}", seed));
    circles += whole.pauses.find("circle") != std::string::npos ? 1 : 0;
    watched += whole.report.end == EndReason::kQuiet ? 1 : 0;
  }
  EXPECT_GT(circles, 1u);
  EXPECT_EQ(watched, 10u) << "the watchdog lets all of them end";
}

TEST(Cut, ATimeLimitAndAStopEndAllPartsAtOneInstant) {
  Scenario scenario = on_graph(7);
  scenario.options.time_limit = kRunStart + microseconds(15);
  Shuffled team;
  const Outcome got = run_cut(scenario, 4, team);
  EXPECT_GT(got.hubs, 1u);
  EXPECT_EQ(got, run_packed(scenario));
  EXPECT_EQ(got.report.end, EndReason::kTimeLimit);
}

TEST(Cut, RacksStayWhole) {
  Scenario scenario{.nodes = 64, .rack = 8, .make = nullptr, .faults = {}};
  const Topology topology = scenario_topology(scenario);
  const Cut cut = cut_network(topology, 4);
  ASSERT_EQ(cut.parts, 4u);
  std::vector<int> nodes(4, 0);
  for (std::uint32_t node = 0; node < 64; ++node) {
    ++nodes[cut.of_node(node)];
    EXPECT_EQ(cut.of_node(node), cut.of_node(node / 8 * 8)) << node;
  }
  EXPECT_EQ(nodes, (std::vector<int>{16, 16, 16, 16}));
}

// The ports of a single switch belong to the nodes behind them, so even that can be cut.
TEST(Cut, ASwitchIsCutByItsPorts) {
  Scenario scenario{.nodes = 16, .rack = 16, .make = nullptr, .faults = {}};
  const Topology topology = scenario_topology(scenario);
  const Cut cut = cut_network(topology, 2);
  ASSERT_EQ(cut.parts, 2u);
  std::set<std::uint32_t> parts;
  for (std::uint32_t link = 0; link < topology.links.size(); ++link) {
    const TopologyLink& cable = topology.links[link];
    if (cable.ends[0] >= topology.nodes) continue;
    EXPECT_EQ(cut.of_port(2 * link), cut.of_node(cable.ends[0])) << cable.name;
    EXPECT_EQ(cut.of_port(2 * link + 1), cut.of_node(cable.ends[0])) << cable.name;
    parts.insert(cut.of_port(2 * link));
  }
  EXPECT_EQ(parts.size(), 2u);
}

// Ports that share a buffer are in one part, whatever hangs on them.
TEST(Cut, ASwitchWithASharedBufferStaysWhole) {
  Scenario scenario{.nodes = 16, .rack = 8, .make = nullptr, .faults = {}};
  Topology topology = scenario_topology(scenario);
  for (Vertex& vertex : topology.vertices)
    if (vertex.is_switch) vertex.queues.buffer = Bytes{1'000'000};
  const Cut cut = cut_network(topology, 4);
  ASSERT_GT(cut.parts, 1u);
  std::map<std::uint32_t, std::set<std::uint32_t>> parts;  // by switch
  for (std::size_t port = 0; port < 2 * topology.links.size(); ++port) {
    const std::uint32_t near = topology.links[port / 2].ends[port % 2];
    if (topology.vertices[near].is_switch) parts[near].insert(cut.of_port(port));
  }
  for (const auto& [vertex, its] : parts)
    EXPECT_EQ(its.size(), 1u) << topology.vertices[vertex].name;
}

TEST(Cut, ThereAreNoMorePartsThanNodes) {
  Scenario scenario{.nodes = 3, .rack = 16, .make = nullptr, .faults = {}};
  const Topology topology = scenario_topology(scenario);
  EXPECT_EQ(cut_network(topology, 8).parts, 3u);
  EXPECT_EQ(cut_network(topology, 1).parts, 1u);
}

}  // namespace
}  // namespace soliton
