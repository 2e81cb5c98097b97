// Models that run on CPU parts, through the program: the operators they need, one host and several,
// in every layout, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "partition/ir/npy.h"
#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

const std::string kModels = SOLITON_SOURCE_DIR "/tests/golden/models/";

class GraphRuns : public ::testing::Test {
 protected:
  // Two hosts; the model runs where `placement` says.
  std::string cluster(const std::string& model, const std::string& workload,
                      const std::string& placement = "{\"*\": cpu}") {
    return folder_.write(
        "c.yaml", "name: small\nnodes:\n  - {name: \"host[0-1]\", device: cpu}\nmodel: {onnx: " +
                      model + "}\nplacement: " + placement + "\nworkload: " + workload + "\n");
  }
  Ended run(const std::string& file, const std::string& out, Arguments options = {}) {
    Arguments arguments{"run", file, "--quiet", "--out", folder_.file(out)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_soliton(arguments);
  }
  nlohmann::json results(const std::string& out) {
    return read_json(folder_.file(out) + "/results.json");
  }

  TemporaryFolder folder_;
};

// Each against the outputs of an independent implementation (tests/golden/models/README.md).
TEST_F(GraphRuns, ModelsMatchTheirGoldenOutputs) {
  for (const std::string name :
       {"batch3", "clip", "gru-relu", "h0c0", "hardsigmoid", "layernorm", "meanpool", "mlp-relu",
        "peephole", "residual", "rnn-relu", "scale", "tanh", "two-inputs"}) {
    SCOPED_TRACE(name);
    const std::string start = kModels + name;
    const std::string file = cluster(start + "-m.onnx", "{requests: 4, input: " + start +
                                                            "-x.npy, golden: " + start + "-y.npy}");
    const Ended ended = run(file, name, {"--processes", "packed"});
    ASSERT_EQ(ended.status, 0) << ended.err;
    const nlohmann::json outputs = results(name)["outputs"];
    EXPECT_EQ(outputs["checked"], 4);
    EXPECT_EQ(outputs["mismatched"], 0);
    EXPECT_LT(outputs["max_rel_error"].get<double>(), 1e-4);
  }
}

TEST_F(GraphRuns, TheSameBytesInEveryLayoutAndOverTwoHosts) {
  const std::string start = kModels + "residual";
  const std::string workload = "{requests: 6, input: " + start + "-x.npy}";
  ASSERT_EQ(run(cluster(start + "-m.onnx", workload), "one").status, 0);
  ASSERT_EQ(run(folder_.file("c.yaml"), "packed", {"--processes", "packed"}).status, 0);
  ASSERT_EQ(run(folder_.file("c.yaml"), "wall", {"--time", "wall"}).status, 0);
  const std::string two =
      cluster(start + "-m.onnx", workload, "{\"*\": cpu, \"res\": host1, \"s1\": [host1]}");
  const Ended ended = run(two, "two");
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(results_without_wall(folder_.file("one")),
            results_without_wall(folder_.file("packed")));
  const nlohmann::json digest = results("one")["outputs"]["sha256"];
  for (const char* other : {"wall", "two"})
    EXPECT_EQ(results(other)["outputs"]["sha256"], digest) << other;
  EXPECT_GT(results("two")["latency_us"]["mean"], results("one")["latency_us"]["mean"]);
}

TEST_F(GraphRuns, RandomRequestsBeginWithTheStateThatTheOneBeforeLeft) {
  const Ended ended = run(cluster(kModels + "stateful.onnx", "{requests: 3}"), "random");
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(results("random")["outputs"]["checked"], 3);
  EXPECT_EQ(results("random")["outputs"]["mismatched"], 0);
}

TEST_F(GraphRuns, ARunsOwnFileRunsAgainToTheSameResults) {
  const std::string start = kModels + "two-inputs";
  const std::string file = cluster(
      start + "-m.onnx", "{requests: 3, input: {X: " + start + "-x.npy, Z: " + start + "-x.npy}}");
  const Ended first = run(file, "first");
  ASSERT_EQ(first.status, 0) << first.err;
  const Ended again = run(folder_.file("first") + "/cluster.yaml", "again");
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(results_without_wall(folder_.file("first")),
            results_without_wall(folder_.file("again")));
}

TEST_F(GraphRuns, PredictionEqualsTheRunOnOneHost) {
  const std::string start = kModels + "layernorm";
  const std::string file = cluster(start + "-m.onnx", "{requests: 3, input: " + start + "-x.npy}");
  ASSERT_EQ(run(file, "run", {"--processes", "packed"}).status, 0);
  const nlohmann::json out = results("run");
  EXPECT_EQ(out["partition"]["predicted_latency_us"], out["latency_us"]["p50"]);
  EXPECT_EQ(out["breakdown_us"]["network"], 0);
  // Nothing is claimed of the cut into parts, and the summary names what answers were compared with.
  EXPECT_EQ(out["partition"]["lower_bound_us"], 0);
  const std::string summary = read_text(folder_.file("run") + "/summary.txt");
  EXPECT_THAT(summary, HasSubstr("no proof (given placement)"));
  EXPECT_THAT(summary, HasSubstr("bit-identical to the whole model on one CPU"));
}

// Arrays of hosts meet on slow cables, in both directions.
TEST_F(GraphRuns, PredictionEqualsTheRunOnTwoHosts) {
  const std::string start = kModels + "residual";
  const std::string file = cluster(
      start + "-m.onnx", "{requests: 9, input: " + start + "-x.npy}",
      "{\"*\": cpu, \"res\": host1, \"s1\": [host1]}\ntopology: {kind: rack, bandwidth: 1 Gb/s}");
  const Ended ended = run(file, "run", {"--processes", "packed"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const nlohmann::json out = results("run");
  EXPECT_EQ(out["partition"]["predicted_latency_us"], out["latency_us"]["p50"]);
  EXPECT_GT(out["breakdown_us"]["network"], 10);
}

TEST_F(GraphRuns, TimesAreThoseOfARunWithValues) {
  const std::string start = kModels + "layernorm";
  const std::string file = cluster(start + "-m.onnx", "{requests: 3, input: " + start + "-x.npy}");
  ASSERT_EQ(run(file, "values").status, 0);
  ASSERT_EQ(run(file, "times", {"--set", "compute=timing"}).status, 0);
  EXPECT_EQ(results("values")["latency_us"], results("times")["latency_us"]);
  EXPECT_TRUE(results("times")["outputs"]["sha256"].is_null());
}

TEST_F(GraphRuns, AnswersAreSavedByOutput) {
  const std::string start = kModels + "meanpool";
  const std::string file = cluster(start + "-m.onnx", "{requests: 3, input: " + start + "-x.npy}");
  ASSERT_EQ(run(file, "run", {"--set", "outputs.save=all"}).status, 0);
  const Result<NpyArray> saved = read_npy(folder_.file("run") + "/outputs.npy");
  ASSERT_TRUE(saved) << saved.error().message;
  EXPECT_EQ(saved->shape, (std::vector<std::int64_t>{3, 16}));
  const Result<NpyArray> golden = read_npy(start + "-y.npy");
  for (std::int64_t row = 0; row < 3; ++row)
    for (std::size_t i = 0; i < 16; ++i)
      EXPECT_NEAR(saved->float_row(row)[i], golden->float_row(row)[i], 1e-4);
}

TEST_F(GraphRuns, WhatCannotBePlacedOrFedIsRefusedWithItsPlace) {
  const std::string start = kModels + "two-inputs";
  const auto error_of = [&](const std::string& workload, const std::string& placement) {
    const Ended ended = run(cluster(start + "-m.onnx", workload, placement), "refused");
    EXPECT_EQ(ended.status, 2);
    return ended.err;
  };
  EXPECT_THAT(error_of("{requests: 1, input: {Q: " + start + "-x.npy}}", "{\"*\": cpu}"),
              HasSubstr("c.yaml:6:36: workload.input: models/two-inputs-m has no input \"Q\""));
  EXPECT_THAT(error_of("{requests: 1}", "{\"*\": host7}"), HasSubstr("no node called \"host7\""));
  EXPECT_THAT(error_of("{requests: 1}", "{\"nothing\": cpu, \"*\": cpu}"),
              HasSubstr("no operator of models/two-inputs-m is called \"nothing\""));
  EXPECT_THAT(error_of("{requests: 1, input: " + start + "-m.onnx}", "{\"*\": cpu}"),
              HasSubstr("is not a .npy file"));
}

}  // namespace
}  // namespace soliton
