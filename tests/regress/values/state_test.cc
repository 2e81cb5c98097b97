// What a recurrent layer begins with: zeros, a constant of the model, or what the request before it
// left, on one device and on several.
#include <gtest/gtest.h>

#include "partition/ir/evaluate.h"
#include "partition/region/split_model.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

constexpr std::int64_t kHidden = 40, kInput = 12, kSteps = 3;

struct Kind {
  Cell cell;
  bool reset_after;
  CellPrograms programs;
};

std::vector<Kind> kinds() {
  std::vector<Kind> out;
  for (const CellPrograms programs : {CellPrograms::kFused, CellPrograms::kStepwise})
    for (const Kind kind : {Kind{Cell::kGru, false, programs}, Kind{Cell::kGru, true, programs},
                            Kind{Cell::kLstm, false, programs}, Kind{Cell::kRnn, false, programs}})
      out.push_back(kind);
  return out;
}

RnnOptions options_of(const Kind& kind) {
  return {.cell = kind.cell,
          .hidden = kHidden,
          .steps = kSteps,
          .input = kInput,
          .reset_after = kind.reset_after};
}

LayerGraph model_of(const Kind& kind) { return rnn(options_of(kind)); }

RecurrentLayer& layer_of(LayerGraph& model) {
  return std::get<RecurrentLayer>(model.layers.front());
}

NpuDevice device_of(const Kind& kind) {
  NpuDevice device = pocket(10, 400);
  device.cell_programs = kind.programs;
  return device;
}

std::vector<Half> part(const std::vector<Half>& all, std::int64_t first, std::int64_t steps) {
  return {all.begin() + first * kInput, all.begin() + (first + steps) * kInput};
}

std::vector<Half> joined(const std::vector<std::vector<Half>>& parts) {
  std::vector<Half> out;
  for (const auto& one : parts) out.insert(out.end(), one.begin(), one.end());
  return out;
}

// Three requests that carry their state are one request of three times as many steps, bit by bit.
TEST(State, IsCarriedFromRequestToRequestOnAnyNumberOfNodes) {
  for (const Kind& kind : kinds()) {
    LayerGraph model = model_of(kind);
    const std::vector<Half> all = random_vectors(3 * kSteps * kInput, 5);
    const Lowered whole = lowered(model, device_of(kind), 1);
    const std::vector<Half> expected = run(whole, all, 3 * kSteps);
    layer_of(model).carries_hidden = layer_of(model).carries_cell = true;
    for (const std::size_t nodes : {std::size_t{1}, std::size_t{2}, std::size_t{4}}) {
      const Lowered cut = lowered(model, device_of(kind), nodes);
      ASSERT_EQ(faults(cut.shards), "");
      const auto answers = run_in_turn(
          cut, {part(all, 0, kSteps), part(all, kSteps, kSteps), part(all, 2 * kSteps, kSteps)},
          kSteps);
      EXPECT_EQ(joined(answers), expected)
          << cell_name(kind.cell) << " on " << nodes << ", reset after " << kind.reset_after;
    }
  }
}

TEST(State, BeginsWithZerosInEveryRequestUnlessItIsCarried) {
  LayerGraph model = model_of(kinds().front());
  const std::vector<Half> x = random_vectors(kSteps * kInput, 5);
  const Lowered whole = lowered(model, device_of(kinds().front()), 1);
  const auto answers = run_in_turn(whole, {x, x}, kSteps);
  EXPECT_EQ(answers[0], answers[1]);
}

// The graph of model.rnn with initial states of its own.
ir::Graph with_constant_states(const Kind& kind) {
  ir::Graph graph = build_rnn(options_of(kind));
  ir::Node& cell = graph.nodes.front();
  cell.inputs.push_back(ir::kAbsent);  // lengths
  for (const std::uint64_t seed : {8, 9}) {
    std::vector<float> values;
    for (const Half value : random_vectors(kHidden, seed)) values.push_back(to_float(value));
    if (seed == 9 && kind.cell != Cell::kLstm) break;
    cell.inputs.push_back(static_cast<ir::ValueId>(graph.values.size()));
    graph.values.push_back(
        {"state" + std::to_string(seed), ir::Array::of<float>({1, 1, kHidden}, std::move(values))});
  }
  return graph;
}

// A first step that leaves such a state is not at hand, so the answers are held against fp32.
TEST(State, MayBeAConstantOfTheModel) {
  for (const Kind& kind : kinds()) {
    const ir::Graph graph = with_constant_states(kind);
    const std::vector<Half> x = random_vectors(kSteps * kInput, 5);
    std::vector<float> vectors;
    for (const Half value : x) vectors.push_back(to_float(value));
    const ir::Array input = ir::Array::of<float>({kSteps, 1, kInput}, std::move(vectors));
    const Result<ir::Outputs> outputs = ir::evaluate(graph, {{input}});
    ASSERT_TRUE(outputs) << outputs.error().message;
    const auto fp32 = outputs->front().as<float>();
    const std::vector<ir::Trial> trial{{0, {input.forgotten()}}};
    const ir::RequestShapes shapes = ir::infer_shapes(graph, trial);
    LayerGraph model = split_model({&graph, &shapes, [](Opcode) { return true; }, {}}).fpga;
    ASSERT_EQ(model.layers.size(), 1U);
    EXPECT_FALSE(layer_of(model).directions.front().initial_hidden.shape.empty());
    ASSERT_TRUE(check_layers(model).empty());
    std::vector<std::vector<Half>> first;
    for (const std::size_t nodes : {std::size_t{1}, std::size_t{2}, std::size_t{4}}) {
      const Lowered cut = lowered(model, device_of(kind), nodes, "mxint8");
      ASSERT_EQ(faults(cut.shards), "");
      const auto answers = run_in_turn(cut, {x, x}, kSteps);
      EXPECT_EQ(answers[0], answers[1]);
      if (first.empty()) first = answers;
      EXPECT_EQ(answers, first) << nodes;
      ASSERT_EQ(answers[0].size(), fp32.size());
      for (std::size_t i = 0; i < fp32.size(); ++i)
        ASSERT_NEAR(to_float(answers[0][i]), fp32[i], 0.02) << cell_name(kind.cell) << " " << i;
    }
  }
}

// The dithered bits of a weight depend on its place in the tensor, not on where the tensor is cut.
TEST(State, DitheredWeightsAreTheSameHoweverTheyAreCut) {
  const Kind kind{Cell::kGru, true, CellPrograms::kFused};
  const LayerGraph model = model_of(kind);
  NpuDevice device = device_of(kind);
  device.formats = {{parse_format("e0m3,block=native,scale=5,round=dither").value(), 10}};
  const std::vector<Half> x = random_vectors(kSteps * kInput, 5);
  const Lowered whole = lowered(model, device, 1);
  const Lowered cut = lowered(model, device, 4);
  EXPECT_EQ(run(cut, x, kSteps), run(whole, x, kSteps));
}

}  // namespace
}  // namespace soliton::test
