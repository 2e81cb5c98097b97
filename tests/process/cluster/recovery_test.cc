// Nodes that fail in a run with a resource manager, seen from outside: results, files and processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using testing::HasSubstr;

const char* const kSpare = "configs/faults/spare-takes-over.yaml";

// As in /proc/PID/stat; ' ' if there is no such process.
char process_state(pid_t pid) {
  const std::string text = read_text("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name = text.rfind(") ");
  return name == std::string::npos ? ' ' : text[name + 2];
}

nlohmann::json step(const nlohmann::json& results, const std::string& what) {
  for (const nlohmann::json& one : results["recovery"]["steps"])
    if (one["what"] == what) return one;
  return nullptr;
}

TEST(Recovery, ADeviceInReserveTakesOverWithTheSameAnswersInAnyLayout) {
  const TemporaryFolder folder;
  std::string first;
  for (const char* layout : {"per-node", "packed"}) {
    const std::string out = folder.file(layout);
    ASSERT_EQ(run_soliton({"run", kSpare, "--processes", layout, "--quiet", "--out", out}).status,
              0);
    nlohmann::json results = read_json(out + "/results.json");
    EXPECT_EQ(results["requests"]["completed"], 200);
    EXPECT_EQ(results["requests"]["duplicated"], 0);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    EXPECT_EQ(results["recovery"]["generations"], 2);
    EXPECT_EQ(results["recovery"]["replayed"], 1);
    // Found within ten timeouts, answered within 25 beside the configuration.
    const double fault = 3'000, timeout = results["recovery"]["timeout_us"];
    EXPECT_LE(step(results, "dead")["at_us"].get<double>() - fault, 10 * timeout);
    const double configuring = step(results, "configured")["at_us"].get<double>() -
                               step(results, "granted")["at_us"].get<double>();
    EXPECT_LE(step(results, "answered")["at_us"].get<double>() - configuring - fault, 25 * timeout);
    EXPECT_EQ(step(results, "granted")["node"], "fpga4");
    EXPECT_EQ(step(results, "granted")["slot"], "fpga1");
    EXPECT_EQ(results["faults"][0]["detected_us"], step(results, "dead")["at_us"]);
    EXPECT_EQ(results["nodes"][1]["state"], "failed");
    EXPECT_EQ(results["nodes"][4]["state"], "took over fpga1");
    results.erase("wall");
    const std::string bytes = results.dump() + read_text(out + "/requests.csv") +
                              read_text(out + "/events.csv") + read_text(out + "/trace.json");
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first);
    EXPECT_THAT(read_text(out + "/summary.txt"), HasSubstr("fpga4 gets the work of fpga1"));
    EXPECT_THAT(read_text(out + "/report.html"), HasSubstr("fpga4 gets the work of fpga1"));
  }
}

// What happened to nodes is in events.csv, and happens again from there.
TEST(Recovery, WhatHappenedToNodesIsRecordedAndDoneAgain) {
  const TemporaryFolder folder;
  const std::string first = folder.file("first"), again = folder.file("again");
  ASSERT_EQ(run_soliton({"run", kSpare, "--quiet", "--out", first}).status, 0);
  const std::string events = first + "/events.csv";
  EXPECT_THAT(read_text(events), HasSubstr("dies,fpga1,node,0,off 0 0,3000000000"));
  ASSERT_EQ(run_soliton({"run", kSpare, "--set", "faults=[{events: " + events + "}]", "--quiet",
                         "--out", again})
                .status,
            0);
  EXPECT_EQ(read_text(again + "/requests.csv"), read_text(first + "/requests.csv"));
  EXPECT_EQ(read_text(again + "/events.csv"), read_text(events));
}

std::string cluster_with(const std::string& model, const std::string& rest) {
  const std::string root = SOLITON_SOURCE_DIR;
  return "name: failing\nseed: 7\ntopology: rack\nnodes:\n"
         "  - {name: \"fpga[0-2]\", device: bw-next, at: rack0}\n"
         "  - {name: host0, device: cpu, at: rack0}\n"
         "model: {onnx: " +
         root + "/" + model + "}\n" + rest;
}

// State that a request leaves is in no message, so a model that carries it is run again from its first
// request; answers that clients have had already come a second time and count for nothing.
TEST(Recovery, AModelThatCarriesStateIsRunAgainFromItsFirstRequest) {
  const TemporaryFolder folder;
  const std::string file = folder.write(
      "cluster.yaml", cluster_with("tests/golden/models/stateful.onnx",
                                   "service: {spares: 1}\n"
                                   "workload: {requests: 40, input: " SOLITON_SOURCE_DIR
                                   "/tests/golden/models/stateful-each.npy}\n"
                                   "faults:\n  - {node: fpga0, at: 300 us, node_crash: true}\n"));
  const std::string out = folder.file("run");
  const Ended ended = run_soliton({"run", file, "--quiet", "--out", out});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const nlohmann::json results = read_json(out + "/results.json");
  EXPECT_EQ(results["requests"]["completed"], 40);
  EXPECT_EQ(results["requests"]["duplicated"], 0);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["recovery"]["generations"], 2);
}

// Several requests a batch, several open, and a host that is away for longer than the manager's patience.
TEST(Recovery, BatchesAndAHostThatWasAwayLoseNoRequest) {
  const TemporaryFolder folder;
  const std::string root = SOLITON_SOURCE_DIR;
  const std::string file =
      folder.write("cluster.yaml",
                   cluster_with("configs/models/transformer-block/fp32.onnx",
                                "service: {spares: 1, batch: 2}\n"
                                "workload: {clients: 4, requests: 60, input: " +
                                    root +
                                    "/configs/models/transformer-block/x.npy}\n"
                                    "faults:\n"
                                    "  - {node: fpga0, at: 1 ms, node_crash: true}\n"
                                    "  - {node: host0, at: 4 ms, for: 2 ms, node_pause: true}\n"));
  const std::string out = folder.file("run");
  const Ended ended =
      run_soliton({"run", file, "--set", "model.precision=int16", "--quiet", "--out", out});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const nlohmann::json results = read_json(out + "/results.json");
  EXPECT_EQ(results["requests"]["completed"], 60);
  EXPECT_EQ(results["requests"]["duplicated"], 0);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["recovery"]["replayed"], 4);
  // The manager was away with its host, and takes nobody for dead because of it.
  EXPECT_EQ(results["recovery"]["generations"], 2);
}

// A run that asks for nothing of this has not a byte more of it.
TEST(Recovery, IsNotThereInRunsThatDoNotAskForIt) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  ASSERT_EQ(run_soliton({"run", "configs/faults/clean.yaml", "--quiet", "--out", out}).status, 0);
  const nlohmann::json results = read_json(out + "/results.json");
  EXPECT_FALSE(results.contains("recovery"));
  EXPECT_THAT(read_text(out + "/cluster.yaml"), testing::Not(HasSubstr("manager:")));
}

TEST(Recovery, InWallTimeTheNodeReallyDies) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  Running run({"run", kSpare, "--time", "wall", "--quiet", "--out", out});
  const auto nodes = run.wait_for_nodes(6);
  ASSERT_EQ(nodes.size(), 6u);
  // The controller keeps what is left of it until the end, so that its number is nobody else's.
  const pid_t dying = nodes[1].second;
  bool dead = false;
  while (!dead && process_exists(run.pid())) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    dead = process_state(dying) == 'Z' || process_state(dying) == ' ';
  }
  // The run goes on without it.
  EXPECT_TRUE(dead);
  EXPECT_TRUE(process_exists(run.pid()));
  EXPECT_EQ(run.wait().status, 0);
  const nlohmann::json results = read_json(out + "/results.json");
  EXPECT_EQ(results["requests"]["completed"], 200);
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  EXPECT_EQ(step(results, "granted")["node"], "fpga4");
}

TEST(Recovery, WithoutASpareTheRunEndsSoonAndSaysWhy) {
  const TemporaryFolder folder;
  const Ended ended = run_soliton({"run", "configs/faults/no-spare.yaml", "--set", "expect={}",
                                   "--quiet", "--out", folder.file("run")});
  EXPECT_EQ(ended.status, 4);
  EXPECT_THAT(ended.err, HasSubstr("no spare left: fpga1 was found dead at 3.493 ms"));
  EXPECT_THAT(ended.err, HasSubstr("fpga1 crashed at 3 ms"));
  const nlohmann::json results = read_json(folder.file("run") + "/results.json");
  EXPECT_FALSE(results["complete"]);
  EXPECT_EQ(results["requests"]["completed"], 51);
}

// Each kind about nodes in an ordinary run, with what must hold of it.
struct NodeFaultCase {
  const char* rule;
  bool right = true;  // every output
};
class NodeFaults : public testing::TestWithParam<NodeFaultCase> {};

TEST_P(NodeFaults, HappenAndWhatMustHoldHolds) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  const Ended ended = run_soliton({"run", kSpare, "--processes", "packed", "--set",
                                   std::string("faults=[") + GetParam().rule + "]", "--set",
                                   "expect={fired: true}", "--quiet", "--out", out});
  const nlohmann::json results = read_json(out + "/results.json");
  EXPECT_EQ(ended.status, GetParam().right ? 0 : 1) << ended.err;
  EXPECT_EQ(results["requests"]["completed"], 200);
  EXPECT_EQ(results["requests"]["duplicated"], 0);
  EXPECT_EQ(results["outputs"]["mismatched"] == 0, GetParam().right);
  EXPECT_GT(results["faults"][0]["hits"], 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, NodeFaults,
    testing::Values(
        NodeFaultCase{"{node: fpga1, at: 2 ms, node_crash: true}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, node_crash: true, restart: {after: 300 us}}"},
        NodeFaultCase{
            "{node: fpga1, at: 2 ms, node_crash: true, restart: {after: 3 ms, state: kept}}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, for: 100 us, node_pause: true}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, for: 2 ms, node_pause: true}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, for: 3 ms, slow: 20}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, role_hang: true}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, for: 200 us, role_hang: true}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, for: 2 ms, zombie: true}"},
        NodeFaultCase{"{node: fpga1, for: 200 us, join_delay: true}"},
        NodeFaultCase{"{node: fpga1, for: 3 ms, join_delay: true}"},
        NodeFaultCase{"{node: fpga1, join_delay: true}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, device_hang: true}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, device_dead: true}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, for: 3 ms, throttle: 30 %}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, reconfigure: 500 us}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, reconfigure: 500 us, cable: drops}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, reconfig_garbage: 50, lasts: 400 us}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, image_mismatch: 2}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, seu_memory: secded}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, seu_memory: secded, bits: 2}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, for: 1 ms, seu_memory: 'off'}", false},
        NodeFaultCase{"{node: fpga1, at: 2 ms, datapath_flip: 40}", false},
        NodeFaultCase{"{node: fpga1, at: 2 ms, seu_config: 1 ms, essential: 100 %, "
                      "outcome: {benign: 0 %, wrong_result: 0 %, hang: 100 %}}"},
        NodeFaultCase{
            "{node: fpga4, dram_cal_fail: 60 %}, {node: fpga1, at: 2 ms, node_crash: true}"},
        NodeFaultCase{"{at: 1 ms, for: 2 ms, manager_down: true}, {node: fpga1, at: 2 ms, "
                      "node_crash: true}"},
        NodeFaultCase{"{node: fpga1, at: 2 ms, lease_fault: lost}"},
        NodeFaultCase{"{node: fpga4, at: 1 ms, for: 3 ms, no_spare: true}, {node: fpga1, at: 2 ms, "
                      "node_crash: true}"}));

struct WrongNodeFault {
  const char* rule;
  const char* said;
};
class WrongNodeFaults : public testing::TestWithParam<WrongNodeFault> {};

TEST_P(WrongNodeFaults, AreRefusedBeforeTheStartWithThePlaceAndWhatIsAllowed) {
  const Ended ended = run_soliton(
      {"check", kSpare, "--no-plan", "--set", std::string("faults=[") + GetParam().rule + "]"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongNodeFaults,
    testing::Values(
        WrongNodeFault{"{node: fgpa1, at: 1 ms, node_crash: true}", "did you mean \"fpga1\""},
        WrongNodeFault{"{at: 1 ms, node_crash: true}", "names no node"},
        WrongNodeFault{"{kind: node_crush, where: {nodes: fpga1}}", "did you mean \"node_crash\""},
        WrongNodeFault{"{node: fpga1, at: 100 s, node_crash: true}", "is not within the run"},
        WrongNodeFault{"{kind: node_crash, where: {nodes: fpga1}, when: {on: packet, count: 3}}",
                       "packet belongs to faults of links"},
        WrongNodeFault{"{kind: loss, model: {p: 1 %}, where: {links: {name: '*'}}, when: {on: "
                       "message_delivered, count: 3}}",
                       "belongs to faults of nodes"},
        WrongNodeFault{"{kind: node_pause, where: {nodes: fpga1}, when: {every: 1 ms}}",
                       "needs for"},
        WrongNodeFault{"{node: fpga1, throttle: 120 %}", "100 %"},
        WrongNodeFault{"{node: fpga1, seu_config: 1 ms, outcome: {benign: 50 %}}",
                       "must make 100 % together"}));

TEST(RecoveryFiles, WhatCannotBeTogetherIsSaid) {
  const struct {
    std::vector<std::string> sets;
    const char* said;
  } cases[] = {
      {{"service.spares=5"}, "5 of 5 nodes with an NPU leave none to work"},
      {{"manager={at: host9}"}, "no node called \"host9\""},
      {{"manager={heartbeat: 1 ms}"}, "is longer than timeout"},
      {{"ltl={misses: 5}"}, "the resource manager says who is dead"},
      {{"fidelity=message"}, "no transport to recover by"},
      {{"expect={end: {status: 4, cause: no_sapre}}"}, "no_spare"},
  };
  for (const auto& one : cases) {
    std::vector<std::string> arguments{"check", kSpare, "--no-plan"};
    for (const std::string& set : one.sets) {
      arguments.push_back("--set");
      arguments.push_back(set);
    }
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 2) << one.said;
    EXPECT_THAT(ended.err, HasSubstr(one.said));
  }
}

}  // namespace
}  // namespace soliton
