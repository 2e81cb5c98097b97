// What is written reads back as the same values: over the shipped files, hand-picked variations and
// random ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "protocol/base/rng.h"
#include "tests/cluster_text.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

void expect_round_trip(const ClusterSpec& spec, const std::string& folder) {
  const std::string text = write_cluster(spec, folder);
  SCOPED_TRACE(text);
  const Checked<ClusterSpec> again =
      read_cluster_text(text, folder + "/cluster.yaml", {}, shipped());
  ASSERT_TRUE(again.has_value()) << again.error().text();
  expect_equal(spec, *again);
  EXPECT_EQ(write_cluster(*again, folder), text);
}

TEST(WriteCluster, ShippedFilesReadBack) {
  const std::string configs = std::string(SOLITON_SOURCE_DIR) + "/configs";
  for (const auto& entry : fs::recursive_directory_iterator(configs)) {
    const std::string file = entry.path().string();
    if (entry.path().extension() != ".yaml" || file.find("/devices/") != std::string::npos ||
        file.find("/experiments/") != std::string::npos)
      continue;
    SCOPED_TRACE(file);
    const Checked<ClusterSpec> spec = read_cluster(file, {}, shipped());
    ASSERT_TRUE(spec.has_value()) << spec.error().text();
    expect_round_trip(*spec, configs + "/elsewhere");
  }
}

TEST(WriteCluster, EveryPartReadsBack) {
  for (const char* more :
       {"seed: 18446744073709551615\ntime: wall\nprocesses: per-node\ncompute: "
        "sampled\nsample_every: 3\n",
        "topology: datacenter\nlimits: {time: 1000001 ps}\ntrace: {requests: 0}\n",
        "topology: {name: near, kind: local}\npartition: {objective: nodes, min_nodes: 2, "
        "max_nodes: 2}\n",
        "topology: {kind: explicit, switches: [{name: 's[0-2]', forwarding: 1234 ps, place: a/b}], "
        "links: ["
        "{between: ['fpga[0-1]', s0], latency: 1.5 ns, name: 'cable[7-8]'}, "
        "{between: [host0, s1], latency: 0 ns, bandwidth: 123457 b/s, queue: 4097 B}]}\n",
        "partition: {forbid: ['fpga[0-1]'], colocate: [[a, '/b*'], ['*']]}\n",
        "service: {batch: 7, batch_wait: 3 ns}\nworkload: {arrival: poisson, rate: 12345 /s}\n",
        "service: {sla: {p99: 1234567 ns}}\nworkload: {clients: 3, think: 17 ps, requests: 1}\n",
        "ltl: {mtu: 100 B, window: 256, credit: 3 MiB, timeout: 51 us, timeout_max: 51 us, "
        "reorder_tolerance: 1 ns, "
        "ack_every: 7, queue_limit: 1 B, recovery: go-back-n, first_sequence: 4294967295, "
        "ack_delay: 0 s, "
        "timeout_rtts: 4, sample_every: 5, credit_overhead: 0 B}\n",
        "ltl: {packing: 0 B, crc: false, store: 10 kB, weights: [1, 2, 255], handshake: true, "
        "misses: 13, silence_min: 20 ms, "
        "congestion: {enabled: false, line_rate: 100 Gb/s, rate_min: 1 Mb/s, cnp_interval: 1 us, "
        "alpha_gain: 16, alpha_timer: 3 us, rate_timer: 4 us, byte_counter: 1 kB, recovery_steps: "
        "0, additive_step: 1 kb/s}}\n",
        "time: wall\nltl: {auth: none, misses: auto}\n", "time: wall\nltl: {misses: off}\n",
        "ltl: {auth: header}\n", "time: wall\nwall: {listen: 127.1.2.3}\nltl: {auth: aead}\n",
        "faults: [{link: 'fpga[0-1]-tor0', loss: 0.0000001 %, max_burst: 2}, {at: 1 ps, for: 1 ps, "
        "link: '*', delay: 1 us}, "
        "{kind: link_down, where: {links: {node: 'fpga*'}, direction: rx}, when: {from: 1 us, to: "
        "3 us}}]\n"}) {
    SCOPED_TRACE(more);
    expect_round_trip(read_good(small_cluster(more)), "out");
  }
}

TEST(WriteCluster, PlacesOfWeightsReadBack) {
  for (const char* more : {"place: dram", "place: dram, window: 7", "place: mrf",
                           "place: {gru0: dram, \"/a b: {\": mrf}", "place: {'true': dram}"}) {
    SCOPED_TRACE(more);
    expect_round_trip(read_good(small_cluster_with(
                          "{rnn: {cell: gru, hidden: 64, steps: 3}}",
                          "{rnn: {cell: gru, hidden: 64, steps: 3}, " + std::string(more) + "}")),
                      "out");
  }
}

TEST(WriteCluster, InlineDevicesAndOddNamesReadBack) {
  const std::string device =
      "{name: null, kind: npu, description: \"say \\\"hi\\\" \\\\ # , }\", source: 'a: b', clock: "
      "123.456 MHz, tile_engines: 3, "
      "lanes: 5, native_dimension: 7, batch_lanes: 3, cell_programs: stepwise, "
      "multifunction_units: 1, functions: [row_reduce, add], "
      "matrix_registers: 11, published_peaks: [{name: int8, peak: 1.4 TOPS}], "
      "vector_registers: {initial: 1, "
      "add_sub_0: 2, add_sub_1: 3, multiply: 4}, instruction_words: 5, dram: 6 B, dram_bandwidth: "
      "7 kb/s, "
      "network_bandwidth: 8 kb/s, formats: [{name: msfp12, beats_per_tile: 9}, {name: "
      "'e0m4,block=16,scale=8', beats_per_tile: "
      "10}], timing: {dispatch_cycles: 1, depth_cycles: 2, vector_cycles: 3, request_cycles: 4, "
      "slot_overhead_cycles: 5, depth_cycles_per_vector: 6, vector_cycles_per_vector: 7, "
      "occupancy: "
      "columns, "
      "calibrated: true, source: x}}";
  std::string quoted = device;
  quoted.replace(quoted.find("null"), 4, "\"null\"");
  expect_round_trip(read_good(small_cluster_with("bw-s10", quoted)), "out");
  expect_round_trip(
      read_good(small_cluster_with("device: cpu",
                                   "device: {name: fast, kind: cpu, operator_overhead: 0 s, "
                                   "memory_bandwidth: 1 Tb/s}")),
      "out");
  expect_round_trip(read_good(small_cluster_with("host0", "\"true\"")), "out");
  expect_round_trip(read_good(small_cluster_with("host0", "\"-\"")), "out");
  expect_round_trip(read_good(small_cluster_with("fpga[0-1]", "r[0-1]n[08-11]")), "out");
  expect_round_trip(read_good(small_cluster_with("host0", "fpga2")), "out");
}

TEST(WriteCluster, NodesAlikeAreOneLine) {
  EXPECT_THAT(write_cluster(read_good(small_cluster_with("fpga[0-1]", "fpga[0-63]")), "out"),
              testing::HasSubstr("nodes:\n  - {name: \"fpga[0-63]\", device: bw-s10, at: rack0}\n  "
                                 "- {name: host0, device: cpu}\n"));
}

TEST(WriteCluster, PathsAreRelativeToTheFolder) {
  const TestFolder folder;
  folder.write("models/m.onnx", "x");
  folder.write("models/in.npy", "x");
  const std::string file = folder.write(
      "c.yaml",
      small_cluster_with("{rnn: {cell: gru, hidden: 64, steps: 3}}", "{onnx: models/m.onnx}") +
          "workload: {input: models/in.npy, golden: models/in.npy, lengths: models/in.npy}\n");
  const fs::path before = fs::current_path();
  fs::current_path(folder.path(""));
  const Checked<ClusterSpec> spec = read_cluster("c.yaml", {}, shipped());
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  EXPECT_EQ(spec->model.onnx, "models/m.onnx");
  EXPECT_THAT(write_cluster(*spec, "runs/one"),
              testing::HasSubstr("onnx: \"../../models/m.onnx\""));
  fs::create_directories("runs/one");
  expect_round_trip(*spec, "runs/one");
  fs::current_path(before);
}

// Random values in every numeric field.
class Draw {
 public:
  Draw(std::uint64_t seed, std::uint64_t round)
      : random_(Random(seed, "write_cluster").child(round)) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(
                     random_.below(ordinal_++, static_cast<std::uint64_t>(high - low + 1)));
  }
  // Of any size from 1 to 10^digits, each length as likely.
  std::int64_t sized(int digits) {
    std::int64_t top = 1;
    for (std::int64_t i = between(0, digits); i > 0; --i) top *= 10;
    return between(1, top);
  }

 private:
  Random random_;
  std::uint64_t ordinal_ = 0;
};

void vary(ClusterSpec& spec, Draw& draw) {
  spec.seed = static_cast<std::uint64_t>(draw.sized(18));
  spec.model.rnn->seed = spec.seed;
  spec.model.rnn->hidden = draw.sized(6);
  spec.model.rnn->steps = draw.sized(4);
  spec.model.rnn->count_as_hidden = draw.sized(6);
  spec.time_limit = milliseconds(100'000) + Duration{draw.sized(14)};
  spec.service.sla_p99 = Duration{draw.sized(14)};
  spec.workload.think = Duration{draw.sized(14)};
  spec.workload.clients = draw.between(1, 65'536);
  spec.topology.rate = BitRate{999 + draw.sized(14)};
  spec.topology.options = {{"hosts_per_rack", {draw.between(1, 1'024)}}};
  spec.ltl.mtu = static_cast<std::uint32_t>(draw.between(64, 8'192));
  spec.ltl.credit = Bytes{16'384 + draw.sized(12)};
  spec.ltl.timeout = microseconds(1) + Duration{draw.sized(9)};
  spec.ltl.queue_limit = Bytes{draw.sized(12)};
  NpuDevice& npu = spec.nodes[0].device.npu;
  npu.clock = Frequency{1'000'000 + draw.sized(9)};
  npu.dram = Bytes{draw.sized(13)};
  npu.dram_rate = BitRate{999 + draw.sized(13)};
  spec.nodes[0].device_is_builtin = false;
  FaultRule& rule = spec.faults[0].rule;
  rule.options = loss_settings({.p = Probability{draw.sized(9)}});
  rule.when.from = kRunStart + Duration{draw.sized(13)};
  rule.when.until = rule.when.from + Duration{draw.sized(14)};
  spec.faults[1].rule.options = delay_settings({Duration{draw.sized(12)}, {}});
}

TEST(WriteCluster, SeedsOfAllBitsReadBack) {
  for (const char* seed : {"0", "9223372036854775808", "18446744073709551615"}) {
    const ClusterSpec spec = read_good(small_cluster(std::string("seed: ") + seed + "\n"));
    EXPECT_NE(write_cluster(spec, ".").find(std::string("seed: ") + seed + "\n"),
              std::string::npos);
  }
}

TEST(WriteCluster, RandomValuesReadBack) {
  const ClusterSpec base =
      read_good(small_cluster("faults: [{link: fpga0-tor0, loss: 1 %}, {kind: delay, delay: 1 us, "
                              "where: {links: {from: fpga1, to: '*'}, direction: tx}}]\n"));
  for (std::uint64_t round = 0; round < 300 && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("seed 20 round " + std::to_string(round));
    Draw draw(20, round);
    ClusterSpec spec = base;
    vary(spec, draw);
    expect_round_trip(spec, "out");
  }
}

}  // namespace
}  // namespace soliton
