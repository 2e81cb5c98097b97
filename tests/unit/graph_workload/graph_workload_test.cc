// Where each input of a graph comes from, and the forms of files.
#include "cluster/workload/graph_workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/unit/graph/test_graph.h"

namespace soliton {
namespace {

using test::TestGraph;

class GraphWorkloadTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("graph-workload-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::vector<float>& values,
                   std::vector<std::int64_t> shape) {
    const std::string path = folder_ / name;
    EXPECT_TRUE(write_npy(path, npy_of(values, std::move(shape))));
    return path;
  }
  std::string integers(const std::string& name, const std::vector<std::int64_t>& values,
                       std::vector<std::int64_t> shape) {
    const std::string path = folder_ / name;
    EXPECT_TRUE(write_npy(path, npy_of(values, std::move(shape))));
    return path;
  }

  // y = x + x, with x of the shape given; `symbols` name its open axes.
  static TestGraph doubled(ir::Shape shape, std::vector<std::string> symbols = {}) {
    TestGraph t;
    const ir::ValueId x = t.input("x", std::move(shape));
    if (!symbols.empty()) t.graph.inputs[0].symbols = std::move(symbols);
    t.output(t.node("y", "Add", {x, x}));
    return t;
  }
  static ir::Array zeros(ir::Shape shape) {
    const std::int64_t elements = ir::Array::unknown(ir::ElementType::kFloat32, shape).elements();
    return ir::Array::of(std::move(shape), std::vector<float>(static_cast<std::size_t>(elements)));
  }
  static std::string error_of(const Checked<GraphWorkload>& workload) {
    return workload ? "" : workload.error().text();
  }

  ClusterSpec spec_;
  std::filesystem::path folder_;
};

TEST_F(GraphWorkloadTest, RequestsStandInFrontOfTheShape) {
  TestGraph t = doubled({1, 2});
  spec_.workload.input = file("x.npy", {1, 2, 3, 4, 5, 6}, {3, 1, 2});
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  ASSERT_EQ(workload->rows(), 3u);
  EXPECT_FALSE(workload->lanes);
  EXPECT_TRUE(identical(workload->inputs.request(4)[0], ir::Array::of<float>({1, 2}, {3, 4})));
}

// A request of one step has an axis of steps all the same.
TEST_F(GraphWorkloadTest, AStepIsNoLane) {
  GraphWorkload workload;
  workload.lanes = Lanes{1, 1, 3, {{ir::kOpen, 2, 1, 5}}};
  const auto shape_of = [&](ir::Shape answer) {
    return lane_of(zeros(std::move(answer)), 0, workload.lanes).shape();
  };
  EXPECT_EQ(shape_of({7, 2, 1, 5}), (ir::Shape{7, 2, 5}));
  EXPECT_EQ(shape_of({1, 2, 1, 5}), (ir::Shape{1, 2, 5}));
}

// Symbols of chance are any row of the table that they name, and no others.
TEST_F(GraphWorkloadTest, RandomSymbolsAreRowsOfTheirTable) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {40}, ir::ElementType::kInt64);
  const ir::ValueId flags = t.input("flags", {40}, ir::ElementType::kInt64);
  const ir::ValueId table = t.constant("table", ir::Array::of<float>({5, 1}, {1, 2, 3, 4, 5}));
  t.output(t.node("embedding", "Gather", {table, t.node("symbols", "Identity", {x})}));
  t.output(t.node("negative", "Neg", {flags}));
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  const std::vector<ir::Array> inputs = workload->inputs.request(3);
  const auto symbols = inputs[0].as<std::int64_t>(), ones = inputs[1].as<std::int64_t>();
  EXPECT_EQ((std::set<std::int64_t>{symbols.begin(), symbols.end()}),
            (std::set<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ((std::set<std::int64_t>{ones.begin(), ones.end()}), (std::set<std::int64_t>{0, 1}));
}

// A type may hold fewer than the table has rows.
TEST_F(GraphWorkloadTest, RandomSymbolsFitTheirType) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {400}, ir::ElementType::kInt8);
  const ir::ValueId table =
      t.constant("table", ir::Array::of<float>({300, 1}, std::vector<float>(300)));
  ir::Attribute to;
  to.name = "to";
  to.kind = ir::Attribute::Kind::kInteger;
  to.integer = 7;  // int64
  t.output(t.node("embedding", "Gather", {table, t.node("wide", "Cast", {x}, {to})}));
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  const ir::Array drawn = workload->inputs.request(0)[0];
  EXPECT_GE(std::ranges::min(drawn.as<std::int8_t>()), 0);
  EXPECT_GT(std::ranges::max(drawn.as<std::int8_t>()), 100);
}

TEST_F(GraphWorkloadTest, RequestsStandForTheBatchAxis) {
  TestGraph t = doubled({2, 1, 3});
  spec_.workload.input = file("x.npy", std::vector<float>(24, 1), {4, 2, 3});
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  ASSERT_TRUE(workload->lanes);
  EXPECT_EQ(workload->lanes->axis, 1u);
  EXPECT_EQ(workload->inputs.given[0][0].shape(), (ir::Shape{2, 1, 3}));
  const ir::Array answer = ir::Array::of<float>({2, 1, 5}, std::vector<float>(10));
  EXPECT_EQ(lane_of(answer, 0, workload->lanes).shape(), (ir::Shape{2, 5}));
}

TEST_F(GraphWorkloadTest, OneLaneOfAFixedBatchIsEnoughWhereTheOthersDoNotMatter) {
  TestGraph t = doubled({2, 3});
  spec_.workload.input = file("x.npy", {1, 2, 3, 4}, {2, 2});
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  EXPECT_EQ(workload->lanes->count, 1);
  EXPECT_TRUE(identical(workload->inputs.given[1][0], ir::Array::of<float>({2, 1}, {3, 4})));
}

TEST_F(GraphWorkloadTest, AFixedBatchGetsTheRequestInEveryLaneWhereLanesAreMixed) {
  TestGraph t;
  ir::Attribute axis;
  axis.name = "axis";
  axis.kind = ir::Attribute::Kind::kInteger;
  axis.integer = 1;
  t.output(t.node("y", "Softmax", {t.input("x", {2, 3})}, {axis}));
  spec_.workload.input = file("x.npy", {1, 2, 3, 4}, {2, 2});
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  EXPECT_TRUE(
      identical(workload->inputs.given[1][0], ir::Array::of<float>({2, 3}, {3, 3, 3, 4, 4, 4})));
  const ir::Array answer = ir::Array::of<float>({2, 3}, {7, 7, 7, 8, 8, 8});
  EXPECT_TRUE(identical(lane_of(answer, 0, workload->lanes), ir::Array::of<float>({2}, {7, 8})));
}

TEST_F(GraphWorkloadTest, OpenDimensionsAreThoseOfTheFile) {
  TestGraph t = doubled({1, ir::kOpen}, {"", "T"});
  spec_.workload.input = file("x.npy", {1, 2, 3, 4, 5, 6, 7, 8}, {2, 1, 4});
  spec_.workload.lengths = integers("l.npy", {4, 2}, {2});
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  EXPECT_EQ(workload->inputs.given[0][0].shape(), (ir::Shape{1, 4}));
  EXPECT_TRUE(identical(workload->inputs.given[1][0], ir::Array::of<float>({1, 2}, {5, 6})));
}

TEST_F(GraphWorkloadTest, WithoutFilesRequestsAreRandomAndABatchIsOne) {
  TestGraph t = doubled({ir::kOpen, 3}, {"N", ""});
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  const ir::Array first = workload->inputs.request(0)[0];
  EXPECT_EQ(first.shape(), (ir::Shape{1, 3}));
  EXPECT_TRUE(identical(first, workload->inputs.request(0)[0]));
  EXPECT_FALSE(identical(first, workload->inputs.request(1)[0]));
}

TEST_F(GraphWorkloadTest, AnOpenDimensionThatNothingBindsIsAskedFor) {
  TestGraph t = doubled({1, ir::kOpen}, {"", "T"});
  EXPECT_EQ(error_of(load_graph_workload(spec_, "m", t.graph)),
            "input \"x\" of m has the shape [1, T], and its axis 1 is open; bind it: model.inputs: "
            "{x: SHAPE}, or name a file for it in workload.input\n");
  TestGraph bound = doubled({1, ir::kOpen}, {"", "T"});
  spec_.model.inputs.push_back({"x", std::vector<std::int64_t>{1, 7}, "", "c.yaml:1:1"});
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", bound.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  EXPECT_EQ(workload->inputs.request(0)[0].shape(), (ir::Shape{1, 7}));
}

TEST_F(GraphWorkloadTest, FilesThatDoNotFitSayWhatDoes) {
  TestGraph t = doubled({1, 2});
  spec_.workload.input = file("x.npy", {1, 2, 3}, {3});
  const std::string text = error_of(load_graph_workload(spec_, "m", t.graph));
  EXPECT_NE(text.find("holds float32 of shape (3); input \"x\" of m has the shape [1, 2]"),
            std::string::npos)
      << text;
  TestGraph other = doubled({1, 2});
  spec_.workload.input = integers("i.npy", {1, 2}, {1, 1, 2});
  EXPECT_NE(error_of(load_graph_workload(spec_, "m", other.graph)).find("is of type float32"),
            std::string::npos);
}

// Two inputs; the second is returned by the second output.
TestGraph with_state() {
  TestGraph t;
  const ir::ValueId x = t.input("x", {2});
  const ir::ValueId h = t.input("h", {2});
  const ir::ValueId sum = t.node("hn", "Add", {x, h});
  t.output(t.node("y", "Neg", {sum}));
  t.output(sum);
  return t;
}

TEST_F(GraphWorkloadTest, AnInputWithoutAFileIsStateIfAnOutputReturnsIt) {
  TestGraph t = with_state();
  spec_.workload.input = file("x.npy", {1, 2, 3, 4}, {2, 2});
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  ASSERT_EQ(t.graph.states.size(), 1u);
  EXPECT_TRUE(identical(t.graph.states[0].initial, ir::Array::of<float>({2}, {0, 0})));
}

TEST_F(GraphWorkloadTest, StateMayBeginEveryRequestWithZeros) {
  TestGraph t = with_state();
  spec_.workload.inputs = {{"x", file("x.npy", {1, 2, 3, 4}, {2, 2}), "c.yaml:1:1"}};
  spec_.workload.input = "";
  spec_.model.zero_state = true;
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  EXPECT_TRUE(t.graph.states.empty());
  EXPECT_EQ(t.graph.inputs.size(), 1u);
}

TEST_F(GraphWorkloadTest, OneOutputMayBeChosenAndStateStaysCarried) {
  TestGraph t = with_state();
  spec_.workload.input = file("x.npy", {1, 2, 3, 4}, {2, 2});
  spec_.model.output = "y";
  const Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", t.graph);
  ASSERT_TRUE(workload) << error_of(workload);
  EXPECT_EQ(t.graph.outputs.size(), 1u);
  EXPECT_EQ(t.graph.states.size(), 1u);
  TestGraph other = with_state();
  spec_.model.output = "yy";
  EXPECT_EQ(error_of(load_graph_workload(spec_, "m", other.graph)),
            "model.output: m has no output \"yy\"; did you mean \"y\"?; its outputs are y, hn\n");
}

TEST_F(GraphWorkloadTest, GoldensBelongToOutputs) {
  TestGraph t = doubled({2});
  spec_.workload.input = file("x.npy", {1, 2, 3, 4}, {2, 2});
  spec_.workload.goldens = {{"z", spec_.workload.input, "c.yaml:3:4"}};
  EXPECT_EQ(error_of(load_graph_workload(spec_, "m", t.graph)),
            "c.yaml:3:4: workload.golden: m has no output \"z\"; did you mean \"y\"?\n");
  TestGraph again = doubled({2});
  spec_.workload.goldens = {{"y", file("y.npy", {1, 2}, {1, 2}), "c.yaml:3:4"}};
  EXPECT_NE(error_of(load_graph_workload(spec_, "m", again.graph)).find("there are 2 requests"),
            std::string::npos);
}

TEST_F(GraphWorkloadTest, ArraysOfEveryTypeOfAFileSurvive) {
  for (const ir::ElementType type :
       {ir::ElementType::kInt8, ir::ElementType::kBool, ir::ElementType::kFloat64,
        ir::ElementType::kFloat16, ir::ElementType::kInt64}) {
    const ir::Array array = ir::converted(ir::Array::of<float>({2}, {1, 0}), type);
    const std::optional<NpyArray> rows = npy_of_rows({array, array, array});
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->shape, (std::vector<std::int64_t>{3, 2}));
    EXPECT_TRUE(identical(array_of_row(*rows, 2), array));
  }
}

}  // namespace
}  // namespace soliton
