// Texts of different lengths through a model that FPGAs and CPU parts run together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using Arguments = std::vector<std::string>;

const std::string kText = SOLITON_SOURCE_DIR "/tests/golden/models/text-";
// tests/golden/models/text-l.npy
const std::vector<int> kLengths{4, 9, 1, 6, 9, 3};

class StepsRuns : public ::testing::Test {
 protected:
  std::string cluster(int fpgas, bool of_one_length = false) {
    return folder_.write(
        "c.yaml",
        fmt::format(
            "name: text\nnodes:\n  - {{name: \"fpga[0-{}]\", device: bw-s10}}\n"
            "  - {{name: host0, device: cpu}}\n"
            "model: {{onnx: {}m.onnx, precision: int16}}\n"
            "workload: {{requests: 6, input: {}x.npy{}}}\n",
            fpgas - 1, kText, kText,
            of_one_length ? "" : fmt::format(", lengths: {0}l.npy, golden: {0}y.npy", kText)));
  }
  nlohmann::json run(const std::string& file, const std::string& out, Arguments options = {}) {
    Arguments arguments{"run", file, "--quiet", "--out", folder_.file(out)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.status == 0 ? read_json(folder_.file(out) + "/results.json") : nlohmann::json();
  }

  TemporaryFolder folder_;
};

TEST_F(StepsRuns, TheSameBytesInEveryLayoutNearTheReference) {
  const std::string file = cluster(1);
  const nlohmann::json one = run(file, "one");
  run(file, "packed", {"--processes", "packed"});
  const nlohmann::json wall = run(file, "wall", {"--time", "wall"});
  EXPECT_EQ(results_without_wall(folder_.file("one")),
            results_without_wall(folder_.file("packed")));
  EXPECT_EQ(one["outputs"]["sha256"], wall["outputs"]["sha256"]);
  EXPECT_EQ(one["outputs"]["checked"], 6);
  EXPECT_EQ(one["outputs"]["mismatched"], 0);
  EXPECT_LT(one["outputs"]["max_abs_error"].get<double>(), 5e-3);
  EXPECT_THAT(one["warnings"].dump(), ::testing::Not(::testing::HasSubstr("prediction_off")));
  const std::string rows = read_text(folder_.file("one") + "/requests.csv");
  for (std::size_t request = 0; request < kLengths.size(); ++request)
    EXPECT_THAT(
        rows, ::testing::HasSubstr(fmt::format("\n{},0,{},completed", request, kLengths[request])));
}

TEST_F(StepsRuns, TheSameBitsOnTwoFpgas) {
  const nlohmann::json one = run(cluster(1), "one", {"--processes", "packed"});
  const nlohmann::json two =
      run(cluster(2), "two", {"--processes", "packed", "--set", "partition.min_nodes=2"});
  EXPECT_EQ(two["partition"]["nodes_used"], 2);
  EXPECT_EQ(two["outputs"]["mismatched"], 0);
  EXPECT_EQ(two["outputs"]["sha256"], one["outputs"]["sha256"]);
}

TEST_F(StepsRuns, RequestsOfOneLengthTakeThePredictedTime) {
  for (const int fpgas : {1, 2}) {
    const nlohmann::json results =
        run(cluster(fpgas, true), std::to_string(fpgas),
            {"--processes", "packed", "--set", fmt::format("partition.min_nodes={}", fpgas)});
    EXPECT_EQ(results["latency_us"]["mean"], results["partition"]["predicted_latency_us"]);
  }
}

}  // namespace
}  // namespace soliton
