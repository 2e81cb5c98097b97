#include "topologies/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topologies/kind.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

Topology built(const std::string& kind, Settings options, std::size_t count) {
  std::vector<PlacedNode> nodes;
  for (std::size_t i = 0; i < count; ++i) nodes.push_back({"n" + std::to_string(i), ""});
  TopologySpec spec{.name = kind, .kind = kind};
  spec.options = std::move(options);
  return build_topology(spec, nodes).value();
}

constexpr std::int64_t kLine = 40'000'000'000;

TEST(TopologyShape, OfAFatTree) {
  const TopologyShape shape = shape_of(built("fat-tree", {{"k", {4}}}, 16));
  EXPECT_EQ(shape.nodes, 16U);
  EXPECT_EQ(shape.switches, 20U);
  EXPECT_EQ(shape.links, 48U);
  ASSERT_EQ(shape.levels.size(), 3U);
  for (const std::size_t level : {0, 1}) {
    EXPECT_EQ(shape.levels[level].level, level + 1);
    EXPECT_EQ(shape.levels[level].down.bits_per_second, 16 * kLine);
    EXPECT_EQ(shape.levels[level].up.bits_per_second, 16 * kLine);
    EXPECT_EQ(shape.levels[level].across.bits_per_second, 0);
  }
  EXPECT_EQ(shape.levels[2].up.bits_per_second, 0);
  ASSERT_EQ(shape.distances.size(), 3U);
  EXPECT_EQ(shape.distances[0].pairs, 16U);
  EXPECT_EQ(shape.distances[0].least, nanoseconds(1440));
  EXPECT_EQ(shape.distances[1].pairs, 32U);
  EXPECT_EQ(shape.distances[1].ways_most, 2U);
  EXPECT_EQ(shape.distances[2].pairs, 192U);
  EXPECT_EQ(shape.distances[2].ways_most, 4U);
  // The published round trip between pods, one way: 18.71 us / 2.
  EXPECT_EQ(shape.distances[2].most, nanoseconds(9355));
  EXPECT_EQ(shape.halves.bits_per_second, 8 * kLine);
}

TEST(TopologyShape, HalvesAreWhatTheNarrowestCutCarries) {
  const auto halves = [](const std::string& kind, Settings options, std::size_t nodes) {
    return shape_of(built(kind, std::move(options), nodes)).halves.bits_per_second / kLine;
  };
  // Two leaves of eight joined by three spines.
  EXPECT_EQ(halves("leaf-spine", {{"leaves", {2}}, {"spines", {3}}, {"hosts_per_leaf", {8}}}, 16),
            3);
  // A circle is cut twice, a torus of 4 x 4 in four circles.
  EXPECT_EQ(halves("ring", {}, 8), 2);
  EXPECT_EQ(halves("torus", {{"dims", {std::vector<std::int64_t>{4, 4}}}}, 16), 8);
  EXPECT_EQ(halves("full-mesh", {}, 6), 9);
  EXPECT_EQ(halves("rack", {}, 10), 5);
}

TEST(TopologyShape, CablesAmongThemselvesAreCountedAtBothEnds) {
  const TopologyShape shape = shape_of(built("ring", {}, 5));
  ASSERT_EQ(shape.levels.size(), 1U);
  EXPECT_EQ(shape.levels[0].across.bits_per_second, 2 * 5 * kLine);
  EXPECT_EQ(shape.levels[0].up.bits_per_second, 0);
}

TEST(TopologyShape, PicturesHaveEveryVertexAndCable) {
  for (const std::size_t nodes : {4, 16, 64}) {
    const Topology topology = built("fat-tree", {{"k", {8}}}, nodes);
    const std::string svg = topology_svg(topology), dot = topology_dot(topology);
    for (const Vertex& vertex : topology.vertices) {
      EXPECT_THAT(svg, HasSubstr("<title>" + vertex.name + "</title>"));
      EXPECT_THAT(dot, HasSubstr("\"" + vertex.name + "\" ["));
    }
    for (const TopologyLink& link : topology.links) {
      EXPECT_THAT(svg, HasSubstr("<title>" + link.name + ", 40 Gb/s</title>"));
      EXPECT_THAT(dot, HasSubstr(link.name + ", 40 Gb/s"));
    }
  }
}

}  // namespace
}  // namespace soliton
