// The same file in virtual time with a process a node, packed, and in wall time over sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

constexpr const char* kQuickstart = "configs/quickstart.yaml";

// Runs `file` into a folder of its own; requests cut short to keep the suite quick.
nlohmann::json run(const TemporaryFolder& folder, const std::string& name, const std::string& file,
                   const Arguments& options, int requests = 40) {
  Arguments arguments{"run",
                      file,
                      "--quiet",
                      "--out",
                      folder.file(name),
                      "--set",
                      "workload.requests=" + std::to_string(requests)};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const Ended ended = run_soliton(arguments);
  EXPECT_EQ(ended.status, 0) << ended.err;
  return read_json(folder.file(name) + "/results.json");
}

TEST(Modes, QuickstartGivesTheSameBytesInAllThree) {
  const TemporaryFolder folder;
  const auto processes = run(folder, "processes", kQuickstart, {});
  const auto packed = run(folder, "packed", kQuickstart, {"--processes", "packed"});
  const auto wall = run(folder, "wall", kQuickstart, {"--time", "wall"});
  EXPECT_EQ(results_without_wall(folder.file("processes")),
            results_without_wall(folder.file("packed")));
  EXPECT_EQ(read_text(folder.file("processes") + "/requests.csv"),
            read_text(folder.file("packed") + "/requests.csv"));
  EXPECT_EQ(read_text(folder.file("processes") + "/trace.json"),
            read_text(folder.file("packed") + "/trace.json"));
  EXPECT_EQ(processes["outputs"]["sha256"], wall["outputs"]["sha256"]);
  for (const auto& results : {processes, packed, wall}) {
    EXPECT_EQ(results["outputs"]["checked"], 40);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    EXPECT_EQ(results["requests"]["completed"], 40);
    EXPECT_TRUE(results["complete"]);
  }
  for (const auto& results : {processes, packed, wall}) {
    const auto& parts = results["breakdown_us"];
    double sum = 0;
    for (const auto& [name, part] : parts.items()) sum += part.get<double>();
    EXPECT_NEAR(sum, results["latency_us"]["mean"].get<double>(), 1e-3);
    EXPECT_GT(parts["compute"].get<double>(), 0);
    EXPECT_GT(parts["host"].get<double>(), 0);
  }
  EXPECT_EQ(processes["wall"]["processes"], 5);
  EXPECT_EQ(packed["wall"]["processes"], 1);
}

// Connections are opened on the wire: every process has who it is and the key of the run.
TEST(Modes, ConnectionsOpenedOnTheWireGiveTheSameBytesInAllThree) {
  const TemporaryFolder folder;
  const Arguments open = {"--set", "ltl.handshake=true", "--set", "ltl.auth=header"};
  const auto with = [&](Arguments more) {
    more.insert(more.end(), open.begin(), open.end());
    return more;
  };
  const auto processes = run(folder, "processes", kQuickstart, with({}));
  const auto packed = run(folder, "packed", kQuickstart, with({"--processes", "packed"}));
  const auto wall = run(folder, "wall", kQuickstart, with({"--time", "wall"}));
  const auto plain = run(folder, "plain", kQuickstart, {});
  EXPECT_EQ(results_without_wall(folder.file("processes")),
            results_without_wall(folder.file("packed")));
  for (const auto& results : {processes, packed, wall})
    EXPECT_EQ(results["outputs"]["sha256"], plain["outputs"]["sha256"]);
}

TEST(Modes, TheRunFolderHoldsWhatTheInterfaceSays) {
  const TemporaryFolder folder;
  run(folder, "run", kQuickstart, {});
  for (const char* name :
       {"results.json", "summary.txt", "requests.csv", "trace.json", "report.html", "cluster.yaml",
        "log/soliton.log", "log/host0.log", "log/fpga3.log"})
    EXPECT_FALSE(read_text(folder.file("run") + "/" + name).empty()) << name;
  EXPECT_FALSE(read_json(folder.file("run") + "/trace.json")["traceEvents"].empty());
  EXPECT_THAT(read_text(folder.file("run") + "/log/fpga3.log"), HasSubstr("40 requests served"));
}

TEST(Modes, VirtualResultsAreTheSameRunAfterRun) {
  const TemporaryFolder folder;
  run(folder, "first", kQuickstart, {});
  const std::string first = results_without_wall(folder.file("first"));
  for (int round = 0; round < 3; ++round) {
    run(folder, "again", kQuickstart, {});
    EXPECT_EQ(results_without_wall(folder.file("again")), first);
  }
}

TEST(Modes, QuickstartIsRightAboutWords) {
  const TemporaryFolder folder;
  const auto results = run(folder, "all", kQuickstart, {"--processes", "packed"}, 1200);
  // 1,200 shared words: the 95 % interval of the fp32 model's 84.5 % is two points wide.
  EXPECT_NEAR(results["outputs"]["accuracy"].get<double>(), 0.845, 0.021);
  EXPECT_NEAR(results["outputs"]["accuracy_fp32"].get<double>(), 0.845, 0.021);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  const double predicted = results["partition"]["predicted_latency_us"];
  EXPECT_NEAR(results["latency_us"]["mean"].get<double>(), predicted, 0.02 * predicted);
  const auto& parts = results["breakdown_us"];
  const double sum = parts["compute"].get<double>() + parts["network"].get<double>() +
                     parts["queue"].get<double>() + parts["host"].get<double>();
  EXPECT_NEAR(sum, results["latency_us"]["mean"].get<double>(), 1e-3);
}

TEST(Modes, ResolvedFileRunsAgainWithTheSameResults) {
  const TemporaryFolder folder;
  run(folder, "first", kQuickstart, {"--processes", "packed", "--seed", "9"});
  const Ended again = run_soliton(
      {"run", folder.file("first") + "/cluster.yaml", "--quiet", "--out", folder.file("again")});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(results_without_wall(folder.file("again")), results_without_wall(folder.file("first")));
}

TEST(Faults, LossIsRepairedAndCountedInAllThreeModes) {
  const TemporaryFolder folder;
  const auto clean = run(folder, "clean", kQuickstart, {"--processes", "packed"});
  const Arguments loss{"--set", "faults=[{at: 0 s, for: 60 s, link: fpga1-tor0, loss: 3 %}]"};
  const auto with = [&](Arguments options) {
    options.insert(options.end(), loss.begin(), loss.end());
    return options;
  };
  const auto processes = run(folder, "processes", kQuickstart, with({}));
  run(folder, "packed", kQuickstart, with({"--processes", "packed"}));
  const auto wall = run(folder, "wall", kQuickstart, with({"--time", "wall"}));
  EXPECT_EQ(results_without_wall(folder.file("processes")),
            results_without_wall(folder.file("packed")));
  for (const auto& results : {processes, wall}) {
    EXPECT_EQ(results["outputs"]["sha256"], clean["outputs"]["sha256"]);
    EXPECT_GT(results["fabric"]["dropped"].get<int>(), 20);
    EXPECT_GE(results["ltl"]["retransmitted"].get<int>(), 20);
    EXPECT_GT(results["faults"][0]["dropped"], 0);
  }
  EXPECT_GT(processes["latency_us"]["max"].get<double>(), clean["latency_us"]["max"].get<double>());
}

TEST(Faults, DelayAndLinkDownInTheirWindows) {
  const TemporaryFolder folder;
  const auto clean = run(folder, "clean", kQuickstart, {});
  const auto down =
      run(folder, "down", kQuickstart,
          {"--set", "faults=[{at: 200 us, for: 300 us, link: fpga2-tor0, link_down: true}]"});
  EXPECT_EQ(down["outputs"]["sha256"], clean["outputs"]["sha256"]);
  EXPECT_GT(down["fabric"]["dropped"].get<int>(), 0);
  EXPECT_GT(down["latency_us"]["max"].get<double>(), 300.0);
  const auto slow = run(folder, "slow", kQuickstart,
                        {"--set", "faults=[{at: 0 us, for: 60 s, link: host0-tor0, delay: 5 us}]"});
  EXPECT_EQ(slow["outputs"]["sha256"], clean["outputs"]["sha256"]);
  // Once on the way there and once on the way back.
  EXPECT_NEAR(slow["latency_us"]["min"].get<double>(),
              clean["latency_us"]["min"].get<double>() + 10.0, 0.5);
}

TEST(Faults, CutForeverIsExplained) {
  const TemporaryFolder folder;
  const Ended ended =
      run_soliton({"run", kQuickstart, "--quiet", "--out", folder.file("cut"), "--set",
                   "workload.requests=40", "--set", "limits.time=50 ms", "--set",
                   "faults=[{at: 500 us, for: 60 s, link: fpga2-tor0, link_down: true}]"});
  EXPECT_EQ(ended.status, 5) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("no progress"));
  EXPECT_THAT(ended.err, HasSubstr("fpga2"));
  EXPECT_FALSE(read_json(folder.file("cut") + "/results.json")["complete"]);
}

TEST(Modes, TimingAndSampledGiveTheTimesOfFunctional) {
  const TemporaryFolder folder;
  const auto functional = run(folder, "functional", kQuickstart, {"--processes", "packed"});
  for (const char* compute : {"timing", "sampled"}) {
    const auto other =
        run(folder, compute, kQuickstart, {"--set", std::string("compute=") + compute});
    EXPECT_EQ(other["latency_us"], functional["latency_us"]) << compute;
    EXPECT_EQ(other["breakdown_us"], functional["breakdown_us"]) << compute;
    EXPECT_EQ(other["fabric"], functional["fabric"]) << compute;
  }
  const auto wall = run(folder, "wall", kQuickstart, {"--time", "wall", "--set", "compute=timing"});
  EXPECT_TRUE(wall["outputs"]["checked"].is_null()) << "there is nothing to check";
  EXPECT_EQ(wall["requests"]["completed"], 40);
}

// Values change nothing about times: not whether they are computed, not which they are.
TEST(Modes, TimesAreTheSameWhateverIsComputed) {
  const TemporaryFolder folder;
  const std::string own = folder.write("rnn.yaml", R"(name: rnn
topology: rack
nodes:
  - {name: "fpga[0-2]", device: bw-pocket, at: rack0}
  - {name: host0, device: cpu, at: rack0}
model: {rnn: {cell: rnn, hidden: 150, steps: 7}}
partition: {min_nodes: 3}
workload: {clients: 2, requests: 40}
sample_every: 3
faults:
  - {link: fpga1-tor0, loss: 2 %}
  - {link: host0-tor0, delay: 3 us, jitter: 2 us}
)");
  const std::string intel = folder.write("intel.yaml", R"(name: intel
topology: local
nodes:
  - {name: fpga0, device: intel-npu-s10}
  - {name: host0, device: cpu}
model: {rnn: {cell: gru, hidden: 96, steps: 5}}
)");
  for (const std::string& file : {own, intel, std::string("configs/faults/loss.yaml"),
                                  std::string("configs/faults/delay.yaml")}) {
    SCOPED_TRACE(file);
    const auto functional = run(folder, "functional", file, {"--processes", "packed"}, 12);
    EXPECT_GT(functional["outputs"]["checked"], 0);
    for (const char* compute : {"timing", "sampled"}) {
      const auto other =
          run(folder, compute, file, {"--set", std::string("compute=") + compute}, 12);
      for (const char* part : {"latency_us", "breakdown_us", "fabric", "ltl", "throughput_rps"})
        EXPECT_EQ(other[part], functional[part]) << compute << " " << part;
    }
  }
  const auto sampled =
      run(folder, "every third", own, {"--set", "compute=sampled", "--processes", "packed"}, 12);
  EXPECT_EQ(sampled["outputs"]["checked"], 4);
}

TEST(Synthetic, LayersAndRowsOverNodesMatchOneDevice) {
  const TemporaryFolder folder;
  const std::string file = folder.write("rnn.yaml", R"(name: rnn
nodes:
  - {name: "fpga[0-3]", device: bw-pocket}
  - {name: host0, device: cpu}
model:
  rnn: {cell: lstm, hidden: 64, steps: 5, layers: 4, bidirectional: false}
workload: {requests: 6}
)");
  for (const char* shape :
       {"model.rnn.layers=4", "model.rnn.hidden=100", "model.rnn.cell=gru", "model.rnn.layers=1"}) {
    const auto results =
        run(folder, "rnn", file, {"--set", shape, "--set", "model.rnn.layers=2"}, 6);
    EXPECT_EQ(results["outputs"]["checked"], 6) << shape;
    EXPECT_EQ(results["outputs"]["mismatched"], 0) << shape;
  }
}

}  // namespace
}  // namespace soliton
