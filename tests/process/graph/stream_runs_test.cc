// Convolutions along a stream, whose state FPGAs keep from request to request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using Arguments = std::vector<std::string>;

const std::string kModels = SOLITON_SOURCE_DIR "/tests/golden/models/";

class StreamRuns : public ::testing::Test {
 protected:
  // Of two tile rows a layer.
  std::string cluster_of(int fpgas, const std::string& model, const std::string& workload) {
    return folder_.write(
        "c.yaml",
        fmt::format("name: stream\nnodes:\n"
                    "  - name: \"fpga[0-{}]\"\n"
                    "    device: {{base: bw-pocket, native_dimension: 16, matrix_registers: 400,\n"
                    "             formats: [{{name: int16, beats_per_tile: 4}}]}}\n"
                    "  - {{name: host0, device: cpu}}\n"
                    "model: {{onnx: {}}}\n"
                    "workload: {{{}}}\n"
                    "partition: {{min_nodes: {}}}\n",
                    fpgas - 1, model, workload, fpgas));
  }
  std::string cluster(int fpgas, const std::string& output = ", output: y") {
    return cluster_of(
        fpgas, kModels + "stream-conv-m.onnx" + output,
        fmt::format("requests: 12, input: {{x: {}stream-conv-x.npy}}{}", kModels,
                    output.empty() ? "" : ", golden: " + kModels + "stream-conv-y.npy"));
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

TEST_F(StreamRuns, EveryRequestGoesOnWhereTheOneBeforeEndedOnAnyNumberOfNodes) {
  const nlohmann::json one = run(cluster(1), "one");
  EXPECT_EQ(one["outputs"]["checked"], 12);
  EXPECT_LT(one["outputs"]["max_abs_error"].get<double>(), 5e-3);
  for (const int fpgas : {2, 4}) {
    const nlohmann::json more =
        run(cluster(fpgas), std::to_string(fpgas), {"--processes", "packed"});
    EXPECT_EQ(more["partition"]["nodes_used"], fpgas);
    EXPECT_EQ(more["outputs"]["mismatched"], 0);
    EXPECT_EQ(more["outputs"]["sha256"], one["outputs"]["sha256"]);
  }
}

TEST_F(StreamRuns, TakesThePredictedTimeWithAndWithoutArithmetic) {
  for (const int fpgas : {1, 2}) {
    const std::string file = cluster(fpgas);
    const nlohmann::json results = run(file, fmt::format("f{}", fpgas), {"--processes", "packed"});
    const nlohmann::json times =
        run(file, fmt::format("t{}", fpgas),
            {"--processes", "packed", "--set", "compute=timing", "--set", "workload.golden="});
    EXPECT_EQ(results["latency_us"], times["latency_us"]);
    EXPECT_THAT(results["warnings"].dump(), ::testing::Not(::testing::HasSubstr("prediction_off")));
  }
}

// The states are answers as well, which the host makes.
TEST_F(StreamRuns, StatesMayBeAnswers) {
  const nlohmann::json results = run(cluster(1, ""), "all", {"--processes", "packed"});
  EXPECT_EQ(results["requests"]["completed"], 12);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
}

// All tokens of a request, between transpositions on the host.
TEST_F(StreamRuns, ATemporalNetworkOverTheTokensOfARequest) {
  std::string bits;
  for (const int fpgas : {1, 2, 4}) {
    const std::string file =
        cluster_of(fpgas, kModels + "tcn-m.onnx",
                   fmt::format("requests: 6, input: {0}tcn-x.npy, golden: {0}tcn-y.npy", kModels));
    const nlohmann::json results = run(file, std::to_string(fpgas), {"--processes", "packed"});
    EXPECT_EQ(results["outputs"]["checked"], 6);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    EXPECT_LT(results["outputs"]["max_abs_error"].get<double>(), 5e-3);
    EXPECT_EQ(results["partition"]["nodes_used"], fpgas);
    EXPECT_THAT(results["warnings"].dump(), ::testing::Not(::testing::HasSubstr("prediction_off")));
    const auto sum = results["outputs"]["sha256"].get<std::string>();
    if (!bits.empty()) {
      EXPECT_EQ(sum, bits);
    }
    bits = sum;
  }
}

// docs/timing.md: products of 16 or 64 cycles, 24 to their results and 10 until all cores have these,
// 306 of a request, and the bytes to the host and back.
TEST_F(StreamRuns, TheShippedNetworkAndItsKinTakeTheTimesOfThePage) {
  const std::string file = SOLITON_SOURCE_DIR "/configs/networks/tcn.yaml";
  const nlohmann::json results = run(file, "tcn", {"--processes", "packed"});
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  for (const auto& [name, us] : {std::pair{"3x128", 1.48}, {"3x256", 1.98}, {"6x256", 2.90}}) {
    const nlohmann::json times =
        run(file, name,
            {"--processes", "packed", "--set", "compute=timing", "--set",
             fmt::format("model.onnx={}/configs/models/shapes/conv-{}.onnx", SOLITON_SOURCE_DIR,
                         name)});
    EXPECT_NEAR(times["latency_us"]["mean"].get<double>(), us, 0.005) << name;
  }
}

}  // namespace
}  // namespace soliton
