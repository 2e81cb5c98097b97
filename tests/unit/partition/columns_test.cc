// Products whose columns are divided over nodes: the bits are those of one device, because each node
// goes on with the sums of the node before it.
#include <gtest/gtest.h>

#include <algorithm>

#include "partition/lower/stage_options.h"
#include "protocol/base/rng.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

using From = LayerInput::From;

Stage by_columns(Stage stage) {
  stage.option.split_columns = true;
  return stage;
}

std::vector<Half> answer(const LayerGraph& model, const NpuDevice& device, std::size_t nodes,
                         std::vector<Stage> stages, const std::string& precision,
                         const std::vector<Half>& inputs, std::int64_t steps) {
  const Lowered made = lowered(model, device, nodes, std::move(stages), precision);
  EXPECT_EQ(faults(made.shards), "");
  return run(made, inputs, steps);
}

const char* const kFormats[] = {"ms-fp8", "ms-fp9", "msfp12", "int8", "mxfp8-e4m3", "fp32"};

NpuDevice device_of_all_formats() {
  NpuDevice out = pocket(8, 100'000);
  for (const NumberFormat& format : builtin_formats())
    if (std::ranges::none_of(out.formats,
                             [&](const NpuFormat& it) { return it.format.name == format.name; }))
      out.formats.push_back({format, 8});
  return out;
}

TEST(Columns, OneProductOverNodesHasTheSameBits) {
  LayerGraph model = no_layers(67);
  add_dense(model, 21, true);
  const NpuDevice device = device_of_all_formats();
  const std::vector<Half> inputs = random_vectors(3 * 67, 5);
  for (const char* precision : kFormats) {
    const auto expected = answer(model, device, 1, {stage(0, 1, 0, 1)}, precision, inputs, 3);
    for (std::size_t nodes = 2; nodes <= 9; ++nodes)
      EXPECT_EQ(
          answer(model, device, nodes, {by_columns(stage(0, 1, 0, nodes))}, precision, inputs, 3),
          expected)
          << precision << ", " << nodes;
  }
}

// The hidden vector never leaves its nodes: each reads the rows that it made.
TEST(Columns, BehindRowsNothingIsGathered) {
  LayerGraph model = no_layers(24);
  add_dense(model, 64, true);
  add_dense(model, 16, true);
  const NpuDevice device = pocket(8, 1000);
  const std::vector<Half> inputs = random_vectors(24, 5);
  const Lowered made = lowered(model, device, 4, {by_columns(stage(0, 2, 0, 4))}, "ms-fp9");
  std::size_t between = 0;
  for (const Shard& shard : made.shards)
    for (const OutPort& port : shard.out_ports)
      for (const auto& to : port.destinations)
        if (to.peer != "host0") {
          EXPECT_EQ(port.elements, kElementsPerSum * 16);
          ++between;
        }
  EXPECT_EQ(between, 3U);
  EXPECT_EQ(run(made, inputs, 1),
            answer(model, device, 1, {stage(0, 2, 0, 1)}, "ms-fp9", inputs, 1));
  EXPECT_EQ(made.holds[1],
            (std::vector<std::string>{"rows 16-31 of dense0", "columns 16-31 of dense1"}));
}

// A host sends each node its part of the vector, and no more.
TEST(Columns, EachNodeGetsItsPartOfTheVector) {
  LayerGraph model = no_layers(20);
  add_dense(model, 8, true);
  const Lowered made = lowered(model, pocket(8, 1000), 3, {by_columns(stage(0, 1, 0, 3))});
  std::vector<std::pair<std::int64_t, std::int64_t>> parts;
  for (const HostPorts::Send& send : made.host.sends) {
    parts.emplace_back(send.offset, send.elements);
    EXPECT_EQ(send.destinations.size(), 1U);
  }
  std::ranges::sort(parts);
  EXPECT_EQ(parts, (std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 8}, {8, 8}, {16, 4}}));
}

// Blocks that an infinity poisons, and sums that leave the range of fp16, count as often as on one node.
TEST(Columns, WhatIsNoNumberIsCountedOnce) {
  LayerGraph model = no_layers(32);
  add_dense(model, 8, true);
  std::vector<Half> inputs = random_vectors(32, 5);
  inputs[3] = to_half(std::numeric_limits<float>::infinity());
  inputs[30] = kHalfNan;
  const NpuDevice device = pocket(8, 1000);
  const auto one = answer(model, device, 1, {stage(0, 1, 0, 1)}, "ms-fp9", inputs, 1);
  EXPECT_EQ(one.front(), kHalfNan);
  EXPECT_EQ(answer(model, device, 4, {by_columns(stage(0, 1, 0, 4))}, "ms-fp9", inputs, 1), one);
}

TEST(Columns, AreRefusedWhereTheyCannotBe) {
  LayerGraph model = no_layers(16);
  add_dense(model, 8, true);
  LowerRequest request;
  request.model = &model;
  request.host = "host0";
  for (int i = 0; i < 3; ++i) request.nodes.push_back({"n" + std::to_string(i), pocket(8, 100)});
  request.stages = {by_columns(stage(0, 1, 0, 3))};
  const auto three = lower(request);
  ASSERT_FALSE(three);
  EXPECT_EQ(three.error().message, "dense0 cannot be divided by columns over 3 nodes");
  request.stages = {by_columns(stage(0, 1, 0, 1))};
  EXPECT_FALSE(lower(request));
  LayerGraph recurrent = rnn({.cell = Cell::kGru, .hidden = 16, .input = 16});
  add_dense(recurrent, 8, true);
  request.model = &recurrent;
  request.stages = {by_columns(stage(0, 2, 0, 2))};
  EXPECT_FALSE(lower(request));
}

// ---- random graphs ----

class Drawn {
 public:
  explicit Drawn(std::uint64_t seed) : draw_(seed, "graphs of products") {}
  std::uint64_t below(std::uint64_t limit) { return draw_.below(next_++, limit); }

  LayerGraph graph() {
    LayerGraph model = no_layers(1 + static_cast<std::int64_t>(below(40)));
    const std::uint64_t layers = 1 + below(5);
    for (std::uint64_t i = 0; i < layers; ++i) add(model, i + 1 == layers);
    return model;
  }

  std::vector<Stage> stages(const LayerGraph& model, std::size_t& nodes) {
    std::vector<Stage> out;
    nodes = 0;
    for (std::size_t first = 0; first < model.layers.size();) {
      const std::size_t last = first + 1 + below(model.layers.size() - first);
      const std::size_t count =
          1 + below(std::min<std::size_t>(5, most_stage_nodes(model, first, last, 8)));
      const std::vector<StageOption> ways = stage_options(model, first, last, count, 8);
      Stage it = stage(first, last, nodes, ways.empty() ? 1 : count);
      if (!ways.empty()) it.option = ways[below(ways.size())];
      columns += it.option.split_columns ? 1 : 0;
      nodes += it.nodes.size();
      first = last;
      out.push_back(std::move(it));
    }
    return out;
  }
  int columns = 0;  // stages that have some

 private:
  LayerInput any(const LayerGraph& model) {
    const std::uint64_t layer = below(model.layers.size() + 1);
    if (layer == model.layers.size()) return {From::kHost, 0};
    return {From::kLayer, layer};
  }
  std::int64_t elements(const LayerGraph& model, const LayerInput& input) {
    return input.from == From::kHost ? input_of(model) : layer_output(model.layers[input.index]);
  }

  // Layers that none reads.
  static std::vector<LayerInput> unread(const LayerGraph& model) {
    std::vector<LayerInput> out;
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
      const LayerInput it{From::kLayer, i};
      if (std::ranges::none_of(model.layers,
                               [&](const Layer& layer) { return reads_vector(layer, it); }))
        out.push_back(it);
    }
    return out;
  }

  // A product of one to three vectors, the same one twice among them, with activations and sums behind.
  // The last one reads whatever else is left.
  void add(LayerGraph& model, bool last) {
    add_dense(model, 1 + static_cast<std::int64_t>(below(30)), true, below(2) == 0);
    DenseLayer layer = std::get<DenseLayer>(model.layers.back());
    model.layers.pop_back();
    layer.inputs = last ? unread(model) : std::vector<LayerInput>();
    for (std::uint64_t more = 1 + below(3); more > 0; --more) layer.inputs.push_back(any(model));
    layer.input = 0;
    for (const LayerInput& input : layer.inputs) layer.input += elements(model, input);
    layer.weights.shape = {layer.output, layer.input};
    const Random weights(below(1000), "weights");
    std::vector<float> values;
    for (std::int64_t i = 0; i < layer.output * layer.input; ++i)
      values.push_back(static_cast<float>(weights.unit(static_cast<std::uint64_t>(i)) - 0.5));
    layer.weights.values = std::make_shared<const std::vector<float>>(std::move(values));
    if (below(2) == 0) layer.operations.push_back({Opcode::kVRelu, {}, {}});
    for (std::size_t i = 0; i < model.layers.size(); ++i)
      if (layer_output(model.layers[i]) == layer.output && below(2) == 0) {
        layer.operations.push_back({Opcode::kVvAdd, LayerInput{From::kLayer, i}, {}});
        break;
      }
    if (input_of(model) == layer.output && layer.operations.empty())
      layer.operations.push_back({Opcode::kVvMul, LayerInput{From::kHost, 0}, {}});
    model.results = {{From::kLayer, model.layers.size()}};
    model.layers.push_back(std::move(layer));
  }

  Random draw_;
  std::uint64_t next_ = 0;
};

TEST(Columns, RandomGraphsHaveTheSameBitsHoweverTheyAreCut) {
  const NpuDevice device = device_of_all_formats();
  int columns = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Drawn drawn(seed);
    const LayerGraph model = drawn.graph();
    const std::int64_t steps = 1 + static_cast<std::int64_t>(drawn.below(3));
    const std::vector<Half> inputs = random_vectors(steps * input_of(model), seed);
    const char* precision = kFormats[drawn.below(std::size(kFormats))];
    const auto expected =
        answer(model, device, 1, {stage(0, model.layers.size(), 0, 1)}, precision, inputs, steps);
    for (int cut = 0; cut < 4; ++cut) {
      std::size_t nodes = 0;
      std::vector<Stage> stages = drawn.stages(model, nodes);
      ASSERT_EQ(answer(model, device, nodes, std::move(stages), precision, inputs, steps), expected)
          << seed << ", " << cut;
    }
    columns += drawn.columns;
  }
  EXPECT_GT(columns, 200);
}

}  // namespace
}  // namespace soliton::test
