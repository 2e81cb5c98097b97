// Batches, weights in DRAM and open-loop arrivals, through the program: the outputs of a request
// alone on pinned weights, in every way to run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

// Three nodes with room for the whole model each: 54 tiles of 138 bytes.
constexpr const char* kCluster = R"(name: tiny
nodes:
  - name: "fpga[0-2]"
    device: {name: tiny, clock: 250 MHz, tile_engines: 2, lanes: 4, native_dimension: 16,
             matrix_registers: 128, dram: 1 MiB, dram_bandwidth: 1 GB/s,
             formats: [{name: ms-fp9, beats_per_tile: 4}]}
  - {name: host0, device: cpu}
model:
  rnn: {cell: gru, hidden: 40, steps: 3}
partition: {min_nodes: 1, max_nodes: 1}
workload: {clients: 8, requests: 24}
)";

class Batches : public ::testing::Test {
 protected:
  nlohmann::json run(const std::string& name, const Arguments& options) {
    Arguments arguments{"run", file_, "--quiet", "--out", folder_.file(name)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return read_json(folder_.file(name) + "/results.json");
  }
  static Arguments set(const std::vector<std::string>& keys, Arguments more = {}) {
    for (const std::string& key : keys) {
      more.emplace_back("--set");
      more.push_back(key);
    }
    return more;
  }
  std::string pinned_alone() {
    return run("alone",
               set({"workload.clients=1"}, {"--processes", "packed"}))["outputs"]["sha256"];
  }

  TemporaryFolder folder_;
  std::string file_ = folder_.write("tiny.yaml", kCluster);
};

void expect_all_checked(const nlohmann::json& results, const std::string& sha256) {
  EXPECT_EQ(results["outputs"]["sha256"], sha256);
  EXPECT_EQ(results["outputs"]["checked"], 24);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["requests"]["completed"], 24);
  EXPECT_EQ(results["requests"]["duplicated"], 0);
}

TEST_F(Batches, OfStreamedWeightsGiveTheOutputsOfPinnedOnesAloneInAllThreeWaysToRun) {
  const std::string alone = pinned_alone();
  const std::vector<std::string> keys{"model.place=dram", "model.window=5", "service.batch=4"};
  const auto processes = run("processes", set(keys));
  const auto packed = run("packed", set(keys, {"--processes", "packed"}));
  const auto wall = run("wall", set(keys, {"--time", "wall"}));
  for (const auto& results : {processes, packed, wall}) expect_all_checked(results, alone);
  EXPECT_EQ(results_without_wall(folder_.file("processes")),
            results_without_wall(folder_.file("packed")));
  EXPECT_EQ(read_text(folder_.file("processes") + "/requests.csv"),
            read_text(folder_.file("packed") + "/requests.csv"));
  EXPECT_EQ(read_text(folder_.file("processes") + "/trace.json"),
            read_text(folder_.file("packed") + "/trace.json"));
  const auto& parts = processes["breakdown_us"];
  double sum = 0;
  for (const auto& [name, part] : parts.items()) sum += part.get<double>();
  EXPECT_NEAR(sum, processes["latency_us"]["mean"].get<double>(), 1e-3);
}

TEST_F(Batches, OverSeveralNodesAndALossyLinkGiveTheSameOutputs) {
  const std::string alone = pinned_alone();
  const std::vector<std::string> keys{"partition.min_nodes=3", "partition.max_nodes=3",
                                      "service.batch=4", "model.place=dram",
                                      "faults=[{at: 0 s, for: 60 s, link: fpga1-tor0, loss: 5 %}]"};
  const auto processes = run("processes", set(keys));
  run("packed", set(keys, {"--processes", "packed"}));
  const auto wall = run("wall", set(keys, {"--time", "wall"}));
  for (const auto& results : {processes, wall}) {
    expect_all_checked(results, alone);
    EXPECT_EQ(results["partition"]["nodes_used"], 3);
    EXPECT_GT(results["ltl"]["retransmitted"].get<int>(), 0);
  }
  EXPECT_EQ(results_without_wall(folder_.file("processes")),
            results_without_wall(folder_.file("packed")));
}

TEST_F(Batches, TimingAndSampledGiveTheTimesOfFunctional) {
  const std::vector<std::string> keys{"service.batch=4", "model.place=dram", "sample_every=5"};
  const auto with = [&](const std::string& compute) {
    std::vector<std::string> all = keys;
    all.push_back("compute=" + compute);
    return run(compute, set(all));
  };
  const auto functional = with("functional");
  for (const char* compute : {"timing", "sampled"}) {
    const auto other = with(compute);
    EXPECT_EQ(other["latency_us"], functional["latency_us"]) << compute;
    EXPECT_EQ(other["breakdown_us"], functional["breakdown_us"]) << compute;
    EXPECT_EQ(other["fabric"], functional["fabric"]) << compute;
    // Requests 0, 5, 10, 15 and 20: their batches compute, only they are checked.
    const bool sampled = compute == std::string("sampled");
    EXPECT_EQ(other["outputs"]["checked"], sampled ? nlohmann::json(5) : nlohmann::json());
    EXPECT_EQ(other["outputs"]["mismatched"], sampled ? nlohmann::json(0) : nlohmann::json());
  }
  const auto wall = run(
      "wall", set({"service.batch=4", "compute=sampled", "sample_every=5"}, {"--time", "wall"}));
  EXPECT_EQ(wall["outputs"]["checked"], 5);
  EXPECT_EQ(wall["outputs"]["mismatched"], 0);
}

TEST_F(Batches, ThatCannotFillGoWhenTheFirstRequestHasWaited) {
  const auto alone = run("alone", set({"workload.clients=3"}));
  const auto results =
      run("waits", set({"workload.clients=3", "service.batch=8", "service.batch_wait=70 us"}));
  EXPECT_EQ(results["outputs"]["sha256"], alone["outputs"]["sha256"]);
  EXPECT_GE(results["latency_us"]["min"].get<double>(),
            70 + alone["latency_us"]["min"].get<double>());
  EXPECT_GE(results["breakdown_us"]["queue"].get<double>(), 70);
}

TEST_F(Batches, OfOneStreamedStepShareItsBytes) {
  const std::vector<std::string> keys{"model.place=dram", "compute=timing", "workload.requests=64"};
  const auto throughput = [&](const std::string& batch) {
    std::vector<std::string> all = keys;
    all.insert(all.end(), {"service.batch=" + batch, "workload.clients=" + batch});
    return run("b" + batch, set(all))["throughput_rps"].get<double>();
  };
  // 54 tiles of 138 bytes a step at 1 GB/s are 7.5 us, against 0.4 us of work a lane.
  EXPECT_GT(throughput("8"), 5 * throughput("1"));
}

TEST_F(Batches, PoissonRequestsArriveAsTheSeedSaysWhateverIsAnswered) {
  const auto with = [&](const std::string& name, const std::string& rate, Arguments more) {
    return run(name,
               set({"workload.arrival=poisson", "workload.rate=" + rate, "workload.requests=200",
                    "service.batch=4", "service.batch_wait=20 us", "compute=timing"},
                   std::move(more)));
  };
  const auto slow = with("slow", "10 k/s", {});
  with("packed", "10 k/s", {"--processes", "packed"});
  EXPECT_EQ(results_without_wall(folder_.file("slow")),
            results_without_wall(folder_.file("packed")));
  EXPECT_NEAR(slow["throughput_rps"].get<double>(), 10'000, 2'000);
  const auto fast = with("fast", "1 M/s", {});
  EXPECT_GT(fast["breakdown_us"]["queue"].get<double>(), 100);
  EXPECT_LT(fast["throughput_rps"].get<double>(), 500'000);
}

TEST_F(Batches, WhatDoesNotFitIsRefusedWithTheMemoryAndTheBytesShort) {
  const auto refused = [&](const std::vector<std::string>& keys, int status) {
    const Ended ended = run_soliton(set(keys, {"run", file_, "--out", folder_.file("no")}));
    EXPECT_EQ(ended.status, status) << ended.err;
    EXPECT_FALSE(std::filesystem::exists(folder_.file("no") + "/results.json"));
    return ended.err;
  };
  EXPECT_THAT(refused({"service.batch=4000"}, 3), HasSubstr("of lanes for a batch of 4000)"));
  EXPECT_THAT(refused({"model.place=dram", "nodes[0].device.dram=1 KiB"}, 3),
              HasSubstr("Dram of tiny needs 7452 bytes (7.3 KiB), but has 1024 bytes"));
  EXPECT_THAT(refused({"model.place=dram", "model.window=500"}, 3), HasSubstr("500 of window"));
  EXPECT_THAT(
      refused({"model.place={gru7: dram}"}, 2),
      HasSubstr(
          "--set model.place: model.place: no layer called \"gru7\"; did you mean \"gru0\"?"));
  EXPECT_THAT(refused({"service.batch=0"}, 2), HasSubstr("0 is not between 1 and 4096"));
}

// The shipped experiment in small.
TEST_F(Batches, ASweepShowsWhatABatchBuysAndCosts) {
  folder_.write("small.yaml", R"(name: small
cluster: tiny.yaml
series:
  - {name: pinned, axis: batch, scaling: none, set: {compute: timing, workload.clients: 1}, points: [{x: 1}]}
  - name: streamed
    axis: batch
    scaling: none
    set: {compute: timing, model.place: dram}
    points:
      - {x: 1, set: {service.batch: 1, workload.clients: 1}}
      - {x: 4, set: {service.batch: 4, workload.clients: 4}}
      - {x: 12, set: {service.batch: 12, workload.clients: 12}}
)");
  const Ended ended =
      run_soliton({"sweep", folder_.file("small.yaml"), "--quiet", "--out", folder_.file("sweep")});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const auto series = read_json(folder_.file("sweep") + "/sweep.json")["series"];
  const auto value = [&](std::size_t s, std::size_t point, const char* key) {
    return series[s]["points"][point][key].get<double>();
  };
  EXPECT_GT(value(0, 0, "throughput_rps"), value(1, 0, "throughput_rps"));
  for (const std::size_t point : {1u, 2u}) {
    EXPECT_GT(value(1, point, "throughput_rps"), value(1, point - 1, "throughput_rps"));
    EXPECT_GT(value(1, point, "utilization"), value(1, point - 1, "utilization"));
    EXPECT_GT(value(1, point, "latency_mean_us"), value(1, point - 1, "latency_mean_us"));
  }
  EXPECT_THAT(read_text(folder_.file("sweep") + "/table.txt"), HasSubstr("waiting"));
  EXPECT_THAT(read_text(folder_.file("sweep") + "/report.html"),
              HasSubstr("Share of the peak that is used"));
  EXPECT_THAT(read_text(folder_.file("sweep") + "/sweep.csv"), HasSubstr("\nstreamed,batch,12,"));
}

}  // namespace
}  // namespace soliton
