// Inputs, lengths, labels and goldens of every wrong shape, type and value are refused by name, and
// an answer that is no number has no small error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "cluster/workload/workload.h"
#include "partition/ir/npy.h"

namespace soliton {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

class WorkloadFiles : public testing::Test {
 protected:
  WorkloadFiles() {
    folder_ = fs::temp_directory_path() / ("soliton-workload-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    // Vectors of 2 in, 3 classes out, requests of any length.
    model_.name = "m";
    model_.input = 2;
    model_.output = 3;
    spec_.file = "c.yaml";
    give(&WorkloadSpec::input, "input.npy", npy_of(std::vector<float>(12, 0.5f), {3, 2, 2}));
  }
  ~WorkloadFiles() override { fs::remove_all(folder_); }

  void give(std::string WorkloadSpec::*member, const std::string& name, const NpyArray& array) {
    spec_.workload.*member = (folder_ / name).string();
    ASSERT_TRUE(write_npy(spec_.workload.*member, array));
  }
  void lengths(const NpyArray& array) { give(&WorkloadSpec::lengths, "lengths.npy", array); }
  void labels(const NpyArray& array) { give(&WorkloadSpec::labels, "labels.npy", array); }
  void golden(const NpyArray& array) { give(&WorkloadSpec::golden, "golden.npy", array); }
  std::string errors() const {
    const Checked<Workload> workload = load_workload(spec_, model_);
    return workload ? "" : workload.error().text();
  }

  fs::path folder_;
  ClusterSpec spec_;
  Model model_;
};

NpyArray empty(std::vector<std::int64_t> shape) { return {NpyType::kInt64, std::move(shape), {}}; }

TEST_F(WorkloadFiles, GoodOnesAreTaken) {
  lengths(npy_of(std::vector<std::int64_t>{1, 2, 2}, {3}));
  labels(npy_of(std::vector<std::int64_t>{0, 1, 2}, {3, 1}));
  golden(npy_of(std::vector<float>(9, 1.f), {3, 3}));
  EXPECT_EQ(errors(), "");
}

TEST_F(WorkloadFiles, LengthsWithoutValues) {
  lengths(empty({3, 0}));
  EXPECT_THAT(errors(), HasSubstr("lengths.npy: holds int64 of shape (3, 0); 3 requests need a "
                                  "length each (int32 or int64)"));
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
  EXPECT_THAT(errors(),
              HasSubstr("labels.npy: holds float32 of shape (3); 3 requests need a label"));
  labels(npy_of(std::vector<std::int64_t>{0, 1}, {2}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: holds int64 of shape (2)"));
  labels(empty({3, 0}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: holds int64 of shape (3, 0)"));
}

TEST_F(WorkloadFiles, GoldensThatAreNoNumbers) {
  std::vector<float> values(9, 1.f);
  values[4] = kNan;
  values[8] = -kInfinity;  // legal: what a mask gives
  golden(npy_of(values, {3, 3}));
  EXPECT_THAT(errors(), HasSubstr("golden.npy: request 1, value 1: not a number (NaN)"));
  EXPECT_EQ(errors().find("request 2"), std::string::npos);
}

TEST_F(WorkloadFiles, LabelsOfSequencesAreOneAStep) {
  model_.sequence_output = true;
  lengths(npy_of(std::vector<std::int64_t>{2, 1, 2}, {3}));
  labels(npy_of(std::vector<std::int64_t>{0, 1, 2}, {3}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: holds int64 of shape (3); m returns a vector for "
                                  "each step, so 3 requests of up to 2 steps need a label for each "
                                  "step (int32 or int64 of shape (3, 2))"));
  // What lies behind a request's last step is filler.
  labels(npy_of(std::vector<std::int64_t>{0, 1, 2, -100, 1, 7}, {3, 2}));
  EXPECT_THAT(errors(), HasSubstr("labels.npy: request 2, step 1, has label 7; m has the classes 0 "
                                  "to 2"));
  EXPECT_EQ(errors().find("-100"), std::string::npos);
}

TEST_F(WorkloadFiles, FillerInGoldensIsNotLookedAt) {
  model_.sequence_output = true;
  lengths(npy_of(std::vector<std::int64_t>{2, 1, 2}, {3}));
  std::vector<float> values(18, 1.f);
  values[6 + 3] = kNan;  // request 1, behind its only step
  golden(npy_of(values, {3, 2, 3}));
  EXPECT_EQ(errors(), "");
}

TEST_F(WorkloadFiles, LengthsOfTheModelsOwn) {
  model_.fixed_steps = 2;
  model_.takes_lengths = true;
  lengths(npy_of(std::vector<std::int64_t>{1, 2, 1}, {3}));
  EXPECT_EQ(errors(), "");
  model_.takes_lengths = false;
  EXPECT_THAT(errors(), HasSubstr("request 0 has 1 steps; m takes 2"));
  spec_.workload.lengths.clear();
  model_.fixed_steps = 1;
  model_.row_steps = 2;
  const Checked<Workload> workload = load_workload(spec_, model_);
  ASSERT_TRUE(workload);
  EXPECT_EQ(workload->inputs.given.at(2).steps, 1);
  EXPECT_EQ(workload->inputs.given.at(2).values.size(), 2U);
}

// Two requests of two and one steps, three classes.
struct Steps {
  Workload workload;
  std::vector<HostRecord> records;

  Steps() {
    workload.classes = 3;
    workload.each_step = true;
    workload.steps_max = 2;
    workload.inputs.given = {{{}, {}, 2}, {{}, {}, 1}};
    workload.labels = {{2, 0}, {1}};
    workload.golden = {{0, 0, 1, 1, 0, 0}, {0, 0, 1}};
    records.resize(2);
    records[0].output = {0, 0, 1, 0, 1, 0};  // right, wrong
    records[0].steps = 2;
    records[1].request = RequestId{1};
    records[1].output = {0, 1, 0};  // right
    records[1].steps = 1;
  }
};

TEST(Accuracy, IsOfAllStepsAndOfEach) {
  Steps s;
  RunResults results;
  judge(s.workload, s.records, nullptr, results);
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
  Workload workload;
  workload.classes = 2;
  workload.inputs.given.resize(1);
  workload.labels = {{1}};
  HostRecord record;
  record.output = {0, 1};
  RunResults results;
  judge(workload, {record}, nullptr, results);
  EXPECT_EQ(results.outputs.accuracy, 1.0);
  EXPECT_FALSE(results.outputs.accuracy_per_step);
  EXPECT_THAT(results_json(results), HasSubstr("\"accuracy_per_step\": null"));
}

TEST(Outputs, AreOneArrayWithZerosBehindTheStepsAndNanWithoutAnswer) {
  const Steps s;
  const NpyArray all = outputs_of(s.workload, s.records, 3);
  EXPECT_EQ(all.shape, (std::vector<std::int64_t>{3, 2, 3}));
  EXPECT_EQ(all.float_row(0), (std::vector<float>{0, 0, 1, 0, 1, 0}));
  EXPECT_EQ(all.float_row(1), (std::vector<float>{0, 1, 0, 0, 0, 0}));
  for (const float value : all.float_row(2)) EXPECT_TRUE(std::isnan(value));
}

TEST(Outputs, TheSameInfinityIsNoError) {
  Workload workload;
  workload.classes = 2;
  workload.inputs.given.resize(1);
  workload.golden = {{-kInfinity, 1}};
  HostRecord record;
  record.output = {-kInfinity, 1.5f};
  RunResults results;
  judge(workload, {record}, nullptr, results);
  EXPECT_EQ(results.outputs.max_abs_error, 0.5);
  EXPECT_EQ(results.outputs.max_rel_error, 0.5);
  record.output = {0, 1};
  judge(workload, {record}, nullptr, results = {});
  EXPECT_TRUE(std::isinf(*results.outputs.max_abs_error));
}

TEST_F(WorkloadFiles, GoldensOfOtherShapes) {
  golden(npy_of(std::vector<float>(6, 1.f), {3, 2}));
  EXPECT_THAT(errors(),
              HasSubstr("golden.npy: holds float32 of shape (3, 2); expected 3 rows of 3"));
  model_.sequence_output = true;
  golden(npy_of(std::vector<float>(9, 1.f), {3, 3}));
  EXPECT_THAT(errors(),
              HasSubstr("holds 3 values a request; the longest request has 2 steps of 3"));
}

TEST_F(WorkloadFiles, InputsThatAreNoNumbersOrNoWholeVectors) {
  std::vector<float> values(12, 0.f);
  values[4 + 3] = kNan;
  values[8] = kInfinity;  // legal: what clips or squashes it gives a number
  give(&WorkloadSpec::input, "input.npy", npy_of(values, {3, 2, 2}));
  EXPECT_EQ(errors().find("request 2"), std::string::npos);
  EXPECT_THAT(errors(), HasSubstr("input.npy: request 1, step 1, element 1: not a number (NaN)"));
  give(&WorkloadSpec::input, "input.npy", npy_of(values, {4, 3}));
  EXPECT_THAT(errors(), HasSubstr("a request of 3 values is not a whole number of vectors of 2"));
  give(&WorkloadSpec::input, "input.npy", NpyArray{NpyType::kFloat32, {4, 0}, {}});
  EXPECT_THAT(errors(), HasSubstr("a request of 0 values"));
  give(&WorkloadSpec::input, "input.npy", NpyArray{NpyType::kFloat32, {0, 2}, {}});
  EXPECT_THAT(errors(), HasSubstr("holds no request"));
}

TEST_F(WorkloadFiles, SymbolsOutsideTheTable) {
  model_.before.kind = HostBefore::Kind::kEmbedding;
  model_.before.table.shape = {5, 2};
  give(&WorkloadSpec::input, "input.npy", npy_of(std::vector<std::int64_t>{0, 4, 5, -1}, {2, 2}));
  EXPECT_THAT(errors(), HasSubstr("input.npy: request 1, step 0: symbol 5; the table has 0 to 4"));
}

TEST_F(WorkloadFiles, AnAnswerThatIsNoNumberHasNoSmallError) {
  Workload workload;
  workload.inputs.given.resize(1);
  workload.golden = {{1.f, 2.f, 3.f}};
  workload.labels = {{2}};
  workload.classes = 3;
  HostRecord record;
  record.output = {1.f, kNan, 3.f};
  RunResults results;
  judge(workload, {record}, nullptr, results);
  ASSERT_TRUE(results.outputs.max_abs_error);
  EXPECT_TRUE(std::isinf(*results.outputs.max_abs_error));
  EXPECT_EQ(results.outputs.accuracy, 0.0);
  EXPECT_EQ(results.requests.at(0).predicted_class, -1);
}

}  // namespace
}  // namespace soliton
