// What is known of shapes where requests differ in their steps.
#include "partition/ir/request_shapes.h"

#include <gtest/gtest.h>

#include "partition/ir/passes/specialise.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton::ir {
namespace {

using test::TestGraph;

Array kind(Shape shape) { return Array::unknown(ElementType::kFloat32, std::move(shape)); }

TEST(RequestShapes, TheFirstExtentThatDiffersIsTheSteps) {
  const std::vector<std::vector<Array>> requests{
      {kind({1, 4}), kind({4, 2})}, {kind({1, 4}), kind({6, 2})}, {kind({1, 4}), kind({5, 2})}};
  EXPECT_EQ(varying_axis(requests), (StepAxis{1, 0}));
  EXPECT_EQ(varying_axis(std::span(requests).first(1)), std::nullopt);
  const std::vector<Trial> trials = trials_of(requests, varying_axis(requests));
  ASSERT_EQ(trials.size(), 3u);
  EXPECT_EQ(trials[0].steps, 4);
  EXPECT_EQ(trials[2].steps, 6);
  EXPECT_EQ(trials[2].arrays[1].shape(), (Shape{6, 2}));
}

TEST(RequestShapes, FewOfManyLengthsAreTried) {
  std::vector<std::vector<Array>> requests;
  for (std::int64_t steps = 100; steps > 0; --steps) requests.push_back({kind({steps})});
  const std::vector<Trial> trials = trials_of(requests, StepAxis{0, 0}, 3);
  ASSERT_EQ(trials.size(), 3u);
  EXPECT_EQ(trials.front().steps, 1);
  EXPECT_EQ(trials.back().steps, 100);
}

// y keeps the steps, z has twice as many rows, and s is the shape of x.
struct Steps {
  TestGraph t;
  ValueId x = t.input("x", {kOpen, 4});
  ValueId y = t.node("y", "Relu", {x});
  ValueId z = t.node("z", "Reshape", {x, t.constant("rows", Array::integers({-1, 2}))});
  ValueId s = t.node("s", "Shape", {x});
  std::vector<Trial> trials{{2, {kind({2, 4})}}, {3, {kind({3, 4})}}, {6, {kind({6, 4})}}};
};

TEST(RequestShapes, AnExtentIsConstantOrTheStepsOrUnknown) {
  const Steps it;
  const RequestShapes shapes = infer_shapes(it.t.graph, it.trials);
  EXPECT_TRUE(shapes.differ());
  EXPECT_EQ(shapes.steps(), 6);
  EXPECT_EQ(shapes.arrays[it.y].shape(), (Shape{6, 4}));
  EXPECT_EQ(shapes.shape_of(it.y), (Shape{kOpen, 4}));
  EXPECT_FALSE(shapes.arrays[it.z].present());
  EXPECT_TRUE(shapes.arrays[it.s].present());
  EXPECT_FALSE(shapes.arrays[it.s].known()) << "it holds the steps";
}

TEST(RequestShapes, WhatFollowsFromTheStepsIsNoConstant) {
  Steps it;
  const ValueId width =
      it.t.node("width", "Gather", {it.s, it.t.constant("one", Array::scalar<std::int64_t>(1))});
  const ValueId rows = it.t.node("rows of x", "Gather",
                                 {it.s, it.t.constant("zero", Array::scalar<std::int64_t>(0))});
  it.t.output(it.t.node("both", "Mul", {width, rows}));
  specialise(it.t.graph, [&](const Graph& graph) { return infer_shapes(graph, it.trials).arrays; });
  EXPECT_EQ(it.t.graph.nodes.size(), 3u) << "the width is the same in all requests";
  Graph alone = it.t.graph;
  specialise(alone, [](const Graph& graph) {
    return infer_shapes(graph, std::vector<Trial>{{0, {kind({2, 4})}}}).arrays;
  });
  ASSERT_EQ(alone.nodes.size(), 1u) << "of one length all follows";
  EXPECT_EQ(alone.nodes[0].op, "Identity");
}

// One request is all requests, but its words are no part of the model.
TEST(RequestShapes, WhatWordsPickFromATableIsNoConstant) {
  TestGraph t;
  const ValueId words = t.input("words", {2}, ElementType::kInt64);
  const ValueId table = t.constant("table", Array::of<float>({3, 1}, {1, 2, 3}));
  const ValueId picked = t.node("picked", "Gather", {table, words});
  const ValueId next = t.node("next", "Relu", {picked});
  t.output(next);
  const std::vector<Trial> one{{0, {Array::integers({2, 0})}}};
  const RequestShapes shapes = infer_shapes(t.graph, one);
  EXPECT_TRUE(shapes.arrays[words].known());
  EXPECT_EQ(shapes.arrays[picked].shape(), (Shape{2, 1}));
  EXPECT_FALSE(shapes.arrays[picked].known());
  EXPECT_FALSE(shapes.arrays[next].known());
  specialise(t.graph, [&](const Graph& graph) { return infer_shapes(graph, one).arrays; });
  EXPECT_EQ(t.graph.nodes.size(), 2u);
}

TEST(RequestShapes, StateThatGrowsHasNoShape) {
  TestGraph t;
  const ValueId x = t.input("x", {1, 4}), past = t.input("past", {kOpen, 4});
  const ValueId next = t.node("next", "Concat", {past, x}, {[] {
                                Attribute axis;
                                axis.name = "axis";
                                axis.kind = Attribute::Kind::kInteger;
                                return axis;
                              }()});
  const ValueId kept = t.node("kept", "Relu", {x});
  t.graph.states = {{past, next, Array::of<float>({1, 4}, {0, 0, 0, 0})}};
  const RequestShapes shapes =
      infer_shapes(t.graph, std::vector<Trial>{{0, {kind({1, 4}), Array()}}});
  EXPECT_FALSE(shapes.arrays[past].present());
  EXPECT_FALSE(shapes.arrays[next].present());
  EXPECT_TRUE(shapes.arrays[kept].present());
}

}  // namespace
}  // namespace soliton::ir
