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

}  // namespace
}  // namespace soliton
