// Communication workloads by the real program: published round trips, three ways to run, contents.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

nlohmann::json run(const TemporaryFolder& folder, const std::string& name, const std::string& file,
                   const Arguments& options) {
  Arguments arguments{"run", file, "--quiet", "--out", folder.file(name)};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const Ended ended = run_soliton(arguments);
  EXPECT_EQ(ended.status, 0) << ended.err;
  return read_json(folder.file(name) + "/results.json");
}

// Caulfield et al., MICRO 2016, figure 10: mean within 3 %, the 99.9th percentile within 10 %.
struct Published {
  const char* file;
  double mean_us, p99_9_us;
};
class RoundTrips : public testing::TestWithParam<Published> {};

TEST_P(RoundTrips, AreThosePublished) {
  const TemporaryFolder folder;
  const auto results = run(folder, "run", GetParam().file, {"--processes", "packed"});
  EXPECT_NEAR(results["latency_us"]["mean"].get<double>() / GetParam().mean_us, 1, 0.03);
  EXPECT_NEAR(results["latency_us"]["p99_9"].get<double>() / GetParam().p99_9_us, 1, 0.10);
  EXPECT_EQ(results["requests"]["completed"], 10'000);
  EXPECT_EQ(results["outputs"]["checked"], 10'000);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["traffic"]["kind"], "ping");
}

INSTANTIATE_TEST_SUITE_P(Levels, RoundTrips,
                         testing::Values(Published{"configs/ltl/ping-rack.yaml", 2.88, 2.9},
                                         Published{"configs/ltl/ping-pod.yaml", 7.72, 8.24},
                                         Published{"configs/ltl/ping-datacenter.yaml", 18.71,
                                                   22.38}));

class ThreeWays : public testing::TestWithParam<const char*> {};

TEST_P(ThreeWays, CarryTheSameMessages) {
  const TemporaryFolder folder;
  const Arguments shorter{"--set", "workload.count=20"};
  const auto with = [&](const std::string& name, Arguments more) {
    more.insert(more.end(), shorter.begin(), shorter.end());
    return run(folder, name, GetParam(), more);
  };
  const auto processes = with("processes", {});
  const auto packed = with("packed", {"--processes", "packed"});
  const auto wall = with("wall", {"--time", "wall"});
  EXPECT_EQ(results_without_wall(folder.file("processes")),
            results_without_wall(folder.file("packed")));
  for (const char* name : {"/requests.csv", "/trace.json"})
    EXPECT_EQ(read_text(folder.file("processes") + name), read_text(folder.file("packed") + name));
  for (const auto& results : {processes, packed, wall}) {
    EXPECT_TRUE(results["complete"]);
    EXPECT_EQ(results["requests"]["completed"], packed["requests"]["completed"]);
    EXPECT_EQ(results["outputs"]["checked"], results["requests"]["completed"]);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    EXPECT_EQ(results["traffic"]["bytes"], packed["traffic"]["bytes"]);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, ThreeWays,
                         testing::Values("configs/ltl/ping-rack.yaml", "configs/ltl/stream.yaml",
                                         "configs/ltl/incast-16.yaml",
                                         "configs/ltl/incast-16-pfc.yaml",
                                         "configs/ltl/all-gather-8.yaml"));

// Every shipped example of a collective, of several workloads and of a trace: the same bytes in both
// layouts of virtual time, and all contents right in wall time.
class Collectives : public testing::TestWithParam<const char*> {};

TEST_P(Collectives, AreTheSameInAllLayouts) {
  const TemporaryFolder folder;
  const std::string file = std::string("configs/collectives/") + GetParam() + ".yaml";
  const auto processes = run(folder, "processes", file, {});
  const auto packed = run(folder, "packed", file, {"--processes", "packed"});
  // A fifth of eight emulated lines is more than a machine carries: what is measured would wait for it.
  Arguments in_wall_time{"--time", "wall"};
  if (GetParam() == std::string("several"))
    in_wall_time.insert(in_wall_time.end(), {"--set", "workloads[2].busy=0.1 %"});
  const auto wall = run(folder, "wall", file, in_wall_time);
  EXPECT_EQ(results_without_wall(folder.file("processes")),
            results_without_wall(folder.file("packed")));
  for (const char* name : {"/requests.csv", "/trace.json"})
    EXPECT_EQ(read_text(folder.file("processes") + name), read_text(folder.file("packed") + name));
  for (const auto& results : {processes, packed, wall}) {
    EXPECT_TRUE(results["complete"]);
    EXPECT_EQ(results["requests"]["completed"], packed["requests"]["completed"]);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
  }
  if (packed.contains("traffic")) {
    EXPECT_GE(packed["traffic"]["time_us"], packed["traffic"]["bound_us"]);
  } else {
    for (const auto& workload : packed["workloads"])
      EXPECT_GE(workload["traffic"]["time_us"], workload["traffic"]["bound_us"]);
  }
  // What was run is written so that it runs the same again.
  run(folder, "again", folder.file("packed") + "/cluster.yaml", {"--processes", "packed"});
  EXPECT_EQ(results_without_wall(folder.file("again")),
            results_without_wall(folder.file("packed")));
}

INSTANTIATE_TEST_SUITE_P(Shipped, Collectives,
                         testing::Values("permutation", "all-to-all", "all-reduce-ring",
                                         "all-reduce-halving", "all-reduce-tree", "reduce-scatter",
                                         "broadcast", "pipeline", "token", "trace", "several"));

// Nodes without a part in what is measured have nothing to be done with: the run goes on until the host has
// all answers, though a workload beside the model ends long before.
TEST(Traffic, AModelBesideAWorkloadIsAnsweredToTheEnd) {
  const TemporaryFolder folder;
  std::string text = read_text(std::string(SOLITON_SOURCE_DIR) + "/configs/quickstart.yaml");
  for (std::size_t at = 0; (at = text.find(" models/", at)) != std::string::npos; ++at)
    text.replace(at, 8, std::string(" ") + SOLITON_SOURCE_DIR + "/configs/models/");
  folder.write(
      "beside.yaml",
      text + "workloads:\n  - {kind: ping, from: fpga0, to: fpga1, bytes: 64, count: 5}\n");
  const Arguments few{"--set", "workload.requests=200"};
  for (const Arguments& mode : {Arguments{"--time", "wall"}, Arguments{"--processes", "packed"}}) {
    Arguments all = few;
    all.insert(all.end(), mode.begin(), mode.end());
    const auto results = run(folder, mode[1], folder.file("beside.yaml"), all);
    EXPECT_TRUE(results["complete"]);
    EXPECT_EQ(results["requests"]["completed"], 200);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    EXPECT_EQ(results["workloads"][0]["latency_us"]["completed"], 5);
  }
}

// Sixteen to one through a small buffer: nothing lost, the line full, shares equal, and no more
// held of a sender than xoff, 32 KiB, and the headroom of a host's cable.
TEST(Traffic, AnIncastIsPausedInsteadOfLosingPackets) {
  const TemporaryFolder folder;
  const auto results =
      run(folder, "run", "configs/ltl/incast-16-pfc.yaml", {"--processes", "packed"});
  EXPECT_EQ(results["fabric"]["dropped"], 0);
  EXPECT_GE(results["traffic"]["line_share"].get<double>(), 0.90);
  EXPECT_GE(results["traffic"]["fairness"].get<double>(), 0.95);
  // 2 x 553.8 ns, 300 ns and a pause frame of 84 B at 5 B/ns; two packets of 1408 + 32 + 66 B.
  constexpr std::int64_t kHeld = 32'768 + 5'538 + 1'500 + 84 + 2 * 1'506;
  const auto& ports = results["pauses"]["ports"];
  ASSERT_EQ(ports.size(), 16U);
  std::uint64_t pauses = 0;
  for (const auto& port : ports) {
    pauses += port["pauses"].get<std::uint64_t>();
    EXPECT_GT(port["paused_us"].get<double>(), 0);
    EXPECT_GT(port["held_bytes_max"].get<std::int64_t>(), 32'768);
    EXPECT_LE(port["held_bytes_max"].get<std::int64_t>(), kHeld);
  }
  EXPECT_EQ(results["fabric"]["pauses"], pauses);
  EXPECT_LE(results["fabric"]["queue_bytes_max"].get<std::int64_t>(), 16 * kHeld);
  EXPECT_TRUE(results["pauses"]["deadlocks"].empty());
}

// Hosts around a circle of switches that send to each other: ports wait for each other all the way
// round. That is named; the run ends with the contents intact, or says that it stands still.
nlohmann::json go_round(const TemporaryFolder& folder, const std::string& watchdog, int status) {
  std::string text = "nodes:\n";
  std::string switches, links;
  for (int i = 0; i < 5; ++i) {
    text += fmt::format("  - {{name: fpga{0}, device: bw-s10, at: s{0}}}\n", i);
    switches += fmt::format("{}{{name: s{}}}", i == 0 ? "" : ", ", i);
    links += fmt::format("{}{{between: [s{}, s{}], latency: 500 ns}}", i == 0 ? "" : ", ", i,
                         (i + 1) % 5);
  }
  text += fmt::format(
      "topology: {{kind: explicit, ecn: false, switches: [{}], links: [{}], pfc: {{xoff: 4 kB, "
      "watchdog: {}}}}}\n",
      switches, links, watchdog);
  text += "workload: {kind: all-gather, nodes: \"fpga[0-4]\", bytes: 256 KiB, count: 4}\n";
  text += "limits: {time: 2 s}\ntrace: {requests: 0}\n";
  const std::string file = folder.file("circle.yaml");
  std::ofstream(file) << text;
  const std::string out = folder.file("circle");
  const Ended ended = run_soliton({"run", file, "--quiet", "--processes", "packed", "--out", out});
  EXPECT_EQ(ended.status, status) << ended.err;
  if (status == 5) {
    EXPECT_THAT(ended.err, HasSubstr("paused ports that wait for each other: s1 -> s0, s0 -> s4"));
  }
  return read_json(out + "/results.json");
}

TEST(Traffic, ACircleOfPausesIsBrokenByTheWatchdog) {
  const TemporaryFolder folder;
  const auto results = go_round(folder, "{poll: 1 ms, restore: 1 ms}", 0);
  EXPECT_GT(results["pauses"]["watchdogs"], 0);
  EXPECT_GT(results["pauses"]["watchdog_drops"], 0);
  EXPECT_EQ(results["fabric"]["dropped"], results["pauses"]["watchdog_drops"]);
  ASSERT_FALSE(results["pauses"]["deadlocks"].empty());
  EXPECT_EQ(results["pauses"]["deadlocks"][0]["ports"].size(), 5U);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
}

TEST(Traffic, ACircleOfPausesWithoutAWatchdogIsNamed) {
  const TemporaryFolder folder;
  const auto results = go_round(folder, "false", 5);
  ASSERT_FALSE(results["pauses"]["deadlocks"].empty());
  EXPECT_EQ(results["pauses"]["deadlocks"][0]["ports"].size(), 5U);
}

TEST(Traffic, LossOnTheWayIsRepairedAndReported) {
  const TemporaryFolder folder;
  // On the way of the data only: a lost acknowledgement needs no repair where a later one says the
  // same.
  const auto results =
      run(folder, "run", "configs/ltl/stream.yaml",
          {"--processes", "packed", "--set", "workload.count=50", "--set",
           "faults[0]={where: {links: {from: fpga0, to: tor0}, direction: tx}, loss: 2 %}"});
  EXPECT_GT(results["fabric"]["dropped"], 0);
  EXPECT_EQ(results["ltl"]["retransmitted"], results["fabric"]["dropped"]);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["requests"]["completed"], 50);
}

struct Rough {
  const char* carrier;
  const char* auth;
  const char* faults;
};
class RoughWays : public testing::TestWithParam<Rough> {};

// Real processes with the interceptors of the emulated network: contents are verified by the
// receivers, every message is counted once.
TEST_P(RoughWays, RealProcessesDeliverEveryMessageOnceAndIntact) {
  const TemporaryFolder folder;
  const auto results =
      run(folder, "run", "configs/ltl/all-gather-8.yaml",
          {"--time", "wall", "--set", "nodes=[{name: \"fpga[0-2]\", device: bw-s10}]", "--set",
           "workload.nodes=\"fpga[0-2]\"", "--set", "workload.count=60", "--set",
           "ltl.handshake=true", "--set", "ltl.first_sequence=4294967196", "--set",
           std::string("wall.carrier=") + GetParam().carrier, "--set",
           std::string("ltl.auth=") + GetParam().auth, "--set",
           std::string("faults=") + GetParam().faults});
  EXPECT_TRUE(results["complete"]);
  EXPECT_EQ(results["requests"]["completed"], 60 * 3);
  EXPECT_EQ(results["requests"]["duplicated"], 0);
  EXPECT_EQ(results["outputs"]["checked"], 60 * 3);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  for (const auto& fault : results["faults"]) EXPECT_GT(fault["hits"], 0);
}

constexpr const char* kLosses =
    "[{link: fpga0-tor0, loss: 10 %}, {link: fpga1-tor0, loss: 30 %, max_burst: 2}]";
constexpr const char* kReorders = "[{link: \"fpga[0-1]-tor0\", delay: 100 us, jitter: 2 ms}]";
constexpr const char* kOneWayCut =
    "[{kind: link_down, where: {links: {from: fpga2, to: tor0}, direction: tx}, "
    "when: {from: 0 s, to: 60 ms}}]";

INSTANTIATE_TEST_SUITE_P(
    Carriers, RoughWays,
    testing::Values(Rough{"udp", "header", kLosses}, Rough{"udp", "aead", kReorders},
                    Rough{"udp", "aead", kOneWayCut}, Rough{"shm", "none", kLosses},
                    Rough{"shm", "none", kReorders}, Rough{"shm", "header", kOneWayCut}));

TEST(Traffic, ACutLinkEndsWithWhoWaitsForWhat) {
  const TemporaryFolder folder;
  const Ended ended = run_soliton(
      {"run", "configs/ltl/ping-rack.yaml", "--quiet", "--out", folder.file("run"), "--processes",
       "packed", "--set", "limits.time=20 ms", "--set", "faults[0].at=1 ms", "--set",
       "faults[0].link=fpga0-tor0", "--set", "faults[0].link_down=true"});
  EXPECT_EQ(ended.status, 5) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("of 10000 round trips completed"));
  EXPECT_THAT(ended.err, HasSubstr("fpga0: "));
  EXPECT_FALSE(read_json(folder.file("run") + "/results.json")["complete"]);
}

TEST(Traffic, HasNothingToPlan) {
  const Ended ended = run_soliton({"plan", "configs/ltl/ping-rack.yaml"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("workload.kind: ping has no model"));
}

}  // namespace
}  // namespace soliton
