// Nodes that pass on what is for others, and nodes without a path to each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topologies/reach.h"
#include "topologies/routes.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;
using Cables = std::vector<std::pair<std::string, std::string>>;

constexpr BitRate kRate{100'000'000'000};

TopologySpec drawn(const Cables& cables, const std::vector<std::string>& switches = {}) {
  TopologySpec spec{.name = "drawn", .kind = "explicit"};
  for (const std::string& name : switches) spec.explicit_switches.push_back({.name = name});
  for (const auto& [a, b] : cables) {
    TopologyLink link;
    link.latency = microseconds(1);
    link.rate = kRate;
    spec.explicit_links.push_back({a, b, link});
  }
  return spec;
}

std::vector<PlacedNode> four(bool forward, BitRate port = {}) {
  std::vector<PlacedNode> nodes;
  for (const char* name : {"a", "b", "c", "d"})
    nodes.push_back({.name = name, .at = "", .port = port, .forward = forward});
  return nodes;
}

const Cables kLine{{"a", "b"}, {"b", "c"}, {"c", "d"}};

std::vector<std::string> cables_between(const Topology& topology, std::uint32_t a,
                                        std::uint32_t b) {
  std::vector<std::string> names;
  for (const Hop hop : Routes(topology).path(NodeId{a}, NodeId{b}))
    names.push_back(topology.links[hop.link].name);
  return names;
}

TEST(Forwarding, PacketsPassOverNodesThatForward) {
  const auto topology = build_topology(drawn(kLine), four(true));
  ASSERT_TRUE(topology) << topology.error().text();
  EXPECT_TRUE(check_reachable(*topology, four(true)).empty());
  EXPECT_THAT(cables_between(*topology, 0, 3),
              ElementsAre("a-chip", "a-b", "b-c", "c-d", "d-chip"));
}

// Only b is named as one that does: a reaches c over it, and d only over c.
TEST(Forwarding, IsUpToEachNode) {
  std::vector<PlacedNode> nodes = four(false);
  nodes[1].forward = true;
  const auto topology = build_topology(drawn(kLine), nodes);
  ASSERT_TRUE(topology) << topology.error().text();
  EXPECT_THAT(cables_between(*topology, 0, 2), ElementsAre("a-b", "b-c"));
  EXPECT_THAT(cables_between(*topology, 0, 3), ElementsAre());
  EXPECT_EQ(
      check_reachable(*topology, nodes).text(),
      "no path between a and d: a node passes on what is for others only with forward: true\n"
      "no path between b and d: a node passes on what is for others only with forward: true\n");
}

// The line on the chip is no bottleneck: it carries what the cables do, each as fast as the port.
TEST(Forwarding, TheLineOnTheChipCarriesWhatAllCablesDo) {
  const BitRate port{40'000'000'000};
  for (const bool slower : {false, true}) {
    const auto topology = build_topology(drawn(kLine), four(true, slower ? port : BitRate{}));
    ASSERT_TRUE(topology) << topology.error().text();
    for (const TopologyLink& link : topology->links) {
      const BitRate cable = slower ? port : kRate;
      const std::int64_t cables = link.name == "b-chip" || link.name == "c-chip" ? 2 : 1;
      EXPECT_EQ(link.rate.bits_per_second, cable.bits_per_second * cables) << link.name;
    }
  }
}

TEST(Forwarding, APlaceAtASwitchIsACableLikeOthers) {
  std::vector<PlacedNode> nodes = four(true);
  nodes[0].at = "s0";
  const auto topology = build_topology(drawn(kLine, {"s0"}), nodes);
  ASSERT_TRUE(topology) << topology.error().text();
  bool found = false;
  for (const TopologyLink& link : topology->links) found = found || link.name == "a-s0";
  EXPECT_TRUE(found);
}

// Over groups of switches and direct cables, not over nodes that do not forward.
TEST(Reach, IsOverSwitchesAndCables) {
  const auto apart = [&](const Cables& cables) {
    std::vector<PlacedNode> nodes = four(false);
    nodes.pop_back();
    const auto topology = build_topology(drawn(cables, {"s0", "s1", "s2"}), nodes);
    return topology ? check_reachable(*topology, nodes).text() : topology.error().text();
  };
  const std::string missing =
      "no path between a and c: a node passes on what is for others only with forward: true\n";
  EXPECT_EQ(apart({{"a", "s0"}, {"s0", "s1"}, {"s1", "b"}, {"c", "s0"}}), "");
  EXPECT_EQ(apart({{"a", "b"}, {"b", "c"}, {"a", "c"}}), "");
  EXPECT_EQ(apart({{"a", "b"}, {"b", "c"}}), missing);
  EXPECT_EQ(apart({{"a", "s0"}, {"b", "s0"}, {"b", "s2"}, {"c", "s2"}}), missing);
}

TEST(Reach, OfPairsThatTalkOnly) {
  const std::vector<PlacedNode> nodes = four(false);
  const auto topology =
      build_topology(drawn({{"a", "b"}, {"b", "c"}, {"c", "d"}, {"d", "a"}}), nodes);
  ASSERT_TRUE(topology) << topology.error().text();
  const std::vector<NodePair> ring{{NodeId{0}, NodeId{1}},
                                   {NodeId{1}, NodeId{2}},
                                   {NodeId{2}, NodeId{3}},
                                   {NodeId{0}, NodeId{3}}};
  EXPECT_TRUE(check_reachable(*topology, nodes, ring).empty());
  const std::vector<NodePair> across{{NodeId{0}, NodeId{2}}};
  EXPECT_EQ(check_reachable(*topology, nodes, across).errors.size(), 1u);
  EXPECT_EQ(check_reachable(*topology, nodes).errors.size(), 2u);
}

}  // namespace
}  // namespace soliton
