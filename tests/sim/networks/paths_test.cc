// Several ways between two nodes: failures that are led around, and packets that overtake each other.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/networks/play.h"

namespace soliton {
namespace {

// Pairs of nodes on two leaves under two spines, one message after the other from each node of the first
// leaf to one of the second.
std::string across(std::string_view routing, std::string_view fault, std::string_view more = "") {
  return fmt::format(
      "topology: {{kind: leaf-spine, leaves: 2, spines: 2, hosts_per_leaf: 8, routing: {}{}}}\n"
      "nodes: [{{name: \"f[0-15]\", device: bw-s10}}]\n"
      "faults: [{}]\n"
      "workload: {{kind: all-gather, nodes: \"f[0-15]\", bytes: 1 KiB, count: 400, schedule: "
      "direct}}\n",
      routing, more, fault);
}

// No round waits for the cable to come back, and nothing is lost later than packets are led around it and
// those that wait at its port have had their turn.
void expect_healed(const RunResults& results) {
  ASSERT_EQ(results.faults.size(), 1u);
  const FaultCounters& cut = results.faults[0].counters;
  EXPECT_GT(cut.dropped, 0u);
  ASSERT_TRUE(cut.last.has_value());
  EXPECT_LT(*cut.last, kRunStart + microseconds(1'000 + 50 + 20));
  EXPECT_LT(latency_summary(results).max, 400);
  EXPECT_EQ(results.failed, 0);
}

TEST(Paths, ACutOfOneOfTwoEqualPathsHeals) {
  for (const std::string_view routing : {"ecmp", "spray", "fixed"}) {
    SCOPED_TRACE(routing);
    // `fixed` sends all over one spine.
    expect_healed(
        play(across(routing, "{at: 1 ms, for: 3 ms, link: \"leaf*-spine0\", link_down: true}")));
  }
}

TEST(Paths, ASwitchThatIsDownIsLedAround) {
  for (const std::string_view routing : {"ecmp", "spray", "fixed"}) {
    SCOPED_TRACE(routing);
    expect_healed(
        play(across(routing, "{at: 1 ms, for: 3 ms, switch: spine0, switch_down: true}")));
  }
}

TEST(Paths, WithoutReroutingAllWaitsForTheCable) {
  const RunResults results = play(across(
      "ecmp", "{at: 1 ms, for: 3 ms, switch: spine0, switch_down: true}", ", reroute: never"));
  EXPECT_GT(latency_summary(results).max, 2'900);
  EXPECT_GT(*results.faults[0].counters.last, kRunStart + milliseconds(2));
}

TEST(Paths, TheDatacentersPlanesStandInForEachOther) {
  for (const std::string_view cut : {"pod0-agg0", "pod0-agg1"}) {
    SCOPED_TRACE(cut);
    const RunResults results =
        play(fmt::format("topology: datacenter\nnodes: [{{name: \"f[0-47]\", device: bw-s10}}]\n"
                         "faults: [{{at: 1 ms, for: 3 ms, switch: {}, switch_down: true}}]\n"
                         "workload: {{kind: ping, from: f{}, to: f{}, count: 1000, bytes: 64}}\n",
                         cut, cut.back() == '1' ? 0 : 24, cut.back() == '1' ? 24 : 0));
    EXPECT_GT(results.faults[0].counters.dropped, 0u);
    EXPECT_LT(latency_summary(results).max, 400);
  }
}

RunResults all_to_all(std::string_view routing, std::string_view faults) {
  return play(
      fmt::format("topology: {{kind: fat-tree, k: 4, routing: {}}}\n"
                  "nodes: [{{name: \"f[0-15]\", device: bw-s10}}]\nfaults: [{}]\n"
                  "workload: {{kind: all-gather, nodes: \"f[0-15]\", bytes: 64 KiB, count: 20, "
                  "schedule: direct}}\n",
                  routing, faults));
}
// 16 nodes send to 15, twenty times, in packets of 1,408 B.
constexpr double kData = 16 * 15 * 20 * 47;

// Every packet may overtake others, and none is lost: what is sent twice is what the first gaps of a
// connection cost until it knows how late packets are.
TEST(Paths, SprayedPacketsAreNotTakenForLost) {
  const RunResults results = all_to_all("spray", "");
  EXPECT_EQ(results.fabric.dropped, 0u);
  EXPECT_EQ(results.ltl.timeouts, 0u);
  EXPECT_LT(static_cast<double>(results.ltl.retransmitted), 0.01 * kData);
  EXPECT_GT(results.ltl.nacks_sent, 1'000u) << "they do overtake each other";
  EXPECT_LT(static_cast<double>(results.ltl.nacks_sent), 0.15 * kData);
  for (const RunWarning& warning : results.warnings)
    EXPECT_NE(warning.id, warning_id::kResendsExceedDrops) << warning.text;
}

// With losses a sprayed packet that is late is told from a lost one nearly as well as without spraying.
TEST(Paths, LossesOfSprayedPacketsAreRepairedOnce) {
  const std::string loss = "{link: \"*\", loss: 1 %}";
  const RunResults spray = all_to_all("spray", loss), ecmp = all_to_all("ecmp", loss);
  EXPECT_GT(spray.fabric.dropped, 10'000u);
  EXPECT_LT(spray.ltl.retransmitted, 1.1 * static_cast<double>(ecmp.ltl.retransmitted));
  EXPECT_LT(static_cast<double>(spray.ltl.needless),
            0.1 * static_cast<double>(spray.ltl.retransmitted));
}

constexpr std::string_view kKinds[] = {"leaf-spine, leaves: 4, spines: 2, hosts_per_leaf: 2",
                                       "fat-tree, k: 4",
                                       "clos, arity: 2, levels: 3",
                                       "dragonfly, groups: 4, routers: 2, hosts_per_router: 1",
                                       "torus, dims: [2, 4]",
                                       "ring",
                                       "full-mesh",
                                       "datacenter, hosts_per_rack: 2, racks_per_pod: 2"};
constexpr std::string_view kWorkloads[] = {
    "kind: ping, from: f0, to: f7, bytes: 64, count: 10",
    "kind: stream, from: f0, to: f7, bytes: 64 KiB, count: 10",
    "kind: incast, from: \"f[1-7]\", to: f0, bytes: 16 KiB, count: 4",
    "kind: all-gather, nodes: \"f[0-7]\", bytes: 16 KiB, count: 2, schedule: direct",
    "kind: all-gather, nodes: \"f[0-7]\", bytes: 16 KiB, count: 2, schedule: ring"};

// What nodes hand over is what their cards put on their cables, and what leaves a switch is what came to it
// and was not dropped; every message arrives.
void expect_conserved(const std::string& topology, std::string_view workload) {
  SCOPED_TRACE(topology);
  SCOPED_TRACE(workload);
  const RunResults results =
      play(fmt::format("topology: {{{}}}\nnodes: [{{name: \"f[0-7]\", device: bw-s10}}]\n"
                       "workload: {{{}}}\n",
                       topology, workload));
  EXPECT_EQ(results.failed, 0);
  std::uint64_t handed_over = 0, dropped = 0;
  for (const LinkResult& link : results.links.value()) {
    // A node's card, not the router of one that forwards.
    const std::string from = link.name.substr(0, link.name.find(" -> "));
    if (from.size() == 2 && from[0] == 'f') handed_over += link.packets;
    dropped += link.dropped_queue + link.dropped_fault + link.dropped_watchdog;
  }
  EXPECT_EQ(handed_over, results.fabric.packets);
  EXPECT_EQ(dropped, results.fabric.dropped);
}

TEST(Paths, EveryKindCarriesEveryWorkloadOverWaysOfEveryRule) {
  for (const std::string_view kind : kKinds)
    for (const std::string_view routing : {"ecmp", "spray", "fixed"})
      for (const std::string_view workload : kWorkloads)
        expect_conserved(fmt::format("kind: {}, routing: {}", kind, routing), workload);
}

TEST(Paths, EveryKindHasMarksPausesClassesAndSharedBuffers) {
  const std::string_view classes = "classes: [{name: a}, {name: b, weight: 2, channels: [1]}]";
  for (const std::string_view kind : kKinds)
    for (const std::string& queues :
         {std::string("ecn: {kmin: 1 kB, kmax: 3 kB, probability: 50 %}"),
          std::string("ecn: false, pfc: {xoff: 10 kB}"),
          fmt::format("ecn: false, pfc: {{xoff: 10 kB}}, switches: {{{}}}", classes),
          fmt::format("ecn: false, switches: {{buffer: 20 kB, {}}}", classes)})
      expect_conserved(fmt::format("kind: {}, {}", kind, queues), kWorkloads[2]);
}

}  // namespace
}  // namespace soliton
