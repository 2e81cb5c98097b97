// Several workloads at once, and beside a model.
#include "node/roles/several.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/run/deploy.h"
#include "cluster/run/run.h"
#include "tests/cluster_text.h"
#include "tests/sim/workloads/play.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

constexpr const char* kNodes =
    "topology: {kind: leaf-spine, leaves: 2, spines: 2, hosts_per_leaf: 4}\n"
    "nodes: [{name: \"f[0-7]\", device: bw-s10}]\n";

TEST(Several, EachIsMeasuredForItself) {
  const RunResults results = play_workload(
      std::string(kNodes) +
      "workloads:\n"
      "  - {name: reduce, kind: all-reduce, nodes: \"f[0-7]\", bytes: 10 kB, count: 5}\n"
      "  - {kind: ping, from: f0, to: f7, count: 20}\n"
      "  - {kind: ping, start: 50 us, from: f0, to: f7, count: 10}\n");
  ASSERT_EQ(results.workloads.size(), 3u);
  EXPECT_FALSE(results.traffic);
  EXPECT_EQ(results.workloads[0].name, "reduce");
  EXPECT_EQ(results.workloads[0].title, "all-reduce (ring)");
  EXPECT_EQ(results.workloads[0].latencies.size(), 40u);
  EXPECT_EQ(results.workloads[0].traffic.flows[3].messages, 5u);
  EXPECT_EQ(results.workloads[1].name, "ping");
  EXPECT_EQ(results.workloads[2].name, "ping-2");
  EXPECT_EQ(results.workloads[2].latencies.size(), 10u);
  EXPECT_EQ(results.requests.size(), 70u);
  // The records of the last workload are the last ones, and none begins before it does.
  EXPECT_GE(results.requests[60].sent, kRunStart + microseconds(50));
  for (const WorkloadResult& workload : results.workloads) {
    ASSERT_TRUE(workload.traffic.bound);
    EXPECT_GE(workload.traffic.time, *workload.traffic.bound);
  }
}

// A role that always has something to send takes turns with the others.
TEST(Several, OneThatFillsTheLineDoesNotHoldUpTheOthers) {
  const RunResults results =
      play_workload(std::string(kNodes) +
                    "workloads:\n"
                    "  - {kind: stream, from: f0, to: f1, bytes: 4 KiB, count: 2000}\n"
                    "  - {kind: stream, name: small, from: f0, to: f1, bytes: 64, count: 100}\n");
  const auto last = [&](std::size_t first, std::size_t end) {
    Instant out{};
    for (std::size_t i = first; i < end; ++i) out = std::max(out, results.requests[i].completed);
    return out;
  };
  EXPECT_LT(last(2'000, 2'100) - kRunStart, (last(0, 2'000) - kRunStart) / 4);
}

TEST(Several, BackgroundHoldsUpNoEndAndIsNotMeasured) {
  const std::string ping = "  - {kind: ping, from: f0, to: f7, bytes: 1408, count: 100}\n";
  const RunResults alone = play_workload(std::string(kNodes) + "workloads:\n" + ping);
  const RunResults loaded =
      play_workload(std::string(kNodes) + "workloads:\n" + ping +
                    "  - {kind: background, nodes: \"f[0-7]\", busy: 40 %, bytes: 10 kB}\n");
  ASSERT_EQ(loaded.workloads.size(), 1u);
  EXPECT_EQ(loaded.requests.size(), 100u);
  ASSERT_TRUE(loaded.background);
  EXPECT_FALSE(alone.background);
  EXPECT_EQ(loaded.background->damaged, 0u);
  EXPECT_GT(loaded.workloads[0].traffic.time, alone.workloads[0].traffic.time);
  // The load that was asked for: 40 % of 40 Gb/s from each of 8 nodes, less headers, within chance.
  const double seconds = in_us(loaded.last_completed - loaded.first_sent) / 1e6;
  const double asked = 8 * 0.4 * 40e9 / 8 * seconds * 10'000 / 10'745;
  EXPECT_NEAR(static_cast<double>(loaded.background->bytes), asked, 0.15 * asked);
}

std::string sizes_cluster(const std::string& keys) {
  return std::string(kNodes) +
         "workloads:\n  - {kind: ping, from: f0, to: f7, count: 30}\n  - {kind: background, "
         "nodes: \"f[0-7]\", busy: 5 %, " +
         keys + "}\n";
}

TEST(Several, BackgroundHasAllSizes) {
  for (const char* sizes : {"fixed", "uniform", "exponential", "lognormal", "websearch", "hadoop"})
    for (const char* more : {"", ", peers: 2", ", bytes: 1"}) {
      SCOPED_TRACE(fmt::format("{}{}", sizes, more));
      const RunResults results =
          play_workload(sizes_cluster(fmt::format("sizes: {}{}", sizes, more)));
      ASSERT_TRUE(results.background);
      EXPECT_EQ(results.background->damaged, 0u);
    }
}

TEST(Several, BesideAModel) {
  const std::string yaml = fmt::format(
      "name: test\nprocesses: packed\ntrace: {{requests: 0}}\ntopology: rack\n"
      "nodes: [{{name: \"f[0-3]\", device: bw-pocket}}, {{name: h, device: cpu}}]\n"
      "model: {{rnn: {{cell: gru, hidden: 64, steps: 4}}, precision: ms-fp9}}\n"
      "partition: {{max_nodes: 2, min_nodes: 2}}\n"
      "workload: {{requests: 20}}\n"
      "workloads:\n"
      "  - {{kind: all-to-all, nodes: [\"f[0-3]\", h], bytes: 2 kB, count: 10}}\n"
      "  - {{kind: background, nodes: [\"f[0-3]\", h], busy: 10 %, bytes: 5 kB}}\n");
  const Checked<ClusterSpec> spec = read_cluster_text(yaml, "test.yaml", {}, {SOLITON_SOURCE_DIR});
  ASSERT_TRUE(spec) << spec.error().text();
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
  ASSERT_TRUE(prepared) << prepared.error().text();
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = milliseconds(100);
  const FinishedRun finished = execute_run(**prepared, control);
  ASSERT_FALSE(finished.error) << finished.error->message;
  const RunResults& results = finished.results;
  EXPECT_EQ(results.requests.size(), 20u);
  EXPECT_EQ(results.outputs.mismatched, 0);
  ASSERT_EQ(results.workloads.size(), 1u);
  EXPECT_EQ(results.workloads[0].latencies.size(), 50u);
  EXPECT_TRUE(results.background);
}

TEST(Several, TravelToANodeProcess) {
  const Checked<ClusterSpec> spec = read_cluster_text(
      std::string(kNodes) +
          "workloads:\n  - {kind: ping, from: f0, to: f7}\n  - {kind: background, nodes: "
          "\"f[0-7]\", sizes: websearch}\n",
      "test.yaml", {}, {SOLITON_SOURCE_DIR});
  ASSERT_TRUE(spec) << spec.error().text();
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
  ASSERT_TRUE(prepared) << prepared.error().text();
  for (const NodeAssignment& node : make_assignments(**prepared)) {
    const Result<int> file = write_assignment(node);
    ASSERT_TRUE(file);
    const Result<NodeAssignment> back = read_assignment(*file);
    close(*file);
    ASSERT_TRUE(back) << back.error().message;
    const auto& sent = node.deployment.role.get<SeveralRoles>();
    const auto& got = back->deployment.role.get<SeveralRoles>();
    ASSERT_EQ(got.parts.size(), sent.parts.size());
    for (std::size_t i = 0; i < got.parts.size(); ++i) {
      EXPECT_EQ(got.parts[i].tag, sent.parts[i].tag);
      EXPECT_EQ(got.parts[i].role.get<Traffic>(), sent.parts[i].role.get<Traffic>());
    }
    ASSERT_TRUE(got.ending && sent.ending);
    EXPECT_EQ(got.ending->judge, NodeId{0});
    EXPECT_EQ(got.ending->awaited, sent.ending->awaited);
    EXPECT_EQ(got.ending->told, sent.ending->told);
  }
}

std::string error_of(const std::string& more) {
  const Checked<ClusterSpec> spec =
      read_cluster_text(kNodes + more, "test.yaml", {}, {SOLITON_SOURCE_DIR});
  return spec ? "" : spec.error().text();
}

TEST(Several, MistakesHaveAPlaceAndACure) {
  EXPECT_THAT(error_of("workload: {kind: background, nodes: \"f[0-7]\"}\n"),
              HasSubstr("test.yaml:3:18: workload.kind: background is not measured and has no end; "
                        "it belongs into workloads"));
  EXPECT_THAT(error_of("workloads: [{kind: background, nodes: \"f[0-7]\"}]\n"),
              HasSubstr("workloads: has none that is measured"));
  EXPECT_THAT(error_of("workloads: []\n"), HasSubstr("workloads: must be a list of workloads"));
  EXPECT_THAT(error_of("workloads: [{from: f0, to: f1}]\n"),
              HasSubstr("workloads[0].kind is missing"));
  EXPECT_THAT(error_of("workloads: [{kind: ping, from: f0, to: f1}, {kind: pnig}]\n"),
              HasSubstr("workloads[1].kind: \"pnig\" is not known; did you mean \"ping\"?"));
  EXPECT_THAT(error_of("workloads: [{name: a, kind: ping, from: f0, to: f1}, {name: a, kind: ping, "
                       "from: f0, to: f1}]\n"),
              HasSubstr("workloads[1].name: \"a\" is used twice"));
  EXPECT_THAT(error_of("workload: {kind: ping, from: f0, to: f1}\nworkloads: [{kind: ping, from: "
                       "f0, to: f1}]\n"),
              HasSubstr("a workload with a kind is an entry of this list"));
  EXPECT_THAT(error_of("workloads: [{kind: stream, from: f0, to: f1, bytes: 1 GiB}]\n"),
              HasSubstr("workloads[0].bytes: is 1 GiB"));
  EXPECT_THAT(error_of("workloads: [{kind: ping, from: f0, to: f1, clients: 3}]\n"),
              HasSubstr("clients"));
  EXPECT_THAT(error_of("workload: {kind: all-reduce, nodes: \"f[0-5]\", schedule: "
                       "halving-doubling}\n"),
              HasSubstr("halving-doubling pairs the nodes off, so it takes a power of two of them, "
                        "not 6; ring and tree take any number"));
  EXPECT_THAT(error_of("workload: {kind: permutation, nodes: \"f[0-3]\", shift: 4}\n"),
              HasSubstr("4 places on from a node of 4 is the node itself"));
  EXPECT_THAT(error_of("workload: {kind: broadcast, from: f0, nodes: f0}\n"),
              HasSubstr("broadcast takes at least two"));
  EXPECT_THAT(error_of("workload: {kind: all-to-all, nodes: \"f[0-3]\", schedule: ring}\n"),
              HasSubstr("direct, pairwise"));
  EXPECT_THAT(error_of("workload: {kind: trace}\n"), HasSubstr("workload.file is missing"));
  EXPECT_THAT(error_of("workload: {kind: trace, file: nowhere.csv}\n"), HasSubstr("nowhere.csv"));
}

TEST(Several, AreWrittenSoThatTheyReadBack) {
  const Checked<ClusterSpec> spec = read_cluster_text(
      std::string(kNodes) +
          "workloads:\n  - {name: x, start: 3 us, kind: broadcast, from: f1, nodes: \"f[0-7]\", "
          "schedule: ring}\n  - {kind: background, nodes: \"f[0-7]\", sizes: hadoop, peers: 3}\n",
      "test.yaml", {}, {SOLITON_SOURCE_DIR});
  ASSERT_TRUE(spec) << spec.error().text();
  const std::string text = write_cluster(*spec, "");
  const Checked<ClusterSpec> again =
      read_cluster_text(text, "again.yaml", {}, {SOLITON_SOURCE_DIR});
  ASSERT_TRUE(again) << again.error().text() << text;
  ASSERT_EQ(again->workloads.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again->workloads[i].traffic, spec->workloads[i].traffic) << text;
    EXPECT_EQ(again->workloads[i].name, spec->workloads[i].name);
    EXPECT_EQ(again->workloads[i].start, spec->workloads[i].start);
  }
  EXPECT_EQ(text.find("\nworkload:"), std::string::npos);
}

}  // namespace
}  // namespace soliton
