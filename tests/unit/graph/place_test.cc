#include <gtest/gtest.h>

#include "partition/place/place_graph.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton {
namespace {

using test::TestGraph;

PlacedGraph place(const TestGraph& t, std::vector<std::size_t> host_of) {
  PlaceRequest request{&t.graph, {"a", "b"}, std::move(host_of), "a"};
  Result<PlacedGraph> placed = place_graph(request);
  EXPECT_TRUE(placed);
  return placed ? std::move(*placed) : PlacedGraph();
}

TestGraph chain_of_three() {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1});
  const ir::ValueId one = t.node("one", "Relu", {x});
  const ir::ValueId two = t.node("two", "Neg", {one});
  t.output(t.node("three", "Abs", {two}));
  return t;
}

TEST(PlaceGraph, OneHostRunsOnePart) {
  const PlacedGraph placed = place(chain_of_three(), {0, 0, 0});
  ASSERT_EQ(placed.hosts.size(), 1u);
  ASSERT_EQ(placed.hosts[0].parts.size(), 1u);
  const CpuPart& part = placed.hosts[0].parts[0];
  EXPECT_EQ(part.name, "one to three");
  EXPECT_EQ(part.graph.nodes.size(), 3u);
  EXPECT_EQ(broken_rule(part.graph), "");
  EXPECT_EQ(placed.first_reply, 1);
  EXPECT_EQ(placed.sends, (std::vector<std::vector<PartPort>>{{{"a", 0, false}}}));
  EXPECT_EQ(part.outputs, (std::vector<std::vector<PartPort>>{{{"a", 1, false}}}));
}

TEST(PlaceGraph, ThereAndBackMakesTwoPartsOfOneHost) {
  const PlacedGraph placed = place(chain_of_three(), {0, 1, 0});
  ASSERT_EQ(placed.hosts.size(), 2u);
  ASSERT_EQ(placed.hosts[0].parts.size(), 2u);
  ASSERT_EQ(placed.hosts[1].parts.size(), 1u);
  EXPECT_EQ(placed.hosts[0].parts[0].outputs[0], (std::vector<PartPort>{{"b", 0, false}}));
  EXPECT_EQ(placed.hosts[1].parts[0].outputs[0], (std::vector<PartPort>{{"a", 1, false}}));
  EXPECT_EQ(placed.first_reply, 2);
}

TEST(PlaceGraph, BranchesThatNeedNoChangeOfHostStayOnePart) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1});
  const ir::ValueId left = t.node("left", "Relu", {x});
  const ir::ValueId right = t.node("right", "Neg", {x});
  const ir::ValueId far = t.node("far", "Abs", {right});
  t.output(t.node("sum", "Add", {left, far}));
  // left and right on a, far on b, the sum on a again.
  const PlacedGraph placed = place(t, {0, 0, 1, 0});
  ASSERT_EQ(placed.hosts[0].parts.size(), 2u);
  EXPECT_EQ(placed.hosts[0].parts[0].graph.nodes.size(), 2u);
  EXPECT_EQ(placed.hosts[0].parts[1].graph.inputs.size(), 2u);
}

TEST(PlaceGraph, StateGoesToTheNextRequestAndBeginsWithItsValue) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1});
  const ir::ValueId state = t.input("state", {1});
  const ir::ValueId sum = t.node("sum", "Add", {x, state});
  t.output(sum);
  t.graph.states.push_back({state, sum, test::floats({0})});
  const PlacedGraph placed = place(t, {0});
  const CpuPart& part = placed.hosts[0].parts[0];
  EXPECT_EQ(part.outputs[0], (std::vector<PartPort>{{"a", 2, false}, {"a", 1, true}}));
  EXPECT_FALSE(part.initial[0].present());
  EXPECT_TRUE(part.initial[1].present());
  EXPECT_TRUE(placed.sends[1].empty());
}

TEST(PlaceGraph, APartOnStateAloneWaitsForTheRequest) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1});
  const ir::ValueId state = t.input("state", {1});
  t.output(t.node("y", "Relu", {x}));
  const ir::ValueId next = t.node("next", "Neg", {state});
  t.graph.states.push_back({state, next, test::floats({1})});
  const PlacedGraph placed = place(t, {0, 1});
  ASSERT_EQ(placed.hosts.size(), 2u);
  EXPECT_EQ(placed.hosts[1].parts[0].graph.inputs.size(), 2u);
  EXPECT_EQ(placed.sends[0].size(), 2u);
}

TEST(PlaceGraph, RefusesAModelThatNoRequestCouldStart) {
  TestGraph t;
  t.output(t.node("y", "Relu", {t.constant("c", test::floats({1}))}));
  const PlaceRequest request{&t.graph, {"a"}, {0}, "a"};
  EXPECT_FALSE(place_graph(request));
}

}  // namespace
}  // namespace soliton
