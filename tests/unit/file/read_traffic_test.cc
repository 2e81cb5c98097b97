#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/traffic/traffic_kind.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::string with(const std::string& workload) {
  return "nodes: [{name: \"fpga[0-7]\", device: bw-s10}]\nworkload: " + workload + "\n";
}

std::vector<std::uint32_t> numbers(const std::vector<NodeId>& nodes) {
  std::vector<std::uint32_t> out;
  for (const NodeId node : nodes) out.push_back(index(node));
  return out;
}

TEST(ReadTraffic, NeedsNoModelAndNoHost) {
  const ClusterSpec spec =
      read_good(with("{kind: ping, from: fpga0, to: fpga7, count: 10000, bytes: 64}"));
  ASSERT_TRUE(spec.workload.traffic.has_value());
  const Traffic& traffic = *spec.workload.traffic;
  EXPECT_STREQ(traffic.kind->name, "ping");
  EXPECT_THAT(numbers(traffic.senders), ElementsAre(0));
  EXPECT_EQ(traffic.receiver, NodeId{7});
  EXPECT_EQ(traffic.count, 10'000U);
  EXPECT_EQ(traffic.bytes, 64U);
}

TEST(ReadTraffic, NodesAreNamesRangesAndLists) {
  const auto senders = [](const std::string& from) {
    return numbers(
        read_good(with("{kind: incast, from: " + from + ", to: fpga7}")).workload.traffic->senders);
  };
  EXPECT_THAT(senders("\"fpga[2-4]\""), ElementsAre(2, 3, 4));
  EXPECT_THAT(senders("[fpga6, \"fpga[0-1]\"]"), ElementsAre(6, 0, 1));
  EXPECT_THAT(senders("[fpga0]"), ElementsAre(0));
}

TEST(ReadTraffic, BytesAreANumberOrASize) {
  EXPECT_EQ(read_good(with("{kind: stream, from: fpga0, to: fpga1, bytes: 64 KiB}"))
                .workload.traffic->bytes,
            65'536U);
  EXPECT_THAT(error_of(with("{kind: stream, from: fpga0, to: fpga1, bytes: 0}")),
              HasSubstr("workload.bytes: 0 is not between 1 B and 1 GiB"));
  EXPECT_THAT(error_of(with("{kind: stream, from: fpga0, to: fpga1, bytes: 2 GiB}")),
              HasSubstr("2 GiB is not between"));
}

TEST(ReadTraffic, AnAllGatherHasASchedule) {
  const ClusterSpec spec =
      read_good(with("{kind: all-gather, nodes: \"fpga[0-3]\", schedule: doubling}"));
  EXPECT_EQ(title_of(*spec.workload.traffic), "all-gather (doubling)");
  EXPECT_THAT(error_of(with("{kind: all-gather, nodes: \"fpga[0-2]\", schedule: doubling}")),
              HasSubstr("takes a power of two of them, not 3; direct and ring take any number"));
  EXPECT_THAT(error_of(with("{kind: all-gather, nodes: fpga0}")), HasSubstr("takes at least two"));
  EXPECT_THAT(
      error_of(with("{kind: all-gather, nodes: \"fpga[0-7]\", schedule: doubling, bytes: 1 GiB}")),
      HasSubstr("the last step of doubling sends 4 blocks"));
}

TEST(ReadTraffic, EveryMistakeIsNamedWithWhatWouldBeRight) {
  EXPECT_THAT(error_of(with("{kind: pnig, from: fpga0, to: fpga1}")),
              HasSubstr("test.yaml:2:18: workload.kind: \"pnig\" is not known; did you mean "
                        "\"ping\"?"));
  EXPECT_THAT(error_of(with("{kind: ping, from: fpga9, to: fpga1}")),
              HasSubstr("workload.from: no node called \"fpga9\"; did you mean \"fpga"));
  EXPECT_THAT(error_of(with("{kind: ping, from: \"fpga[0-1]\", to: fpga2}")),
              HasSubstr("names 2 nodes, but one node sends (kind: incast has several)"));
  EXPECT_THAT(error_of(with("{kind: ping, from: fpga2, to: fpga2}")),
              HasSubstr("fpga2 would send to itself"));
  EXPECT_THAT(error_of(with("{kind: incast, from: [fpga0, fpga0], to: fpga2}")),
              HasSubstr("fpga0 is named twice"));
  EXPECT_THAT(error_of(with("{kind: incast, from: {a: b}, to: fpga2}")),
              HasSubstr("must be the name of a node, a range"));
  EXPECT_THAT(error_of(with("{kind: ping, from: fpga0}")), HasSubstr("workload.to is missing"));
  EXPECT_THAT(error_of(with("{kind: ping, from: fpga0, to: fpga1, clients: 3}")),
              HasSubstr("workload.clients has no meaning with kind: ping"));
  EXPECT_THAT(error_of(with("{kind: ping, from: fpga0, to: fpga1, schedule: ring}")),
              HasSubstr("workload.schedule has no meaning with kind: ping"));
}

TEST(ReadTraffic, AllMistakesAreReportedAtOnce) {
  EXPECT_THAT(errors_of(with("{kind: stream, from: fpga8, to: fpga9, bytes: x, count: 0}")),
              UnorderedElementsAre(HasSubstr("\"fpga8\""), HasSubstr("\"fpga9\""),
                                   HasSubstr("workload.bytes"), HasSubstr("workload.count")));
}

TEST(ReadTraffic, WithoutAKindAModelIsStillNeeded) {
  EXPECT_THAT(error_of(with("{requests: 3}")), HasSubstr("model is missing"));
}

TEST(ReadTraffic, IsWrittenSoThatItReadsBack) {
  for (const char* workload :
       {"{kind: ping, from: fpga3, to: fpga0, bytes: 1, count: 7}",
        "{kind: incast, from: \"fpga[1-7]\", to: fpga0, bytes: 4 KiB}",
        "{kind: all-gather, nodes: \"fpga[0-7]\", schedule: doubling, count: 2}"}) {
    const ClusterSpec spec = read_good(with(workload));
    const ClusterSpec again = read_good(write_cluster(spec, ""));
    ASSERT_TRUE(again.workload.traffic.has_value());
    EXPECT_EQ(*again.workload.traffic, *spec.workload.traffic) << write_cluster(spec, "");
    expect_equal(spec, again);
  }
}

TEST(ReadTopology, MarkingAndOtherTrafficReadBack) {
  const ClusterSpec spec = read_good(
      with("{kind: ping, from: fpga0, to: fpga1}\n"
           "topology: {kind: explicit, ecn: {kmin: 1 kB, kmax: 9 kB, probability: 5 %}, switches: "
           "[{name:"
           " s}], links: [{between: [\"fpga[0-7]\", s], latency: 1 us, other_traffic: {busy: 2 %, "
           "longest: 3 us}}]}"));
  ASSERT_TRUE(spec.topology.ecn.has_value());
  EXPECT_EQ(spec.topology.ecn->kmax, Bytes{9'000});
  EXPECT_EQ(spec.topology.explicit_links[7].link.other.longest, microseconds(3));
  expect_equal(spec, read_good(write_cluster(spec, "")));
  EXPECT_FALSE(read_good(with("{kind: ping, from: fpga0, to: fpga1}\ntopology: {kind: rack, ecn: "
                              "false}"))
                   .topology.ecn.has_value());
  EXPECT_THAT(error_of(with("{kind: ping, from: fpga0, to: fpga1}\ntopology: {kind: rack, ecn: "
                            "{kmin: 9 kB, kmax: 1 kB}}")),
              HasSubstr("topology.ecn.kmax: 1 kB is below kmin, 9 kB"));
}

}  // namespace
}  // namespace soliton
