// Constraints on plans and plans that are given, through the program.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

const std::string kModels = SOLITON_SOURCE_DIR "/tests/golden/models/";

class PlanConstraints : public ::testing::Test {
 protected:
  // Four dense layers d0 to d3, each but the last with a Relu r0 to r2 in one chain, then a softmax
  // p on the host; four FPGAs.
  std::string cluster(const std::string& more, const std::string& name = "c.yaml", int hosts = 1) {
    return folder_.write(
        name, fmt::format("name: within\nnodes:\n  - {{name: \"fpga[0-3]\", device: bw-pocket}}\n"
                          "  - {{name: \"host[0-{2}]\", device: cpu}}\n"
                          "model: {{onnx: {0}-m.onnx, precision: msfp16}}\n"
                          "workload: {{requests: 4, input: {0}-x.npy, golden: {0}-y.npy}}\n{1}",
                          kModels + "mlp-relu", more, hosts - 1));
  }
  // Three layers gru0 to gru2, a chain.
  std::string chain(const std::string& more, const std::string& name = "chain.yaml") {
    return folder_.write(name,
                         "name: chain\nnodes:\n  - {name: \"fpga[0-3]\", device: bw-pocket}\n"
                         "  - {name: host0, device: cpu}\n"
                         "model: {rnn: {cell: gru, hidden: 64, steps: 4, layers: 3}}\n"
                         "workload: {requests: 4}\n" +
                             more);
  }
  nlohmann::json run(const std::string& file, const std::string& out) {
    const Ended ended =
        run_soliton({"run", file, "--quiet", "--processes", "packed", "--out", folder_.file(out)});
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.status == 0 ? read_json(folder_.file(out) + "/results.json") : nlohmann::json();
  }
  nlohmann::json plan(const std::string& file, const std::string& out) {
    const Ended ended = run_soliton({"plan", file, "--quiet", "--out", folder_.file(out)});
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.status == 0 ? read_json(folder_.file(out) + "/plan.json") : nlohmann::json();
  }
  // Layers by node; "+" between those of a stage.
  static std::map<std::string, std::string> held(const nlohmann::json& plan) {
    std::map<std::string, std::string> out;
    for (const nlohmann::json& stage : plan["stages"]) {
      std::string layers;
      for (const std::string layer : stage["layers"]) layers += (layers.empty() ? "" : "+") + layer;
      for (const std::string node : stage["nodes"]) out[node] = layers;
    }
    return out;
  }
  std::string refused(const std::string& file) {
    for (const char* verb : {"run", "plan", "check"}) {
      const Ended ended = run_soliton({verb, file, "--quiet"});
      EXPECT_EQ(ended.status, 2) << verb << ": " << ended.err;
      if (std::string(verb) == "check") return ended.err;
    }
    return "";
  }

  TemporaryFolder folder_;
};

TEST_F(PlanConstraints, ForbiddenNodesAreIdle) {
  const nlohmann::json results =
      run(cluster("partition: {forbid: [\"fpga[0-1]\"], min_nodes: 2}\n"), "two");
  ASSERT_FALSE(results.is_null());
  std::vector<std::string> roles;
  for (const nlohmann::json& node : results["nodes"]) roles.push_back(node["role"]);
  EXPECT_THAT(std::vector(roles.begin(), roles.begin() + 4),
              ElementsAre("idle", "idle", "npu", "npu"));
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_THAT(refused(cluster("partition: {forbid: [\"fpga*\"]}\n")),
              HasSubstr(":7:21: no usable node: 4 listed, 4 forbidden"));
  EXPECT_THAT(refused(cluster("partition: {forbid: [fpgo3]}\n")),
              HasSubstr(":7:22: partition.forbid: no node called \"fpgo3\"; did you mean"));
}

TEST_F(PlanConstraints, OperatorsRunOnTheirFpgasAlone) {
  const std::string placed =
      "placement: {d0: fpga3, r1: [fpga1], \"d[23]\": host0, d2: [fpga0, fpga2], d3: fpga*}\n";
  EXPECT_THAT(refused(cluster(placed)), HasSubstr("placement: no operator of"));
  const std::string file =
      cluster("placement: {d0: fpga3, r1: [fpga1], d2: [fpga0, fpga2], d3: \"fpga*\"}\n");
  const auto where = held(plan(file, "plan"));
  EXPECT_EQ(where.at("fpga3"), "d0");
  EXPECT_EQ(where.at("fpga1"), "d1");
  const nlohmann::json results = run(file, "run");
  ASSERT_FALSE(results.is_null());
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["latency_us"]["mean"], results["partition"]["predicted_latency_us"]);
  EXPECT_EQ(results["outputs"]["sha256"], run(cluster(""), "free")["outputs"]["sha256"]);
}

TEST_F(PlanConstraints, WhatFpgasCannotRunIsNotPlacedThere) {
  EXPECT_THAT(refused(cluster("placement: {p: [fpga0]}\n")),
              HasSubstr(":7:13: placement: \"p\" names FPGAs alone, but p (Softmax) needs v_rmax"));
  const nlohmann::json results =
      run(cluster("placement: {p: [fpga0, host1]}\n", "c.yaml", 2), "either");
  ASSERT_FALSE(results.is_null());
  for (const nlohmann::json& node : results["nodes"]) {
    if (node["name"] == "host1") {
      EXPECT_EQ(node["role"], "cpu");
    }
  }
}

TEST_F(PlanConstraints, ContradictionsNameBothOperators) {
  EXPECT_THAT(refused(cluster("placement: {d0: fpga0, r0: fpga1}\n")),
              HasSubstr("operator d0 pinned to fpga0 and fused into one layer with r0 pinned to "
                        "fpga1"));
  EXPECT_THAT(refused(cluster("placement: {d0: fpga0, d2: fpga1}\n"
                              "partition: {colocate: [[d0, d1], [r1, d2]]}\n")),
              HasSubstr("operator d0 pinned to fpga0 and colocated with d2 pinned to fpga1"));
  EXPECT_THAT(refused(cluster("partition: {colocate: [[d3, p]]}\n")),
              HasSubstr("operator p runs on host0 and is colocated with d3 on FPGAs"));
}

TEST_F(PlanConstraints, ColocatedLayersShareNodes) {
  const auto where = held(
      plan(cluster("partition: {min_nodes: 2, max_nodes: 2, colocate: [[d1, d3]]}\n"), "together"));
  EXPECT_EQ(where.size(), 2U);
  for (const auto& [node, layers] : where)
    EXPECT_TRUE(layers == "d0" || layers == "d1+d2+d3" || layers == "d0+d1+d2+d3") << layers;
}

TEST_F(PlanConstraints, ASavedPlanIsPlayedAgain) {
  for (const bool graph : {true, false}) {
    SCOPED_TRACE(graph);
    const auto write = [&](const std::string& more, const std::string& name) {
      return graph ? cluster(more, name) : chain(more, name);
    };
    const std::string first = write("partition: {min_nodes: 3}\n", "first.yaml");
    const std::string kept = fmt::format("kept-{}", graph);
    const nlohmann::json made = plan(first, kept);
    const std::string again = write("partition: {plan: " + kept + "/plan.json}\n", "again.yaml");
    const nlohmann::json same = plan(again, fmt::format("same-{}", graph));
    EXPECT_EQ(same["stages"], made["stages"]);
    EXPECT_EQ(same["predicted_latency_ps"], made["predicted_latency_ps"]);
    EXPECT_EQ(same["certificate"]["class"], "given plan");
    EXPECT_EQ(same["certificate"]["verdict"], "no proof");
    const std::string out = fmt::format("run-{}", graph);
    const nlohmann::json results = run(again, out);
    ASSERT_FALSE(results.is_null());
    EXPECT_EQ(results["partition"]["nodes_used"], 3);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    EXPECT_EQ(results["latency_us"]["mean"], results["partition"]["predicted_latency_us"]);
    // The run's own cluster file names the plan as well.
    run(folder_.file(out) + "/cluster.yaml", out + "-own");
    EXPECT_EQ(results_without_wall(folder_.file(out)),
              results_without_wall(folder_.file(out + "-own")));
  }
}

TEST_F(PlanConstraints, APlanOfSomethingElseIsRefused) {
  plan(chain("", "first.yaml"), "kept");
  EXPECT_THAT(refused(cluster("partition: {plan: kept/plan.json}\n")),
              HasSubstr(":7:19: partition.plan: the plan has layer \"gru0\" where the model has "
                        "\"d0\""));
  folder_.write("text.json", "{\"stages\": 3}");
  EXPECT_THAT(refused(cluster("partition: {plan: text.json}\n")), HasSubstr("has no \"stages\""));
  EXPECT_THAT(refused(cluster("placement: {\"*\": cpu}\npartition: {plan: kept/plan.json}\n")),
              HasSubstr("the plan has stages on FPGAs, which run nothing of this model"));
}

TEST_F(PlanConstraints, LayersOfAChainArePlacedByName) {
  const auto where = held(plan(chain("placement: {gru0: fpga2, gru2: [fpga0]}\n"
                                     "partition: {colocate: [[gru1, gru2]]}\n"),
                               "chain"));
  EXPECT_EQ(where.at("fpga2"), "gru0");
  EXPECT_EQ(where.at("fpga0"), "gru1+gru2");
  EXPECT_THAT(refused(chain("placement: {gru7: fpga2}\n")),
              HasSubstr("placement: no operator of gru-64 is called \"gru7\""));
  const auto island = held(plan(chain("placement: {\"gru1*\": cpu}\n"), "island"));
  EXPECT_EQ(island.at("fpga0"), "gru0+gru2");
}

}  // namespace
}  // namespace soliton
