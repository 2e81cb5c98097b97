#include <algorithm>
#include <functional>

#include "protocol/base/rng.h"
#include "tests/unit/graph/test_graph.h"
#include "tests/unit/region/region_run.h"

namespace soliton {
namespace {

using test::error_of;
using test::RegionRun;
using test::TestGraph;

// Of models of fp32 weights whose vectors are fp16.
constexpr double kTolerance = 5e-3;

ir::Array random_floats(ir::Shape shape, std::uint64_t seed, double scale = 0.5) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  const Random random(seed, "weights");
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(scale * (2 * random.unit(i) - 1));
  return ir::Array::of<float>(std::move(shape), std::move(values));
}

ir::Attribute integer(const char* name, std::int64_t value) {
  ir::Attribute out;
  out.name = name;
  out.kind = ir::Attribute::Kind::kInteger;
  out.integer = value;
  return out;
}

ir::Attribute integers(const char* name, std::vector<std::int64_t> values) {
  ir::Attribute out;
  out.name = name;
  out.kind = ir::Attribute::Kind::kIntegers;
  out.integers = std::move(values);
  return out;
}

ir::Attribute text(const char* name, const char* value) {
  ir::Attribute out;
  out.name = name;
  out.kind = ir::Attribute::Kind::kText;
  out.text = value;
  return out;
}

ir::ValueId dense(TestGraph& t, const std::string& name, ir::ValueId x, std::int64_t input,
                  std::int64_t output) {
  const ir::ValueId w =
      t.constant(name + ".W", random_floats({input, output}, name.size() + 7, 0.3));
  const ir::ValueId b = t.constant(name + ".B", random_floats({output}, name.size() + 3));
  return t.node(name, "Add", {t.node(name + ".mul", "MatMul", {x, w}), b});
}

// A recurrent layer of one batch over [steps, 1, input]; its outputs are called name.Y, name.Y_h and
// name.Y_c.
ir::ValueId recurrent(TestGraph& t, const std::string& op, const std::string& name, ir::ValueId x,
                      std::int64_t input, std::int64_t hidden, std::int64_t directions,
                      const char* direction, std::vector<ir::ValueId> states = {},
                      bool cell = false) {
  const std::int64_t gates = op == "GRU" ? 3 : op == "LSTM" ? 4 : 1;
  std::vector<ir::ValueId> inputs{
      x, t.constant(name + ".W", random_floats({directions, gates * hidden, input}, 11, 0.4)),
      t.constant(name + ".R", random_floats({directions, gates * hidden, hidden}, 12, 0.3)),
      t.constant(name + ".B", random_floats({directions, 2 * gates * hidden}, 13))};
  if (!states.empty()) {
    inputs.push_back(ir::kAbsent);
    inputs.insert(inputs.end(), states.begin(), states.end());
  }
  const ir::ValueId y = t.node(name + ".Y", op, inputs,
                               {integer("hidden_size", hidden), text("direction", direction)});
  ir::Node& node = t.graph.nodes.back();
  for (const char* more : {".Y_h", ".Y_c"}) {
    if (more == std::string(".Y_c") && !cell) break;
    t.graph.values.push_back({name + more, {}});
    node.outputs.push_back(static_cast<ir::ValueId>(t.graph.values.size() - 1));
  }
  return y;
}

Stage stage(std::size_t first, std::size_t last, std::vector<std::size_t> nodes) {
  Stage out;
  out.first = first;
  out.last = last;
  out.nodes = std::move(nodes);
  return out;
}

std::vector<Stage> on_one(const RegionRun& run) {
  return {stage(0, run.split.model.layers.size(), {0})};
}

// Equal bits for every way to divide the layers, and near fp32.
void expect_same(RegionRun& run, std::size_t wide, double tolerance = kTolerance) {
  const std::size_t layers = run.split.model.layers.size();
  ASSERT_GT(layers, 0u);
  const auto one = run.run(on_one(run), 1);
  ASSERT_EQ(one.size(), 1u);
  const std::vector<ir::Array> want = run.in_fp32();
  ASSERT_EQ(one[0].size(), want.size());
  for (std::size_t k = 0; k < want.size(); ++k)
    EXPECT_LE(error_of(one[0][k], want[k]), tolerance) << "output " << k;
  const auto compare = [&](const std::vector<Stage>& stages, std::size_t fpgas) {
    const auto other = run.run(stages, fpgas);
    ASSERT_EQ(other.size(), 1u);
    for (std::size_t k = 0; k < want.size(); ++k)
      EXPECT_TRUE(identical(other[0][k], one[0][k])) << "output " << k << " on " << fpgas;
  };
  for (std::size_t fpgas = 2; fpgas <= wide; ++fpgas) {
    std::vector<std::size_t> nodes(fpgas);
    for (std::size_t i = 0; i < fpgas; ++i) nodes[i] = i;
    compare({stage(0, layers, nodes)}, fpgas);
  }
  std::vector<Stage> each;
  for (std::size_t layer = 0; layer < layers; ++layer)
    each.push_back(stage(layer, layer + 1, {layer}));
  if (layers > 1) compare(each, layers);
}

void expect_on_fpga(const RegionRun& run, std::size_t operators) {
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(run.split.on_fpga, true)), operators);
  for (std::size_t i = 0; i < run.graph.nodes.size(); ++i)
    EXPECT_EQ(run.split.on_fpga[i], run.split.why[i].empty()) << run.graph.nodes[i].name;
}

TEST(Region, ProductsWithTheirEpiloguesAreChains) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 20});
  const ir::ValueId a = t.node("relu", "Relu", {dense(t, "a", x, 20, 33)});
  const ir::ValueId b = t.node("tanh", "Tanh", {dense(t, "bb", a, 33, 24)});
  t.output(t.node("sigmoid", "Sigmoid", {dense(t, "ccc", b, 24, 17)}));
  RegionRun run(t.graph);
  expect_on_fpga(run, 9);
  EXPECT_EQ(run.split.model.layers.size(), 3u);
  expect_same(run, 3);
}

TEST(Region, ManyVectorsOfARequestGoThroughOneByOne) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {5, 20});
  const ir::ValueId a = t.node("relu", "Relu", {dense(t, "a", x, 20, 33)});
  t.output(dense(t, "bb", a, 33, 24));
  RegionRun run(t.graph);
  expect_on_fpga(run, 5);
  expect_same(run, 3);
}

TEST(Region, ResidualSumsBranchesAndSeveralOutputs) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {3, 24});
  const ir::ValueId a = t.node("relu", "Relu", {dense(t, "a", x, 24, 24)});
  const ir::ValueId sum = t.node("sum", "Add", {dense(t, "bb", a, 24, 24), x});
  const ir::ValueId left = t.node("left", "Tanh", {dense(t, "ccc", sum, 24, 18)});
  const ir::ValueId right = t.node("right", "Sigmoid", {dense(t, "dddd", sum, 24, 18)});
  t.output(t.node("product", "Mul", {left, right}));
  t.output(t.node("difference", "Sub", {right, left}));
  t.output(sum);
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_same(run, 3);
}

TEST(Region, JoinedVectorsAreReadByProducts) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {2, 12});
  const ir::ValueId a = t.node("a.relu", "Relu", {dense(t, "a", x, 12, 20)});
  const ir::ValueId b = t.node("b.tanh", "Tanh", {dense(t, "bb", x, 12, 13)});
  const ir::ValueId joined = t.node("join", "Concat", {a, b, x}, {integer("axis", -1)});
  t.output(dense(t, "ccc", joined, 45, 10));
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_same(run, 2);
}

TEST(Region, AJoinThatACpuReadsIsMadeThere) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {2, 12});
  const ir::ValueId a = dense(t, "a", x, 12, 20), b = dense(t, "bb", x, 12, 13);
  t.output(t.node("join", "Concat", {a, b}, {integer("axis", -1)}));
  RegionRun run(t.graph);
  expect_on_fpga(run, 4);
  expect_same(run, 2);
}

TEST(Region, ACpuPartInTheMiddleSendsItsResultBack) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {4, 16});
  const ir::ValueId a = dense(t, "a", x, 16, 16);
  const ir::ValueId soft = t.node("softmax", "Softmax", {a}, {integer("axis", -1)});
  const ir::ValueId b = dense(t, "bb", soft, 16, 16);
  t.output(t.node("sum", "Add", {b, a}));
  RegionRun run(t.graph, false);
  expect_on_fpga(run, t.graph.nodes.size() - 1);
  expect_same(run, 2);
}

TEST(Region, RowsOfAnotherWidthGoByWayOfTheHost) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {4, 16});
  const ir::ValueId a = t.node("relu", "Relu", {dense(t, "a", x, 16, 10)});
  const ir::ValueId flat =
      t.node("flat", "Reshape", {a, t.constant("shape", ir::Array::integers({1, 40}))});
  t.output(dense(t, "bb", flat, 40, 9));
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_same(run, 2);
}

// A layer that every function reads behind a product, so that it runs on the FPGA.
struct FunctionCase {
  const char* name;
  std::function<ir::ValueId(TestGraph&, ir::ValueId)> add;
  double tolerance = kTolerance;
};

class RegionFunction : public testing::TestWithParam<FunctionCase> {};

TEST_P(RegionFunction, IsAProgramWhereItIsDeclared) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {3, 20});
  const ir::ValueId made = GetParam().add(t, dense(t, "a", x, 20, 19));
  t.output(dense(t, "bb", made, 19, 12));
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_same(run, 3, GetParam().tolerance);
}

ir::Attribute real(const char* name, float value) {
  ir::Attribute out;
  out.name = name;
  out.kind = ir::Attribute::Kind::kReal;
  out.real = value;
  return out;
}

ir::ValueId number(TestGraph& t, const std::string& name, float value) {
  return t.constant(name, ir::Array::scalar<float>(value));
}

// Normalisation as frameworks write it out.
ir::ValueId written_out_norm(TestGraph& t, ir::ValueId x) {
  const auto axes = integers("axes", {-1});
  t.graph.opset = 13;
  const ir::ValueId mean = t.node("mean", "ReduceMean", {x}, {axes});
  const ir::ValueId centred = t.node("centred", "Sub", {x, mean});
  const ir::ValueId squares = t.node("squares", "Pow", {centred, number(t, "two", 2)});
  const ir::ValueId variance = t.node("variance", "ReduceMean", {squares}, {axes});
  const ir::ValueId size =
      t.node("size", "Sqrt", {t.node("eps", "Add", {variance, number(t, "e", 1e-3F)})});
  const ir::ValueId normal = t.node("normal", "Div", {centred, size});
  const ir::ValueId scaled =
      t.node("scaled", "Mul", {normal, t.constant("gain", random_floats({19}, 3, 2))});
  return t.node("shifted", "Add", {scaled, t.constant("shift", random_floats({19}, 4))});
}

ir::ValueId written_out_gelu(TestGraph& t, ir::ValueId x) {
  const ir::ValueId z = t.node("z", "Div", {x, number(t, "root", std::sqrt(2.0F))});
  const ir::ValueId share =
      t.node("share", "Add", {t.node("erf", "Erf", {z}), number(t, "one", 1)});
  return t.node("half", "Mul", {t.node("product", "Mul", {x, share}), number(t, "h", 0.5F)});
}

INSTANTIATE_TEST_SUITE_P(
    All, RegionFunction,
    testing::Values(
        FunctionCase{
            "clip",
            [](TestGraph& t, ir::ValueId x) {
              return t.node("clip", "Clip", {x, number(t, "low", -0.2F), number(t, "high", 0.3F)});
            }},
        FunctionCase{"hard_sigmoid",
                     [](TestGraph& t, ir::ValueId x) {
                       return t.node("f", "HardSigmoid", {x}, {real("alpha", 0.3F)});
                     }},
        FunctionCase{"hard_swish",
                     [](TestGraph& t, ir::ValueId x) { return t.node("f", "HardSwish", {x}); }},
        FunctionCase{"silu",
                     [](TestGraph& t, ir::ValueId x) {
                       return t.node("f", "Mul", {x, t.node("s", "Sigmoid", {x})});
                     }},
        FunctionCase{"leaky_relu",
                     [](TestGraph& t, ir::ValueId x) {
                       return t.node("f", "LeakyRelu", {x}, {real("alpha", 0.1F)});
                     }},
        FunctionCase{"abs_sqrt",
                     [](TestGraph& t, ir::ValueId x) {
                       return t.node("f", "Sqrt", {t.node("a", "Abs", {x})});
                     }},
        FunctionCase{"exp_reciprocal",
                     [](TestGraph& t, ir::ValueId x) {
                       return t.node("r", "Reciprocal", {t.node("e", "Exp", {x})});
                     }},
        FunctionCase{"softmax",
                     [](TestGraph& t, ir::ValueId x) {
                       return t.node("f", "Softmax", {x}, {integer("axis", -1)});
                     }},
        FunctionCase{"softmax_below_zero",
                     [](TestGraph& t, ir::ValueId x) {
                       return t.node("f", "Softmax",
                                     {t.node("low", "Sub", {x, number(t, "far", 40)})},
                                     {integer("axis", -1)});
                     },
                     0.05},
        FunctionCase{"layer_norm",
                     [](TestGraph& t, ir::ValueId x) {
                       return t.node("f", "LayerNormalization",
                                     {x, t.constant("gain", random_floats({19}, 3, 2)),
                                      t.constant("shift", random_floats({19}, 4))},
                                     {real("epsilon", 1e-3F)});
                     }},
        FunctionCase{"written_out_norm", written_out_norm},
        FunctionCase{"gelu", [](TestGraph& t, ir::ValueId x) { return t.node("f", "Gelu", {x}); }},
        FunctionCase{"written_out_gelu", written_out_gelu}),
    [](const auto& info) { return info.param.name; });

struct RecurrentCase {
  const char* op;
  const char* direction;
  std::int64_t directions;
};

class RegionRecurrent : public testing::TestWithParam<RecurrentCase> {};

TEST_P(RegionRecurrent, SequencesLastStatesAndLayersBehind) {
  const auto& [op, direction, directions] = GetParam();
  TestGraph t;
  const ir::ValueId x = t.input("x", {6, 1, 12});
  const ir::ValueId y = recurrent(t, op, "cell", x, 12, 20, directions, direction);
  const ir::ValueId h = t.graph.nodes.back().outputs[1];
  const ir::ValueId turned = t.node("turned", "Transpose", {y}, {integers("perm", {0, 2, 1, 3})});
  const ir::ValueId rows = t.node(
      "rows", "Reshape", {turned, t.constant("shape", ir::Array::integers({6, 20 * directions}))});
  t.output(t.node("relu", "Relu", {dense(t, "a", rows, 20 * directions, 9)}));
  const ir::ValueId last = t.node(
      "last", "Reshape", {h, t.constant("shape2", ir::Array::integers({1, 20 * directions}))});
  t.output(t.node("tanh", "Tanh", {dense(t, "bb", last, 20 * directions, 7)}));
  t.output(h);
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_same(run, 2);
}

INSTANTIATE_TEST_SUITE_P(Cells, RegionRecurrent,
                         testing::Values(RecurrentCase{"GRU", "forward", 1},
                                         RecurrentCase{"LSTM", "forward", 1},
                                         RecurrentCase{"RNN", "reverse", 1},
                                         RecurrentCase{"LSTM", "reverse", 1},
                                         RecurrentCase{"GRU", "bidirectional", 2},
                                         RecurrentCase{"LSTM", "bidirectional", 2}));

TEST(Region, StatesOfARequestComeAndGo) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {3, 1, 12});
  const ir::ValueId h0 = t.input("h0", {1, 1, 20}), c0 = t.input("c0", {1, 1, 20});
  const ir::ValueId y = recurrent(t, "LSTM", "cell", x, 12, 20, 1, "forward", {h0, c0}, true);
  const ir::Node cell = t.graph.nodes.back();
  t.output(y);
  t.output(cell.outputs[1]);
  t.output(cell.outputs[2]);
  RegionRun run(t.graph);
  expect_on_fpga(run, 1);
  expect_same(run, 2);
}

TEST(Region, StateIsCarriedFromRequestToRequest) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {3, 1, 12});
  const ir::ValueId h0 = t.input("h0", {1, 1, 20}), c0 = t.input("c0", {1, 1, 20});
  t.output(recurrent(t, "LSTM", "cell", x, 12, 20, 1, "forward", {h0, c0}, true));
  const ir::Node cell = t.graph.nodes.back();
  t.graph.states = {{h0, cell.outputs[1], random_floats({1, 1, 20}, 5)},
                    {c0, cell.outputs[2], random_floats({1, 1, 20}, 6)}};
  RegionRun run(t.graph);
  const auto one = run.run(on_one(run), 1, 3);
  const auto two = run.run({stage(0, 1, {0, 1})}, 2, 3);
  ASSERT_EQ(one.size(), 3u);
  ASSERT_EQ(two.size(), 3u);
  ir::Graph whole = t.graph;
  whole.outputs.push_back(cell.outputs[1]);
  whole.outputs.push_back(cell.outputs[2]);
  ir::Array h = t.graph.states[0].initial, c = t.graph.states[1].initial;
  for (std::uint32_t request = 0; request < 3; ++request) {
    const std::vector<ir::Array> drawn = run.inputs().request(request);
    const auto want = *ir::evaluate(whole, std::vector{drawn[0], h, c});
    EXPECT_LE(error_of(one[request][0], want[0]), kTolerance) << request;
    EXPECT_TRUE(identical(one[request][0], two[request][0])) << request;
    h = want[1];
    c = want[2];
  }
}

TEST(Region, StackedLayersAndTheLastStep) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {4, 1, 12});
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
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_same(run, 2);
}

}  // namespace
}  // namespace soliton
