#include <gtest/gtest.h>

#include "topologies/topology.h"

namespace soliton {
namespace {

std::vector<PlacedNode> hosts(int count) {
  std::vector<PlacedNode> nodes;
  for (int i = 0; i < count; ++i) nodes.push_back({"fpga" + std::to_string(i), ""});
  return nodes;
}

Topology built(const TopologySpec& spec, const std::vector<PlacedNode>& nodes) {
  auto topology = build_topology(spec, nodes);
  EXPECT_TRUE(topology) << topology.error().text();
  return std::move(*topology);
}

// Follows the hops from `from`; where they end.
std::uint32_t walk(const Topology& topology, std::uint32_t from, const std::vector<Hop>& route) {
  for (const Hop& hop : route) {
    const TopologyLink& link = topology.links[hop.link];
    EXPECT_EQ(link.ends[hop.direction], from);
    from = link.ends[1 - hop.direction];
  }
  return from;
}

TEST(PortName, SaysWhoFeedsWhom) {
  const Topology topology = built({.name = "rack", .kind = "rack"}, hosts(2));
  EXPECT_EQ(port_name(topology, {1, 0}), "fpga1 -> tor0");
  EXPECT_EQ(port_name(topology, {1, 1}), "tor0 -> fpga1");
}

TEST(Routes, LeadFromEveryNodeToEveryOtherIn256Nodes) {
  const Topology topology = built({.name = "datacenter", .kind = "datacenter"}, hosts(256));
  const Routes routes(topology);
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::uint32_t j = 0; j < 256; ++j) {
      if (i == j) continue;
      const auto& route = routes.between(NodeId{i}, NodeId{j});
      ASSERT_EQ(route.size(), i / 24 == j / 24 ? 2u : 4u);
      ASSERT_EQ(walk(topology, i, route), j);
    }
  }
}

TEST(Routes, CrossSixLinksBetweenPods) {
  const Topology topology = built({.name = "datacenter", .kind = "datacenter"},
                                  {{"a", "pod0/rack0"}, {"b", "pod7/rack1"}});
  const Routes routes(topology);
  const auto& there = routes.between(NodeId{0}, NodeId{1});
  ASSERT_EQ(there.size(), 6u);
  EXPECT_EQ(walk(topology, 0, there), 1u);
}

TEST(Routes, BothAggregationPlanesCarryTraffic) {
  const Topology topology = built({.name = "datacenter", .kind = "datacenter"},
                                  {{"a", "rack0"}, {"b", "rack1"}, {"c", "rack2"}});
  const Routes routes(topology);
  const auto over = [&](std::uint32_t from, std::uint32_t to) {
    const auto& route = routes.between(NodeId{from}, NodeId{to});
    return topology.vertices[topology.links[route[1].link].ends[1]].name;
  };
  EXPECT_EQ(over(0, 1), "pod0-agg1");
  EXPECT_EQ(over(0, 2), "pod0-agg0");
  EXPECT_EQ(over(2, 1), "pod0-agg1");
  EXPECT_EQ(over(1, 0), "pod0-agg0");
}

TopologySpec diamond(Duration upper, Duration lower) {
  TopologySpec spec{.name = "diamond", .kind = "explicit"};
  spec.explicit_switches = {{.name = "left"}, {.name = "up"}, {.name = "down"}, {.name = "right"}};
  const auto cable = [&](const char* a, const char* b, Duration latency) {
    TopologyLink link;
    link.latency = latency;
    spec.explicit_links.push_back({a, b, link});
  };
  cable("a", "left", nanoseconds(1));
  cable("left", "up", upper);
  cable("left", "down", lower);
  cable("up", "right", upper);
  cable("down", "right", lower);
  cable("right", "b", nanoseconds(1));
  return spec;
}

TEST(Routes, TakeTheShorterWayAndOnATieTheLowerLink) {
  const auto second_link = [](Duration upper, Duration lower) {
    const Topology topology = built(diamond(upper, lower), {{"a", ""}, {"b", ""}});
    return topology.links[Routes(topology).between(NodeId{0}, NodeId{1})[1].link].name;
  };
  EXPECT_EQ(second_link(nanoseconds(5), nanoseconds(4)), "left-down");
  EXPECT_EQ(second_link(nanoseconds(4), nanoseconds(5)), "left-up");
  EXPECT_EQ(second_link(nanoseconds(4), nanoseconds(4)), "left-up");
  EXPECT_EQ(second_link(nanoseconds(0), nanoseconds(0)), "left-up");
}

TEST(Routes, DoNotLeadThroughNodes) {
  TopologySpec spec{.name = "line", .kind = "explicit"};
  spec.explicit_links = {{"a", "b", {}}, {"b", "c", {}}};
  EXPECT_FALSE(build_topology(spec, {{"a", ""}, {"b", ""}, {"c", ""}}));
  spec.explicit_links.push_back({"a", "c", {}});
  const Topology triangle = built(spec, {{"a", ""}, {"b", ""}, {"c", ""}});
  const Routes routes(triangle);
  EXPECT_EQ(routes.between(NodeId{0}, NodeId{2}), (std::vector<Hop>{{2, 0}}));
  EXPECT_EQ(routes.between(NodeId{2}, NodeId{0}), (std::vector<Hop>{{2, 1}}));
}

}  // namespace
}  // namespace soliton
