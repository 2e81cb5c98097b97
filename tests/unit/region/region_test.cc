#include "tests/unit/region/region_graphs.h"

namespace soliton::test {
namespace {

TEST(Region, ProductsWithTheirEpiloguesAreChains) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 20});
  const ir::ValueId a = t.node("relu", "Relu", {dense(t, "a", x, 20, 33)});
  const ir::ValueId b = t.node("tanh", "Tanh", {dense(t, "bb", a, 33, 24)});
  t.output(t.node("sigmoid", "Sigmoid", {dense(t, "ccc", b, 24, 17)}));
  RegionRun run(t.graph);
  expect_on_fpga(run, 9);
  EXPECT_EQ(run.split.fpga.layers.size(), 3u);
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

// What goes between operators keeps its type; FPGAs read and make fp16 of any.
TEST(Region, ModelsOfOtherRealTypesRunLikeThoseOfFp32) {
  for (const ir::ElementType type : {ir::ElementType::kFloat16, ir::ElementType::kFloat64}) {
    TestGraph t;
    const ir::ValueId x = t.input("x", {2, 12}, type);
    const ir::ValueId w = t.constant("w", ir::converted(random_floats({12, 20}, 5, 0.3), type));
    const ir::ValueId a = t.node("relu", "Relu", {t.node("mul", "MatMul", {x, w})});
    t.output(t.node("atan", "Atan", {a}));
    RegionRun run(t.graph, false);
    expect_on_fpga(run, 2);
    const std::vector<ir::Array> got = run.run(on_one(run), 1).front();
    EXPECT_EQ(got.front().type(), type);
    EXPECT_LT(error_of(ir::converted(got.front(), ir::ElementType::kFloat32),
                       ir::converted(run.in_fp32().front(), ir::ElementType::kFloat32)),
              kTolerance);
  }
}

// Views in front of FPGAs need no CPU: it sends what they read.
TEST(Region, ViewsInFrontOfFpgasCostNothing) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 5, 20});
  const ir::ValueId turned = t.node("turned", "Transpose", {x}, {integers("perm", {1, 0, 2})});
  const ir::ValueId flat =
      t.node("flat", "Reshape", {turned, t.constant("shape", ir::Array::integers({5, 20}))});
  t.output(dense(t, "a", flat, 20, 33));
  RegionRun run(t.graph);
  expect_on_fpga(run, 4);
  EXPECT_EQ(run.split.sources, std::vector<ir::ValueId>{x});
  expect_same(run, 3);
}

TEST(Region, AViewThatACpuReadsTooIsMadeThere) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 5, 20});
  const ir::ValueId flat =
      t.node("flat", "Reshape", {x, t.constant("shape", ir::Array::integers({5, 20}))});
  t.output(t.node("sum", "Add", {t.node("abs", "Abs", {flat}), dense(t, "a", flat, 20, 20)}));
  RegionRun run(t.graph, false);
  EXPECT_FALSE(run.split.on_fpga[0]);
  expect_same(run, 3);
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

std::int64_t used(const Shard& shard, const std::string& memory) {
  for (const MemoryUse& use : memory_use(shard))
    if (use.memory == memory) return use.used;
  return 0;
}

// Of twenty layers one behind the other, few vectors live at a time.
TEST(Region, RegistersAreUsedAgain) {
  TestGraph t;
  ir::ValueId x = t.input("x", {1, 8});
  const ir::ValueId first = x;
  for (int layer = 0; layer < 20; ++layer)
    x = t.node("relu" + std::to_string(layer), "Relu",
               {dense(t, "layer" + std::to_string(layer), x, 8, 8)});
  t.output(t.node("sum", "Add", {x, first}));
  RegionRun run(t.graph);
  LowerRequest request;
  request.model = &run.split.fpga;
  request.nodes = {{"fpga0", run.device}};
  request.stages = on_one(run);
  request.host = "host";
  const Result<Lowered> lowered = lower(request);
  ASSERT_TRUE(lowered);
  EXPECT_LE(used(lowered->shards.front(), "InitialVrf"), 3);
  EXPECT_LE(used(lowered->shards.front(), "AddSubVrf_1"), 1);
  expect_same(run, 1);
}

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

TEST(Region, AStateThatAnotherLayerMakesGoesByWayOfTheHost) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {5, 1, 12}), z = t.input("z", {3, 1, 12});
  recurrent(t, "GRU", "encoder", x, 12, 16, 1, "forward");
  const ir::ValueId state = t.graph.nodes.back().outputs[1];
  const ir::ValueId y = recurrent(t, "GRU", "decoder", z, 12, 16, 1, "forward", {state});
  const ir::ValueId rows =
      t.node("rows", "Squeeze", {y, t.constant("axes", ir::Array::integers({1, 2}))});
  t.output(dense(t, "a", rows, 16, 9));
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_same(run, 2);
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
}  // namespace soliton::test
