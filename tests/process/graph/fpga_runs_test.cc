// Models that FPGAs and CPU parts run together, through the program: what goes where, equal bytes
// for every division and layout, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

const std::string kModels = SOLITON_SOURCE_DIR "/tests/golden/models/";

class FpgaRuns : public ::testing::Test {
 protected:
  // A golden model on FPGAs of a kind and a host; a second one only with a placement.
  std::string cluster(const std::string& name, const std::string& device, int fpgas,
                      const std::string& more = "") {
    const std::string start = kModels + name;
    const std::string precision = device == "bw-pocket" ? "msfp16" : "int16";
    return folder_.write(
        "c.yaml", fmt::format("name: shared\nnodes:\n  - {{name: \"fpga[0-{}]\", device: {}}}\n"
                              "  - {{name: \"host[0-{}]\", device: cpu}}\n"
                              "model: {{onnx: {}-m.onnx, precision: {}}}\n"
                              "workload: {{requests: 4, input: {}-x.npy, golden: {}-y.npy}}\n{}",
                              fpgas - 1, device, more.starts_with("placement") ? 1 : 0, start,
                              precision, start, start, more));
  }
  std::string picked(const std::string& indices) {
    const std::string start = kModels + "picked-";
    return folder_.write(
        "c.yaml", fmt::format("name: picked\nnodes:\n  - {{name: \"fpga[0-1]\", device: bw-s10}}\n"
                              "  - {{name: host0, device: cpu}}\n"
                              "model: {{onnx: {0}m.onnx, precision: int16}}\n"
                              "workload: {{requests: 3, input: {{x: {0}x.npy, i: {0}{1}.npy}}, "
                              "golden: {{y: {0}y.npy}}}}\n",
                              start, indices));
  }
  nlohmann::json run(const std::string& file, const std::string& out, Arguments options = {}) {
    Arguments arguments{"run", file, "--quiet", "--out", folder_.file(out)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.status == 0 ? read_json(folder_.file(out) + "/results.json") : nlohmann::json();
  }
  static std::string role_of(const nlohmann::json& results, const std::string& node) {
    for (const nlohmann::json& it : results["nodes"])
      if (it["name"] == node) return it["role"];
    return "";
  }

  TemporaryFolder folder_;
};

TEST_F(FpgaRuns, GoldenModelsMatchOneDeviceAndTheirOutputs) {
  for (const std::string name :
       {"h0c0", "layernorm", "meanpool", "mlp-relu", "residual", "scale", "tanh"}) {
    SCOPED_TRACE(name);
    const nlohmann::json results = run(cluster(name, "bw-s10", 1), name, {"--processes", "packed"});
    ASSERT_FALSE(results.is_null());
    EXPECT_EQ(role_of(results, "fpga0"), "npu");
    EXPECT_EQ(results["outputs"]["checked"], 4);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    EXPECT_LT(results["outputs"]["max_abs_error"].get<double>(), 5e-3);
    for (const nlohmann::json& warning : results["warnings"])
      EXPECT_EQ(warning["id"], "few_samples") << warning;
    // Times of hosts are rounded to nanoseconds on the way.
    const double predicted = results["partition"]["predicted_latency_us"];
    EXPECT_NEAR(results["latency_us"]["mean"].get<double>(), predicted, 1e-3 * predicted);
  }
}

TEST_F(FpgaRuns, TheSameBytesInEveryLayout) {
  const std::string file = cluster("residual", "bw-pocket", 3);
  run(file, "one");
  run(file, "packed", {"--processes", "packed"});
  const nlohmann::json wall = run(file, "wall", {"--time", "wall"});
  EXPECT_EQ(results_without_wall(folder_.file("one")),
            results_without_wall(folder_.file("packed")));
  EXPECT_EQ(read_json(folder_.file("one") + "/results.json")["outputs"]["sha256"],
            wall["outputs"]["sha256"]);
}

TEST_F(FpgaRuns, TheSameBitsOnAnyNumberOfFpgas) {
  nlohmann::json digest;
  for (int fpgas = 1; fpgas <= 4; ++fpgas) {
    const nlohmann::json results =
        run(cluster("mlp-relu", "bw-pocket", fpgas), std::to_string(fpgas),
            {"--processes", "packed", "--set", fmt::format("partition.min_nodes={}", fpgas)});
    ASSERT_FALSE(results.is_null());
    EXPECT_EQ(results["partition"]["nodes_used"], fpgas);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    if (fpgas == 1) digest = results["outputs"]["sha256"];
    EXPECT_EQ(results["outputs"]["sha256"], digest) << fpgas;
  }
}

// A device that declares more functions keeps more of the model; the rest stays where it was.
TEST_F(FpgaRuns, FunctionsOfADeviceDecideWhatItRuns) {
  const auto operators_on_cpu = [&](const std::string& device) {
    const Ended ended =
        run_soliton({"model", kModels + "layernorm-m.onnx", "--json", "--device", device});
    EXPECT_EQ(ended.status, 0) << ended.err;
    int on_cpu = 0;
    const nlohmann::json model = nlohmann::json::parse(ended.out);
    for (const nlohmann::json& it : model["operators"]) on_cpu += it["where"] == "cpu" ? 1 : 0;
    return on_cpu;
  };
  EXPECT_GT(operators_on_cpu("bw-s10"), operators_on_cpu("bw-next"));
  const nlohmann::json results =
      run(cluster("layernorm", "bw-next", 1), "next", {"--processes", "packed"});
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_LT(results["outputs"]["max_abs_error"].get<double>(), 1e-2);
}

TEST_F(FpgaRuns, PlacementKeepsOperatorsOnHosts) {
  const nlohmann::json all = run(cluster("mlp-relu", "bw-s10", 1, "placement: {\"*\": cpu}\n"),
                                 "all", {"--processes", "packed"});
  EXPECT_EQ(role_of(all, "fpga0"), "idle");
  EXPECT_LT(all["outputs"]["max_abs_error"].get<double>(), 1e-5);
  const std::string file = cluster("residual", "bw-s10", 1, "placement: {\"res\": host1}\n");
  const nlohmann::json some = run(file, "some", {"--processes", "packed"});
  EXPECT_EQ(role_of(some, "fpga0"), "npu");
  EXPECT_EQ(role_of(some, "host1"), "cpu");
  EXPECT_EQ(some["outputs"]["mismatched"], 0);
  const double predicted = some["partition"]["predicted_latency_us"];
  EXPECT_NEAR(some["latency_us"]["mean"].get<double>(), predicted, 1e-3 * predicted);
}

TEST_F(FpgaRuns, WhatDoesNotFitIsRefusedWithARemedy) {
  const Ended ended = run_soliton({"run", cluster("residual", "bw-pocket", 1), "--quiet"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.err, HasSubstr("add 1 node(s) of device bw-pocket"));
}

// A CPU part whose outputs are as many as the data of an FPGA say, and one that an index can stop.
TEST_F(FpgaRuns, DataOfFpgasMayDecideShapesOnHosts) {
  const std::string file = picked("i");
  const nlohmann::json each = run(file, "each");
  run(file, "packed", {"--processes", "packed"});
  EXPECT_EQ(results_without_wall(folder_.file("each")),
            results_without_wall(folder_.file("packed")));
  EXPECT_EQ(role_of(each, "fpga0"), "npu");
  EXPECT_EQ(each["outputs"]["checked"], 3);
  EXPECT_EQ(each["outputs"]["mismatched"], 0);
  EXPECT_LT(each["outputs"]["max_abs_error"].get<double>(), 5e-3);
  const Ended times = run_soliton({"plan", file, "--set", "compute=timing"});
  EXPECT_EQ(times.status, 2);
  EXPECT_THAT(times.err,
              HasSubstr("c.yaml:5:15: node \"/NonZero\" (NonZero) makes as many elements "
                        "as the data of a request say"));
}

TEST_F(FpgaRuns, DataThatAnOperatorCannotTakeIsRefusedByThePlan) {
  for (const std::string compute : {"functional", "timing"}) {
    const Ended ended = run_soliton({"plan", picked("beyond"), "--set", "compute=" + compute});
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.err,
                HasSubstr("picked-beyond.npy: request 0, step 1: symbol 9; the table has 0 to 3"));
  }
}

TEST_F(FpgaRuns, PlansSayHowMuchRunsWhere) {
  const Ended ended = run_soliton({"plan", cluster("layernorm", "bw-s10", 1)});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("operators on FPGAs"));
  EXPECT_THAT(ended.out, HasSubstr("host0"));
}

TEST_F(FpgaRuns, TimesAloneTakeAsLongAsValues) {
  const std::string file = cluster("residual", "bw-pocket", 3);
  const nlohmann::json values = run(file, "values", {"--processes", "packed"});
  const nlohmann::json times =
      run(file, "times", {"--processes", "packed", "--set", "compute=timing"});
  EXPECT_EQ(values["latency_us"], times["latency_us"]);
  EXPECT_TRUE(times["outputs"]["sha256"].is_null());
}

TEST_F(FpgaRuns, LostPacketsChangeNoBit) {
  const std::string file = cluster("residual", "bw-pocket", 3);
  const nlohmann::json quiet = run(file, "quiet", {"--processes", "packed"});
  const nlohmann::json lossy =
      run(cluster("residual", "bw-pocket", 3, "faults:\n  - {link: fpga0-tor0, loss: 5 %}\n"),
          "lossy", {"--processes", "packed"});
  EXPECT_EQ(lossy["outputs"]["sha256"], quiet["outputs"]["sha256"]);
  EXPECT_GT(lossy["ltl"]["retransmitted"], 0);
}

}  // namespace
}  // namespace soliton
