// Every kind of topology with every way of routing and every kind of workload: everything arrives, no
// bound is undercut, and no switch sends more packets than came to it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/sim/workloads/play.h"

namespace soliton {
namespace {

// Packets into a switch but not out of it, by name of the switch. Nodes make packets, and a router has
// its node's name.
std::map<std::string, std::int64_t> left_in_switches(const RunResults& results) {
  std::map<std::string, std::int64_t> out;
  for (const LinkResult& link : *results.links) {
    const std::size_t arrow = link.name.find(" -> ");
    const std::int64_t packets = static_cast<std::int64_t>(link.packets);
    out[link.name.substr(0, arrow)] -= packets;
    out[link.name.substr(arrow + 4)] +=
        packets - static_cast<std::int64_t>(link.dropped_fault + link.dropped_queue);
  }
  for (const NodeResult& node : results.nodes) out.erase(node.name);
  return out;
}

class Crossing : public testing::TestWithParam<std::size_t> {};

TEST_P(Crossing, EverythingArrivesAndNoPacketIsMade) {
  const std::string network = networks_of_eight()[GetParam()];
  for (const char* routing : {"ecmp", "fixed"}) {
    // Kinds that compute where packets go have one way and no such key.
    const bool choice = network.find("rack") == std::string::npos;
    if (!choice && routing == std::string("fixed")) continue;
    for (const std::string& workload : workloads_of_eight(3'000, 2)) {
      const std::string topology =
          choice ? fmt::format("{}, routing: {}}}", network, routing) : network + "}";
      SCOPED_TRACE(topology + " " + workload);
      const RunResults results = play_workload(cluster_of(topology, workload));
      ASSERT_TRUE(results.traffic && results.traffic->bound);
      EXPECT_GE(results.traffic->time, *results.traffic->bound);
      EXPECT_EQ(results.fabric.dropped, 0u);
      // What is still under way when the last record is complete: acknowledgements.
      for (const auto& [name, left] : left_in_switches(results)) {
        EXPECT_GE(left, 0) << name;
        EXPECT_LE(left, 64) << name;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Crossing,
                         testing::Range(std::size_t{0}, networks_of_eight().size()));

}  // namespace
}  // namespace soliton
