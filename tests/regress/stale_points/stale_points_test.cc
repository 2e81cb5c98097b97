// A sweep kept points whose device, topology or input file had changed: it looked at the shipped
// devices and topologies and at the model, and at nothing else that a run reads.
#include <gtest/gtest.h>

#include <filesystem>

#include "cluster/experiment/sweep.h"
#include "cluster/run/run.h"
#include "partition/ir/npy.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

// Fields of protobuf messages, as the ONNX model below needs them.
std::string number(int field, std::uint64_t value) {
  return std::string{static_cast<char>(field << 3), static_cast<char>(value)};
}
std::string bytes(int field, const std::string& content) {
  return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(content.size())} +
         content;
}

// A tensor of fp32 that is given (x) or made (y).
std::string value_info(const std::string& name, std::uint64_t columns) {
  const std::string shape = bytes(1, number(1, 1)) + bytes(1, number(1, columns));
  return bytes(1, name) + bytes(2, bytes(1, number(1, 1) + bytes(2, shape)));
}

// y = x w, with w [3, 2] in the file w.bin beside the model.
std::string matmul_with_weights_outside() {
  const std::string node = bytes(1, "x") + bytes(1, "w") + bytes(2, "y") + bytes(4, "MatMul");
  const std::string weights = number(1, 3) + number(1, 2) + number(2, 1) + bytes(8, "w") +
                              bytes(13, bytes(1, "location") + bytes(2, "w.bin")) + number(14, 1);
  const std::string graph = bytes(1, node) + bytes(2, "test") + bytes(5, weights) +
                            bytes(11, value_info("x", 3)) + bytes(12, value_info("y", 2));
  return number(1, 7) + bytes(7, graph) + bytes(8, number(2, 13));
}

template <typename T>
NpyArray array(NpyType type, const std::vector<std::int64_t>& shape, const std::vector<T>& values) {
  const auto* first = reinterpret_cast<const std::byte*>(values.data());
  return {type, shape, {first, first + values.size() * sizeof(T)}};
}

class StalePoints : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    text("e.yaml",
         "name: e\ncluster: base.yaml\nseries:\n"
         "  - {name: a, points: [{x: 1, set: {partition.max_nodes: 1}}]}\n");
    text("base.yaml",
         "name: base\n"
         "processes: packed\n"
         "topology: ./topo.yaml\n"
         "nodes: [{name: fpga0, device: ./dev.yaml}, {name: host0, device: cpu}]\n"
         "model: {onnx: m.onnx}\n"
         "workload: {requests: 4, input: x.npy, lengths: lengths.npy, labels: labels.npy,\n"
         "           golden: golden.npy}\n");
    text("dev.yaml", "base: ./own.yaml\nname: mydev\nclock: 50 MHz\n");
    text("own.yaml", "base: bw-pocket\nname: own\n");
    text("topo.yaml", "kind: rack\nbandwidth: 1 Gb/s\n");
    text("m.onnx", matmul_with_weights_outside());
    weights(1);
    numbers("x.npy", {4, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    whole("labels.npy", {0, 1, 0, 1});
    whole("lengths.npy", {1, 1, 1, 1});
    numbers("golden.npy", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  }

  void text(const std::string& name, const std::string& content) const {
    ASSERT_TRUE(write_file(folder_ + "/" + name, content));
  }
  void weights(float first) const {
    const float values[] = {first, 2, 3, 4, 5, 6};
    text("w.bin", std::string(reinterpret_cast<const char*>(values), sizeof values));
  }
  void numbers(const std::string& name, const std::vector<std::int64_t>& shape,
               const std::vector<float>& values) const {
    ASSERT_TRUE(write_npy(folder_ + "/" + name, array(NpyType::kFloat32, shape, values)));
  }
  void whole(const std::string& name, const std::vector<std::int64_t>& values) const {
    const auto rows = static_cast<std::int64_t>(values.size());
    ASSERT_TRUE(write_npy(folder_ + "/" + name, array(NpyType::kInt64, {rows}, values)));
  }

  static Checked<PointRun> run(const ClusterSpec& spec) {
    const auto prepared = prepare(spec);
    if (!prepared) return tl::unexpected<Diagnostics>(prepared.error());
    ControlLoop loop;
    RunControl control;
    control.loop = &loop;
    control.time_limit = spec.time_limit;
    FinishedRun finished = execute_run(**prepared, control);
    return PointRun{std::move(finished.results), (*prepared)->spec.files_read, finished.error};
  }

  Sweep sweep() const {
    const Checked<Experiment> experiment = read_experiment(folder_ + "/e.yaml");
    SweepOptions options;
    options.folder = scratch_ / "out";
    options.data = {SOLITON_SOURCE_DIR};
    options.build = "a build";
    return run_sweep(experiment.value(), run, options).value();
  }

  // After a change the point is run again, and kept from then on.
  void expect_run_again(const char* what) const {
    const Sweep changed = sweep();
    EXPECT_EQ(changed.ran, 1u) << what;
    EXPECT_TRUE(changed.complete) << what << ": " << changed.series[0].points[0].error;
    EXPECT_EQ(sweep().kept, 1u) << what;
  }

  ScratchFolder scratch_;
  std::string folder_ = scratch_ / "project";
};

TEST_F(StalePoints, EveryFileThatIsReadCounts) {
  expect_run_again("at first");
  text("dev.yaml", "base: ./own.yaml\nname: mydev\nclock: 60 MHz\n");
  expect_run_again("the device");
  text("own.yaml", "base: bw-pocket\nname: own\nnetwork_bandwidth: 10 Gb/s\n");
  expect_run_again("the device's base");
  text("topo.yaml", "kind: rack\nbandwidth: 2 Gb/s\n");
  expect_run_again("the topology");
  weights(7);
  expect_run_again("weights beside the model");
  text("m.onnx", matmul_with_weights_outside() + number(5, 1));  // model_version
  expect_run_again("the model");
  numbers("x.npy", {4, 3}, {2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  expect_run_again("the input");
  whole("labels.npy", {1, 1, 0, 1});
  expect_run_again("the labels");
  numbers("golden.npy", {4, 2}, {2, 2, 3, 4, 5, 6, 7, 8});
  expect_run_again("the golden outputs");
  ASSERT_TRUE(
      write_npy(folder_ + "/lengths.npy", array<std::int32_t>(NpyType::kInt32, {4}, {1, 1, 1, 1})));
  expect_run_again("the lengths");
}

TEST_F(StalePoints, TwoFilesThatChangePlacesCount) {
  numbers("other.npy", {4, 2}, {8, 7, 6, 5, 4, 3, 2, 1});
  text("base.yaml",
       "name: base\nprocesses: packed\n"
       "nodes: [{name: fpga0, device: bw-pocket}, {name: host0, device: cpu}]\n"
       "model: {onnx: m.onnx}\nworkload: {requests: 4, input: x.npy, golden: golden.npy}\n");
  expect_run_again("at first");
  fs::rename(folder_ + "/golden.npy", folder_ + "/aside");
  fs::rename(folder_ + "/other.npy", folder_ + "/golden.npy");
  expect_run_again("the other golden outputs");
}

TEST_F(StalePoints, AProjectThatIsMovedOrCopiedIsKept) {
  expect_run_again("at first");
  fs::rename(folder_, scratch_ / "elsewhere");
  folder_ = scratch_ / "elsewhere";
  EXPECT_EQ(sweep().kept, 1u);
  fs::create_directories(scratch_ / "deep");
  fs::copy(folder_, scratch_ / "deep/er", fs::copy_options::recursive);
  folder_ = scratch_ / "deep/er";
  EXPECT_EQ(sweep().kept, 1u);
  weights(9);
  expect_run_again("weights in the copy");
}

}  // namespace
}  // namespace soliton
