// LSTM, GRU and RNN nodes become recurrent layers, and what exporters put around them costs nothing
// or runs on a CPU.
#include <algorithm>

#include "partition/ir/evaluate.h"
#include "tests/unit/onnx/recurrent_node.h"

namespace soliton::test {
namespace {

using What = LayerInput::What;

class Recurrent : public OnnxTest {
 protected:
  // The file's first output for input_values(), which are its only input.
  void expect_output(const GraphMaker& g, const Row& want, const Dims& open = {kSteps}) {
    expect_near(split_of(g, {{}, {open}}).run({input_values()}), want);
  }
};

// `all`: of one direction after the other, a gate being `width` values for each hidden element.
std::vector<float> gates_of(const Node& node, const std::vector<float>& all, std::size_t first_row,
                            std::size_t width) {
  std::vector<std::size_t> order{0};
  if (node.op == "GRU") order = {1, 0, 2};      // z r h to r z n
  if (node.op == "LSTM") order = {0, 2, 1, 3};  // i o f c to i f o c
  std::vector<float> out;
  for (const std::size_t gate : order) {
    const auto begin = all.begin() + (first_row + gate * kHidden) * width;
    out.insert(out.end(), begin, begin + kHidden * width);
  }
  return out;
}

void expect_layer(const RecurrentLayer& layer, const Node& node) {
  EXPECT_EQ(cell_operator(layer.cell), node.op);
  EXPECT_EQ(layer.input, node.input);
  EXPECT_EQ(layer.hidden, kHidden);
  EXPECT_EQ(layer.reset_after, node.linear_before_reset);
  EXPECT_EQ(layer.reverse, node.direction == "reverse");
  EXPECT_EQ(layer.tokens, kSteps);
  EXPECT_TRUE(layer.per_step);
  EXPECT_FALSE(layer.carries_hidden || layer.carries_cell);
  EXPECT_FALSE(layer.initial_hidden || layer.initial_cell);
  ASSERT_EQ(layer.directions.size(), node.directions());
  const auto input = static_cast<std::size_t>(node.input);
  for (std::size_t d = 0; d < node.directions(); ++d) {
    const RecurrentWeights& weights = layer.directions[d];
    const std::size_t rows = node.rows();
    EXPECT_EQ(*weights.input.values, gates_of(node, node.w(), d * rows, input));
    EXPECT_EQ(*weights.recurrent.values, gates_of(node, node.r(), d * rows, kHidden));
    EXPECT_EQ(*weights.input_bias.values, gates_of(node, node.b(), 2 * d * rows, 1));
    EXPECT_EQ(*weights.recurrent_bias.values, gates_of(node, node.b(), (2 * d + 1) * rows, 1));
    EXPECT_TRUE(weights.initial_hidden.shape.empty() && weights.initial_cell.shape.empty());
  }
}

TEST_F(Recurrent, EveryCellAndDirectionIsALayer) {
  for (const Node& node : all_kinds()) {
    SCOPED_TRACE(node.op + " " + node.direction);
    const GraphMaker g = single(node, "y");
    const SplitFile file = split_of(g);
    EXPECT_EQ(file.on_cpu(), Names());
    ASSERT_EQ(file.layers().size(), 1u);
    expect_layer(file.recurrent(), node);
    EXPECT_EQ(file.recurrent().name, "make_y");
    EXPECT_EQ(file.recurrent().inputs, (std::vector{from_host(0)}));
    EXPECT_EQ(layer_output(file.layers()[0]),
              static_cast<std::int64_t>(node.directions()) * kHidden);
    EXPECT_EQ(file.split.fpga.fixed_steps, kSteps);
    EXPECT_EQ(file.split.fpga.results, (std::vector{from_layer(0)}));
    expect_output(g, joined(run_node(node, input_rows()).y));
  }
}

TEST_F(Recurrent, LastStateOfEveryCellAndDirection) {
  for (const Node& node : all_kinds()) {
    SCOPED_TRACE(node.op + " " + node.direction);
    const GraphMaker g = single(node, "y_h");
    const SplitFile file = split_of(g);
    EXPECT_EQ(file.on_cpu(), Names());
    EXPECT_EQ(file.split.fpga.results, (std::vector{from_layer(0, What::kLast)}));
    expect_output(g, run_node(node, input_rows()).y_h);
  }
}

TEST_F(Recurrent, TheCellStateOfAnLstmIsAResult) {
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    const Node node{"LSTM", direction};
    GraphMaker g = single(node, "y_c");
    g.graph().mutable_node(0)->add_output("y_c");
    EXPECT_EQ(split_of(g).split.fpga.results, (std::vector{from_layer(0, What::kCell)}));
    expect_output(g, run_node(node, input_rows()).y_c);
  }
}

TEST_F(Recurrent, RequestsMayDifferInTheirSteps) {
  const SplitFile file = split_of(single({"LSTM", "bidirectional"}, "y"), {{}, {{2}, {7}, {4}}});
  EXPECT_EQ(file.on_cpu(), Names());
  EXPECT_TRUE(file.recurrent().per_step);
  EXPECT_EQ(file.recurrent().tokens, 7);
  EXPECT_EQ(file.split.fpga.fixed_steps, 7);
}

TEST_F(Recurrent, BiasesMayBeLeftOut) {
  GraphMaker g = single({"LSTM"}, "y");
  g.graph().mutable_node(0)->mutable_input()->RemoveLast();
  const SplitFile file = split_of(g);
  const RecurrentWeights& weights = file.recurrent().directions.at(0);
  EXPECT_EQ(*weights.input_bias.values, std::vector<float>(4 * kHidden));
  EXPECT_EQ(*weights.recurrent_bias.values, std::vector<float>(4 * kHidden));
}

TEST_F(Recurrent, BatchFirstLayoutRunsOnACpu) {
  GraphMaker g;
  g.input("x", {1, -1, kIn});
  const Node node{"GRU", "bidirectional"};
  attribute(add(g, node, "x"), "layout", std::int64_t{1});
  g.output("y");
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.layers().size(), 0u);
  EXPECT_EQ(file.why("make_y"), "has batches before steps");
  expect_output(g, joined(run_node(node, input_rows()).y));
}

TEST_F(Recurrent, BatchFirstExportsTransposeInFrontAndBehind) {
  GraphMaker g;
  g.input("x", {-1, -1, kIn});
  attribute(g.node("Transpose", {"x"}, {"xt"}), "perm", Dims{1, 0, 2});
  add(g, {"LSTM"}, "xt");
  g.integers("one", {1}, {1});
  g.node("Squeeze", {"y", "one"}, {"ys"});
  attribute(g.node("Transpose", {"ys"}, {"out"}), "perm", Dims{1, 0, 2});
  g.output("out");
  const SplitFile file = split_of(g, {{}, {{1, kSteps}}});
  ASSERT_EQ(file.layers().size(), 1u);
  EXPECT_EQ(file.on_cpu(), Names{});
  expect_layer(file.recurrent(), {"LSTM"});
  EXPECT_EQ(file.split.fpga.sources.at(0).name, "x");
  expect_output(g, joined(run_node({"LSTM"}, input_rows()).y), {1, kSteps});
}

// Two layers as torch exports them: Squeeze between forward layers, Transpose and Reshape between
// bidirectional ones.
GraphMaker stacked(const Node& first, const Node& second) {
  GraphMaker g;
  g.input("x", {-1, 1, kIn});
  add(g, first, "x", "0");
  if (first.directions() == 1) {
    g.integers("one", {1}, {1});
    g.node("Squeeze", {"y0", "one"}, {"between"});
  } else {
    attribute(g.node("Transpose", {"y0"}, {"turned"}), "perm", Dims{0, 2, 1, 3});
    g.integers("shape", {3}, {0, 0, -1});
    g.node("Reshape", {"turned", "shape"}, {"between"});
  }
  add(g, second, "between", "1");
  return g;
}

TEST_F(Recurrent, StackedLayers) {
  for (const char* direction : {"forward", "bidirectional"}) {
    const Node first{"LSTM", direction};
    const Node second{"GRU", direction, true,
                      static_cast<std::int64_t>(first.directions()) * kHidden, 7};
    GraphMaker g = stacked(first, second);
    g.output("y1");
    const SplitFile file = split_of(g);
    EXPECT_EQ(file.on_cpu(), Names());
    ASSERT_EQ(file.layers().size(), 2u);
    expect_layer(file.recurrent(0), first);
    expect_layer(file.recurrent(1), second);
    EXPECT_EQ(file.recurrent(1).name, "make_y1");
    EXPECT_EQ(file.recurrent(1).inputs, (std::vector{from_layer(0)}));
    expect_output(g, joined(run_node(second, run_node(first, input_rows()).y).y));
  }
}

TEST_F(Recurrent, LastStateOfTheLastOfSeveralLayersPickedFromAllStates) {
  const Node first{"LSTM"}, second{"LSTM", "forward", false, kHidden, 7};
  GraphMaker g = stacked(first, second);
  attribute(g.node("Concat", {"y_h0", "y_h1"}, {"hn"}), "axis", std::int64_t{0});
  g.integers("last", {}, {-1});
  g.node("Gather", {"hn", "last"}, {"picked"});
  g.output("picked");
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.layers().size(), 2u);
  EXPECT_EQ(file.on_cpu(), (Names{"make_hn", "make_picked"}));
  EXPECT_EQ(file.why("make_hn"), "joins along another axis than the last");
  EXPECT_EQ(file.split.fpga.results,
            (std::vector{from_layer(0, What::kLast), from_layer(1, What::kLast)}));
  expect_output(g, run_node(second, run_node(first, input_rows()).y).y_h);
}

// The last states of both directions, joined in an order.
GraphMaker joined_states(const Node& node, const Names& order) {
  GraphMaker g = single(node, "joined");
  g.integers("zero", {}, {0});
  g.integers("one", {}, {1});
  g.node("Gather", {"y_h", "zero"}, {"forward"});
  g.node("Gather", {"y_h", "one"}, {"reverse"});
  attribute(g.node("Concat", order, {"joined"}), "axis", std::int64_t{-1});
  return g;
}

TEST_F(Recurrent, BothLastStatesJoinedForAClassifier) {
  const Node node{"LSTM", "bidirectional"};
  Row want = run_node(node, input_rows()).y_h;
  GraphMaker by_shape = single(node, "joined");
  attribute(by_shape.node("Transpose", {"y_h"}, {"turned"}), "perm", Dims{1, 0, 2});
  by_shape.integers("shape", {2}, {1, -1});
  by_shape.node("Reshape", {"turned", "shape"}, {"joined"});
  EXPECT_EQ(split_of(by_shape).on_cpu(), Names());
  expect_output(by_shape, want);

  const GraphMaker by_pick = joined_states(node, {"forward", "reverse"});
  EXPECT_EQ(split_of(by_pick).on_cpu(), (Names{"make_forward", "make_reverse", "make_joined"}));
  EXPECT_EQ(split_of(by_pick).why("make_forward"),
            "keeps some of the vectors, which an FPGA does not");
  expect_output(by_pick, want);
  std::rotate(want.begin(), want.begin() + kHidden, want.end());
  expect_output(joined_states(node, {"reverse", "forward"}), want);
}

TEST_F(Recurrent, DirectionsStackedInFrontOfTheStepsAreMovedOnACpu) {
  // [2, steps, hidden] seen as [steps, 2 * hidden] mixes steps of both directions.
  const Node node{"LSTM", "bidirectional"};
  GraphMaker g = single(node, "joined");
  attribute(g.node("Transpose", {"y"}, {"turned"}), "perm", Dims{1, 0, 2, 3});
  g.integers("shape", {2}, {kSteps, 2 * kHidden});
  g.node("Reshape", {"turned", "shape"}, {"joined"});
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.on_cpu(), (Names{"make_turned", "make_joined"}));
  EXPECT_EQ(file.why("make_turned"), "moves elements, which an FPGA does not");
  Row want;
  for (const std::size_t direction : {0, 1})
    for (const Row& row : run_node(node, input_rows()).y)
      want.insert(want.end(), row.begin() + direction * kHidden,
                  row.begin() + (direction + 1) * kHidden);
  expect_output(g, want);
}

// y of a layer, joined to [steps, directions * hidden], its step `step` picked, then a matrix.
GraphMaker one_step(const Node& node, std::int64_t step, bool by_slice) {
  const auto width = static_cast<std::int64_t>(node.directions()) * kHidden;
  GraphMaker g = single(node, "out");
  attribute(g.node("Transpose", {"y"}, {"turned"}), "perm", Dims{0, 2, 1, 3});
  g.integers("shape", {2}, {-1, width});
  g.node("Reshape", {"turned", "shape"}, {"rows"});
  if (by_slice) {
    g.integers("start", {1}, {step});
    g.integers("end", {1}, {step < 0 ? 9223372036854775807 : step + 1});
    g.integers("axis", {1}, {0});
    g.node("Slice", {"rows", "start", "end", "axis"}, {"picked"});
  } else {
    g.integers("start", {}, {step});
    g.node("Gather", {"rows", "start"}, {"picked"});
  }
  g.weights("m", {width, 2}, values(static_cast<std::size_t>(width) * 2, 50));
  g.node("MatMul", {"picked", "m"}, {"out"});
  return g;
}

Row times(const Row& x, const std::vector<float>& m, std::size_t columns) {
  Row out(columns);
  for (std::size_t k = 0; k < x.size(); ++k)
    for (std::size_t j = 0; j < columns; ++j) out[j] += x[k] * m[k * columns + j];
  return out;
}

// Only a layer that ends at the step in question has it as its last state.
TEST_F(Recurrent, TheFirstOrLastStepOfASequence) {
  for (const Node& node : all_kinds())
    for (const std::int64_t step : {0, -1})
      for (const bool by_slice : {false, true}) {
        SCOPED_TRACE(node.op + " " + node.direction + " " + std::to_string(step));
        const GraphMaker g = one_step(node, step, by_slice);
        const SplitFile file = split_of(g);
        ASSERT_EQ(file.layers().size(), 2u);
        EXPECT_EQ(file.dense(1).tokens, 1);
        EXPECT_FALSE(file.dense(1).per_step);
        const bool ends_there = node.direction == (step == 0 ? "reverse" : "forward");
        if (ends_there) {
          EXPECT_EQ(file.on_cpu(), Names());
          EXPECT_EQ(file.dense(1).inputs, (std::vector{from_layer(0, What::kLast)}));
        } else {
          EXPECT_EQ(file.on_cpu(), (Names{"make_picked"}));
          EXPECT_EQ(file.why("make_picked"),
                    "keeps a vector that is not the last state of a recurrent layer");
          EXPECT_EQ(file.dense(1).inputs, (std::vector{from_host(1)}));
          EXPECT_EQ(file.split.fpga.sources.at(1).after, 1u);
        }
        const Rows rows = run_node(node, input_rows()).y;
        const Row& picked = step == 0 ? rows.front() : rows.back();
        expect_output(g, times(picked, values(picked.size() * 2, 50), 2));
      }
}

TEST_F(Recurrent, TheLastStepPickedBehindTheMatrix) {
  const Node node{"GRU", "bidirectional"};
  GraphMaker g = single(node, "out");
  attribute(g.node("Transpose", {"y"}, {"turned"}), "perm", Dims{0, 2, 1, 3});
  g.integers("shape", {2}, {-1, 2 * kHidden});
  g.node("Reshape", {"turned", "shape"}, {"rows"});
  g.weights("m", {2 * kHidden, 2}, values(4 * kHidden, 50));
  g.node("MatMul", {"rows", "m"}, {"all"});
  g.integers("start", {}, {-1});
  g.node("Gather", {"all", "start"}, {"out"});
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.on_cpu(), (Names{"make_out"}));
  EXPECT_EQ(file.dense(1).tokens, kSteps);
  EXPECT_TRUE(file.dense(1).per_step);
  expect_output(g, times(run_node(node, input_rows()).y.back(), values(4 * kHidden, 50), 2));
}

TEST_F(Recurrent, BothDirectionsAtTheLastStepArePickedOnACpu) {
  const Node node{"GRU", "bidirectional"};
  GraphMaker g = single(node, "last");
  g.integers("start", {}, {-1});
  g.node("Gather", {"y", "start"}, {"last"});
  EXPECT_EQ(split_of(g).on_cpu(), (Names{"make_last"}));
  expect_output(g, run_node(node, input_rows()).y.back());
}

TEST_F(Recurrent, ABatchRunsOnACpu) {
  GraphMaker g;
  g.input("x", {kSteps, 3, kIn});
  add(g, {"GRU"}, "x");
  g.output("y");
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.layers().size(), 0u);
  EXPECT_EQ(file.why("make_y"), "has a batch of more than one sequence");
  // Every lane has the same sequence.
  std::vector<float> lanes;
  Row want;
  for (std::size_t lane = 0; lane < kSteps * 3; ++lane) {
    const std::vector<float> all = input_values();
    const Row row = run_node({"GRU"}, input_rows()).y[lane / 3];
    lanes.insert(lanes.end(), all.begin() + lane / 3 * kIn, all.begin() + (lane / 3 + 1) * kIn);
    want.insert(want.end(), row.begin(), row.end());
  }
  expect_near(file.run({lanes}), want);
}

::onnx::AttributeProto* activations(::onnx::NodeProto* node, const Names& names) {
  auto* out = node->add_attribute();
  out->set_name("activations");
  out->set_type(::onnx::AttributeProto::STRINGS);
  for (const std::string& name : names) out->add_strings(name);
  return out;
}

TEST_F(Recurrent, VariantsOfTheEquationsRunOnACpu) {
  const auto with = [&](auto change) {
    GraphMaker g = single({"LSTM"}, "y");
    change(g, g.graph().mutable_node(0));
    const SplitFile file = split_of(g);
    EXPECT_EQ(file.layers().size(), 0u);
    EXPECT_EQ(file.run({input_values()}).size(), kSteps * kHidden);
    return file.why("make_y");
  };
  EXPECT_EQ(with([](GraphMaker&, auto* n) { attribute(n, "clip", 3.f); }), "clips its gates");
  EXPECT_EQ(with([](GraphMaker&, auto* n) { attribute(n, "input_forget", std::int64_t{1}); }),
            "couples input and forget gates");
  EXPECT_EQ(with([](GraphMaker&, auto* n) {
              activations(n, {"Relu", "Tanh", "Tanh"});
            }),
            "has activations other than sigmoid and tanh");
  EXPECT_EQ(with([](GraphMaker& g, auto* n) {
              g.weights("p", {1, 3 * kHidden}, std::vector<float>(3 * kHidden, 0.1f));
              for (const char* name : {"", "", "", "p"}) n->add_input(name);
            }),
            "has peepholes");
}

TEST_F(Recurrent, WhatDoesNotFitIsRefusedByName) {
  const auto with = [&](auto change) {
    GraphMaker g = single({"LSTM"}, "y");
    change(g, g.graph().mutable_node(0));
    return shape_error_of(g);
  };
  expect_contains(with([](GraphMaker&, auto* n) { attribute(n, "direction", "sideways"); }),
                  "node \"make_y\" (LSTM) has a direction that is none of forward, reverse");
  expect_contains(with([](GraphMaker&, auto* n) { n->mutable_attribute(0)->set_i(kHidden + 1); }),
                  "node \"make_y\" (LSTM) has a hidden_size of 5 and an R of shape [1, 16, 4]");
  expect_contains(with([](GraphMaker& g, auto*) {
                    g.graph().mutable_initializer(0)->set_dims(2, 1);
                    g.graph().mutable_initializer(0)->mutable_raw_data()->resize(64);
                  }),
                  "node \"make_y\" (LSTM) has a W of shape [1, 16, 1] instead of [1, 16, 3]");
  expect_contains(
      with([](GraphMaker& g, auto* n) {
        g.weights("h0", {1, 2, kHidden}, values(2 * kHidden, 3));
        for (const char* name : {"", "h0"}) n->add_input(name);
      }),
      "node \"make_y\" (LSTM) has an initial_h of shape [1, 2, 4] instead of [1, 1, 4]");
}

TEST_F(Recurrent, AVanillaCellOnAnFpgaKnowsTanhOnly) {
  const auto with = [&](const char* activation) {
    GraphMaker g = single({"RNN"}, "y");
    activations(g.graph().mutable_node(0), {activation});
    return g;
  };
  EXPECT_EQ(split_of(with("Relu")).why("make_y"), "has activations other than sigmoid and tanh");
  EXPECT_EQ(split_of(with("Sigmoid")).why("make_y"), "has activations other than sigmoid and tanh");
  EXPECT_EQ(split_of(with("Tanh")).why("make_y"), "");
  expect_output(with("Tanh"), joined(run_node({"RNN"}, input_rows()).y));
}

TEST_F(Recurrent, TwoReadersOfOneLayerAreABranch) {
  GraphMaker g = single({"LSTM"}, "sum");
  g.integers("one", {1}, {1});
  g.node("Squeeze", {"y", "one"}, {"ys"});
  g.weights("m", {kHidden, kHidden}, values(kHidden * kHidden, 5));
  g.node("MatMul", {"ys", "m"}, {"left"});
  g.node("MatMul", {"ys", "m"}, {"right"});
  g.node("Add", {"left", "right"}, {"sum"});
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.on_cpu(), Names());
  ASSERT_EQ(file.layers().size(), 3u);
  EXPECT_EQ(file.dense(1).inputs, (std::vector{from_layer(0)}));
  EXPECT_EQ(file.dense(2).inputs, (std::vector{from_layer(0)}));
  Row want;
  for (const Row& row : run_node({"LSTM"}, input_rows()).y)
    for (const double v : times(row, values(kHidden * kHidden, 5), kHidden)) want.push_back(2 * v);
  expect_output(g, want);
}

TEST_F(Recurrent, SeveralResultsOfWhichSomeAreChosen) {
  GraphMaker g = single({"LSTM"}, "y");
  g.node("Tanh", {"y_h"}, {"second"});
  g.output("second");
  const SplitFile both = split_of(g);
  EXPECT_EQ(both.on_cpu(), Names());
  EXPECT_EQ(both.split.fpga.results, (std::vector{from_layer(0), from_layer(1)}));
  const SplitFile chosen = split_of(g, {.import = {{}, {"y"}}});
  EXPECT_EQ(chosen.graph.nodes.size(), 1u);
  EXPECT_EQ(chosen.split.fpga.results, (std::vector{from_layer(0)}));
  expect_contains(error_of(g, {{}, {"z"}}),
                  "has no output \"z\"; its outputs are \"y\", \"second\"");
}

TEST_F(Recurrent, TheSequenceAndTheLastStateAreTwoResultsOfOneLayer) {
  GraphMaker g = single({"LSTM"}, "y");
  g.output("y_h");
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.layers().size(), 1u);
  EXPECT_EQ(file.split.fpga.results, (std::vector{from_layer(0), from_layer(0, What::kLast)}));
}

}  // namespace
}  // namespace soliton::test
