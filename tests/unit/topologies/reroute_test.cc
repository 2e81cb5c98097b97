// Ways of packets of one flow: sprayed, and around what is down, against brute force.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/topologies/tangle.h"
#include "topologies/flow_ordinals.h"
#include "topologies/routes.h"

namespace soliton {
namespace {

Instant at_us(std::int64_t us) { return kRunStart + microseconds(us); }

Topology named(Topology topology, Routing routing) {
  topology.routing = routing;
  for (std::size_t l = 0; l < topology.links.size(); ++l)
    topology.links[l].name = "cable" + std::to_string(l);
  return topology;
}

// Cables from one node to another over ports that are up; 0: there is no way.
std::size_t fewest(const Topology& topology, const std::set<std::size_t>& down, std::uint32_t from,
                   std::uint32_t to) {
  constexpr std::size_t kFar = 1'000;
  std::vector<std::size_t> least(topology.vertices.size(), kFar);
  least[from] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t port = 0; port < 2 * topology.links.size(); ++port) {
      const TopologyLink& link = topology.links[port / 2];
      const std::uint32_t near = link.ends[port % 2], far = link.ends[1 - port % 2];
      const bool forwards = near == from || topology.vertices[near].is_switch;
      if (down.contains(port) || !forwards || least[near] + 1 >= least[far]) continue;
      least[far] = least[near] + 1;
      changed = true;
    }
  }
  return least[to] == kFar ? 0 : least[to];
}

// The path of a packet that crosses the whole network at one instant.
std::vector<Hop> path_at(const Topology& topology, const Routes& routes, std::uint32_t from,
                         std::uint32_t to, std::uint32_t ordinal, Instant at) {
  std::vector<Hop> path;
  for (std::uint32_t v = from; v != to;) {
    const auto hop =
        routes.next_hop(v, NodeId{to}, {routes.flow(NodeId{from}, NodeId{to}), ordinal, at});
    if (!hop) return path;
    path.push_back(*hop);
    if (path.size() > 4 * topology.vertices.size()) return path;
    v = far_end(topology.links[hop->link], hop->direction);
  }
  return path;
}

std::vector<Outage> random_outages(const Topology& topology, const Random& chance) {
  std::vector<Outage> out(1 + chance.below(0, 4));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto draw = [&](std::uint64_t what, std::uint64_t below) {
      return chance.below(100 * (i + 1) + what, below);
    };
    for (std::uint64_t l = 0; l <= draw(0, 3); ++l)
      out[i].links.push_back(static_cast<std::uint32_t>(draw(10 + l, topology.links.size())));
    const std::uint64_t which = draw(1, 3);
    out[i].forward = which != 0;
    out[i].backward = which != 1;
    out[i].from = at_us(static_cast<std::int64_t>(draw(2, 20)));
    if (draw(3, 4) != 0)
      out[i].until = later(out[i].from, microseconds(1 + std::int64_t(draw(4, 20))));
  }
  return out;
}

std::set<std::size_t> down_at(const std::vector<Outage>& outages, Instant at) {
  std::set<std::size_t> down;
  for (const Outage& outage : outages) {
    if (at < outage.from || outage.until <= at) continue;
    for (const std::uint32_t link : outage.links) {
      if (outage.forward) down.insert(port_of({link, 0}));
      if (outage.backward) down.insert(port_of({link, 1}));
    }
  }
  return down;
}

// At every microsecond a path has as many cables as the network as it was `reroute` ago asks for, and
// crosses none that was down then; if there is none, it is that of the whole network.
TEST(Reroutes, LeadOverWhatIsKnownToBeUp) {
  int around = 0, cut_off = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Random chance(seed, "reroute");
    const auto routing = seed % 3 == 0 ? Routing::kSpray : Routing::kEcmp;
    const Topology topology = named(tangle(Random(seed, "tangle")), routing);
    if (topology.links.empty()) continue;
    const std::vector<Outage> outages = random_outages(topology, chance);
    Topology slow = topology;
    slow.reroute = microseconds(7);
    const Routes routes(slow, outages), whole(topology);
    for (std::int64_t us = 0; us < 50; us += 3)
      for (std::uint32_t from = 0; from < topology.nodes; ++from)
        for (std::uint32_t to = 0; to < topology.nodes; ++to) {
          if (from == to) continue;
          const std::set<std::size_t> down = down_at(outages, at_us(us - 7));
          const std::size_t length = fewest(topology, down, from, to);
          const std::vector<Hop> path = path_at(slow, routes, from, to, 5, at_us(us));
          const std::vector<Hop> before = path_at(topology, whole, from, to, 5, at_us(us));
          // A node's only cable leaves no choice, so it is not looked at.
          const auto crosses_down = [&](const std::vector<Hop>& hops) {
            return std::ranges::any_of(hops, [&](Hop hop) { return down.contains(port_of(hop)); });
          };
          if (length > 0) {
            ASSERT_EQ(path.size(), length) << seed << " at " << us;
            ASSERT_FALSE(crosses_down(path)) << seed << " at " << us;
            if (path != before) ++around;
          } else {
            ASSERT_TRUE(path.empty() || crosses_down(path)) << seed << " at " << us;
            ASSERT_EQ(path.empty(), before.empty());
            ++cut_off;
          }
        }
  }
  EXPECT_GT(around, 1'000);
  EXPECT_GT(cut_off, 1'000);
}

TEST(Reroutes, FixedTakesTheShortestOfWhatIsLeft) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Topology topology = named(tangle(Random(seed, "tangle")), Routing::kFixed);
    if (topology.links.empty()) continue;
    const auto cut =
        static_cast<std::uint32_t>(Random(seed, "cut").below(0, topology.links.size()));
    const Routes routes(topology, {{.links = {cut}, .from = at_us(100)}});
    // The same network without the cable; the numbers of those behind it are one lower.
    Topology less = topology;
    less.links.erase(less.links.begin() + cut);
    const Routes left(less);
    for (std::uint32_t from = 0; from < topology.nodes; ++from)
      for (std::uint32_t to = 0; to < topology.nodes; ++to) {
        if (from == to) continue;
        std::vector<Hop> expected = path_at(less, left, from, to, 0, at_us(150));
        for (Hop& hop : expected) hop.link += hop.link >= cut ? 1 : 0;
        const std::vector<Hop> before = routes.path(NodeId{from}, NodeId{to});
        ASSERT_EQ(path_at(topology, routes, from, to, 0, at_us(150) - picoseconds(1)), before);
        ASSERT_EQ(path_at(topology, routes, from, to, 0, at_us(150)),
                  expected.empty() ? before : expected)
            << seed;
      }
  }
}

// The pair of aggregation switches of a pod stand in for each other, though ways are computed there.
TEST(Reroutes, ACutAggregationSwitchIsLeftForItsTwin) {
  const TopologySpec spec{.name = "datacenter", .kind = "datacenter"};
  const auto topology = build_topology(spec, {{"a", "rack0"}, {"b", "rack1"}, {"c", "pod1/rack0"}});
  ASSERT_TRUE(topology) << topology.error().text();
  EXPECT_EQ(topology->routing, Routing::kFixed);
  const auto links_of = [&](std::string_view name) {
    std::vector<std::uint32_t> links;
    for (std::uint32_t l = 0; l < topology->links.size(); ++l)
      for (const std::uint32_t end : topology->links[l].ends)
        if (topology->vertices[end].name == name) links.push_back(l);
    return links;
  };
  for (const std::string_view cut : {"pod0-agg0", "pod0-agg1", "spine0", "spine1"}) {
    const Routes routes(*topology, {{.links = links_of(cut), .from = at_us(100)}});
    for (std::uint32_t from = 0; from < 3; ++from)
      for (std::uint32_t to = 0; to < 3; ++to) {
        if (from == to) continue;
        const std::vector<Hop> path = path_at(*topology, routes, from, to, 0, at_us(150));
        EXPECT_EQ(path.size(), routes.path(NodeId{from}, NodeId{to}).size());
        for (const Hop hop : path)
          EXPECT_NE(topology->vertices[far_end(topology->links[hop.link], hop.direction)].name,
                    cut);
      }
  }
}

TEST(Reroutes, NeverKeepsTheWays) {
  Topology topology = named(tangle(Random(7, "tangle")), Routing::kEcmp);
  topology.reroute.reset();
  EXPECT_TRUE(Routes(topology, {{.links = {0}}}).changes().empty());
}

// All that packets take is in ways(), and nothing else: 300 ordinals meet every choice of networks this
// small.
TEST(Spray, WaysAreThoseOfAllOrdinals) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Topology topology = named(tangle(Random(seed, "tangle")), Routing::kSpray);
    const Routes routes(topology);
    for (std::uint32_t from = 0; from < topology.nodes; ++from)
      for (std::uint32_t to = 0; to < topology.nodes; ++to) {
        if (from == to) continue;
        std::set<std::size_t> taken, possible, common;
        TransferTimes met{Duration::max(), {}};
        std::map<std::size_t, int> crossed;
        for (std::uint32_t ordinal = 0; ordinal < 300; ++ordinal) {
          const std::vector<Hop> path = path_at(topology, routes, from, to, ordinal, kRunStart);
          for (const Hop hop : path) taken.insert(port_of(hop)), ++crossed[port_of(hop)];
          const Duration time = transfer_time(topology, path, Bytes{100});
          met = {std::min(met.least, time), std::max(met.most, time)};
        }
        const std::vector<Hop> ways = routes.ways(NodeId{from}, NodeId{to});
        for (const Hop hop : ways) possible.insert(port_of(hop));
        ASSERT_EQ(taken, possible) << seed;
        for (const Hop hop : routes.common_hops(NodeId{from}, NodeId{to}))
          common.insert(port_of(hop));
        for (const auto& [port, packets] : crossed)
          ASSERT_EQ(packets == 300, common.contains(port));
        if (ways.empty()) continue;
        const TransferTimes bounds = transfer_times(topology, ways, Bytes{100});
        ASSERT_EQ(bounds.least, met.least) << seed;
        ASSERT_EQ(bounds.most, met.most) << seed;
        std::set<std::uint32_t> reached{from};
        for (const Hop hop : ways) {
          ASSERT_TRUE(reached.contains(topology.links[hop.link].ends[hop.direction]));
          reached.insert(far_end(topology.links[hop.link], hop.direction));
        }
      }
  }
}

// Between two switches with four cables in between.
TEST(Spray, PacketsAreSpreadEvenlyAndEcmpKeepsAFlowTogether) {
  Topology topology;
  topology.nodes = 2;
  topology.vertices = {{.name = "a"},
                       {.name = "b"},
                       {.name = "x", .is_switch = true},
                       {.name = "y", .is_switch = true}};
  const auto cable = [&](std::string name, std::uint32_t a, std::uint32_t b) {
    TopologyLink link;
    link.name = std::move(name);
    link.ends[0] = a;
    link.ends[1] = b;
    topology.links.push_back(link);
  };
  cable("a-x", 0, 2);
  cable("b-y", 1, 3);
  for (int i = 0; i < 4; ++i) cable("x-y." + std::to_string(i), 2, 3);
  const auto count = [&](Routing routing, std::uint64_t seed) {
    topology.routing = routing;
    topology.hash_seed = seed;
    const Routes routes(topology);
    std::map<std::uint32_t, int> packets;
    for (std::uint32_t ordinal = 0; ordinal < 4'000; ++ordinal)
      ++packets[path_at(topology, routes, 0, 1, ordinal, kRunStart)[1].link];
    return packets;
  };
  const std::map<std::uint32_t, int> sprayed = count(Routing::kSpray, 0);
  ASSERT_EQ(sprayed.size(), 4u);
  for (const auto& [link, packets] : sprayed) EXPECT_NEAR(packets, 1'000, 5 * 27.4) << link;
  std::set<std::uint32_t> chosen;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const std::map<std::uint32_t, int> together = count(Routing::kEcmp, seed);
    ASSERT_EQ(together.size(), 1u);
    chosen.insert(together.begin()->first);
  }
  EXPECT_EQ(chosen.size(), 4u) << "another hash_seed, another way";
}

TEST(FlowOrdinals, CountEachFlowOnItsOwn) {
  FlowOrdinals ordinals(3);
  EXPECT_EQ(ordinals.next(NodeId{0}, NodeId{2}), 0u);
  EXPECT_EQ(ordinals.next(NodeId{0}, NodeId{1}), 0u);
  EXPECT_EQ(ordinals.next(NodeId{0}, NodeId{2}), 1u);
  EXPECT_EQ(ordinals.next(NodeId{2}, NodeId{0}), 0u);
  EXPECT_EQ(ordinals.next(NodeId{0}, NodeId{1}), 1u);
}

}  // namespace
}  // namespace soliton
