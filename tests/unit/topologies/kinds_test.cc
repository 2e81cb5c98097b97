// A kind of topology is a value: one that only this test knows is built, takes options and is
// listed like those that ship.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/unit/topologies/twin.h"
#include "topologies/routes.h"
#include "topologies/topology_fields.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;

TopologySpec twin(Settings options) {
  TopologySpec spec;
  spec.name = spec.kind = "twin";
  spec.options = std::move(options);
  return spec;
}

TEST(TopologyKinds, OneMoreTakesItsOptionsThroughItsTable) {
  const std::shared_ptr<void> made = kTwin.fields.make();
  ASSERT_TRUE(assign(kTwin.fields, {{"length", {5'000}}, {"trunks", {3}}}, made.get()));
  const Settings options = collect(kTwin.fields, made.get());
  EXPECT_EQ(options, (Settings{{"trunks", {3}}, {"length", {5'000}}}));
  const auto read = options_of<TwinOptions>(twin(options), kTwinFields);
  EXPECT_EQ(read.trunks, 3);
  EXPECT_EQ(read.length, nanoseconds(5));
}

TEST(TopologyKinds, OneMoreIsBuilt) {
  const std::vector<const TopologyKind*> kinds = kinds_and_twin();
  TopologySpec spec = twin({{"trunks", {3}}});
  spec.pause.emplace();
  const Checked<Topology> topology = build_topology(spec, {{"a", ""}, {"b", ""}, {"c", ""}}, kinds);
  ASSERT_TRUE(topology) << topology.error().text();
  EXPECT_EQ(topology->links.size(), 6u);
  EXPECT_TRUE(topology->pause.has_value());
  // Over any of the trunks, which are links 3 to 5.
  const std::vector<Hop> path = Routes(*topology).path(NodeId{0}, NodeId{1});
  ASSERT_EQ(path.size(), 3U);
  EXPECT_EQ(path[0], (Hop{0, 0}));
  EXPECT_GE(path[1].link, 3U);
  EXPECT_EQ(path[2], (Hop{1, 1}));
  EXPECT_FALSE(build_topology(spec, {{"left", ""}}, kinds)) << "a name that is a switch's";
  EXPECT_FALSE(build_topology(spec, {{"a", ""}, {"b", ""}})) << "only the test's list has the kind";
}

TEST(TopologyKinds, OneMoreIsListed) {
  const std::vector<const TopologyKind*> kinds = kinds_and_twin();
  EXPECT_THAT(topology_kind_names(kinds),
              ElementsAre("rack", "datacenter", "leaf-spine", "fat-tree", "clos", "dragonfly",
                          "torus", "ring", "full-mesh", "local", "explicit", "twin"));
  EXPECT_EQ(kTwin.summary(twin({})), "two switches, 2 cables");
  const std::vector<Field> rows = topology_rows(kTwin, kinds);
  EXPECT_TRUE(
      std::ranges::any_of(rows, [](const Field& row) { return row.key == "trunks" && row.set; }));
  EXPECT_TRUE(
      std::ranges::any_of(rows, [](const Field& row) { return row.key == "pods" && !row.set; }));
}

// Documentation and schemas show every kind's keys with the values by default.
TEST(TopologyKinds, ShowTheirKeysInOneTable) {
  for (const TopologyKind* kind : topology_kinds())
    for (const Field& row : kind->fields.fields) {
      const Field* const shown = kTopologyFields.find(row.key);
      ASSERT_NE(shown, nullptr) << row.key;
      EXPECT_EQ(spell_default(kTopologyFields, *shown), spell_default(kind->fields, row))
          << row.key;
    }
}

}  // namespace
}  // namespace soliton
