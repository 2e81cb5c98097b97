// Cables on ways over the fewest cables that carried nothing are named.
#include "cluster/run/check_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two leaves with a node each under two spines, and a third leaf whose node talks to nobody.
Topology leaves() {
  TopologySpec spec{.name = "leaves", .kind = "explicit"};
  for (const char* name : {"leaf0", "leaf1", "leaf2", "spine0", "spine1"})
    spec.explicit_switches.push_back({.name = name});
  spec.explicit_links = {{"a", "leaf0", {}}, {"b", "leaf1", {}}, {"c", "leaf2", {}}};
  for (const char* leaf : {"leaf0", "leaf1", "leaf2"})
    for (const char* spine : {"spine0", "spine1"}) spec.explicit_links.push_back({leaf, spine, {}});
  const auto topology = build_topology(spec, {{"a", ""}, {"b", ""}, {"c", ""}});
  EXPECT_TRUE(topology) << topology.error().text();
  return *topology;
}

// As if one packet had crossed each of these cables upwards.
std::vector<PortCounters> carried(const Topology& topology, const std::vector<std::string>& names) {
  std::vector<PortCounters> ports(topology.links.size() * 2);
  for (std::uint32_t link = 0; link < topology.links.size(); ++link)
    ports[port_of({link, 0})].packets = std::ranges::count(names, topology.links[link].name);
  return ports;
}

const std::vector<std::pair<NodeId, NodeId>> kTalking{{NodeId{0}, NodeId{1}},
                                                      {NodeId{1}, NodeId{0}}};

TEST(UnusedCables, AreThoseOfTheWayNotTaken) {
  const Topology topology = leaves();
  const auto ports = carried(topology, {"a-leaf0", "b-leaf1", "leaf0-spine0", "leaf1-spine0"});
  EXPECT_THAT(unused_cables(topology, kTalking, ports),
              ElementsAre("leaf0-spine1", "leaf1-spine1"));
}

// The third leaf's cables are no way between those that talk.
TEST(UnusedCables, AreNotThoseOfNodesThatDoNotTalk) {
  const Topology topology = leaves();
  const auto ports = carried(topology, {"a-leaf0", "b-leaf1", "leaf0-spine0", "leaf1-spine0",
                                        "leaf0-spine1", "leaf1-spine1"});
  EXPECT_THAT(unused_cables(topology, kTalking, ports), IsEmpty());
}

TEST(UnusedCables, AreNotKnownWithoutCounters) {
  EXPECT_THAT(unused_cables(leaves(), kTalking, {}), IsEmpty());
}

}  // namespace
}  // namespace soliton
