#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster_text.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

// A rack with this below `topology`, on line 3, from column 24 on; and more.
std::string with(const std::string& keys, const std::string& more = "") {
  return "nodes: [{name: \"fpga[0-7]\", device: bw-s10}]\n"
         "workload: {kind: ping, from: fpga0, to: fpga1}\n"
         "topology: {kind: rack, " +
         keys + "}\n" + more;
}

std::optional<PriorityPause> pause_of(const std::string& text) {
  return read_good(text).topology.pause;
}

TEST(ReadPause, IsOffUnlessAskedFor) {
  EXPECT_FALSE(pause_of(with("name: plain")).has_value());
  EXPECT_FALSE(pause_of(with("pfc: false")).has_value());
  EXPECT_EQ(write_cluster(read_good(with("pfc: false")), "").find("pfc"), std::string::npos);
}

TEST(ReadPause, HasTheDefaultsOfSwitches) {
  const auto pause = pause_of(with("pfc: true"));
  ASSERT_TRUE(pause.has_value());
  EXPECT_EQ(pause->xoff, Bytes{256 << 10});
  EXPECT_EQ(pause->frame, Bytes{1408 + 32 + 66});
  EXPECT_EQ(resume_level(*pause), Bytes{(256 << 10) - 2 * (1408 + 32 + 66)});
  ASSERT_TRUE(pause->watchdog.has_value());
  EXPECT_EQ(pause->watchdog->poll, milliseconds(100));
  EXPECT_EQ(pause->watchdog->polls, 2);
  EXPECT_EQ(pause->watchdog->restore, milliseconds(200));
}

TEST(ReadPause, EveryKeyReadsBack) {
  for (const char* keys :
       {"pfc: true", "pfc: {xoff: 300 kB, xon: 100 kB, headroom: 64 KiB, watchdog: false}",
        "pfc: {xon: auto, headroom: auto, watchdog: {poll: 1 ms, polls: 7, restore: 3 us}}",
        "ecn: false, pfc: {xoff: 10 kB, watchdog: true}"}) {
    SCOPED_TRACE(keys);
    const ClusterSpec spec = read_good(with(keys));
    ASSERT_TRUE(spec.topology.pause.has_value());
    expect_equal(spec, read_good(write_cluster(spec, "")));
  }
}

TEST(ReadPause, ThePacketIsThatOfTheTransport) {
  EXPECT_EQ(pause_of(with("pfc: true", "ltl: {mtu: 4 KiB}"))->frame, Bytes{4096 + 32 + 66});
  // Tags of 8 bytes and packet numbers of 8.
  EXPECT_EQ(pause_of(with("pfc: true", "ltl: {auth: header}"))->frame, Bytes{1408 + 32 + 16 + 66});
}

TEST(ReadPause, MarksComeBeforePauses) {
  EXPECT_THAT(error_of(with("pfc: {xoff: 100 kB}")),
              HasSubstr(":3:36: topology.pfc.xoff: 100 kB is not above kmax of ecn, 200 kB"));
  EXPECT_THAT(error_of(with("ecn: {kmax: 1 MB}, pfc: true")),
              HasSubstr(":3:48: topology.pfc: 256 KiB is not above kmax of ecn, 1 MB"));
  EXPECT_TRUE(pause_of(with("ecn: false, pfc: {xoff: 100 kB}")).has_value());
}

TEST(ReadPause, HeadroomHoldsWhatIsOnTheWay) {
  // 5 B/ns: 2 x 553.8 ns of cable, 300 ns of switch, 84 B of pause frame; two packets of 1,506 B.
  EXPECT_THAT(error_of(with("pfc: {headroom: 10133 B}")),
              HasSubstr(":3:40: topology.pfc.headroom: 10133 B is below 10134 B"));
  EXPECT_TRUE(pause_of(with("pfc: {headroom: 10134 B}")).has_value());
  EXPECT_THAT(error_of(with("pfc: {headroom: 10134 B}", "ltl: {mtu: 1409 B}")),
              HasSubstr("10134 B is below 10136 B"));
  // The aggregation's cables of a datacentre are no shorter than their headroom says.
  EXPECT_THAT(error_of("nodes: [{name: \"fpga[0-7]\", device: bw-s10}]\n"
                       "workload: {kind: ping, from: fpga0, to: fpga1}\n"
                       "topology: {kind: datacenter, pfc: {headroom: 20 kB}}\n"),
              HasSubstr("20 kB is below 25571 B"));
}

TEST(ReadPause, LevelsAreInOrder) {
  EXPECT_THAT(error_of(with("pfc: {xon: 256 KiB}")),
              HasSubstr(":3:35: topology.pfc.xon: 256 KiB is not below xoff, 256 KiB"));
  EXPECT_THAT(error_of(with("ecn: false, pfc: {xoff: 3011 B}")),
              HasSubstr("topology.pfc.xoff: 3011 B is below two packets on the line, 3012 B"));
  EXPECT_TRUE(pause_of(with("ecn: false, pfc: {xoff: 3011 B, xon: 0 B}")).has_value());
}

TEST(ReadPause, WhatIsNoPauseIsSaidAndWhere) {
  EXPECT_THAT(error_of(with("pfc: 3")),
              HasSubstr(":3:29: topology.pfc: must be true, false or a map with the keys xoff"));
  EXPECT_THAT(error_of(with("pfc: {xof: 1 MB}")),
              HasSubstr("unknown key \"xof\" in topology.pfc; did you mean \"xoff\"?"));
  EXPECT_THAT(error_of(with("pfc: {xoff: 300000}")), HasSubstr("has no unit"));
  EXPECT_THAT(error_of(with("pfc: {watchdog: {polls: 0}}")),
              HasSubstr("topology.pfc.watchdog.polls: "));
  EXPECT_THAT(error_of("nodes: [{name: \"fpga[0-7]\", device: bw-s10}]\n"
                       "workload: {kind: ping, from: fpga0, to: fpga1}\n"
                       "topology: {kind: local, pfc: true}\n"),
              HasSubstr("topology.pfc has no meaning for a topology of kind local"));
}

// In a file of its own the size of a packet is not known: the place is where the file is named.
TEST(ReadPause, ATopologyFileIsCheckedAgainstTheClusterThatNamesIt) {
  const TestFolder folder;
  folder.write("pausing.yaml", "kind: rack\npfc: {headroom: 10134 B}\n");
  const auto text = [](const char* more) {
    return std::string(
               "nodes: [{name: \"fpga[0-7]\", device: bw-s10}]\n"
               "workload: {kind: ping, from: fpga0, to: fpga1}\n"
               "topology: pausing.yaml\n") +
           more;
  };
  const std::string file = folder.path("cluster.yaml");
  EXPECT_TRUE(read_cluster_text(text(""), file, {}, shipped()).has_value());
  const auto bad = read_cluster_text(text("ltl: {mtu: 4 KiB}\n"), file, {}, shipped());
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error().text(),
              HasSubstr("cluster.yaml:3:11: topology.pfc.headroom: 10134 B is below"));
}

}  // namespace
}  // namespace soliton
