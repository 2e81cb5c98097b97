// The states with which recurrent nodes begin: constants, inputs, those of the request before; and
// the lengths of their sequences.
#include "partition/ir/passes/states.h"

#include <algorithm>

#include "partition/ir/evaluate.h"
#include "tests/unit/onnx/recurrent_node.h"

namespace soliton::test {
namespace {

class States : public OnnxTest {
 protected:
  // What find_states() says of all inputs behind the first, or "".
  std::string unpaired(const GraphMaker& g) const {
    const ir::Graph graph = graph_of(g);
    std::vector<std::size_t> inputs;
    for (std::size_t k = 1; k < graph.inputs.size(); ++k) inputs.push_back(k);
    const auto pairs = ir::find_states(graph, inputs);
    return pairs ? "" : pairs.error().text();
  }
};

// An LSTM with states as inputs, and with `outputs` behind its sequence.
GraphMaker stateful(const Names& outputs) {
  GraphMaker g = single({"LSTM"}, "y");
  g.input("h0", {1, 1, kHidden});
  g.input("c0", {1, 1, kHidden});
  for (const char* name : {"", "h0", "c0"}) g.graph().mutable_node(0)->add_input(name);
  g.graph().mutable_node(0)->add_output("y_c");
  for (const std::string& output : outputs) g.output(output);
  return g;
}

TEST_F(States, ThoseThatGoInAndComeOutAreCarried) {
  for (const Names& outputs : {Names{"y_h", "y_c"}, Names{"y_c", "y_h"}}) {
    const SplitFile file = split_of(stateful(outputs), {.carries = true});
    EXPECT_EQ(file.on_cpu(), Names());
    EXPECT_TRUE(file.recurrent().carries_hidden);
    EXPECT_TRUE(file.recurrent().carries_cell);
    EXPECT_FALSE(file.recurrent().initial_hidden || file.recurrent().initial_cell);
    EXPECT_EQ(file.split.fpga.sources.size(), 1u);
  }
}

TEST_F(States, WithoutPairsTheyComeWithEachRequest) {
  const SplitFile file = split_of(stateful({"y_h", "y_c"}));
  const RecurrentLayer& layer = file.recurrent();
  EXPECT_FALSE(layer.carries_hidden || layer.carries_cell);
  EXPECT_EQ(layer.initial_hidden, from_host(1));
  EXPECT_EQ(layer.initial_cell, from_host(2));
  ASSERT_EQ(file.split.fpga.sources.size(), 3u);
  EXPECT_EQ(file.split.fpga.sources[1].name, "h0");
  EXPECT_EQ(file.split.fpga.sources[1].elements, kHidden);
  EXPECT_EQ(file.split.fpga.sources[1].tokens, 1);
  EXPECT_FALSE(file.split.fpga.sources[1].per_step);
  EXPECT_EQ(file.split.fpga.sources[2].name, "c0");
}

// A layer keeps only what is its own state as it stands; what is moved goes by way of a CPU.
TEST_F(States, MayComeOutThroughViews) {
  GraphMaker g = stateful({"hn", "y_c"});
  g.integers("zero", {1}, {0});
  g.node("Squeeze", {"y_h", "zero"}, {"flat"});
  g.node("Unsqueeze", {"flat", "zero"}, {"hn"});
  const SplitFile file = split_of(g, {.carries = true});
  EXPECT_EQ(file.on_cpu(), Names());
  EXPECT_FALSE(file.recurrent().carries_hidden);
  EXPECT_EQ(file.recurrent().initial_hidden, from_host(1));
  EXPECT_TRUE(file.recurrent().carries_cell);
  EXPECT_EQ(std::ranges::count(file.split.fpga.results, from_layer(0, LayerInput::What::kLast)), 1);
}

TEST_F(States, OneThatDoesNotComeOutIsNamed) {
  EXPECT_EQ(unpaired(stateful({"y_h", "y_c"})), "");
  const std::string error = unpaired(stateful({"y_h"}));
  expect_contains(error, "input \"c0\" has no source, and no output returns it as state");
  expect_contains(error, "model.state: zero");
  EXPECT_EQ(error.find("\"h0\""), std::string::npos);
}

TEST_F(States, AnInputThatIsSlicedComesWithEachRequest) {
  GraphMaker g = single({"LSTM"}, "y");
  g.input("states", {2, 1, kHidden});
  for (const auto& [name, value] : {std::pair{"start", 1}, {"end", 2}, {"axis", 0}})
    g.integers(name, {1}, {value});
  g.node("Slice", {"states", "start", "end", "axis"}, {"h0"});
  for (const char* name : {"", "h0"}) g.graph().mutable_node(0)->add_input(name);
  expect_contains(unpaired(g), "input \"states\" has no source, and no output returns it as state");
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.on_cpu(), (Names{"make_h0"}));
  EXPECT_EQ(file.recurrent().initial_hidden, from_host(1));
  EXPECT_EQ(file.split.fpga.sources.at(1).name, "h0");
}

TEST_F(States, MayBeZeroInEveryRequest) {
  const ir::Array zeros = ir::Array::of({1, 1, kHidden}, std::vector<float>(kHidden));
  const SplitFile file =
      split_of(stateful({"y_h"}), {.import = {{{"h0", zeros}, {"c0", zeros}}, {}}});
  const RecurrentLayer& layer = file.recurrent();
  EXPECT_FALSE(layer.carries_hidden || layer.carries_cell);
  EXPECT_FALSE(layer.initial_hidden || layer.initial_cell);
  EXPECT_TRUE(layer.directions[0].initial_hidden.shape.empty());
  EXPECT_TRUE(layer.directions[0].initial_cell.shape.empty());
  EXPECT_EQ(file.split.fpga.sources.size(), 1u);
  expect_near(file.run({input_values()}), joined(run_node({"LSTM"}, input_rows()).y));
}

TEST_F(States, ThatAreConstantZerosAreNone) {
  GraphMaker g = single({"LSTM"}, "y");
  g.weights("c0", {1, 1, kHidden}, std::vector<float>(kHidden));
  for (const char* name : {"", "", "c0"}) g.graph().mutable_node(0)->add_input(name);
  const SplitFile file = split_of(g);
  EXPECT_TRUE(file.recurrent().directions[0].initial_cell.shape.empty());
  expect_near(file.run({input_values()}), joined(run_node({"LSTM"}, input_rows()).y));
}

// The state after two steps, given as a constant, goes on with the third.
TEST_F(States, ThatAreConstantBelongToTheLayer) {
  const Node node{"GRU"};
  const Rows states = run_node(node, input_rows()).y;
  const std::vector<float> second(states[1].begin(), states[1].end());
  GraphMaker g = single(node, "y");
  g.weights("h0", {1, 1, kHidden}, second);
  for (const char* name : {"", "h0"}) g.graph().mutable_node(0)->add_input(name);
  const SplitFile file = split_of(g, {{}, {{kSteps - 2}}});
  EXPECT_EQ(*file.recurrent().directions[0].initial_hidden.values, second);
  const std::vector<float> input = input_values();
  expect_near(file.run({{input.begin() + 2 * kIn, input.end()}}),
              joined(Rows(states.begin() + 2, states.end())));
}

TEST_F(States, OfTwoDirectionsAreDivided) {
  const std::vector<float> both = values(2 * kHidden, 17);
  GraphMaker g = single({"LSTM", "bidirectional"}, "y");
  g.weights("h0", {2, 1, kHidden}, both);
  for (const char* name : {"", "h0"}) g.graph().mutable_node(0)->add_input(name);
  const SplitFile file = split_of(g);
  for (const std::size_t d : {0, 1})
    EXPECT_EQ(*file.recurrent().directions[d].initial_hidden.values,
              std::vector<float>(both.begin() + d * kHidden, both.begin() + (d + 1) * kHidden));
}

::onnx::TensorProto* narrow(GraphMaker& g, const std::string& name, std::int32_t value) {
  auto* tensor = g.graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(::onnx::TensorProto::INT32);
  tensor->add_dims(1);
  tensor->add_int32_data(value);
  return tensor;
}

// `lengths` is an input of the graph, or a constant made later.
GraphMaker with_lengths(const std::string& lengths, std::int64_t steps) {
  GraphMaker g;
  g.input("x", {steps, 1, kIn});
  add(g, {"GRU"}, "x")->add_input(lengths);
  g.output("y");
  return g;
}

constexpr const char* kNotAll = "has sequence lengths that are not all steps";

TEST_F(States, SequenceLengthsThatAreAnInputNeedACpu) {
  GraphMaker g = with_lengths("narrow", kSteps);
  g.input("lengths", {1}, ::onnx::TensorProto::INT64);
  attribute(g.node("Cast", {"lengths"}, {"narrow"}), "to",
            std::int64_t{::onnx::TensorProto::INT32});
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.layers().size(), 0u);
  EXPECT_EQ(file.why("make_y"), kNotAll);
  const auto given = [&](std::int64_t length) {
    return split_of(g, {.import = {{{"lengths", ir::Array::integers({length})}}, {}}});
  };
  EXPECT_EQ(given(kSteps).why("make_y"), "");
  EXPECT_EQ(given(kSteps - 1).why("make_y"), kNotAll);
}

TEST_F(States, SequenceLengthsThatAreConstantMayCutRequestsShort) {
  GraphMaker g = with_lengths("lengths", kSteps);
  narrow(g, "lengths", 3);
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.layers().size(), 0u);
  EXPECT_EQ(file.why("make_y"), kNotAll);
  Rows want = run_node({"GRU"}, input_rows()).y;
  for (std::size_t t = 3; t < kSteps; ++t) want[t] = Row(kHidden);
  expect_near(file.run({input_values()}), joined(want));

  g.integers("start", {}, {-1});
  g.node("Gather", {"y", "start"}, {"last"});
  g.graph().mutable_output(0)->set_name("last");  // padding
  expect_near(split_of(g).run({input_values()}), Row(kHidden));

  GraphMaker full = with_lengths("lengths", -1);
  narrow(full, "lengths", kSteps);
  EXPECT_EQ(split_of(full).why("make_y"), "");
  EXPECT_EQ(split_of(full, {{}, {{kSteps + 2}}}).why("make_y"), kNotAll);
  EXPECT_EQ(split_of(full, {{}, {{kSteps}, {kSteps + 2}}}).why("make_y"), kNotAll);
}

TEST_F(States, SequenceLengthsThatFollowFromTheShapeAreAllSteps) {
  GraphMaker g = with_lengths("lengths", -1);
  g.node("Shape", {"x"}, {"shape"});
  g.integers("first", {1}, {0});
  g.node("Gather", {"shape", "first"}, {"steps"});
  attribute(g.node("Cast", {"steps"}, {"lengths"}), "to", std::int64_t{::onnx::TensorProto::INT32});
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.on_cpu(), Names());
  EXPECT_EQ(file.graph.nodes.size(), 1u);
  expect_near(file.run({input_values()}), joined(run_node({"GRU"}, input_rows()).y));
}

TEST_F(States, SequenceLengthsBeyondTheStepsAreRefused) {
  GraphMaker more = with_lengths("lengths", kSteps);
  narrow(more, "lengths", kSteps + 1);
  const ir::Graph graph = graph_of(more);
  const std::vector<ir::Array> x{ir::Array::of({kSteps, 1, kIn}, input_values())};
  const Result<ir::Outputs> outputs = ir::evaluate(graph, x);
  ASSERT_FALSE(outputs);
  expect_contains(outputs.error().message,
                  "node \"make_y\" (GRU) has a sequence of 6 steps in an input of 5");
  GraphMaker two = with_lengths("lengths", kSteps);
  narrow(two, "lengths", kSteps)->set_dims(0, 2);
  two.graph().mutable_initializer(3)->add_int32_data(3);
  expect_contains(shape_error_of(two), "node \"make_y\" (GRU) has sequence_lens of shape [2]");
}

}  // namespace
}  // namespace soliton::test
