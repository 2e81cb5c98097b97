#include "partition/ir/layer_graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "partition/ir/build_rnn.h"
#include "partition/ir/element_count.h"
#include "partition/ir/evaluate.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

RnnOptions gru(std::int64_t hidden) {
  RnnOptions options;
  options.hidden = hidden;
  options.steps = 5;
  return options;
}

const ir::Array& constant(const ir::Graph& graph, const std::string& name) {
  const auto at = std::ranges::find(graph.values, name, &ir::Value::name);
  EXPECT_NE(at, graph.values.end()) << name;
  return at->constant;
}

std::vector<std::string> node_names(const ir::Graph& graph) {
  std::vector<std::string> out;
  for (const ir::Node& node : graph.nodes) out.push_back(node.name);
  return out;
}

ir::Array random_input(const ir::Graph& graph) {
  const ir::Array kind = ir::Array::unknown(ir::ElementType::kFloat32, graph.inputs[0].shape);
  const Random random(3, "test input");
  std::vector<float> values;
  for (std::int64_t i = 0; i < kind.elements(); ++i)
    values.push_back(static_cast<float>(2 * random.unit(static_cast<std::uint64_t>(i)) - 1));
  return ir::Array::of(kind.shape(), std::move(values));
}

TEST(BuildRnn, GivesAGraphOfTheSizesAskedForThatRuns) {
  for (const Cell cell : {Cell::kGru, Cell::kLstm, Cell::kRnn})
    for (const bool bidirectional : {false, true}) {
      RnnOptions options = gru(24);
      options.cell = cell;
      options.layers = 3;
      options.input = 10;
      options.bidirectional = bidirectional;
      const ir::Graph graph = build_rnn(options);
      EXPECT_EQ(ir::broken_rule(graph), "");
      const std::int64_t directions = bidirectional ? 2 : 1, rows = 24 * gate_count(cell);
      ASSERT_EQ(graph.inputs.size(), 1u);
      EXPECT_EQ(graph.name_of(graph.inputs[0].value), "x");
      EXPECT_EQ(graph.inputs[0].shape, (ir::Shape{5, 1, 10}));
      const std::string name = cell_name(cell);
      EXPECT_EQ(constant(graph, name + "0.W").shape(), (ir::Shape{directions, rows, 10}));
      EXPECT_EQ(constant(graph, name + "1.W").shape(),
                (ir::Shape{directions, rows, 24 * directions}));
      EXPECT_EQ(constant(graph, name + "2.R").shape(), (ir::Shape{directions, rows, 24}));
      EXPECT_EQ(constant(graph, name + "2.B").shape(), (ir::Shape{directions, 2 * rows}));
      const Result<ir::Outputs> outputs = ir::evaluate(graph, {{random_input(graph)}});
      ASSERT_TRUE(outputs) << outputs.error().message;
      ASSERT_EQ(outputs->size(), 1u);
      EXPECT_EQ(outputs->front().shape(), (ir::Shape{5, 24 * directions}));
      // A state is a mixture of values of tanh, and never zero by chance.
      for (const float value : outputs->front().as<float>()) {
        ASSERT_LT(std::abs(value), 1) << name;
        ASSERT_NE(value, 0) << name;
      }
    }
}

TEST(BuildRnn, CallsLayersByTheirCellAndNumber) {
  RnnOptions options = gru(4);
  options.layers = 2;
  EXPECT_EQ(node_names(build_rnn(options)),
            (std::vector<std::string>{"gru0", "gru0.squeeze", "gru1", "gru1.squeeze"}));
  options.cell = Cell::kLstm;
  options.layers = 1;
  options.bidirectional = true;
  EXPECT_EQ(node_names(build_rnn(options)),
            (std::vector<std::string>{"lstm0", "lstm0.transpose", "lstm0.reshape"}));
}

TEST(BuildRnn, WithoutAnInputSizeReadsVectorsOfTheHiddenSize) {
  EXPECT_EQ(build_rnn(gru(6)).inputs[0].shape, (ir::Shape{5, 1, 6}));
}

TEST(BuildRnn, WeightsAreAFunctionOfTheSeedAlone) {
  RnnOptions options = gru(16);
  const ir::Graph a = build_rnn(options), b = build_rnn(options);
  options.seed = 2;
  const ir::Graph other = build_rnn(options);
  for (const char* name : {"gru0.W", "gru0.R", "gru0.B"}) {
    EXPECT_TRUE(identical(constant(a, name), constant(b, name))) << name;
    EXPECT_FALSE(identical(constant(a, name), constant(other, name))) << name;
  }
}

TEST(BuildRnn, TensorsDifferFromEachOther) {
  RnnOptions options = gru(16);
  options.layers = 2;
  options.bidirectional = true;
  options.input = 32;  // both layers read 32
  const ir::Graph graph = build_rnn(options);
  EXPECT_FALSE(identical(constant(graph, "gru0.W"), constant(graph, "gru1.W")));
  for (const char* name : {"gru0.W", "gru0.R", "gru0.B"}) {
    const auto values = constant(graph, name).as<float>();
    const auto half = values.size() / 2;  // of each direction
    EXPECT_FALSE(std::ranges::equal(values.first(half), values.last(half))) << name;
  }
  const auto biases = constant(graph, "gru0.B").as<float>();  // both kinds of both directions
  EXPECT_FALSE(std::ranges::equal(biases.first(48), biases.subspan(48, 48)));
}

TEST(BuildRnn, WeightsAreUniformWithinTheBound) {
  const ir::Graph graph = build_rnn(gru(64));
  const auto weights = constant(graph, "gru0.W").as<float>();
  const double bound = 1 / std::sqrt(64.0);
  double squares = 0, sum = 0;
  for (const float v : weights) {
    ASSERT_LE(std::abs(v), bound);
    sum += v;
    squares += static_cast<double>(v) * v;
  }
  const auto n = static_cast<double>(weights.size());
  EXPECT_NEAR(sum / n, 0, 3 * bound / std::sqrt(3 * n));
  EXPECT_NEAR(squares / n, bound * bound / 3, 0.05 * bound * bound);
}

TEST(BuildRnn, WithoutWeightsHasShapesOnly) {
  RnnOptions options = gru(2816);
  options.with_weights = false;
  const ir::Graph graph = build_rnn(options);
  EXPECT_EQ(ir::broken_rule(graph), "");
  const ir::Array& weights = constant(graph, "gru0.W");
  EXPECT_FALSE(weights.known());
  EXPECT_EQ(weights.shape(), (ir::Shape{1, 3 * 2816, 2816}));
  const ir::Array input = ir::Array::unknown(ir::ElementType::kFloat32, {5, 1, 2816});
  const Result<ir::Outputs> outputs = ir::evaluate(graph, {{input}});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_FALSE(outputs->front().known());
  EXPECT_EQ(outputs->front().shape(), (ir::Shape{5, 2816}));
}

TEST(BuildRnn, ItsWeightsAreThoseOfItsTensors) {
  for (const Cell cell : {Cell::kGru, Cell::kLstm, Cell::kRnn})
    for (const bool bidirectional : {false, true}) {
      RnnOptions options = gru(7);
      options.cell = cell;
      options.layers = 2;
      options.input = 3;
      options.bidirectional = bidirectional;
      std::int64_t weights = 0;
      for (const ir::Value& value : build_rnn(options).values)
        if (value.constant.present() && value.constant.type() == ir::ElementType::kFloat32)
          weights += value.constant.elements();
      EXPECT_EQ(rnn_weights(options), weights) << cell_name(cell);
    }
}

TEST(RnnOperations, AreTwelveAndSixteenHSquaredT) {
  RnnOptions options = gru(100);
  EXPECT_EQ(rnn_operations(options, 7), 12LL * 100 * 100 * 7);
  options.cell = Cell::kRnn;
  EXPECT_EQ(rnn_operations(options, 7), 4LL * 100 * 100 * 7);
  options.cell = Cell::kLstm;
  EXPECT_EQ(rnn_operations(options, 7), 16LL * 100 * 100 * 7);
  options.bidirectional = true;
  EXPECT_EQ(rnn_operations(options, 7), 2 * 16LL * 100 * 100 * 7);
  options.layers = 2;  // the second layer reads both directions
  EXPECT_EQ(rnn_operations(options, 7), 2 * (16LL + 24) * 100 * 100 * 7);
}

TEST(RnnOperations, MayBeCountedAtAnotherSize) {
  RnnOptions options = gru(128);
  options.input = 50;
  EXPECT_EQ(rnn_operations(options, 1), 6LL * 128 * (128 + 50));
  options.count_as_hidden = 100;
  EXPECT_EQ(rnn_operations(options, 7), 12LL * 100 * 100 * 7);
}

Tensor tensor(const std::string& name, std::vector<std::int64_t> shape, float value) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return {name, std::move(shape),
          std::make_shared<const std::vector<float>>(static_cast<std::size_t>(count), value)};
}

LayerInput from_layer(std::size_t layer, LayerInput::What what) {
  return {LayerInput::From::kLayer, layer, what};
}

// A GRU of 3 over vectors of 2 whose last state goes through a dense layer to 4.
LayerGraph classifier() {
  LayerGraph model;
  model.name = "classifier";
  model.sources = {{"x", 2, 5, true, 0}};
  model.fixed_steps = 5;
  RecurrentLayer gru;
  gru.name = "gru0";
  gru.input = 2;
  gru.hidden = 3;
  gru.directions = {{tensor("gru0.W", {9, 2}, 0.5F), tensor("gru0.R", {9, 3}, 0.25F),
                     tensor("gru0.Wb", {9}, 1), tensor("gru0.Rb", {9}, -1), Tensor(), Tensor()}};
  gru.inputs = {{LayerInput::From::kHost, 0}};
  gru.tokens = 5;
  gru.per_step = true;
  model.layers.emplace_back(gru);
  DenseLayer dense;
  dense.name = "dense0";
  dense.input = 3;
  dense.output = 4;
  dense.weights = tensor("dense0.W", {4, 3}, 0.5F);
  dense.inputs = {from_layer(0, LayerInput::What::kLast)};
  dense.tokens = 1;
  model.layers.emplace_back(dense);
  model.results = {from_layer(1, LayerInput::What::kEvery)};
  return model;
}

TEST(Model, LayersSayWhatTheyReadAndHowOftenTheyRun) {
  LayerGraph model = classifier();
  EXPECT_EQ(layer_input(model.layers[0]), 2);
  EXPECT_EQ(layer_output(model.layers[0]), 3);
  EXPECT_EQ(layer_output(model.layers[1]), 4);
  EXPECT_EQ(layer_name(model.layers[1]), "dense0");
  EXPECT_EQ(layer_operators(model.layers[1]), std::vector<std::string>{"dense0"});
  EXPECT_EQ(tokens_of(model, layer_inputs(model.layers[0])[0]), 0) << "one for each step";
  EXPECT_EQ(tokens_of(model, from_layer(0, LayerInput::What::kEvery)), 0);
  EXPECT_EQ(tokens_of(model, from_layer(0, LayerInput::What::kLast)), 1);
  EXPECT_EQ(tokens_of(model, model.results[0]), 1);
  model.sources[0].per_step = false;
  EXPECT_EQ(tokens_of(model, layer_inputs(model.layers[0])[0]), 5);
  auto& gru = std::get<RecurrentLayer>(model.layers[0]);
  gru.directions.push_back(gru.directions[0]);
  EXPECT_EQ(layer_output(model.layers[0]), 6) << "directions lie side by side";
}

TEST(Model, InitialStatesAndOperandsAreReadToo) {
  LayerGraph model = classifier();
  const LayerInput state{LayerInput::From::kHost, 1};
  std::get<RecurrentLayer>(model.layers[0]).initial_hidden = state;
  EXPECT_EQ(all_inputs(model.layers[0]),
            (std::vector<LayerInput>{{LayerInput::From::kHost, 0}, state}));
  auto& dense = std::get<DenseLayer>(model.layers[1]);
  dense.operators = {"matmul", "add"};
  dense.operations.emplace_back().operand = from_layer(0, LayerInput::What::kCell);
  dense.operations.emplace_back();
  EXPECT_EQ(all_inputs(model.layers[1]),
            (std::vector<LayerInput>{from_layer(0, LayerInput::What::kLast),
                                     from_layer(0, LayerInput::What::kCell)}));
  EXPECT_EQ(layer_operators(model.layers[1]), (std::vector<std::string>{"matmul", "add"}));
}

TEST(Operations, OfALastDenseLayerCountOncePerRequest) {
  LayerGraph model = classifier();
  ASSERT_TRUE(check_layers(model).empty()) << check_layers(model).text();
  EXPECT_EQ(operations(model, 10), 10 * 2 * 9 * (2 + 3) + 2 * 12);
  std::get<DenseLayer>(model.layers[1]).weights = Tensor();
  EXPECT_EQ(operations(model, 10), 10 * 2 * 9 * (2 + 3)) << "without a product there are none";
}

// Calls change(model, its recurrent layer, its dense layer), and returns what is wrong then.
template <typename Change>
std::string complaint(Change change) {
  LayerGraph model = classifier();
  change(model, std::get<RecurrentLayer>(model.layers[0]), std::get<DenseLayer>(model.layers[1]));
  return check_layers(model).text();
}

using M = LayerGraph;
using R = RecurrentLayer;
using D = DenseLayer;

void expect_part(const std::string& text, const char* part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << text << "\" lacks \"" << part << "\"";
}

TEST(CheckModel, NamesSizesThatAreWrong) {
  EXPECT_EQ(complaint([](M&, R&, D&) {}), "");
  expect_part(complaint([](M&, R& r, D&) { r.hidden = 0; }), "gru0: hidden size 0");
  expect_part(complaint([](M&, R& r, D&) { r.hidden = std::int64_t{1} << 40; }),
              "gru0: hidden size 1099511627776 is not between 1 and 1048576");
  expect_part(complaint([](M&, R& r, D&) { r.input = -1; }), "gru0: input -1");
  expect_part(complaint([](M&, R&, D& d) { d.output = 0; }), "dense0: output 0");
  expect_part(complaint([](M&, R& r, D&) { r.directions.clear(); }), "gru0 has 0 directions");
  expect_part(complaint([](M&, R& r, D&) { r.directions.resize(3, r.directions[0]); }),
              "gru0 has 3 directions, not 1 or 2");
  expect_part(complaint([](M&, R& r, D&) {
                r.directions.resize(2, r.directions[0]);
                r.reverse = true;
              }),
              "gru0 is marked as reverse only, but has 2 directions");
  expect_part(complaint([](M& m, R&, D&) { m.layers.resize(kMaxLayers + 1, m.layers[1]); }),
              "16385 layers: at most 16384");
  expect_part(complaint([](M& m, R&, D&) {
                DenseLayer wide;
                wide.name = "wide";
                wide.input = wide.output = kMaxWidth;
                wide.weights = {"wide.W", {kMaxWidth, kMaxWidth}, nullptr};
                m.layers = {wide, wide};
              }),
              "2199023255552 weights: at most 1099511627776");
}

TEST(CheckModel, NamesTensorsThatAreWrong) {
  const auto with = [](std::vector<float> values) {
    return std::make_shared<const std::vector<float>>(std::move(values));
  };
  expect_part(complaint([](M&, R& r, D&) {
                r.directions[0].recurrent.shape = {9, 4};
              }),
              "gru0.R has shape [9, 4], not [9, 3]");
  expect_part(
      complaint([](M&, R& r, D&) { r.directions[0].initial_hidden = tensor("gru0.h0", {4}, 0); }),
      "gru0.h0 has shape [4], not [3]");
  expect_part(complaint([](M&, R&, D& d) { d.weights.values = nullptr; }),
              "dense0.W has no values");
  expect_part(complaint([&](M&, R&, D& d) { d.weights.values = with(std::vector<float>(11)); }),
              "dense0.W of shape [4, 3] has 11 values");
  expect_part(
      complaint([&](M&, R&, D& d) {
        std::vector<float> values(12, 1.F);
        values[7] = std::numeric_limits<float>::quiet_NaN();
        d.weights.values = with(values);
      }),
      "dense0.W, row 2, column 1: not a number (NaN), so no block of weights with it has a value");
  expect_part(complaint([&](M&, R&, D& d) {
                d.bias = tensor("dense0.b", {4}, std::numeric_limits<float>::quiet_NaN());
              }),
              "dense0.b, row 0: not a number (NaN)");
}

TEST(ElementCount, KnowsOverflowAndEmptiness) {
  EXPECT_EQ(element_count(std::vector<std::int64_t>{}), 1);
  EXPECT_EQ(element_count(std::vector<std::int64_t>{3, 4}), 12);
  EXPECT_EQ(element_count(std::vector<std::int64_t>{3, -1}), std::nullopt);
  EXPECT_EQ(element_count(std::vector<std::int64_t>{std::int64_t{1} << 32, std::int64_t{1} << 32}),
            std::nullopt);
  // The extents that are not zero are too many, so a part of the shape would have no count.
  EXPECT_EQ(element_count(std::vector<std::int64_t>{std::int64_t{1} << 62, 0, 4}), std::nullopt);
  EXPECT_EQ(element_count(std::vector<std::int64_t>{std::int64_t{1} << 60, 0, 4}), 0);
}

}  // namespace
}  // namespace soliton
