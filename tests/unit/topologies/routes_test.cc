#include "topologies/routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "protocol/base/rng.h"
#include "tests/unit/topologies/tangle.h"

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
      const auto route = routes.path(NodeId{i}, NodeId{j});
      ASSERT_EQ(route.size(), i / 24 == j / 24 ? 2u : 4u);
      ASSERT_EQ(walk(topology, i, route), j);
    }
  }
}

TEST(Routes, CrossSixLinksBetweenPods) {
  const Topology topology = built({.name = "datacenter", .kind = "datacenter"},
                                  {{"a", "pod0/rack0"}, {"b", "pod7/rack1"}});
  const Routes routes(topology);
  const auto there = routes.path(NodeId{0}, NodeId{1});
  ASSERT_EQ(there.size(), 6u);
  EXPECT_EQ(walk(topology, 0, there), 1u);
}

TEST(Routes, BothAggregationPlanesCarryTraffic) {
  const Topology topology = built({.name = "datacenter", .kind = "datacenter"},
                                  {{"a", "rack0"}, {"b", "rack1"}, {"c", "rack2"}});
  const Routes routes(topology);
  const auto over = [&](std::uint32_t from, std::uint32_t to) {
    const auto route = routes.path(NodeId{from}, NodeId{to});
    return topology.vertices[topology.links[route[1].link].ends[1]].name;
  };
  EXPECT_EQ(over(0, 1), "pod0-agg1");
  EXPECT_EQ(over(0, 2), "pod0-agg0");
  EXPECT_EQ(over(2, 1), "pod0-agg1");
  EXPECT_EQ(over(1, 0), "pod0-agg0");
}

TopologySpec diamond(Duration upper, Duration lower) {
  TopologySpec spec{.name = "diamond", .kind = "explicit", .routing = Routing::kFixed};
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
    return topology.links[Routes(topology).path(NodeId{0}, NodeId{1})[1].link].name;
  };
  EXPECT_EQ(second_link(nanoseconds(5), nanoseconds(4)), "left-down");
  EXPECT_EQ(second_link(nanoseconds(4), nanoseconds(5)), "left-up");
  EXPECT_EQ(second_link(nanoseconds(4), nanoseconds(4)), "left-up");
  EXPECT_EQ(second_link(nanoseconds(0), nanoseconds(0)), "left-up");
}

TEST(Routes, DoNotLeadThroughNodes) {
  TopologySpec spec{.name = "line", .kind = "explicit"};
  spec.explicit_links = {{"a", "b", {}}, {"b", "c", {}}};
  const Topology line = built(spec, {{"a", ""}, {"b", ""}, {"c", ""}});
  EXPECT_TRUE(Routes(line).path(NodeId{0}, NodeId{2}).empty());
  spec.explicit_links.push_back({"a", "c", {}});
  const Topology triangle = built(spec, {{"a", ""}, {"b", ""}, {"c", ""}});
  const Routes routes(triangle);
  EXPECT_EQ(routes.path(NodeId{0}, NodeId{2}), (std::vector<Hop>{{2, 0}}));
  EXPECT_EQ(routes.path(NodeId{2}, NodeId{0}), (std::vector<Hop>{{2, 1}}));
}

// The rule of routes.h, word for word and pair by pair: distances from the start by relaxing all
// links until nothing changes, then back from the end over the lowest link of a shortest path.
std::vector<Hop> path_by_the_rule(const Topology& topology, std::uint32_t from, std::uint32_t to) {
  constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 2;
  std::vector<std::int64_t> distance(topology.vertices.size(), kFar);
  distance[from] = 0;
  const auto over = [&](Hop hop) {
    const TopologyLink& link = topology.links[hop.link];
    const std::uint32_t near = link.ends[hop.direction];
    const Vertex& vertex = topology.vertices[near];
    if (near != from && !vertex.is_switch) return kFar;
    return distance[near] + link.latency.count() + (near == from ? 0 : vertex.forwarding.count());
  };
  const auto end = [&](Hop hop) { return topology.links[hop.link].ends[1 - hop.direction]; };
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t port = 0; port < 2 * topology.links.size(); ++port) {
      const Hop hop = hop_of(port);
      if (over(hop) >= distance[end(hop)]) continue;
      distance[end(hop)] = over(hop);
      changed = true;
    }
  }
  std::vector<Hop> path;
  for (std::uint32_t at = to; at != from && distance[to] < kFar;) {
    std::size_t port = 0;
    while (end(hop_of(port)) != at || over(hop_of(port)) != distance[at]) ++port;
    path.insert(path.begin(), hop_of(port));
    at = topology.links[path.front().link].ends[path.front().direction];
  }
  return path;
}

void expect_paths_by_the_rule(const Topology& topology) {
  const Routes routes(topology);
  for (std::uint32_t from = 0; from < topology.nodes; ++from)
    for (std::uint32_t to = 0; to < topology.nodes; ++to) {
      if (from == to) continue;
      ASSERT_EQ(routes.path(NodeId{from}, NodeId{to}), path_by_the_rule(topology, from, to))
          << topology.vertices[from].name << " to " << topology.vertices[to].name;
    }
}

TEST(Routes, FollowTheRuleInEveryNetwork) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    ASSERT_NO_FATAL_FAILURE(expect_paths_by_the_rule(tangle(Random(seed, "tangle"))));
  }
}

TEST(Routes, FollowTheRuleInGeneratedNetworks) {
  for (const std::vector<PlacedNode>& nodes : std::vector<std::vector<PlacedNode>>{
           {{"a", "rack0"}, {"b", "rack0"}, {"c", "rack0"}},
           {{"a", "rack1"}, {"b", "rack1"}, {"c", "rack1"}},
           {{"a", "pod0/rack3"}, {"b", "pod0/rack0"}, {"c", "pod0/rack2"}, {"d", "pod0/rack3"}},
           {{"a", "pod3/rack3"},
            {"b", "pod0/rack1"},
            {"c", "pod0/rack2"},
            {"d", "pod7/rack0"},
            {"e", "pod3/rack8"},
            {"f", "pod3/rack3"},
            {"g", "pod7/rack5"}}})
    ASSERT_NO_FATAL_FAILURE(
        expect_paths_by_the_rule(built({.name = "datacenter", .kind = "datacenter"}, nodes)));
  ASSERT_NO_FATAL_FAILURE(
      expect_paths_by_the_rule(built({.name = "rack", .kind = "rack"}, hosts(5))));
  ASSERT_NO_FATAL_FAILURE(
      expect_paths_by_the_rule(built({.name = "local", .kind = "local"}, hosts(6))));
}

// Where neither cables nor switches take time, all paths are equally long, and they must still end.
TEST(Routes, EndWithoutAnyLatency) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Topology topology = tangle(Random(seed, "tangle"));
    for (TopologyLink& link : topology.links) link.latency = {};
    for (Vertex& vertex : topology.vertices) vertex.forwarding = {};
    const Routes routes(topology);
    for (std::uint32_t from = 0; from < topology.nodes; ++from) {
      for (std::uint32_t to = 0; to < topology.nodes; ++to) {
        if (from == to) continue;
        const std::vector<Hop> path = routes.path(NodeId{from}, NodeId{to});
        ASSERT_EQ(path.empty(), routes.path(NodeId{to}, NodeId{from}).empty());
        if (path.empty()) continue;
        ASSERT_EQ(walk(topology, from, path), to);
      }
    }
  }
}

// What is behind a vertex on a path does not depend on where the path began.
TEST(Routes, GoOnTheSameWayWhereverAPacketIsFrom) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Topology topology = tangle(Random(seed, "tangle"));
    const Routes routes(topology);
    for (std::uint32_t from = 0; from < topology.nodes; ++from) {
      for (std::uint32_t to = 0; to < topology.nodes; ++to) {
        if (from == to) continue;
        for (const Hop hop : path_by_the_rule(topology, from, to))
          ASSERT_EQ(routes.next_hop(topology.links[hop.link].ends[hop.direction], NodeId{to},
                                    {.flow = routes.flow(NodeId{from}, NodeId{to})}),
                    hop)
              << seed;
      }
    }
  }
}

}  // namespace
}  // namespace soliton
