#include "partition/search/nodes_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "partition/search/node_groups.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

using testing::ElementsAre;

struct Listed {
  std::string name;
  std::string at;
  NpuDevice device = pocket(16, 100);
};

// A cluster with a host in front, and its view.
struct Viewed {
  Topology topology;
  Routes routes;
  NodesView view;

  Viewed(const std::string& kind, const std::vector<Listed>& nodes, const std::string& host_at = "")
      : topology(build(kind, nodes, host_at)), routes(topology) {
    PartitionRequest request;
    request.topology = &topology;
    request.routes = &routes;
    request.nodes = {{"host0", {Device::Kind::kCpu, {}, {}}}};
    for (const Listed& node : nodes)
      request.nodes.push_back({node.name, {Device::Kind::kNpu, node.device, {}}});
    view = view_nodes(request).value();
  }
  static Topology build(const std::string& kind, const std::vector<Listed>& nodes,
                        const std::string& host_at) {
    TopologySpec spec;
    spec.kind = kind;
    if (kind == "datacenter") spec.options = {{"quiet", {1}}};
    std::vector<PlacedNode> placed{{"host0", host_at}};
    for (const Listed& node : nodes) placed.push_back({node.name, node.at});
    return build_topology(spec, placed).value();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const LowerNode& node : view.nodes) out.push_back(node.name);
    return out;
  }
};

TEST(NodesView, NumbersInNamesCountAsNumbers) {
  EXPECT_TRUE(name_before("fpga2", "fpga10"));
  EXPECT_FALSE(name_before("fpga10", "fpga2"));
  EXPECT_TRUE(name_before("a", "b"));
  EXPECT_TRUE(name_before("fpga", "fpga0"));
  EXPECT_FALSE(name_before("fpga1", "fpga1"));
  EXPECT_TRUE(name_before("fpga01", "fpga1"));
}

TEST(NodesView, EqualDevicesOfARackAreOneGroupInOrderOfNames) {
  const Viewed it("rack", {{"fpga10", ""}, {"fpga2", ""}, {"fpga1", ""}});
  ASSERT_EQ(it.view.groups.size(), 1u);
  EXPECT_THAT(it.names(), ElementsAre("fpga1", "fpga2", "fpga10"));
  EXPECT_FALSE(it.view.mixed);
}

TEST(NodesView, TheHostsRackIsFirstAndThenTheNearestToTheOneBefore) {
  const Viewed it(
      "datacenter",
      {{"a", "pod1/rack0"}, {"b", "pod0/rack1"}, {"c", "pod1/rack1"}, {"d", "pod0/rack0"}},
      "pod0/rack0");
  EXPECT_THAT(it.names(), ElementsAre("d", "b", "a", "c"));
}

TEST(NodesView, DevicesAreGroupsOfTheirOwnTheRoomiestFirst) {
  const Viewed it("rack", {{"a", "", pocket(16, 50)}, {"b", "", pocket(16, 90)}});
  EXPECT_THAT(it.names(), ElementsAre("b", "a"));
  EXPECT_TRUE(it.view.mixed);
  EXPECT_EQ(it.view.groups.size(), 2u);
}

// Racks 1, 3 and 5 hang on the same aggregation switch.
TEST(NodesView, RacksWithEqualNodesCanBeExchangedButNotTheHostsOrOneOfAnotherSize) {
  const Viewed it("datacenter",
                  {{"a", "pod0/rack0"},
                   {"b", "pod0/rack1"},
                   {"c", "pod0/rack3"},
                   {"d", "pod0/rack5"},
                   {"e", "pod0/rack5"}},
                  "pod0/rack0");
  ASSERT_EQ(it.view.groups.size(), 4u);
  const auto kind_of = [&](const std::string& name) {
    for (std::size_t i = 0; i < it.view.nodes.size(); ++i)
      if (it.view.nodes[i].name == name) return it.view.groups[it.view.group[i]].kind;
    return std::size_t{0};
  };
  EXPECT_EQ(kind_of("b"), kind_of("c"));
  EXPECT_NE(kind_of("a"), kind_of("b"));
  EXPECT_NE(kind_of("d"), kind_of("b"));
}

TEST(NodesView, WaysAreToldApartByWhatAMessageNotices) {
  const Viewed it(
      "datacenter",
      {{"a", "pod0/rack0"}, {"b", "pod0/rack1"}, {"c", "pod0/rack2"}, {"d", "pod1/rack0"}},
      "pod0/rack0");
  const Distances& ways = *it.view.distances;
  EXPECT_EQ(ways.way_class(0, 1), ways.way_class(0, 2));
  EXPECT_NE(ways.way_class(0, 1), ways.way_class(0, 3));
  EXPECT_LT(ways.message(0, 1, 64), ways.message(0, 3, 64));
  EXPECT_EQ(ways.least_message(64), ways.message(0, 1, 64));
}

}  // namespace
}  // namespace soliton::test
