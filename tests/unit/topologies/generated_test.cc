// Kinds that are made from a few numbers: how many of what there is, and how far it is from node to node.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "topologies/equal_paths.h"
#include "topologies/kind.h"
#include "topologies/routes.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

std::vector<PlacedNode> hosts(std::size_t count) {
  std::vector<PlacedNode> nodes;
  for (std::size_t i = 0; i < count; ++i) nodes.push_back({"fpga" + std::to_string(i), ""});
  return nodes;
}

TopologySpec spec_of(const std::string& kind, Settings options) {
  TopologySpec spec{.name = kind, .kind = kind};
  spec.options = std::move(options);
  return spec;
}

Topology built(const std::string& kind, Settings options, const std::vector<PlacedNode>& nodes) {
  auto topology = build_topology(spec_of(kind, std::move(options)), nodes);
  EXPECT_TRUE(topology) << topology.error().text();
  return topology ? std::move(*topology) : Topology{};
}

std::string refused(const std::string& kind, Settings options,
                    const std::vector<PlacedNode>& nodes) {
  const auto topology = build_topology(spec_of(kind, std::move(options)), nodes);
  return topology ? "built" : topology.error().text();
}

std::size_t switches(const Topology& topology) { return topology.vertices.size() - topology.nodes; }

std::size_t cables(const Topology& topology, std::uint32_t from, std::uint32_t to) {
  return Routes(topology).path(NodeId{from}, NodeId{to}).size();
}

std::size_t cables_at(const Topology& topology, const std::string& vertex) {
  std::size_t out = 0;
  for (const TopologyLink& link : topology.links)
    for (const std::uint32_t end : link.ends) out += topology.vertices[end].name == vertex ? 1 : 0;
  return out;
}

// The longest of the shortest ways, and the number of links that some flow takes.
std::pair<std::size_t, std::size_t> reach(const Topology& topology) {
  const Routes routes(topology);
  std::size_t longest = 0;
  std::set<std::uint32_t> used;
  for (std::uint32_t from = 0; from < topology.nodes; ++from)
    for (std::uint32_t to = 0; to < topology.nodes; ++to) {
      if (from == to) continue;
      const std::vector<Hop> path = routes.path(NodeId{from}, NodeId{to});
      EXPECT_FALSE(path.empty()) << from << " to " << to;
      longest = std::max(longest, path.size());
      for (const Hop hop : path) used.insert(hop.link);
    }
  return {longest, used.size()};
}

TEST(LeafSpine, EveryLeafIsWiredToEverySpine) {
  const Topology topology = built("leaf-spine",
                                  {{"leaves", {3}},
                                   {"spines", {4}},
                                   {"hosts_per_leaf", {8}},
                                   {"uplink", {std::int64_t{100'000'000'000}}}},
                                  hosts(24));
  EXPECT_EQ(switches(topology), 7U);
  EXPECT_EQ(topology.links.size(), 24U + 12);
  EXPECT_EQ(cables(topology, 0, 7), 2U);
  EXPECT_EQ(cables(topology, 0, 8), 4U);
  EXPECT_EQ(reach(topology), std::pair(std::size_t{4}, topology.links.size()));
  EXPECT_EQ(topology.links.back().rate.bits_per_second, 100'000'000'000);
  EXPECT_EQ(topology.links.back().name, "leaf2-spine3");
  EXPECT_EQ(topology.links.front().name, "fpga0-leaf0");
}

TEST(FatTree, OfFourPortsHasTwentySwitchesForSixteenNodes) {
  const Topology topology = built("fat-tree", {{"k", {4}}}, hosts(16));
  EXPECT_EQ(switches(topology), 20U);
  EXPECT_EQ(topology.links.size(), 48U);
  for (const char* vertex : {"pod0-edge0", "pod3-agg1", "core0", "core3"})
    EXPECT_EQ(cables_at(topology, vertex), 4U) << vertex;
  EXPECT_EQ(cables(topology, 0, 1), 2U);
  EXPECT_EQ(cables(topology, 0, 2), 4U);
  EXPECT_EQ(cables(topology, 0, 4), 6U);
  EXPECT_EQ(reach(topology), std::pair(std::size_t{6}, std::size_t{48}));
}

TEST(FatTree, BuildsPodsWithNodesOnly) {
  const Topology one = built("fat-tree", {{"k", {8}}}, hosts(5));
  EXPECT_EQ(switches(one), 8U);
  const Topology two =
      built("fat-tree", {{"k", {8}}}, {{"a", "pod2-edge1"}, {"b", "pod7-edge3"}, {"c", ""}});
  EXPECT_EQ(switches(two), 3U * 8 + 16);
  EXPECT_EQ(two.vertices[0].place, "pod2-edge1");
  EXPECT_EQ(two.vertices[2].place, "pod0-edge0");
  EXPECT_THAT(refused("fat-tree", {{"k", {5}}}, hosts(2)), HasSubstr("k: 5 is odd"));
}

TEST(Clos, HasAsManyCablesUpAsDown) {
  const Topology topology = built("clos", {{"levels", {3}}, {"arity", {2}}}, hosts(8));
  EXPECT_EQ(switches(topology), 12U);
  EXPECT_EQ(topology.links.size(), 8U + 16);
  for (const char* vertex : {"level0-3", "level1-0"})
    EXPECT_EQ(cables_at(topology, vertex), 4U) << vertex;
  EXPECT_EQ(cables_at(topology, "level2-2"), 2U);
  EXPECT_EQ(cables(topology, 0, 1), 2U);
  EXPECT_EQ(reach(topology).first, 6U);
  // Switches of one leaf's neighbours meet one level up.
  EXPECT_EQ(cables(topology, 0, 2), 4U);
  EXPECT_THAT(refused("clos", {{"levels", {6}}, {"arity", {64}}}, hosts(2)),
              HasSubstr("are more than 65536 cables"));
}

TEST(Dragonfly, AnyTwoGroupsHaveOneCable) {
  const Topology topology =
      built("dragonfly", {{"groups", {5}}, {"routers", {3}}, {"hosts_per_router", {2}}}, hosts(30));
  EXPECT_EQ(switches(topology), 15U);
  EXPECT_EQ(topology.links.size(), 30U + 5 * 3 + 10);
  std::map<std::pair<std::string, std::string>, int> between;
  for (const TopologyLink& link : topology.links) {
    if (link.ends[0] < topology.nodes) continue;
    const std::string a = topology.vertices[link.ends[0]].place;
    const std::string b = topology.vertices[link.ends[1]].place;
    if (a != b) ++between[{a, b}];
  }
  EXPECT_EQ(between.size(), 10U);
  for (const auto& [groups, count] : between) EXPECT_EQ(count, 1);
  // To a router of the own group, over, to a router there; and the cables of both nodes.
  EXPECT_EQ(reach(topology).first, 5U);
  // Cables to four other groups begin at three routers by turns.
  for (int router = 0; router < 3; ++router)
    EXPECT_LE(cables_at(topology, "group0-router" + std::to_string(router)), 2U + 2 + 2);
}

// Cables crossed in a torus, and the lines on the chips at both ends.
TEST(Torus, IsAsFarAsItsDimensionsSay) {
  const std::vector<std::int64_t> dims = {3, 4, 2};
  const Topology topology = built("torus", {{"dims", {dims}}}, hosts(24));
  EXPECT_EQ(switches(topology), 24U);
  EXPECT_EQ(topology.links.size(), 24U + 24 + 24 + 12);
  EXPECT_EQ(cables_at(topology, "fpga7-router"), 2U + 2 + 1 + 1);
  for (std::uint32_t from = 0; from < 24; ++from)
    for (std::uint32_t to = 0; to < 24; ++to) {
      if (from == to) continue;
      std::size_t expected = 2;
      std::uint32_t a = from, b = to;
      for (std::size_t d = dims.size(); d-- > 0;) {
        const auto extent = static_cast<std::uint32_t>(dims[d]);
        const std::uint32_t apart = (a % extent + extent - b % extent) % extent;
        expected += std::min(apart, extent - apart);
        a /= extent;
        b /= extent;
      }
      ASSERT_EQ(cables(topology, from, to), expected) << from << " to " << to;
    }
}

TEST(Torus, NamesCablesByTheirNodes) {
  const Topology topology = built("torus", {{"dims", {std::vector<std::int64_t>{2, 3}}}}, hosts(6));
  std::set<std::string> names;
  for (const TopologyLink& link : topology.links) names.insert(link.name);
  EXPECT_EQ(names, (std::set<std::string>{
                       "fpga0-chip", "fpga1-chip", "fpga2-chip", "fpga3-chip", "fpga4-chip",
                       "fpga5-chip", "fpga0-fpga1", "fpga1-fpga2", "fpga0-fpga2", "fpga3-fpga4",
                       "fpga4-fpga5", "fpga3-fpga5", "fpga0-fpga3", "fpga1-fpga4", "fpga2-fpga5"}));
}

TEST(Torus, MustHaveAsManyPlacesAsNodes) {
  const std::vector<std::int64_t> dims = {6, 8};
  EXPECT_THAT(refused("torus", {{"dims", {dims}}}, hosts(10)),
              HasSubstr("dims 6 x 8 have 48 places, the cluster has 10 nodes"));
  EXPECT_THAT(refused("torus", {}, hosts(4)), HasSubstr("dims are missing"));
  EXPECT_THAT(refused("ring", {}, {{"a", "left"}, {"b", ""}}),
              HasSubstr("has no place \"left\" (leave `at` out"));
}

TEST(Ring, GoesTheShorterWay) {
  const Topology topology = built("ring", {}, hosts(7));
  EXPECT_EQ(topology.links.size(), 14U);
  for (std::uint32_t to = 1; to < 7; ++to)
    EXPECT_EQ(cables(topology, 0, to), 2U + std::min(to, 7 - to));
  EXPECT_EQ(built("ring", {}, hosts(2)).links.size(), 3U);
  EXPECT_EQ(built("ring", {}, hosts(1)).links.size(), 1U);
}

TEST(FullMesh, HasACableForEachPair) {
  const Topology topology = built("full-mesh", {}, hosts(9));
  EXPECT_EQ(topology.links.size(), 36U);
  EXPECT_EQ(reach(topology), std::pair(std::size_t{1}, std::size_t{36}));
  EXPECT_THAT(refused("full-mesh", {}, hosts(400)), HasSubstr("400 nodes take 79800 cables"));
}

TEST(Places, AreTakenByNameThenInOrder) {
  const Settings two = {{"leaves", {2}}, {"spines", {1}}, {"hosts_per_leaf", {2}}};
  const Topology topology =
      built("leaf-spine", two, {{"a", ""}, {"b", "leaf0"}, {"c", ""}, {"d", ""}});
  const auto place = [&](std::size_t node) { return topology.vertices[node].place; };
  EXPECT_EQ(place(0), "leaf0");
  EXPECT_EQ(place(1), "leaf0");
  EXPECT_EQ(place(2), "leaf1");
  EXPECT_THAT(refused("leaf-spine", two, hosts(5)), HasSubstr("is full (2 x 2 = 4 hosts)"));
  EXPECT_THAT(refused("leaf-spine", two, {{"a", "leaf1"}, {"b", "leaf1"}, {"c", "leaf1"}}),
              HasSubstr("node c: leaf1 of topology leaf-spine is full (2 hosts)"));
  EXPECT_THAT(refused("leaf-spine", two, {{"a", "leaf7"}}),
              HasSubstr("has no place \"leaf7\" (it has leaf0 to leaf1)"));
}

}  // namespace
}  // namespace soliton
