// The part of a network that a plan uses.
#include "partition/cost/own_network.h"

#include <gtest/gtest.h>

#include "topologies/routes.h"

namespace soliton {
namespace {

// Ways of two nodes lead over the routers of others, which then belong to nobody.
TEST(OwnNetwork, KeepsRoutersOfNodesThatAreNotThePlans) {
  TopologySpec spec{.name = "line", .kind = "explicit"};
  spec.explicit_links = {{"a", "b", {}}, {"b", "c", {}}, {"c", "d", {}}};
  std::vector<PlacedNode> nodes;
  for (const char* name : {"a", "b", "c", "d"})
    nodes.push_back({.name = name, .at = "", .forward = true});
  const auto whole = build_topology(spec, nodes);
  ASSERT_TRUE(whole) << whole.error().text();
  const Topology own = own_network(*whole, {NodeId{3}, NodeId{0}});
  ASSERT_EQ(own.nodes, 2u);
  EXPECT_EQ(own.vertices[0].name, "d");
  for (const Vertex& vertex : own.vertices) {
    const std::uint32_t node = vertex.name == "d-router"   ? 0
                               : vertex.name == "a-router" ? 1
                                                           : kNoNode;
    EXPECT_EQ(vertex.router_of, node) << vertex.name;
  }
  const std::vector<Hop> path = Routes(own).path(NodeId{0}, NodeId{1});
  EXPECT_EQ(path.size(), 5u);
  EXPECT_EQ(transfer_time(own, path, Bytes{96}),
            transfer_time(*whole, Routes(*whole).path(NodeId{3}, NodeId{0}), Bytes{96}));
}

}  // namespace
}  // namespace soliton
