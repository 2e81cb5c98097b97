#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/cluster_text.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The example of the interface page.
constexpr const char* kExample = R"(name: gru2816-on-4
seed: 7
time: virtual                  # virtual: deterministic emulated time | wall: real time, real sockets
topology: topologies/rack.yaml # a file, a built-in name, or written here
nodes:
  - {name: "fpga[0-3]", device: bw-s10, at: "rack0"}
  - {name: host0, device: cpu, at: rack0}
model:
  rnn: {cell: gru, hidden: 2816, steps: 750}     # or onnx: path/to/model.onnx
  precision: ms-fp8
partition: {objective: latency, max_nodes: 4}    # latency | throughput | nodes (fewest that meet sla)
service: {replicas: 1, spares: 0, sla: {p99: 5 ms}}
workload: {clients: 1, arrival: closed, requests: 100, input: random}   # closed | poisson | trace
compute: functional            # functional | timing | sampled: functional for every k-th request
faults:
  - {at: 1 ms, for: 500 us, link: "fpga0-tor0", loss: 1 %}
)";

TEST(ReadCluster, TheExampleOfTheInterface) {
  const ClusterSpec spec = read_good(kExample);
  EXPECT_EQ(spec.name, "gru2816-on-4");
  EXPECT_EQ(spec.seed, 7U);
  EXPECT_EQ(spec.time, TimeMode::kVirtual);
  EXPECT_EQ(spec.topology.kind, "rack");
  EXPECT_EQ(spec.topology.name, "rack");
  ASSERT_EQ(spec.nodes.size(), 5U);
  EXPECT_EQ(spec.nodes[3].name, "fpga3");
  EXPECT_EQ(spec.nodes[3].device.npu.native_dim, 400);
  EXPECT_EQ(spec.nodes[3].at, "rack0");
  EXPECT_EQ(spec.nodes[4].device.kind, Device::Kind::kCpu);
  ASSERT_TRUE(spec.model.rnn.has_value());
  EXPECT_EQ(spec.model.rnn->cell, Cell::kGru);
  EXPECT_EQ(spec.model.rnn->hidden, 2816);
  EXPECT_EQ(spec.model.rnn->steps, 750);
  EXPECT_EQ(spec.model.rnn->seed, 7U);
  EXPECT_TRUE(spec.model.rnn->with_weights);
  EXPECT_EQ(spec.model.precision, "ms-fp8");
  EXPECT_EQ(spec.partition.objective, "latency");
  EXPECT_EQ(spec.partition.max_nodes, 4);
  EXPECT_EQ(spec.service.sla_p99, milliseconds(5));
  EXPECT_EQ(spec.workload.requests, 100);
  ASSERT_EQ(spec.faults.size(), 1U);
  const FaultRule& rule = spec.faults[0].rule;
  EXPECT_EQ(rule.id, "fault0");
  EXPECT_EQ(rule.kind, &kLossFault);
  EXPECT_EQ(rule.options, loss_settings({.p = {10'000'000}}));
  EXPECT_EQ(rule.when.from, kRunStart + milliseconds(1));
  EXPECT_EQ(rule.when.until, kRunStart + microseconds(1'500));
  EXPECT_EQ(spec.faults[0].link, "fpga0-tor0");
  EXPECT_EQ(spec.faults[0].position, "test.yaml:16:35");
}

TEST(ReadCluster, DefaultsAreTheOnesOfTheHeader) {
  ClusterSpec expected;
  expected.name = "small";
  const ClusterSpec spec = read_good(small_cluster());
  expected.nodes = spec.nodes;
  expected.model = spec.model;
  expected.topology.name = "rack";
  expect_equal(spec, expected);
  EXPECT_EQ(read_good("nodes: [{name: a, device: bw-s5}, {name: h, device: cpu}]\n"
                      "model: {rnn: {cell: lstm, hidden: 8, steps: 1}}\n")
                .name,
            "test");
}

TEST(ReadCluster, SeedsAndModes) {
  const ClusterSpec spec = read_good(
      small_cluster("seed: 0x5eed1e55\ntime: wall\nprocesses: per-node\ncompute: sampled\n"
                    "sample_every: 4\nlimits: {time: 2 s}\ntrace: {requests: 0}\n"));
  EXPECT_EQ(spec.seed, 0x5eed1e55U);
  EXPECT_EQ(spec.time, TimeMode::kWall);
  EXPECT_EQ(spec.processes, ProcessMode::kPerNode);
  EXPECT_EQ(spec.compute, ComputeKind::kSampled);
  EXPECT_EQ(spec.sample_every, 4);
  EXPECT_EQ(spec.time_limit, milliseconds(2'000));
  EXPECT_EQ(spec.trace_requests, 0);
  EXPECT_EQ(read_good(small_cluster("seed: 18446744073709551615\n")).seed, UINT64_MAX);
  EXPECT_EQ(error_of(small_cluster("seed: 18446744073709551616\n")),
            "test.yaml:6:7: seed: \"18446744073709551616\" is not a whole number between 0 and "
            "18446744073709551615");
  EXPECT_EQ(error_of(small_cluster("seed: -1\n")).rfind("test.yaml:6:7: seed: \"-1\"", 0), 0U);
}

TEST(ReadCluster, LinksAreSampledAtAnInterval) {
  EXPECT_EQ(read_good(small_cluster()).trace_links, Duration{});
  EXPECT_EQ(read_good(small_cluster("trace: {links: 10 us}\n")).trace_links, microseconds(10));
  for (const char* bad : {"0 s", "999 ps", "51 d", "10", "off"})
    EXPECT_EQ(error_of(small_cluster(fmt::format("trace: {{links: {}}}\n", bad)))
                  .rfind("test.yaml:6:16: trace.links: ", 0),
              0U)
        << bad << ": " << error_of(small_cluster(fmt::format("trace: {{links: {}}}\n", bad)));
}

TEST(ReadCluster, AllErrorsAtOnceInOrder) {
  EXPECT_THAT(
      errors_of("name: Bad Name\n"
                "sead: 7\n"
                "topology: rock\n"
                "nodes:\n"
                "  - {name: fpga0, device: bw-s11}\n"
                "  - {name: fpga0, devise: cpu}\n"
                "model: {rnn: {cell: gro, hidden: -5, steps: 3}, precision: ms-fp7}\n"
                "limits: {time: 5}\n"),
      ElementsAre(
          "test.yaml:1:7: name: \"Bad Name\" is not a name: 1 to 63 of a-z, 0-9, \".\", \"_\" and "
          "\"-\"",
          "test.yaml:2:1: unknown key \"sead\"; did you mean \"seed\"?",
          HasSubstr("test.yaml:3:11: no topology called \"rock\"; did you mean \"rack\"?"),
          "test.yaml:5:27: no device called \"bw-s11\"; did you mean \"bw-s10\"? (soliton list "
          "devices)",
          "test.yaml:6:5: nodes[1].device is missing",
          "test.yaml:6:12: nodes[1].name: \"fpga0\" is used twice: here and at test.yaml:5:12",
          "test.yaml:6:19: unknown key \"devise\" in nodes[1]; did you mean \"device\"?",
          "test.yaml:7:21: model.rnn.cell: \"gro\" is not known; did you mean \"gru\"?",
          "test.yaml:7:34: model.rnn.hidden: -5 is not between 1 and 1048576",
          HasSubstr("test.yaml:7:60: model.precision: "),
          HasSubstr("test.yaml:8:16: limits.time: \"5\" has no unit")));
}

TEST(ReadCluster, ShapesAreChecked) {
  EXPECT_THAT(error_of("[1, 2]\n"),
              HasSubstr("test.yaml:1:1: a file must be a map with the keys name, seed"));
  EXPECT_THAT(error_of(""), HasSubstr("the file is empty; a cluster file has nodes and a model"));
  EXPECT_EQ(error_of("name: x\n"),
            "test.yaml:1:1: nodes is missing\ntest.yaml:1:1: model is missing");
  EXPECT_THAT(error_of(small_cluster("seed: [1]\n")),
              HasSubstr("seed: must be one value, not a list"));
  EXPECT_THAT(error_of(small_cluster("seed: {a: 1}\n")),
              HasSubstr("seed: must be one value, not a map"));
  EXPECT_THAT(error_of(small_cluster("workload: 5\n")),
              HasSubstr("test.yaml:6:11: workload must be a map with the keys clients"));
  EXPECT_THAT(error_of(small_cluster("faults: {}\n")),
              HasSubstr("faults: must be a list of rules"));
  EXPECT_EQ(error_of(small_cluster("faults:\nltl:\nexpect:\nworkload:\n")), "")
      << "an empty value is as good as none";
}

TEST(ReadCluster, NodesNeedAHostAndAnNpu) {
  EXPECT_THAT(error_of(small_cluster_with("  - {name: host0, device: cpu}\n", "")),
              HasSubstr("nodes: no host"));
  EXPECT_THAT(error_of(small_cluster_with("device: bw-s10", "device: cpu")),
              HasSubstr("nodes: no node has an NPU"));
  EXPECT_THAT(error_of(small_cluster_with("fpga[0-1]", "fpga[0-99999]")),
              HasSubstr("stands for more than 16384 names"));
  EXPECT_THAT(error_of(small_cluster_with("fpga[0-1]", "fpga[3-1]")), HasSubstr("runs backwards"));
  EXPECT_THAT(error_of(small_cluster_with("fpga[0-1]", "FPGA[0-1]")),
              HasSubstr("\"FPGA0\" is not a name"));
  EXPECT_THAT(
      error_of(small_cluster_with("host0", "fpga1")),
      HasSubstr(
          "test.yaml:4:12: nodes[1].name: \"fpga1\" is used twice: here and at test.yaml:3:12"));
  EXPECT_THAT(error_of(small_cluster_with("rack0", "Rack 0")),
              HasSubstr("\"Rack 0\" is not a place"));
}

TEST(ReadCluster, OtherArrivalsAreRefusedByName) {
  EXPECT_THAT(error_of(small_cluster("workload: {arrival: trace, rate: 5 /s}\n")),
              HasSubstr("workload.rate: belongs to arrival: poisson or bursty; a trace says when"));
  EXPECT_THAT(error_of(small_cluster("workload: {arrival: close}\n")),
              HasSubstr("did you mean \"closed\"?"));
  EXPECT_THAT(error_of(small_cluster("workload: {input: {a: b.npy}}\n")),
              HasSubstr("test.yaml:6:23: workload.input.a: no file \"b.npy\""));
  EXPECT_EQ(error_of(small_cluster("service: {replicas: 0}\n")),
            "test.yaml:6:21: service.replicas: 0 is not between 1 and 1024");
}

TEST(ReadCluster, FilesMustExist) {
  const TestFolder folder;
  folder.write("models/tokens.npy", "x");
  const std::string text =
      small_cluster_with("{rnn: {cell: gru, hidden: 64, steps: 3}}", "{onnx: models/net.onnx}") +
      "workload: {input: models/tokans.npy, labels: modles/l.npy}\n";
  const Checked<ClusterSpec> spec = read_cluster_text(text, folder.path("c.yaml"), {}, shipped());
  ASSERT_FALSE(spec.has_value());
  std::vector<std::string> messages;
  for (const Error& error : spec.error().errors) messages.push_back(error.message);
  const std::string file = folder.path("c.yaml");
  EXPECT_THAT(
      messages,
      ElementsAre(file + ":5:15: model.onnx: no file \"" + folder.path("models/net.onnx") + "\"",
                  file + ":6:19: workload.input: no file \"" + folder.path("models/tokans.npy") +
                      "\"; did you mean \"tokens.npy\"?",
                  file + ":6:46: workload.labels: no folder \"" + folder.path("modles") +
                      "\"; did you mean \"models\"?"));
}

TEST(ReadCluster, PathsAreSeenFromTheClusterFile) {
  const TestFolder folder;
  folder.write("models/m.onnx", "x");
  folder.write("in.npy", "x");
  const std::string file = folder.write(
      "sub/c.yaml",
      small_cluster_with("{rnn: {cell: gru, hidden: 64, steps: 3}}", "{onnx: ../models/m.onnx}") +
          "workload: {input: ../in.npy, labels: ../in.npy}\n");
  const Checked<ClusterSpec> spec = read_cluster(file, {}, shipped());
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  EXPECT_EQ(spec->model.onnx, folder.path("models/m.onnx"));
  EXPECT_EQ(spec->workload.labels, folder.path("in.npy"));
  EXPECT_FALSE(spec->model.rnn.has_value());
}

TEST(ReadCluster, AMissingFileIsExplained) {
  const Checked<ClusterSpec> spec =
      read_cluster(std::string(SOLITON_SOURCE_DIR) + "/configs/quickstrat.yaml", {}, shipped());
  ASSERT_FALSE(spec.has_value());
  EXPECT_THAT(spec.error().text(), HasSubstr("did you mean \"quickstart.yaml\"?"));
}

TEST(ReadCluster, ManyErrorsAreCountedNotListed) {
  std::string text = small_cluster();
  for (int i = 0; i < 1'000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const std::vector<std::string> messages = errors_of(text);
  ASSERT_EQ(messages.size(), 101U);
  EXPECT_EQ(messages.back(), "test.yaml: 900 more errors");
}

// Twenty thousand keys of one map, known to nobody, and ten thousand nodes: linear, far below a
// second.
TEST(ReadCluster, BigFilesTakeLinearTime) {
  std::string keys = small_cluster(),
              nodes = "model: {rnn: {cell: gru, hidden: 64, steps: 3}}\nnodes:\n";
  for (int i = 0; i < 20'000; ++i) keys += "some_longer_key_name_" + std::to_string(i) + ": 1\n";
  for (int i = 0; i < 10'000; ++i)
    nodes += "  - {name: fpga" + std::to_string(i) + ", device: bw-s10, at: rack0}\n";
  nodes += "  - {name: host0, device: cpu}\n";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(errors_of(keys).size(), 101U);
  EXPECT_EQ(read_good(nodes).nodes.size(), 10'001U);
  // A quadratic lookup takes several times as long; the bound leaves room for sanitizers.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
}

}  // namespace
}  // namespace soliton
