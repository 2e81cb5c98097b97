// Every YAML file of the tree is read: devices, topologies, clusters; and what the device files say
// adds up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>

#include "cluster/file/device_list.h"
#include "cluster/file/parts.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> yaml_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry :
       fs::recursive_directory_iterator(std::string(SOLITON_SOURCE_DIR) + "/" + folder))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

std::map<std::string, NpuDevice> shipped_npus() {
  const Checked<std::vector<Device>> devices = builtin_devices(shipped());
  EXPECT_TRUE(devices.has_value()) << devices.error().text();
  std::map<std::string, NpuDevice> npus;
  if (devices)
    for (const Device& device : *devices)
      if (device.kind == Device::Kind::kNpu) npus[device.npu.name] = device.npu;
  return npus;
}

TEST(ShippedFiles, EveryFileIsRead) {
  std::size_t clusters = 0;
  for (const std::string& file : yaml_files("configs")) {
    SCOPED_TRACE(file);
    if (file.find("/experiments/") != std::string::npos) continue;
    if (file.find("/devices/") != std::string::npos) {
      const Checked<Device> device = read_device(file, shipped());
      ASSERT_TRUE(device.has_value()) << device.error().text();
      EXPECT_EQ(device->name(), fs::path(file).stem().string());
      continue;
    }
    const Checked<ClusterSpec> spec = read_cluster(file, {}, shipped());
    ASSERT_TRUE(spec.has_value()) << spec.error().text();
    EXPECT_EQ(spec->name, fs::path(file).stem().string());
    ++clusters;
  }
  EXPECT_GE(clusters, 14U);
  for (const std::string& file : yaml_files("topologies")) {
    const Checked<TopologySpec> spec = read_topology_file(file);
    ASSERT_TRUE(spec.has_value()) << spec.error().text();
    EXPECT_EQ(spec->name, fs::path(file).stem().string());
  }
}

TEST(ShippedFiles, TopologiesCanBeBuiltAndFaultsFindTheirLinks) {
  for (const std::string& file : yaml_files("configs")) {
    if (file.find("/experiments/") != std::string::npos ||
        file.find("/devices/") != std::string::npos)
      continue;
    SCOPED_TRACE(file);
    const Checked<ClusterSpec> spec = read_cluster(file, {}, shipped());
    ASSERT_TRUE(spec.has_value()) << spec.error().text();
    std::vector<PlacedNode> nodes;
    for (const NodeSpec& node : spec->nodes) nodes.push_back({node.name, node.at});
    const Checked<Topology> topology = build_topology(spec->topology, nodes);
    ASSERT_TRUE(topology.has_value()) << topology.error().text();
    const Checked<FaultPlan> plan = resolve_faults(*spec, *topology);
    ASSERT_TRUE(plan.has_value()) << plan.error().text();
    EXPECT_EQ(plan->rules.size(), spec->faults.size());
  }
}

TEST(ShippedFiles, TheExplicitExampleFitsItsNodes) {
  const ClusterSpec spec = read_good(
      small_cluster_with("fpga[0-1]\", device: bw-s10, at: rack0", "fpga[0-7]\", device: bw-s10") +
      "topology: two-switches\n");
  std::vector<PlacedNode> nodes;
  for (const NodeSpec& node : spec.nodes) nodes.push_back({node.name, node.at});
  const Checked<Topology> topology = build_topology(spec.topology, nodes);
  ASSERT_TRUE(topology.has_value()) << topology.error().text();
  EXPECT_EQ(topology->links.size(), 10U);
  EXPECT_EQ(topology->vertices.size(), 11U);
}

TEST(ShippedFiles, DevicesHaveThePublishedShape) {
  const std::map<std::string, NpuDevice> npus = shipped_npus();
  struct Row {
    const char* name;
    int engines, lanes, native;
    std::int64_t tiles, megahertz;
    double peak_tflops;
    std::int64_t memory_bytes;
  };
  for (const Row& row : {Row{"bw-s5", 6, 10, 100, 306, 200, 2.4, 1'166'625},
                         {"bw-a10", 8, 16, 128, 512, 300, 9.8304, 3'186'688},
                         {"bw-s10", 6, 40, 400, 306, 250, 48, 18'436'500}}) {
    SCOPED_TRACE(row.name);
    const NpuDevice& npu = npus.at(row.name);
    EXPECT_EQ(npu.tile_engines, row.engines);
    EXPECT_EQ(npu.lanes, row.lanes);
    EXPECT_EQ(npu.native_dim, row.native);
    EXPECT_EQ(npu.matrix_rf_tiles, row.tiles);
    EXPECT_EQ(npu.clock.hertz, row.megahertz * 1'000'000);
    EXPECT_NEAR(npu.peak_ops_per_second() / 1e12, row.peak_tflops, 1e-9);
    EXPECT_EQ(matrix_memory(npu).count, row.memory_bytes);
    EXPECT_EQ(npu.formats.front().format.name, "ms-fp8");
    EXPECT_EQ(npu.timing.calibrated, std::string(row.name) == "bw-s10");
  }
  EXPECT_EQ(npus.at("bw-cnn-a10").formats.front().format.name, "1s5e5m");
  // The same chip: not more memory than bw-a10, and less than a tile below it.
  const std::int64_t wide = matrix_memory(npus.at("bw-cnn-a10")).count;
  EXPECT_LE(wide, 3'186'688);
  EXPECT_GT(wide, 3'186'688 - 128 * 128);
}

// What published peaks for 2, 3, 7 and 15 magnitude bits make of a tile's beats: their ratio, or
// between 3 and 7 the straight line, rounded up.
std::int64_t expected_beats(std::int64_t base, const std::array<std::int64_t, 4>& peak, int bits) {
  if (bits == 2) return base;
  if (bits == 3) return (base * peak[0] + peak[1] - 1) / peak[1];
  if (bits == 7) return (base * peak[0] + peak[2] - 1) / peak[2];
  if (bits == 15) return (base * peak[0] + peak[3] - 1) / peak[3];
  const double three = static_cast<double>(peak[0]) / static_cast<double>(peak[1]);
  const double seven = static_cast<double>(peak[0]) / static_cast<double>(peak[2]);
  return static_cast<std::int64_t>(
      std::ceil(static_cast<double>(base) * (three + (seven - three) * (bits - 3) / 4)));
}

TEST(ShippedFiles, BeatsFollowThePublishedPeaks) {
  const std::map<std::string, NpuDevice> npus = shipped_npus();
  // Peaks in tenths of TFLOPS: of 2, 3, 7 and 15 magnitude bits.
  const std::map<std::string, std::array<std::int64_t, 4>> peaks = {
      {"bw-s5", {45, 27, 20, 14}},
      {"bw-a10", {900, 650, 310, 120}},
      {"bw-s10", {900, 650, 310, 120}},
      {"bw-s10-product", {900, 650, 310, 120}}};
  for (const auto& [name, peak] : peaks) {
    SCOPED_TRACE(name);
    const NpuDevice& npu = npus.at(name);
    const std::int64_t base = npu.native_dim / npu.lanes;
    for (const NpuFormat& format : npu.formats) {
      SCOPED_TRACE(format.format.name);
      EXPECT_EQ(format.beats_per_tile, expected_beats(base, peak, format.format.mantissa_bits));
    }
  }
}

TEST(ShippedFiles, TheQuickstartNeedsMoreThanOneOfItsDevices) {
  const Checked<ClusterSpec> spec =
      read_cluster(std::string(SOLITON_SOURCE_DIR) + "/configs/quickstart.yaml", {}, shipped());
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  ASSERT_EQ(spec->nodes.size(), 5U);
  const NpuDevice& pocket = spec->nodes[0].device.npu;
  ASSERT_EQ(pocket.native_dim, 64);
  // GRU 64 -> 256 and a classifier 256 -> 12, in tiles of 64 x 64.
  const std::int64_t gru_rows_of_one_tile = 3 * (1 + 4), classifier = 4;
  EXPECT_GT(4 * gru_rows_of_one_tile + classifier, 3 * pocket.matrix_rf_tiles);
  EXPECT_LE(gru_rows_of_one_tile + classifier, pocket.matrix_rf_tiles);
  EXPECT_LT(2 * gru_rows_of_one_tile, 2 * pocket.matrix_rf_tiles);
}

TEST(ShippedFiles, TheDeepBenchRowsAreThere) {
  std::map<std::string, std::string> shapes;
  for (const std::string& file : yaml_files("configs/deepbench")) {
    const Checked<ClusterSpec> spec = read_cluster(file, {}, shipped());
    ASSERT_TRUE(spec.has_value()) << spec.error().text();
    const RnnOptions& rnn = *spec->model.rnn;
    shapes[fs::path(file).stem().string()] =
        fmt::format("{} {} {} {} {}", cell_name(rnn.cell), rnn.hidden, rnn.steps,
                    rnn.count_as_hidden, spec->nodes[0].device.npu.name);
    EXPECT_EQ(spec->compute, ComputeKind::kTiming);
    EXPECT_FALSE(rnn.with_weights);
    EXPECT_EQ(spec->topology.kind, "local");
  }
  EXPECT_THAT(shapes, testing::IsSupersetOf(std::map<std::string, std::string>{
                          {"gru-2816-t750", "gru 2800 750 2816 bw-s10"},
                          {"gru-2048-t375", "gru 2048 375 0 bw-s10"},
                          {"gru-1024-t1500", "gru 1024 1500 0 bw-s10"},
                          {"lstm-2048-t25", "lstm 2048 25 0 bw-s10"},
                          {"lstm-1024-t25", "lstm 1024 25 0 bw-s10"},
                          {"lstm-256-t150", "lstm 256 150 0 bw-s10"}}));
}

}  // namespace
}  // namespace soliton
