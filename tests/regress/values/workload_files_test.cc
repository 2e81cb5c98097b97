// Inputs, lengths, labels and goldens of every wrong shape, type and value are refused by name, and
// an answer that is no number has no small error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "cluster/workload/graph_judge.h"
#include "partition/ir/array_bytes.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton {
namespace {

using test::TestGraph;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// y has three classes for each step of x, whose vectors have two elements.
ir::Graph each_step(std::int64_t steps = ir::kOpen) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {steps, 2});
  t.graph.inputs[0].symbols = {steps == ir::kOpen ? "T" : "", ""};
  const ir::ValueId w = t.constant("w", ir::Array::of<float>({2, 3}, std::vector<float>(6, 0.5F)));
  t.output(t.node("y", "MatMul", {x, w}));
  return t.graph;
}

// The same, but one vector for the whole request.
ir::Graph whole_request() {
  TestGraph t;
  t.graph = each_step();
  ir::Attribute axes, keep;
  axes.name = "axes";
  axes.kind = ir::Attribute::Kind::kIntegers;
  axes.integers = {0};
  keep.name = "keepdims";
  keep.kind = ir::Attribute::Kind::kInteger;
  const ir::ValueId y = t.graph.outputs.front();
  t.graph.outputs = {t.node("top", "ReduceMax", {y}, {axes, keep})};
  return t.graph;
}

// Symbols that are looked up in a table of five.
ir::Graph looked_up() {
  TestGraph t;
  const ir::ValueId x = t.input("x", {ir::kOpen}, ir::ElementType::kInt64);
  t.graph.inputs[0].symbols = {"T"};
  const ir::ValueId table =
      t.constant("table", ir::Array::of<float>({5, 2}, std::vector<float>(10)));
  t.output(t.node("y", "Gather", {table, x}));
  return t.graph;
}

class WorkloadFiles : public testing::Test {
 protected:
  WorkloadFiles() {
    folder_ = fs::temp_directory_path() / ("soliton-workload-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    spec_.file = "c.yaml";
    spec_.nodes.emplace_back().device.kind = Device::Kind::kNpu;
    input(npy_of(std::vector<float>(12, 0.5F), {3, 2, 2}));
  }
  ~WorkloadFiles() override { fs::remove_all(folder_); }

  void give(std::string WorkloadSpec::*member, const std::string& name, const NpyArray& array) {
    spec_.workload.*member = (folder_ / name).string();
    ASSERT_TRUE(write_npy(spec_.workload.*member, array));
  }
  void input(const NpyArray& array) { give(&WorkloadSpec::input, "input.npy", array); }
  void lengths(const NpyArray& array) { give(&WorkloadSpec::lengths, "lengths.npy", array); }
  void labels(const NpyArray& array) { give(&WorkloadSpec::labels, "labels.npy", array); }
  void golden(const NpyArray& array) { give(&WorkloadSpec::golden, "golden.npy", array); }

  // What is refused of the files; then workload_ is what was read.
  std::string errors() {
    ir::Graph graph = graph_;
    Checked<GraphWorkload> workload = load_graph_workload(spec_, "m", graph);
    if (!workload) return workload.error().text();
    workload_ = std::move(*workload);
    const GraphInputs& inputs = workload_.inputs;
    const ir::RequestShapes shapes =
        ir::infer_shapes(graph, ir::trials_of(inputs.given, inputs.step_axis));
    return check_data(spec_, "m", graph, shapes, workload_).text();
  }

  fs::path folder_;
  ClusterSpec spec_;
  ir::Graph graph_ = whole_request();
  GraphWorkload workload_;
};

NpyArray empty(std::vector<std::int64_t> shape) { return {NpyType::kInt64, std::move(shape), {}}; }

TEST_F(WorkloadFiles, GoodOnesAreTaken) {
  lengths(npy_of(std::vector<std::int64_t>{1, 2, 2}, {3}));
  labels(npy_of(std::vector<std::int64_t>{0, 1, 2}, {3, 1}));
  golden(npy_of(std::vector<float>(9, 1.F), {3, 3}));
  EXPECT_EQ(errors(), "");
  EXPECT_EQ(workload_.labels, (std::vector<std::vector<std::int64_t>>{{0}, {1}, {2}}));
  EXPECT_EQ(workload_.inputs.steps(0), 1);
  EXPECT_EQ(workload_.inputs.steps(1), 2);
}

TEST_F(WorkloadFiles, LengthsWithoutValues) {
  lengths(empty({3, 0}));
  EXPECT_THAT(errors(), HasSubstr("lengths.npy: holds int64 of shape (3, 0); 3 requests need a "
                                  "length each (an integer)"));
}

TEST_F(WorkloadFiles, LengthsThatAreFloats) {
  lengths(npy_of(std::vector<float>{1, kNan, 2}, {3}));
  EXPECT_THAT(errors(), HasSubstr("lengths.npy: holds float32 of shape (3)"));
}

TEST_F(WorkloadFiles, LengthsOutsideTheirRows) {
  lengths(npy_of(std::vector<std::int64_t>{0, 2, kMost}, {3}));
  EXPECT_THAT(errors(), HasSubstr("lengths.npy: request 0 has length 0; its row holds 1 to 2"));
  EXPECT_THAT(errors(), HasSubstr("lengths.npy: request 2 has length 9223372036854775807"));
}

TEST_F(WorkloadFiles, LabelsWhoseShapeHasNoProduct) {
  const std::string header =
      "{'descr': '<i8', 'fortran_order': False, 'shape': (0, 9223372036854775807, 2), }\n";
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  const Result<NpyArray> array = parse_npy(bytes + header, "z.npy");
  ASSERT_FALSE(array);
  EXPECT_THAT(array.error().message, HasSubstr("z.npy: has an impossible shape"));
}

TEST_F(WorkloadFiles, LabelsOutsideTheClasses) {
  labels(npy_of(std::vector<std::int64_t>{0, -1, 3}, {3}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: request 1 has label -1; m has the classes 0 to 2"));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: request 2 has label 3"));
}

TEST_F(WorkloadFiles, LabelsOfOtherTypesAndShapes) {
  labels(npy_of(std::vector<float>{0, 1, 2}, {3}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: holds float32 of shape (3); 3 requests need labels "
                                  "(integers)"));
  labels(npy_of(std::vector<std::int64_t>{0, 1}, {2}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: holds int64 of shape (2)"));
  labels(empty({3, 0}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: holds int64 of shape (3, 0)"));
}

TEST_F(WorkloadFiles, GoldensThatAreNoNumbers) {
  std::vector<float> values(9, 1.F);
  values[4] = kNan;
  values[8] = -kInfinity;  // legal: what a mask gives
  golden(npy_of(values, {3, 3}));
  EXPECT_THAT(errors(), HasSubstr("golden.npy: request 1, value 1: not a number (NaN)"));
  EXPECT_THAT(errors(), Not(HasSubstr("request 2")));
}

TEST_F(WorkloadFiles, LabelsOfSequencesAreOneAStep) {
  graph_ = each_step();
  lengths(npy_of(std::vector<std::int64_t>{2, 1, 2}, {3}));
  labels(npy_of(std::vector<std::int64_t>{0, 1, 2}, {3}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: holds 1 label a request; m answers request 0 with 2 "
                                  "vectors, and each needs a label"));
  // What lies behind a request's last step is filler.
  labels(npy_of(std::vector<std::int64_t>{0, 1, 2, -100, 1, 7}, {3, 2}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: request 2, step 1, has label 7; m has the classes 0 "
                                  "to 2"));
  EXPECT_THAT(errors(), Not(HasSubstr("-100")));
  EXPECT_EQ(workload_.labels[1], std::vector<std::int64_t>{2});
}

TEST_F(WorkloadFiles, FillerInGoldensIsNotLookedAt) {
  graph_ = each_step();
  lengths(npy_of(std::vector<std::int64_t>{2, 1, 2}, {3}));
  std::vector<float> values(18, 1.F);
  values[6 + 3] = kNan;  // request 1, behind its only step
  golden(npy_of(values, {3, 2, 3}));
  EXPECT_EQ(errors(), "");
  values[6 + 2] = kNan;
  golden(npy_of(values, {3, 2, 3}));
  EXPECT_THAT(errors(), HasSubstr("golden.npy: request 1, value 2: not a number (NaN)"));
}

TEST_F(WorkloadFiles, GoldensOfOtherShapes) {
  golden(npy_of(std::vector<float>(6, 1.F), {3, 2}));
  EXPECT_THAT(errors(), HasSubstr("golden.npy: holds float32 of shape (3, 2); an answer to request "
                                  "0 has the shape [3]"));
  golden(npy_of(std::vector<float>(12, 1.F), {4, 3}));
  EXPECT_THAT(errors(), HasSubstr("golden.npy: holds float32 of shape (4, 3); there are 3 "
                                  "requests"));
  graph_ = each_step();
  golden(npy_of(std::vector<float>(9, 1.F), {3, 3}));
  EXPECT_THAT(errors(), HasSubstr("golden.npy: holds float32 of shape (3, 3); an answer to request "
                                  "0 has the shape [2, 3]"));
}

TEST_F(WorkloadFiles, InputsThatAreNoNumbers) {
  std::vector<float> values(12, 0.F);
  values[4 + 3] = kNan;
  values[8] = kInfinity;  // legal: what clips or squashes it gives a number
  input(npy_of(values, {3, 2, 2}));
  EXPECT_THAT(errors(), Not(HasSubstr("request 2")));
  EXPECT_THAT(errors(), HasSubstr("input.npy: request 1, vector 1, element 1: not a number (NaN); "
                                  "any other value is allowed"));
  // Without an FPGA no element shares its exponent with others.
  spec_.nodes.clear();
  EXPECT_EQ(errors(), "");
}

TEST_F(WorkloadFiles, InputsOfOtherShapes) {
  graph_ = each_step(2);
  input(npy_of(std::vector<float>(12), {4, 3}));
  EXPECT_THAT(errors(), HasSubstr("input.npy: holds float32 of shape (4, 3); input \"x\" of m has "
                                  "the shape [2, 2]: a file has requests along its first axis"));
  input(NpyArray{NpyType::kFloat32, {4, 0}, {}});
  EXPECT_THAT(errors(), HasSubstr("input.npy: holds float32 of shape (4, 0)"));
  input(NpyArray{NpyType::kFloat32, {0, 2, 2}, {}});
  EXPECT_THAT(errors(), HasSubstr("input.npy: holds no request"));
  input(npy_of(std::vector<std::int64_t>(8), {2, 2, 2}));
  EXPECT_THAT(errors(), HasSubstr("input.npy: holds int64 of shape (2, 2, 2); input \"x\" of m is "
                                  "of type float32"));
}

TEST_F(WorkloadFiles, SymbolsOutsideTheTable) {
  graph_ = looked_up();
  input(npy_of(std::vector<std::int64_t>{0, 4, 5, -1}, {2, 2}));
  EXPECT_THAT(errors(), HasSubstr("input.npy: request 1, step 0: symbol 5; the table has 0 to 4"));
  // Those below zero count from the end of the table.
  input(npy_of(std::vector<std::int64_t>{0, -5, 1, -6}, {2, 2}));
  EXPECT_THAT(errors(), HasSubstr("input.npy: request 1, step 1: symbol -6"));
  EXPECT_THAT(errors(), Not(HasSubstr("request 0")));
}

TEST_F(WorkloadFiles, MoreAnswersThanAFileHolds) {
  spec_.save_outputs = true;
  spec_.workload.requests = kMaxNpyBytes / 12;
  EXPECT_EQ(errors(), "");
  ++spec_.workload.requests;
  EXPECT_THAT(errors(), HasSubstr("c.yaml: outputs: save: all: the answers of 357913942 requests "
                                  "have more bytes than the 4294967296 of a file; allowed are "
                                  "357913941 requests"));
}

HostRecord record_of(std::uint32_t request, ir::Shape shape, std::vector<float> values) {
  HostRecord record;
  record.request = RequestId{request};
  record.steps = shape.front();
  Payload packed;
  ir::append_array(ir::Array::of(std::move(shape), std::move(values)), packed);
  record.arrays = std::move(packed.bytes);
  return record;
}

// One request, whose answer is a vector.
GraphWorkload one_request(const std::vector<float>& golden,
                          std::vector<std::vector<std::int64_t>> labels = {}) {
  GraphWorkload workload;
  workload.inputs.given.resize(1);
  workload.goldens = {{npy_of(golden, {1, static_cast<std::int64_t>(golden.size())})}};
  workload.labels = std::move(labels);
  return workload;
}

// Two requests of two and one steps, three classes.
struct Steps {
  GraphWorkload workload;
  std::vector<HostRecord> records = {record_of(0, {2, 3}, {0, 0, 1, 0, 1, 0}),  // right, wrong
                                     record_of(1, {1, 3}, {0, 1, 0})};          // right

  Steps() {
    workload.inputs.given.resize(2);
    workload.labels = {{2, 0}, {1}};
    workload.goldens = {
        {npy_of(std::vector<float>{0, 0, 1, 1, 0, 0, 0, 0, 1, 9, 9, 9}, {2, 2, 3})}};
  }
};

TEST(Accuracy, IsOfAllStepsAndOfEach) {
  const Steps s;
  RunResults results;
  judge_graph(s.workload, s.records, nullptr, results);
  EXPECT_EQ(results.outputs.accuracy, 2.0 / 3);
  EXPECT_EQ(results.outputs.accuracy_fp32, 2.0 / 3);
  ASSERT_TRUE(results.outputs.accuracy_per_step);
  EXPECT_EQ(*results.outputs.accuracy_per_step, (std::vector<double>{1, 0}));
  EXPECT_EQ(results.requests.at(0).label, 0);
  EXPECT_EQ(results.requests.at(0).predicted_class, 1);
  const std::string json = results_json(results);
  EXPECT_THAT(json, HasSubstr("\"accuracy_per_step\": [1, 0]"));
}

TEST(Accuracy, OfOneVectorARequestHasNoSteps) {
  RunResults results;
  judge_graph(one_request({0, 1}, {{1}}), {record_of(0, {2}, {0, 1})}, nullptr, results);
  EXPECT_EQ(results.outputs.accuracy, 1.0);
  EXPECT_FALSE(results.outputs.accuracy_per_step);
  EXPECT_THAT(results_json(results), HasSubstr("\"accuracy_per_step\": null"));
}

TEST(Outputs, AreOneArrayWithZerosBehindTheStepsAndNanWithoutAnswer) {
  const Steps s;
  const auto outputs = graph_outputs(s.workload, each_step(), s.records, 3);
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0].first, "y");
  const NpyArray& all = outputs[0].second;
  EXPECT_EQ(all.shape, (std::vector<std::int64_t>{3, 2, 3}));
  EXPECT_EQ(all.float_row(0), (std::vector<float>{0, 0, 1, 0, 1, 0}));
  EXPECT_EQ(all.float_row(1), (std::vector<float>{0, 1, 0, 0, 0, 0}));
  for (const float value : all.float_row(2)) EXPECT_TRUE(std::isnan(value));
}

TEST(Outputs, TheSameInfinityIsNoError) {
  const GraphWorkload workload = one_request({-kInfinity, 1});
  RunResults results;
  judge_graph(workload, {record_of(0, {2}, {-kInfinity, 1.5F})}, nullptr, results);
  EXPECT_EQ(results.outputs.max_abs_error, 0.5);
  EXPECT_EQ(results.outputs.max_rel_error, 0.5);
  results = {};
  judge_graph(workload, {record_of(0, {2}, {0, 1})}, nullptr, results);
  EXPECT_TRUE(std::isinf(*results.outputs.max_abs_error));
}

// An error of the steps that are there would say too little.
TEST(Outputs, OfAnotherSizeThanTheGoldenAreInfinitelyFarFromIt) {
  RunResults results;
  judge_graph(one_request({1, 2}), {record_of(0, {3}, {1, 2, 3})}, nullptr, results);
  EXPECT_TRUE(std::isinf(results.outputs.max_abs_error.value()));
  EXPECT_TRUE(std::isinf(results.outputs.max_rel_error.value()));
}

TEST(Outputs, AnAnswerThatIsNoNumberHasNoSmallError) {
  RunResults results;
  judge_graph(one_request({1, 2, 3}, {{2}}), {record_of(0, {3}, {1, kNan, 3})}, nullptr, results);
  ASSERT_TRUE(results.outputs.max_abs_error);
  EXPECT_TRUE(std::isinf(*results.outputs.max_abs_error));
  EXPECT_EQ(results.outputs.accuracy, 0.0);
  EXPECT_EQ(results.requests.at(0).predicted_class, -1);
}

}  // namespace
}  // namespace soliton
