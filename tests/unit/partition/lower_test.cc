#include <gtest/gtest.h>

#include <cmath>

#include "node/npu/op_time.h"
#include "tests/unit/partition/harness.h"
#include "tests/unit/partition/run_fp32.h"

namespace soliton::test {
namespace {

struct Shape {
  const char* name;
  RnnOptions rnn;
  int dense = 0;  // 1: every step, 2: last step, 3: two on the last step
  std::int64_t dense_rows = 12;
  int native_dim = 8;
  CellPrograms programs = CellPrograms::kFused;

  NpuDevice device() const {
    NpuDevice out = pocket(native_dim, 100'000);
    out.cell_programs = programs;
    return out;
  }
};

LayerGraph model_of(const Shape& shape) {
  LayerGraph model = rnn(shape.rnn);
  if (shape.dense == 0) return model;
  add_dense(model, shape.dense_rows, shape.dense == 1);
  if (shape.dense == 3) add_dense(model, 5, false, false);
  return model;
}

// Whole model on one node with room for it, against fp32 with a wide format: the programs compute
// the model.
void expect_near_fp32(const Shape& shape, std::int64_t steps) {
  const LayerGraph model = model_of(shape);
  const NpuDevice device = shape.device();
  const Lowered one = lowered(model, device, 1, {stage(0, model.layers.size(), 0, 1)}, "mxint8");
  ASSERT_EQ(faults(one.shards), "") << shape.name;
  const std::vector<Half> inputs = random_vectors(steps * input_of(model), 3);
  std::vector<float> values;
  for (const Half half : inputs) values.push_back(to_float(half));
  const std::vector<float> expected = run_fp32(model, values, steps);
  const std::vector<Half> got = run(one.shards, one.host, inputs, steps);
  ASSERT_EQ(got.size(), expected.size()) << shape.name;
  double error = 0, size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    error += std::pow(to_float(got[i]) - expected[i], 2);
    size += std::pow(expected[i], 2);
  }
  EXPECT_LT(std::sqrt(error / size), 0.06) << shape.name << ", " << steps << " steps";
}

// Every way of placing the layers gives the bits of one device.
void expect_same_bits(const Shape& shape, std::size_t nodes, std::vector<Stage> stages,
                      const std::string& precision) {
  const LayerGraph model = model_of(shape);
  const NpuDevice device = shape.device();
  const Lowered one = lowered(model, device, 1, {stage(0, model.layers.size(), 0, 1)}, precision);
  const Lowered many = lowered(model, device, nodes, std::move(stages), precision);
  ASSERT_EQ(faults(many.shards), "") << shape.name;
  for (const std::int64_t steps : {1, 2, 7}) {
    const std::vector<Half> inputs = random_vectors(steps * input_of(model), 7);
    const std::vector<Half> expected = run(one.shards, one.host, inputs, steps);
    ASSERT_EQ(run(many.shards, many.host, inputs, steps), expected)
        << shape.name << ", " << nodes << " nodes, " << steps << " steps, " << precision;
    // A second input, so that nothing is equal because everything is zero.
    EXPECT_NE(run(many.shards, many.host, random_vectors(steps * input_of(model), 8), steps),
              expected);
  }
}

const Shape kGruBefore{"gru", {.cell = Cell::kGru, .hidden = 29, .input = 13}};
const Shape kGruAfter{"gru reset after",
                      {.cell = Cell::kGru, .hidden = 32, .input = 9, .reset_after = true}};
const Shape kLstm{"lstm", {.cell = Cell::kLstm, .hidden = 27, .input = 16}};
const Shape kRnn{"rnn", {.cell = Cell::kRnn, .hidden = 30, .input = 11}};
const Shape kRnnStack{"rnn stack", {.cell = Cell::kRnn, .hidden = 20, .layers = 2, .input = 9}};
const Shape kTwoWayRnn{"bidirectional rnn",
                       {.cell = Cell::kRnn, .hidden = 17, .input = 10, .bidirectional = true}};
const Shape kGruStepwise{
    "stepwise gru",         {.cell = Cell::kGru, .hidden = 29, .input = 13}, 0, 12, 8,
    CellPrograms::kStepwise};
const Shape kLstmStepwise{
    "stepwise lstm",        {.cell = Cell::kLstm, .hidden = 27, .input = 16}, 0, 12, 8,
    CellPrograms::kStepwise};
const Shape kStack{"stack", {.cell = Cell::kLstm, .hidden = 20, .layers = 3, .input = 11}};
const Shape kGruStack{"gru stack", {.cell = Cell::kGru, .hidden = 24, .layers = 2}};
const Shape kTwoWay{"bidirectional",
                    {.cell = Cell::kGru, .hidden = 21, .input = 10, .bidirectional = true}};
const Shape kTwoWayStack{
    "bidirectional stack",
    {.cell = Cell::kLstm, .hidden = 19, .layers = 2, .input = 10, .bidirectional = true}};
const Shape kClassifier{"classifier", {.cell = Cell::kGru, .hidden = 30, .input = 16}, 2};
const Shape kTagger{"tagger", {.cell = Cell::kLstm, .hidden = 30, .input = 16}, 1, 21};
const Shape kTwoDense{
    "two dense", {.cell = Cell::kGru, .hidden = 30, .input = 16, .reset_after = true}, 3, 18};
const Shape kTwoWayClassifier{
    "two-way classifier",
    {.cell = Cell::kLstm, .hidden = 21, .input = 10, .bidirectional = true},
    2};
const Shape kTwoWayTagger{
    "two-way tagger", {.cell = Cell::kGru, .hidden = 21, .input = 10, .bidirectional = true}, 1};

TEST(Lower, OneNodeComputesTheModel) {
  for (const Shape& shape : {kGruBefore, kGruAfter, kLstm, kStack, kGruStack, kTwoWay, kTwoWayStack,
                             kClassifier, kTagger, kTwoDense, kTwoWayClassifier, kTwoWayTagger,
                             kRnn, kRnnStack, kTwoWayRnn, kGruStepwise, kLstmStepwise}) {
    for (const std::int64_t steps : {1, 2, 5}) expect_near_fp32(shape, steps);
  }
}

TEST(Lower, RowSplitGivesTheSameBits) {
  for (const Shape& shape : {kGruBefore, kGruAfter, kLstm, kRnn, kGruStepwise, kLstmStepwise}) {
    for (const char* precision : {"ms-fp8", "ms-fp9", "msfp12"}) {
      for (const std::size_t nodes : {2, 3, 4})
        expect_same_bits(shape, nodes, {stage(0, 1, 0, nodes)}, precision);
    }
  }
}

Stage scattered(Stage stage) {
  stage.option.scatter_input = true;
  return stage;
}

Stage in_sides(Stage stage, std::size_t input_nodes) {
  stage.option.input_nodes = input_nodes;
  return stage;
}

// Inputs of two and more native vectors, on more nodes than vectors and fewer.
TEST(Lower, ScatteredInputsGiveTheSameBits) {
  for (const Shape& shape : {kGruBefore, kGruAfter, kLstm, kRnn, kGruStepwise})
    for (const std::size_t nodes : {2, 3, 4})
      expect_same_bits(shape, nodes, {scattered(stage(0, 1, 0, nodes))}, "ms-fp9");
  expect_same_bits(kStack, 3, {scattered(stage(0, 3, 0, 3))}, "ms-fp9");
  expect_same_bits(kStack, 4, {scattered(stage(0, 1, 0, 3)), stage(1, 3, 3, 1)}, "ms-fp9");
  expect_same_bits(kTwoWay, 3, {scattered(stage(0, 1, 0, 3))}, "ms-fp9");
  expect_same_bits(kTwoWay, 4, {scattered(stage(0, 1, 0, 4, true))}, "ms-fp9");
  expect_same_bits(kClassifier, 3, {scattered(stage(0, 2, 0, 3))}, "ms-fp9");
  expect_same_bits(kTagger, 3, {scattered(stage(0, 2, 0, 3))}, "ms-fp9");
}

// Slices of the two sides begin at the same rows, at different ones, and in different numbers.
TEST(Lower, InputAndRecurrentSidesApartGiveTheSameBits) {
  for (const Shape& shape : {kGruBefore, kGruAfter, kLstm, kRnn, kGruStepwise, kLstmStepwise})
    for (const auto& [nodes, input] :
         {std::pair<std::size_t, std::size_t>{2, 1}, {3, 1}, {3, 2}, {4, 2}, {5, 2}, {6, 4}}) {
      expect_same_bits(shape, nodes, {in_sides(stage(0, 1, 0, nodes), input)}, "ms-fp9");
      if (input > 1)
        expect_same_bits(shape, nodes, {scattered(in_sides(stage(0, 1, 0, nodes), input))},
                         "ms-fp9");
    }
  expect_same_bits(kStack, 5, {stage(0, 1, 0, 2), in_sides(stage(1, 3, 2, 3), 1)}, "ms-fp9");
  expect_same_bits(kGruStack, 4, {in_sides(stage(0, 1, 0, 2), 1), in_sides(stage(1, 2, 2, 2), 1)},
                   "ms-fp9");
  expect_same_bits(kClassifier, 3, {in_sides(stage(0, 2, 0, 3), 1)}, "ms-fp9");
  expect_same_bits(kTwoDense, 4, {in_sides(stage(0, 3, 0, 4), 2)}, "ms-fp9");
  expect_same_bits(kTagger, 3, {in_sides(stage(0, 2, 0, 3), 2)}, "ms-fp9");
}

TEST(Lower, StackedLayersOverNodesGiveTheSameBits) {
  expect_same_bits(kStack, 3, {stage(0, 1, 0, 1), stage(1, 2, 1, 1), stage(2, 3, 2, 1)}, "ms-fp9");
  expect_same_bits(kStack, 2, {stage(0, 3, 0, 2)}, "ms-fp9");
  expect_same_bits(kStack, 5, {stage(0, 1, 0, 2), stage(1, 3, 2, 3)}, "ms-fp9");
  expect_same_bits(kStack, 4, {stage(0, 2, 0, 3), stage(2, 3, 3, 1)}, "ms-fp9");
  expect_same_bits(kGruStack, 3, {stage(0, 1, 0, 1), stage(1, 2, 1, 2)}, "ms-fp9");
  expect_same_bits(kGruStack, 3, {stage(0, 2, 0, 3)}, "ms-fp9");
}

TEST(Lower, VanillaLayersGiveTheSameBits) {
  expect_same_bits(kRnnStack, 3, {stage(0, 1, 0, 1), stage(1, 2, 1, 2)}, "ms-fp9");
  expect_same_bits(kRnnStack, 2, {stage(0, 2, 0, 2)}, "ms-fp9");
  expect_same_bits(kTwoWayRnn, 4, {stage(0, 1, 0, 4, true)}, "ms-fp9");
  expect_same_bits(kTwoWayRnn, 3, {stage(0, 1, 0, 3)}, "ms-fp9");
}

// Fused or step by step: the same operations in the same order.
TEST(Lower, AnLstmHasTheSameBitsEitherWayItIsWritten) {
  const LayerGraph model = model_of(kLstm);
  const Lowered fused = lowered(model, kLstm.device(), 1, {stage(0, 1, 0, 1)});
  const Lowered stepwise = lowered(model, kLstmStepwise.device(), 1, {stage(0, 1, 0, 1)});
  EXPECT_GT(stepwise.shards[0].program.chains.size(), fused.shards[0].program.chains.size());
  const std::vector<Half> inputs = random_vectors(6 * input_of(model), 5);
  EXPECT_EQ(run(stepwise.shards, stepwise.host, inputs, 6),
            run(fused.shards, fused.host, inputs, 6));
}

TEST(Lower, DirectionsOnTheirOwnNodesGiveTheSameBits) {
  expect_same_bits(kTwoWay, 2, {stage(0, 1, 0, 2, true)}, "ms-fp9");
  expect_same_bits(kTwoWay, 4, {stage(0, 1, 0, 4, true)}, "ms-fp9");
  expect_same_bits(kTwoWay, 3, {stage(0, 1, 0, 3)}, "ms-fp9");
}

TEST(Lower, StackedBidirectionalLayersGiveTheSameBits) {
  expect_same_bits(kTwoWayStack, 2, {stage(0, 1, 0, 1), stage(1, 2, 1, 1)}, "ms-fp9");
  expect_same_bits(kTwoWayStack, 4, {stage(0, 1, 0, 2, true), stage(1, 2, 2, 2, true)}, "ms-fp9");
  expect_same_bits(kTwoWayStack, 5, {stage(0, 1, 0, 1), stage(1, 2, 1, 4, true)}, "ms-fp9");
  expect_same_bits(kTwoWayStack, 3, {stage(0, 2, 0, 3)}, "ms-fp9");
}

TEST(Lower, DenseLayersGiveTheSameBits) {
  for (const Shape& shape : {kClassifier, kTagger}) {
    expect_same_bits(shape, 3, {stage(0, 2, 0, 3)}, "ms-fp9");
    expect_same_bits(shape, 3, {stage(0, 1, 0, 2), stage(1, 2, 2, 1)}, "ms-fp9");
    expect_same_bits(shape, 4, {stage(0, 1, 0, 2), stage(1, 2, 2, 2)}, "ms-fp9");
  }
  expect_same_bits(kTwoDense, 3, {stage(0, 3, 0, 3)}, "ms-fp9");
  expect_same_bits(kTwoDense, 4, {stage(0, 2, 0, 2), stage(2, 3, 2, 1)}, "ms-fp9");
  expect_same_bits(kTwoDense, 5, {stage(0, 1, 0, 1), stage(1, 2, 1, 3), stage(2, 3, 4, 1)},
                   "ms-fp9");
}

TEST(Lower, DenseBehindTwoDirectionsGivesTheSameBits) {
  for (const Shape& shape : {kTwoWayClassifier, kTwoWayTagger}) {
    expect_same_bits(shape, 2, {stage(0, 2, 0, 2, true)}, "ms-fp9");
    expect_same_bits(shape, 4, {stage(0, 2, 0, 4, true)}, "ms-fp9");
    expect_same_bits(shape, 3, {stage(0, 2, 0, 3)}, "ms-fp9");
    expect_same_bits(shape, 3, {stage(0, 1, 0, 2, true), stage(1, 2, 2, 1)}, "ms-fp9");
  }
}

// The stage's nodes have so few tiles left that the dense layer's rows are spread.
TEST(Lower, DenseSplitsWhenNoNodeHasRoomForAllOfIt) {
  const Shape shape{"crowded", {.cell = Cell::kLstm, .hidden = 16, .input = 8}, 3, 40};
  const LayerGraph model = model_of(shape);
  // LSTM: 4 gates x 2 x 3 tiles over two nodes, 12 each. dense1: 5 x 2 tiles; dense2: 1 x 5.
  const NpuDevice device = pocket(8, 12 + 6 + 5);
  const Lowered one = lowered(model, pocket(8, 1000), 1, {stage(0, 3, 0, 1)});
  const Lowered two = lowered(model, device, 2, {stage(0, 3, 0, 2)});
  ASSERT_EQ(faults(two.shards), "");
  ASSERT_EQ(two.holds[0], (std::vector<std::string>{"rows 0-7 of lstm0", "dense2"}));
  ASSERT_EQ(two.holds[1], (std::vector<std::string>{"rows 8-15 of lstm0", "dense1"}));
  const NpuDevice tighter = pocket(8, 12 + 9);
  const Lowered split = lowered(model, tighter, 2, {stage(0, 3, 0, 2)});
  ASSERT_EQ(faults(split.shards), "");
  EXPECT_EQ(split.holds[0], (std::vector<std::string>{"rows 0-7 of lstm0", "rows 0-23 of dense1"}));
  const std::vector<Half> inputs = random_vectors(4 * input_of(model), 1);
  EXPECT_EQ(run(two.shards, two.host, inputs, 4), run(one.shards, one.host, inputs, 4));
  EXPECT_EQ(run(split.shards, split.host, inputs, 4), run(one.shards, one.host, inputs, 4));
}

TEST(Lower, ReverseLayersGiveTheSameBitsAndTheModel) {
  Shape shape{"reverse", {.cell = Cell::kGru, .hidden = 18, .layers = 2}};
  LayerGraph model = model_of(shape);
  std::get<RecurrentLayer>(model.layers[1]).reverse = true;
  const NpuDevice device = pocket(8, 1000);
  const Lowered one = lowered(model, device, 1, {stage(0, 2, 0, 1)}, "mxint8");
  const Lowered two = lowered(model, device, 2, {stage(0, 1, 0, 1), stage(1, 2, 1, 1)}, "mxint8");
  ASSERT_EQ(faults(one.shards) + faults(two.shards), "");
  const std::vector<Half> inputs = random_vectors(5 * input_of(model), 2);
  const std::vector<Half> got = run(one.shards, one.host, inputs, 5);
  EXPECT_EQ(run(two.shards, two.host, inputs, 5), got);
  std::vector<float> values;
  for (const Half half : inputs) values.push_back(to_float(half));
  const std::vector<float> expected = run_fp32(model, values, 5);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(to_float(got[i]), expected[i], 0.05);
}

struct PublishedRow {
  Cell cell;
  std::int64_t hidden;
  std::int64_t steps;
  double model_ms;  // model C column of docs/timing.md
};

TEST(Lower, SingleDeviceTimesAreThoseOfTimingModelC) {
  for (const PublishedRow& row : {PublishedRow{Cell::kGru, 2800, 750, 1.9816},
                                  {Cell::kGru, 2048, 375, 0.9514},
                                  {Cell::kGru, 1024, 1500, 3.7954},
                                  {Cell::kLstm, 2048, 25, 0.0740},
                                  {Cell::kLstm, 1024, 25, 0.0740},
                                  {Cell::kLstm, 256, 150, 0.4255}}) {
    const LayerGraph model = rnn({.cell = row.cell, .hidden = row.hidden, .with_weights = false});
    const Lowered one = lowered(model, bw_s10(), 1, {stage(0, 1, 0, 1)}, "ms-fp8", false);
    ASSERT_EQ(faults(one.shards), "");
    EXPECT_NEAR(in_us(run_alone(one.shards[0], row.steps)) / 1000, row.model_ms, 0.00006)
        << row.hidden;
  }
}

TEST(Lower, SteadyStepsAreThoseOfTheClosedForms) {
  const auto cycles = [](Cell cell, bool reset_after, std::int64_t hidden) {
    const LayerGraph model =
        rnn({.cell = cell, .hidden = hidden, .reset_after = reset_after, .with_weights = false});
    const Lowered one = lowered(model, bw_s10(), 1, {stage(0, 1, 0, 1)}, "ms-fp8", false);
    return in_us(op_time(one.shards[0]).steady) * 250;
  };
  EXPECT_NEAR(cycles(Cell::kGru, false, 1024), 632, 0.1);  // 2 slot + 2 D
  EXPECT_NEAR(cycles(Cell::kGru, true, 1024), 635, 0.1);   // 3 slot + D + V
  EXPECT_NEAR(cycles(Cell::kGru, true, 2800), 676, 0.4);
  EXPECT_NEAR(cycles(Cell::kLstm, false, 2000), 703, 0.1);  // 4 slot + D + V
}

TEST(Lower, CapacityEndsWhereTheDesignPageSaysItDoes) {
  const auto fits = [](Cell cell, std::int64_t hidden) {
    const LayerGraph model = rnn({.cell = cell, .hidden = hidden, .with_weights = false});
    return faults(lowered(model, bw_s10(), 1, {stage(0, 1, 0, 1)}, "ms-fp8", false).shards).empty();
  };
  EXPECT_TRUE(fits(Cell::kGru, 2800));
  EXPECT_FALSE(fits(Cell::kGru, 2801));
  EXPECT_TRUE(fits(Cell::kLstm, 2400));
  EXPECT_FALSE(fits(Cell::kLstm, 2401));
}

TEST(Lower, TilesAreChargedPerSlice) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 4000, .with_weights = false});
  const Lowered two = lowered(model, bw_s10(), 2, {stage(0, 1, 0, 2)}, "ms-fp8", false);
  EXPECT_EQ(faults(two.shards), "");
  EXPECT_EQ(memory_use(two.shards[0])[0].used, 300);
  EXPECT_EQ(two.holds[1], std::vector<std::string>{"rows 2000-3999 of gru0"});
}

TEST(Lower, RefusesWhatCannotBeLowered) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 16});
  LowerRequest request;
  request.model = &model;
  request.nodes = {{"fpga0", pocket(8, 100)}, {"fpga1", pocket(8, 100)}, {"fpga2", pocket(8, 100)}};
  request.stages = {stage(0, 1, 0, 3)};
  request.host = "host0";
  EXPECT_EQ(lower(request).error().message, "gru0 has 2 native-tile rows, too few for 3 nodes");
  request.stages = {stage(0, 1, 0, 2)};
  request.precision = "msfp16";
  EXPECT_EQ(lower(request).error().message,
            "device pocket has no number format msfp16; it has ms-fp8, ms-fp9, msfp12, mxint8");
  request.precision = "";
  request.nodes[1].device = pocket(16, 100);
  EXPECT_NE(
      lower(request).error().message.find("native dimensions differ: fpga0 has 8, fpga1 has 16"),
      std::string::npos);
}

}  // namespace
}  // namespace soliton::test
