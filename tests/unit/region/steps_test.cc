// Requests of different lengths: each gives the bits that it gives alone, on any number of FPGAs.
#include "tests/unit/region/region_graphs.h"

namespace soliton::test {
namespace {

constexpr std::int64_t kOpen = ir::kOpen;
const std::vector<std::int64_t> kLengths{4, 2, 7, 1, 7, 3};

// The same request in a run of its own, in which all shapes are fixed.
RegionRun alone(const RegionRun& run, std::uint32_t request, bool all_functions) {
  RegionRun out(run.graph, all_functions, {run.given.steps(request)});
  out.given.given = {run.given.request(request)};
  return out;
}

void expect_as_alone(RegionRun& run, const std::vector<Stage>& stages, std::size_t fpgas,
                     bool all_functions) {
  const auto requests = static_cast<std::uint32_t>(run.given.given.size());
  const auto together = run.run(stages, fpgas, requests);
  ASSERT_EQ(together.size(), requests);
  for (std::uint32_t request = 0; request < requests; ++request) {
    RegionRun one = alone(run, request, all_functions);
    ASSERT_EQ(one.split.on_fpga, run.split.on_fpga);
    const auto answer = one.run(on_one(one), 1);
    const std::vector<ir::Array> want = run.in_fp32(request);
    ASSERT_EQ(answer.size(), 1u);
    for (std::size_t k = 0; k < want.size(); ++k) {
      EXPECT_TRUE(identical(together[request][k], answer[0][k]))
          << "request " << request << " output " << k << " on " << fpgas;
      EXPECT_LE(error_of(together[request][k], want[k]), kTolerance);
    }
  }
}

// On one FPGA, on two that share every layer, and with a stage for each layer.
void expect_each_as_alone(const TestGraph& t, std::size_t operators, bool all_functions = true) {
  RegionRun run(t.graph, all_functions, kLengths);
  ASSERT_TRUE(run.shapes.differ());
  expect_on_fpga(run, operators);
  const std::size_t layers = run.split.fpga.layers.size();
  ASSERT_GT(layers, 0u);
  EXPECT_EQ(run.split.fpga.fixed_steps, 7);
  expect_as_alone(run, on_one(run), 1, all_functions);
  expect_as_alone(run, {stage(0, layers, {0, 1})}, 2, all_functions);
  std::vector<Stage> each;
  for (std::size_t layer = 0; layer < layers; ++layer)
    each.push_back(stage(layer, layer + 1, {layer}));
  if (layers > 1) expect_as_alone(run, each, layers, all_functions);
}

TEST(Steps, ProductsOfEveryStep) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {kOpen, 20});
  const ir::ValueId a = t.node("relu", "Relu", {dense(t, "a", x, 20, 33)});
  t.output(dense(t, "bb", a, 33, 24));
  expect_each_as_alone(t, 5);
}

TEST(Steps, RecurrentLayersAndTheLastStep) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {kOpen, 1, 12});
  const ir::ValueId first = recurrent(t, "GRU", "one", x, 12, 16, 1, "forward");
  const ir::ValueId flat =
      t.node("flat", "Squeeze", {first, t.constant("axes", ir::Array::integers({1}))});
  const ir::ValueId second = recurrent(t, "LSTM", "two", flat, 16, 24, 1, "forward");
  const ir::ValueId last =
      t.node("last", "Gather", {second, t.constant("index", ir::Array::scalar<std::int64_t>(-1))},
             {integer("axis", 0)});
  const ir::ValueId row =
      t.node("row", "Reshape", {last, t.constant("shape", ir::Array::integers({1, 24}))});
  t.output(dense(t, "a", row, 24, 11));
  t.output(second);
  expect_each_as_alone(t, t.graph.nodes.size());
}

TEST(Steps, BothDirectionsAndTheirLastStates) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {kOpen, 1, 12});
  const ir::ValueId y = recurrent(t, "LSTM", "cell", x, 12, 20, 2, "bidirectional", {}, true);
  const ir::Node cell = t.graph.nodes.back();
  t.output(y);
  t.output(cell.outputs[1]);
  t.output(cell.outputs[2]);
  expect_each_as_alone(t, 1);
}

TEST(Steps, FromTheLastStepToTheFirst) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {kOpen, 1, 12});
  t.output(recurrent(t, "GRU", "cell", x, 12, 20, 1, "reverse"));
  expect_each_as_alone(t, 1);
}

TEST(Steps, ACpuPartInTheMiddle) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {kOpen, 16});
  const ir::ValueId a = dense(t, "a", x, 16, 16);
  const ir::ValueId soft = t.node("softmax", "Softmax", {a}, {integer("axis", -1)});
  t.output(t.node("sum", "Add", {dense(t, "bb", soft, 16, 16), a}));
  expect_each_as_alone(t, t.graph.nodes.size() - 1, false);
}

// Seven vectors in every request are not one for each step, although the longest has seven.
TEST(Steps, AsManyVectorsAsTheLongestRequestByChance) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {kOpen, 20}), z = t.input("z", {7, 20});
  t.output(dense(t, "a", x, 20, 9));
  t.output(dense(t, "bb", z, 20, 9));
  expect_each_as_alone(t, 4);
  const RegionRun run(t.graph, true, kLengths);
  std::vector<bool> per_step;
  for (const Layer& layer : run.split.fpga.layers) per_step.push_back(layer_per_step(layer));
  EXPECT_EQ(per_step, (std::vector<bool>{true, false}));
}

TEST(Steps, WhatHasAnotherShapeStaysOnTheCpu) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {kOpen, 16});
  const ir::ValueId a = dense(t, "a", x, 16, 12);
  const ir::ValueId twice =
      t.node("twice", "Reshape", {a, t.constant("shape", ir::Array::integers({-1, 6}))});
  t.output(t.node("relu", "Relu", {twice}));
  RegionRun run(t.graph, true, kLengths);
  expect_on_fpga(run, 2);
  for (const std::size_t node : {2, 3})
    EXPECT_EQ(run.split.why[node], "has a shape that depends on a request");
  const auto requests = static_cast<std::uint32_t>(kLengths.size());
  const auto one = run.run(on_one(run), 1, requests);
  const auto two = run.run({stage(0, run.split.fpga.layers.size(), {0, 1})}, 2, requests);
  ASSERT_EQ(two.size(), one.size());
  for (std::uint32_t request = 0; request < one.size(); ++request) {
    EXPECT_LE(error_of(one[request][0], run.in_fp32(request)[0]), kTolerance);
    EXPECT_TRUE(identical(one[request][0], two[request][0])) << request;
  }
}

// A request does not say how many steps the next one has, to which its state goes.
TEST(Steps, StateIsCarriedFromRequestToRequest) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {kOpen, 1, 12}), h0 = t.input("h0", {1, 1, 20});
  t.output(recurrent(t, "GRU", "cell", x, 12, 20, 1, "forward", {h0}));
  const ir::Node cell = t.graph.nodes.back();
  t.graph.states = {{h0, cell.outputs[1], random_floats({1, 1, 20}, 5)}};
  RegionRun run(t.graph, true, kLengths);
  expect_on_fpga(run, 1);
  const auto requests = static_cast<std::uint32_t>(kLengths.size());
  const auto one = run.run(on_one(run), 1, requests);
  const auto two = run.run({stage(0, 1, {0, 1})}, 2, requests);
  ASSERT_EQ(one.size(), requests);
  ASSERT_EQ(two.size(), requests);
  ir::Graph whole = t.graph;
  whole.outputs.push_back(cell.outputs[1]);
  ir::Array h = t.graph.states[0].initial;
  for (std::uint32_t request = 0; request < requests; ++request) {
    const auto want = *ir::evaluate(whole, std::vector{run.inputs().request(request)[0], h});
    EXPECT_LE(error_of(one[request][0], want[0]), kTolerance) << request;
    EXPECT_TRUE(identical(one[request][0], two[request][0])) << request;
    h = want[1];
  }
}

}  // namespace
}  // namespace soliton::test
