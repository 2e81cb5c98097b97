// Ways of `routing: ecmp`: over the fewest cables, chosen by names alone.
#include "topologies/equal_paths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "protocol/base/rng.h"
#include "tests/unit/topologies/tangle.h"

namespace soliton {
namespace {

Topology with_ecmp(Topology topology) {
  topology.routing = Routing::kEcmp;
  for (std::size_t l = 0; l < topology.links.size(); ++l)
    topology.links[l].name = "cable" + std::to_string(l);
  return topology;
}

// Two leaves of `hosts` nodes each, `spines` above them.
Topology leaf_spine(int hosts, int spines) {
  Topology out;
  out.nodes = static_cast<std::uint32_t>(2 * hosts);
  out.routing = Routing::kEcmp;
  for (int i = 0; i < 2 * hosts; ++i) out.vertices.push_back({.name = "fpga" + std::to_string(i)});
  const auto add_switch = [&](std::string name) {
    out.vertices.push_back({.name = std::move(name), .is_switch = true});
    return static_cast<std::uint32_t>(out.vertices.size() - 1);
  };
  const auto cable = [&](std::uint32_t a, std::uint32_t b) {
    TopologyLink link;
    link.name = out.vertices[a].name + "-" + out.vertices[b].name;
    link.ends[0] = a;
    link.ends[1] = b;
    out.links.push_back(link);
  };
  const std::uint32_t leaves[2] = {add_switch("leaf0"), add_switch("leaf1")};
  for (int i = 0; i < 2 * hosts; ++i) cable(static_cast<std::uint32_t>(i), leaves[i / hosts]);
  for (int s = 0; s < spines; ++s) {
    const std::uint32_t spine = add_switch("spine" + std::to_string(s));
    for (const std::uint32_t leaf : leaves) cable(leaf, spine);
  }
  return out;
}

// By names of the cables crossed.
std::map<std::string, std::vector<std::string>> ways(const Topology& topology) {
  const Routes routes(topology);
  std::map<std::string, std::vector<std::string>> out;
  for (std::uint32_t from = 0; from < topology.nodes; ++from)
    for (std::uint32_t to = 0; to < topology.nodes; ++to) {
      if (from == to) continue;
      std::vector<std::string>& way =
          out[topology.vertices[from].name + " " + topology.vertices[to].name];
      for (const Hop hop : routes.path(NodeId{from}, NodeId{to}))
        way.push_back(topology.links[hop.link].name);
    }
  return out;
}

// Cables of the shortest way, relaxing all of them until nothing changes; 0: there is none.
std::size_t fewest(const Topology& topology, std::uint32_t from, std::uint32_t to) {
  constexpr std::size_t kFar = 1'000;
  std::vector<std::size_t> least(topology.vertices.size(), kFar);
  least[from] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (const TopologyLink& link : topology.links)
      for (const int end : {0, 1}) {
        const std::uint32_t near = link.ends[end], far = link.ends[1 - end];
        const bool forwards = near == from || topology.vertices[near].is_switch;
        if (!forwards || least[near] + 1 >= least[far]) continue;
        least[far] = least[near] + 1;
        changed = true;
      }
  }
  return least[to] == kFar ? 0 : least[to];
}

TEST(EqualPaths, AreOverTheFewestCablesInEveryNetwork) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Topology topology = with_ecmp(tangle(Random(seed, "tangle")));
    const Routes routes(topology);
    for (std::uint32_t from = 0; from < topology.nodes; ++from)
      for (std::uint32_t to = 0; to < topology.nodes; ++to) {
        if (from == to) continue;
        ASSERT_EQ(routes.path(NodeId{from}, NodeId{to}).size(), fewest(topology, from, to))
            << seed << ": " << from << " to " << to;
      }
  }
}

// A way goes on over one of the hops that lead on, and every one of these is on a shortest way.
TEST(EqualPaths, SetsHoldEveryHopThatLeadsOn) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Topology topology = with_ecmp(tangle(Random(seed, "tangle")));
    const EqualPaths paths(topology);
    const Routes routes(topology);
    for (std::uint32_t from = 0; from < topology.nodes; ++from)
      for (std::uint32_t to = 0; to < topology.nodes; ++to) {
        if (from == to) continue;
        const std::size_t length = fewest(topology, from, to);
        std::set<std::size_t> expected;
        for (std::size_t port = 0; length > 0 && port < 2 * topology.links.size(); ++port) {
          const Hop hop = hop_of(port);
          const TopologyLink& link = topology.links[hop.link];
          const std::uint32_t far = far_end(link, hop.direction);
          if (link.ends[hop.direction] != from) continue;
          const bool done = far == to && length == 1;
          if (done || (topology.vertices[far].is_switch &&
                       fewest(topology, far, to) == length - 1 && length > 1))
            expected.insert(port);
        }
        std::set<std::size_t> actual;
        for (const Hop hop : paths.next_hops(from, NodeId{to})) actual.insert(port_of(hop));
        ASSERT_EQ(actual, expected) << seed << ": " << from << " to " << to;
        const std::vector<Hop> path = routes.path(NodeId{from}, NodeId{to});
        ASSERT_TRUE(path.empty() || expected.contains(port_of(path.front())));
      }
  }
}

TEST(EqualPaths, FlowsSpreadOverAllSpines) {
  const Topology topology = leaf_spine(32, 4);
  std::map<std::string, int> flows;
  for (const auto& [pair, way] : ways(topology))
    if (way.size() == 4) ++flows[way[1].substr(way[1].find('-') + 1)];
  ASSERT_EQ(flows.size(), 4U);
  // 2,048 flows: the standard deviation of a share is 20.
  for (const auto& [spine, count] : flows) EXPECT_NEAR(count, 512, 80) << spine;
}

// Nodes, switches and cables in another order: the names of things decide.
TEST(EqualPaths, AreThoseOfNamesInWhateverOrder) {
  const Topology topology = leaf_spine(6, 3);
  Topology other = topology;
  std::reverse(other.vertices.begin(), other.vertices.begin() + other.nodes);
  std::reverse(other.vertices.begin() + other.nodes, other.vertices.end());
  const auto turned = [&](std::uint32_t v) {
    const auto all = static_cast<std::uint32_t>(other.vertices.size());
    return v < other.nodes ? other.nodes - 1 - v : all - 1 - (v - other.nodes);
  };
  for (TopologyLink& link : other.links)
    for (std::uint32_t& end : link.ends) end = turned(end);
  std::ranges::reverse(other.links);
  EXPECT_EQ(ways(other), ways(topology));
}

TEST(EqualPaths, ALostCableMovesItsOwnFlowsOnly) {
  const Topology topology = leaf_spine(16, 4);
  const auto before = ways(topology);
  Topology less = topology;
  std::erase_if(less.links, [](const TopologyLink& link) { return link.name == "leaf0-spine2"; });
  int moved = 0;
  for (const auto& [pair, way] : ways(less)) {
    const bool lost = std::ranges::find(before.at(pair), "leaf0-spine2") != before.at(pair).end();
    // Down to leaf0 a flow may have come over spine2, which leads nowhere now.
    if (!lost) {
      EXPECT_EQ(way, before.at(pair)) << pair;
    }
    moved += lost ? 1 : 0;
    EXPECT_EQ(std::ranges::find(way, "leaf0-spine2"), way.end());
  }
  EXPECT_GT(moved, 50);
}

TEST(EqualPaths, ParallelCablesAreUsed) {
  Topology topology = leaf_spine(8, 1);
  const std::size_t links = topology.links.size();
  for (std::size_t l = 0; l < links; ++l) {
    TopologyLink link = topology.links[l];
    if (link.name != "leaf0-spine0") continue;
    link.name += ".1";
    topology.links.push_back(link);
  }
  std::set<std::string> used;
  for (const auto& [pair, way] : ways(topology)) used.insert(way.begin(), way.end());
  EXPECT_TRUE(used.contains("leaf0-spine0"));
  EXPECT_TRUE(used.contains("leaf0-spine0.1"));
}

TEST(EqualPaths, ManyPathsAreKnownByTheirCircles) {
  EXPECT_TRUE(many_paths(leaf_spine(2, 2)));
  EXPECT_FALSE(many_paths(leaf_spine(2, 1)));
  Topology fixed = leaf_spine(2, 2);
  fixed.routing = Routing::kFixed;
  EXPECT_FALSE(many_paths(fixed));
}

}  // namespace
}  // namespace soliton
