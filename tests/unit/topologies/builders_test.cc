#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "topologies/kind.h"
#include "topologies/topology_fields.h"

namespace soliton {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<PlacedNode> hosts(int count, const std::string& at = "") {
  std::vector<PlacedNode> nodes;
  for (int i = 0; i < count; ++i) nodes.push_back({"fpga" + std::to_string(i), at});
  return nodes;
}

TopologySpec kind(const std::string& name) { return {.name = name, .kind = name}; }

std::vector<std::string> link_names(const Topology& topology) {
  std::vector<std::string> names;
  for (const TopologyLink& link : topology.links) names.push_back(link.name);
  return names;
}

bool has_vertex(const Topology& topology, const std::string& name) {
  return std::any_of(topology.vertices.begin(), topology.vertices.end(),
                     [&](const Vertex& vertex) { return vertex.name == name; });
}

TEST(Rack, NamesCablesAfterNodeAndSwitch) {
  const auto topology = build_topology(kind("rack"), {{"fpga0", "rack0"}, {"host0", ""}});
  ASSERT_TRUE(topology) << topology.error().text();
  EXPECT_EQ(link_names(*topology), (std::vector<std::string>{"fpga0-tor0", "host0-tor0"}));
  EXPECT_EQ(topology->nodes, 2u);
  EXPECT_EQ(topology->vertices.size(), 3u);
  EXPECT_TRUE(topology->vertices[2].is_switch);
  EXPECT_EQ(topology->vertices[0].place, "rack0");
}

TEST(Rack, HoldsTwentyFourHostsAndNamesTheFirstThatDoesNotFit) {
  EXPECT_TRUE(build_topology(kind("rack"), hosts(24)));
  const auto full = build_topology(kind("rack"), hosts(25));
  ASSERT_FALSE(full);
  ASSERT_EQ(full.error().errors.size(), 1u);
  EXPECT_EQ(full.error().errors[0].code, ErrorCode::kInvalid);
  EXPECT_THAT(full.error().text(),
              AllOf(HasSubstr("fpga24"), HasSubstr("full"), HasSubstr("24 hosts")));
}

TEST(Rack, ReportsEveryUnknownPlace) {
  const auto topology = build_topology(
      kind("rack"), {{"a", "rack1"}, {"b", "rack0"}, {"c", "shelf"}, {"d", "rack0x"}});
  ASSERT_FALSE(topology);
  EXPECT_EQ(topology.error().errors.size(), 3u);
  EXPECT_THAT(topology.error().text(), AllOf(HasSubstr("\"rack1\""), HasSubstr("\"shelf\""),
                                             HasSubstr("\"rack0x\""), HasSubstr("it has rack0")));
}

TEST(Datacenter, BuildsOnlyWhatIsUsed) {
  const auto one_rack = build_topology(kind("datacenter"), hosts(24));
  ASSERT_TRUE(one_rack);
  EXPECT_EQ(one_rack->vertices.size(), 25u);

  const auto two_racks = build_topology(kind("datacenter"), hosts(25));
  ASSERT_TRUE(two_racks);
  EXPECT_EQ(two_racks->vertices.size(), 25u + 2u + 2u);  // two racks, an aggregation pair
  EXPECT_TRUE(has_vertex(*two_racks, "tor1"));
  EXPECT_TRUE(has_vertex(*two_racks, "pod0-agg0"));
  EXPECT_FALSE(has_vertex(*two_racks, "spine0"));

  const auto two_pods =
      build_topology(kind("datacenter"), {{"a", "pod0/rack0"}, {"b", "pod259/rack39"}});
  ASSERT_TRUE(two_pods);
  EXPECT_EQ(two_pods->vertices.size(), 2u + 2u + 4u + 2u);
  EXPECT_TRUE(has_vertex(*two_pods, "tor10399"));
  EXPECT_EQ(two_pods->vertices[1].place, "pod259/rack39");
}

TEST(Datacenter, NodesWithoutAPlaceFillWhatPlacedOnesLeave) {
  std::vector<PlacedNode> nodes = hosts(24);
  nodes.push_back({"last", "rack0"});
  const auto topology = build_topology(kind("datacenter"), nodes);
  ASSERT_TRUE(topology) << topology.error().text();
  EXPECT_EQ(topology->vertices[24].place, "pod0/rack0");
  EXPECT_EQ(topology->vertices[22].place, "pod0/rack0");
  EXPECT_EQ(topology->vertices[23].place, "pod0/rack1");
}

TEST(Datacenter, APodIsAPlaceAndFillsRackByRack) {
  const auto topology = build_topology(kind("datacenter"), hosts(25, "pod3"));
  ASSERT_TRUE(topology) << topology.error().text();
  EXPECT_EQ(topology->vertices[23].place, "pod3/rack0");
  EXPECT_EQ(topology->vertices[24].place, "pod3/rack1");
  EXPECT_TRUE(has_vertex(*topology, "tor121"));
}

TEST(Datacenter, HoldsAQuarterOfAMillionHosts) {
  const Settings options = all_options(*find_topology_kind("datacenter"), {});
  const auto standard = [&](const char* key) { return find_setting(options, key)->number(); };
  EXPECT_EQ(standard("hosts_per_rack") * standard("racks_per_pod"), 960);
  EXPECT_NEAR(static_cast<double>(960 * standard("pods")), 250'000, 500);
  TopologySpec spec = kind("datacenter");
  spec.options = {{"pods", {1}}, {"racks_per_pod", {1}}};
  EXPECT_FALSE(build_topology(spec, hosts(25)));
}

TEST(Datacenter, RefusesOptionsBeyondTheirLimitsAndThoseOfOtherKinds) {
  TopologySpec spec = kind("datacenter");
  spec.options = {{"pods", {0}}, {"racks_per_pod", {1}}, {"spines", {2}}};
  const auto topology = build_topology(spec, hosts(2));
  ASSERT_FALSE(topology);
  EXPECT_THAT(topology.error().text(),
              AllOf(HasSubstr("pods: 0 is not between 1 and 65536"),
                    HasSubstr("spines has no meaning for kind datacenter")));
}

TEST(Names, UsedTwiceAreRefusedAlsoAgainstSwitches) {
  const auto twice = build_topology(kind("rack"), {{"a", ""}, {"a", ""}, {"tor0", ""}});
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().text(),
              AllOf(HasSubstr("the name a is used twice"), HasSubstr("tor0 is used twice")));
}

TEST(Kind, UnknownIsRefusedWithTheKnownOnes) {
  const auto topology = build_topology(kind("moebius"), hosts(2));
  ASSERT_FALSE(topology);
  EXPECT_THAT(
      topology.error().text(),
      AllOf(HasSubstr("\"moebius\""),
            HasSubstr("rack, datacenter, leaf-spine, fat-tree, clos, dragonfly, torus, ring, "
                      "full-mesh, local, explicit")));
}

TopologySpec two_leaves() {
  TopologySpec spec = kind("explicit");
  spec.explicit_switches = {{.name = "leaf0", .forwarding = nanoseconds(300)}, {.name = "leaf1"}};
  TopologyLink cable;
  cable.latency = nanoseconds(100);
  spec.explicit_links = {{"a", "leaf0", cable}, {"leaf0", "leaf1", cable}, {"leaf1", "b", cable}};
  return spec;
}

TEST(Explicit, JoinsNodesAndSwitchesByName) {
  const auto topology = build_topology(two_leaves(), {{"a", ""}, {"b", ""}});
  ASSERT_TRUE(topology) << topology.error().text();
  EXPECT_EQ(link_names(*topology), (std::vector<std::string>{"a-leaf0", "leaf0-leaf1", "leaf1-b"}));
  EXPECT_EQ(topology->links[2].ends[0], 3u);
  EXPECT_EQ(topology->links[2].ends[1], 1u);
  EXPECT_TRUE(topology->vertices[2].is_switch);
}

TEST(Explicit, AtASwitchGivesTheNodeACable) {
  TopologySpec spec = two_leaves();
  spec.explicit_links.erase(spec.explicit_links.begin());
  const auto topology = build_topology(spec, {{"a", "leaf0"}, {"b", ""}});
  ASSERT_TRUE(topology) << topology.error().text();
  EXPECT_EQ(topology->links[0].name, "a-leaf0");
}

TEST(Explicit, ReportsAllErrorsWithTheNearestName) {
  TopologySpec spec = two_leaves();
  spec.explicit_links[0].b = "laef0";
  spec.explicit_links[1].link.rate = BitRate{0};
  spec.explicit_links.push_back(spec.explicit_links[2]);
  const auto topology = build_topology(spec, {{"a", ""}, {"b", ""}});
  ASSERT_FALSE(topology);
  EXPECT_THAT(topology.error().text(),
              AllOf(HasSubstr("did you mean \"leaf0\""), HasSubstr("rate must be above 0"),
                    HasSubstr("link name leaf1-b is used twice")));
}

TEST(Builders, ErrorsHaveTheirPositions) {
  const auto rack = build_topology(kind("rack"), {{"a", "rack9", "f.yaml:3:5"}});
  ASSERT_FALSE(rack);
  EXPECT_THAT(rack.error().text(), testing::StartsWith("f.yaml:3:5: node a: topology"));
  TopologySpec spec = two_leaves();
  spec.explicit_links[0].b = "laef0";
  spec.explicit_links[0].position = "t.yaml:7:9";
  const auto leaves = build_topology(spec, {{"a", ""}, {"b", ""}});
  ASSERT_FALSE(leaves);
  EXPECT_THAT(leaves.error().text(), testing::StartsWith("t.yaml:7:9: link "));
}

TEST(Local, HasALimit) {
  EXPECT_TRUE(build_topology(kind("local"), hosts(362)));
  const auto topology = build_topology(kind("local"), hosts(363));
  ASSERT_FALSE(topology);
  EXPECT_THAT(topology.error().text(), HasSubstr("363 nodes would take more than 65536 links"));
}

TEST(Local, WiresEveryPair) {
  const auto topology = build_topology(kind("local"), hosts(5));
  ASSERT_TRUE(topology);
  EXPECT_EQ(topology->links.size(), 10u);
  EXPECT_EQ(topology->vertices.size(), 5u);
}

}  // namespace
}  // namespace soliton
