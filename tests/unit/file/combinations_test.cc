// Keys that are good by themselves, but not together: each does what it says or is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using testing::HasSubstr;

TEST(Combinations, ASecondHostIsRefusedWithItsPlace) {
  const std::string text = small_cluster_with("  - {name: host0, device: cpu}\n",
                                              "  - {name: host0, device: cpu}\n"
                                              "  - {name: host1, device: cpu}\n");
  EXPECT_THAT(error_of(text),
              HasSubstr("test.yaml:5:12: \"host1\" is a second host, beside \"host0\""));
  EXPECT_THAT(error_of(text), HasSubstr("allowed is one node with device cpu"));
}

// Traffic alone has no clients, and any nodes will do.
TEST(Combinations, TrafficMayHaveAnyNumberOfHosts) {
  const ClusterSpec spec = read_good(
      "nodes: [{name: \"h[0-1]\", device: cpu}]\nworkload: {kind: ping, from: h0, to: h1}\n");
  EXPECT_EQ(spec.nodes.size(), 2U);
}

TEST(Combinations, PackedBelongsToVirtualTime) {
  EXPECT_THAT(error_of(small_cluster("time: wall\nprocesses: packed\n")),
              HasSubstr("test.yaml:7:12: processes: packed belongs to virtual time"));
  EXPECT_THAT(error_of(small_cluster("processes: packed\n"), {"time=wall"}),
              HasSubstr("allowed is per-node"));
}

TEST(Combinations, AModelBesideTrafficIsRefused) {
  EXPECT_THAT(error_of(small_cluster("workload: {kind: ping, from: fpga0, to: fpga1}\n")),
              HasSubstr("a workload with a kind runs without a model"));
}

TEST(Combinations, SavedOutputsBelongToAModelThatIsComputed) {
  EXPECT_TRUE(read_good(small_cluster("outputs: {save: all}\n")).save_outputs);
  EXPECT_FALSE(read_good(small_cluster("outputs: {save: none}\n")).save_outputs);
  EXPECT_THAT(error_of(small_cluster("outputs: {save: all}\ncompute: timing\n")),
              HasSubstr("compute: timing computes none"));
}

TEST(Combinations, StatesAndOutputsBelongToAFile) {
  EXPECT_THAT(error_of(small_cluster_with("steps: 3}}", "steps: 3}, state: zero}")),
              HasSubstr("belongs to onnx"));
  EXPECT_THAT(error_of(small_cluster_with("steps: 3}}", "steps: 3}, output: y}")),
              HasSubstr("belongs to onnx"));
}

std::string with_device(const std::string& device) {
  return small_cluster_with("device: bw-s10", "device: " + device);
}

TEST(Combinations, APortIsAsFastAsItsCableUnlessItSaysOtherwise) {
  EXPECT_EQ(read_good(small_cluster()).nodes[0].device.npu.network_rate.bits_per_second, 0);
  const ClusterSpec slow = read_good(with_device("{base: bw-s10, network_bandwidth: 10 Gb/s}"));
  EXPECT_EQ(slow.nodes[0].device.npu.network_rate.bits_per_second, 10'000'000'000);
  const ClusterSpec again = read_good(write_cluster(slow, "."));
  EXPECT_EQ(again.nodes[0].device.npu.network_rate.bits_per_second, 10'000'000'000);
}

// Without beats_per_tile the native format takes N / L, wider elements as many times more.
TEST(Combinations, BeatsComeFromTheWidthOfTheFormat) {
  const ClusterSpec spec = read_good(
      with_device("{name: own, clock: 250 MHz, tile_engines: 2, lanes: 10, native_dimension: 100, "
                  "matrix_registers: 64, formats: [{name: ms-fp9}, {name: ms-fp8}, "
                  "{name: msfp16}, {name: int16}, {name: fp32}]}"));
  std::vector<std::int64_t> beats;
  for (const NpuFormat& format : spec.nodes[0].device.npu.formats)
    beats.push_back(format.beats_per_tile);
  // Elements of 4, 3, 8, 16 and 32 bits.
  EXPECT_EQ(beats, (std::vector<std::int64_t>{10, 10, 20, 40, 80}));
}

}  // namespace
}  // namespace soliton
