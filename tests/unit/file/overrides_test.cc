#include "cluster/file/overrides.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Overrides, ReplaceValuesAndAddNewOnes) {
  const ClusterSpec spec =
      read_good(small_cluster("workload: {requests: 5}\n"),
                {"nodes[0].device=bw-a10", "workload.requests=7", "workload.think=3 us", "seed=9",
                 "service.sla.p99=1 ms", "faults[0]={link: fpga0-tor0, loss: 1 %}",
                 "faults[0].id=mine", "model.rnn={cell: lstm, hidden: 8, steps: 2}"});
  EXPECT_EQ(spec.nodes[0].device.npu.name, "bw-a10");
  EXPECT_EQ(spec.nodes[1].device.npu.name, "bw-a10");
  EXPECT_EQ(spec.workload.requests, 7);
  EXPECT_EQ(spec.workload.think, microseconds(3));
  EXPECT_EQ(spec.seed, 9U);
  EXPECT_EQ(spec.service.sla_p99, milliseconds(1));
  ASSERT_EQ(spec.faults.size(), 1U);
  EXPECT_EQ(spec.faults[0].rule.id, "mine");
  EXPECT_EQ(spec.model.rnn->cell, Cell::kLstm);
}

TEST(Overrides, LaterOnesWinAndEmptyOnesRemove) {
  EXPECT_EQ(read_good(small_cluster(), {"seed=1", "seed=2"}).seed, 2U);
  EXPECT_EQ(read_good(small_cluster("seed: 5\n"), {"seed="}).seed, 1U);
  EXPECT_EQ(
      read_good(small_cluster("faults: [{link: a-b, loss: 1 %}]\n"), {"faults=[]"}).faults.size(),
      0U);
  EXPECT_EQ(read_good(small_cluster(), {"nodes[2]={name: extra, device: bw-s5}"}).nodes.size(), 4U);
}

TEST(Overrides, ReplacedValuesKeepTheirPlaceInTheFile) {
  EXPECT_EQ(error_of(small_cluster(), {"nodes[0].device=bw-s11"}),
            "test.yaml:3:33: no device called \"bw-s11\"; did you mean \"bw-s10\"? (soliton list "
            "devices)");
  EXPECT_EQ(error_of(small_cluster(), {"model.rnn={cell: gru, hidden: 0, steps: 3}"}),
            "test.yaml:5:14: model.rnn.hidden: 0 is not between 1 and 1048576");
}

TEST(Overrides, NewValuesAreAtTheirSet) {
  EXPECT_THAT(error_of(small_cluster(), {"seed=2", "workload.think=5"}),
              HasSubstr("--set workload.think: workload.think: \"5\" has no unit"));
  EXPECT_THAT(
      error_of(small_cluster(), {"nodes[2]={name: fpga0, device: bw-s5}"}),
      HasSubstr(
          "--set nodes[2]: nodes[2].name: \"fpga0\" is used twice: here and at test.yaml:3:12"));
}

TEST(Overrides, BadPathsAreExplained) {
  EXPECT_THAT(
      errors_of(small_cluster(),
                {"nodse[0].device=x", "model.rnn.hiden=5", "nodes[7].name=x", "seed.low=1",
                 "model[0]=1", "topology.kind=rack", "seed", "a..b=1", "nodes[x]=1", "=1", "[0]=1",
                 "nodes[0]x=1", "nodes.name=x"}),
      ElementsAre(
          "--set nodse[0].device: unknown key \"nodse\"; did you mean \"nodes\"?",
          "--set model.rnn.hiden: unknown key \"hiden\" in model.rnn; did you mean \"hidden\"?",
          "--set nodes[7].name: nodes has 2 entries: the index may be 0 to 2",
          "--set seed.low: seed is a plain value: it has no key \"low\"",
          "--set model[0]: model is not a list", "--set seed: an override looks like PATH=VALUE",
          HasSubstr("--set a..b: "), "--set nodes[x]: a path looks like a.b[2].c",
          "--set : a path looks like a.b[2].c", "--set [0]: a path looks like a.b[2].c",
          "--set nodes[0]x: a path looks like a.b[2].c",
          "--set nodes.name: nodes is a list here, so \"name\" cannot be set in it"));
  EXPECT_THAT(error_of(small_cluster("topology: rack\n"), {"topology.hosts_per_rack=3"}),
              HasSubstr("--set topology.hosts_per_rack: topology is one value here, so "
                        "\"hosts_per_rack\" cannot be set in it"));
}

TEST(Overrides, BadValuesAreExplained) {
  EXPECT_THAT(error_of(small_cluster(), {"seed=[1"}), HasSubstr("--set seed:"));
  EXPECT_THAT(error_of(small_cluster(), {"a\tb=[1"}), HasSubstr("--set a\\x09b:1:"));
  EXPECT_THAT(error_of(small_cluster(), {"seed=&a 1"}), HasSubstr("anchors (&a) are not accepted"));
  EXPECT_THAT(error_of(small_cluster(), {"name={a: 1, a: 2}"}),
              HasSubstr("key \"a\" is used twice"));
}

}  // namespace
}  // namespace soliton
