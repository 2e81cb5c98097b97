#include "tests/unit/file/cluster_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "tests/cluster_text.h"
#include "topologies/kind.h"
#include "topologies/topology_fields.h"

namespace soliton {

DataRoot shipped() { return {SOLITON_SOURCE_DIR}; }

std::string small_cluster(const std::string& more) {
  return "name: small\n"
         "nodes:\n"
         "  - {name: \"fpga[0-1]\", device: bw-s10, at: rack0}\n"
         "  - {name: host0, device: cpu}\n"
         "model: {rnn: {cell: gru, hidden: 64, steps: 3}}\n" +
         more;
}

std::string small_cluster_with(const std::string& piece, const std::string& instead) {
  std::string text = small_cluster();
  const std::size_t at = text.find(piece);
  EXPECT_NE(at, std::string::npos) << piece;
  return at == std::string::npos ? text : text.replace(at, piece.size(), instead);
}

ClusterSpec read_good(const std::string& text, const Overrides& overrides) {
  const Checked<ClusterSpec> spec = read_cluster_text(text, "test.yaml", overrides, shipped());
  EXPECT_TRUE(spec.has_value()) << spec.error().text() << text;
  return spec ? *spec : ClusterSpec{};
}

std::vector<std::string> errors_of(const std::string& text, const Overrides& overrides) {
  const Checked<ClusterSpec> spec = read_cluster_text(text, "test.yaml", overrides, shipped());
  std::vector<std::string> messages;
  if (spec) return messages;
  for (const Error& error : spec.error().errors) {
    EXPECT_EQ(exit_status(error.code), 2) << error.message;
    messages.push_back(error.message);
  }
  return messages;
}

std::string error_of(const std::string& text, const Overrides& overrides) {
  std::string all;
  for (const std::string& message : errors_of(text, overrides))
    all += (all.empty() ? "" : "\n") + message;
  return all;
}

TestFolder::TestFolder() {
  static std::atomic<int> count{0};
  folder_ = std::filesystem::temp_directory_path() /
            ("soliton-spec-" + std::to_string(getpid()) + "-" + std::to_string(count++));
  std::filesystem::create_directories(folder_);
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string TestFolder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path file = folder_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file.string();
}

namespace {

#define EXPECT_SAME(member) EXPECT_EQ(a.member, b.member) << #member

void expect_equal_npu(const NpuDevice& a, const NpuDevice& b) {
  EXPECT_SAME(name);
  EXPECT_SAME(description);
  EXPECT_SAME(source);
  EXPECT_SAME(clock.hertz);
  EXPECT_SAME(tile_engines);
  EXPECT_SAME(lanes);
  EXPECT_SAME(native_dim);
  EXPECT_SAME(matrix_rf_tiles);
  EXPECT_SAME(initial_vrf);
  EXPECT_SAME(add_sub_vrf_0);
  EXPECT_SAME(add_sub_vrf_1);
  EXPECT_SAME(multiply_vrf);
  EXPECT_SAME(instruction_words);
  EXPECT_SAME(multifunction_units);
  EXPECT_SAME(functions);
  EXPECT_SAME(dram.count);
  EXPECT_SAME(dram_rate.bits_per_second);
  EXPECT_SAME(network_rate.bits_per_second);
  EXPECT_SAME(batch_lanes);
  EXPECT_SAME(cell_programs);
  EXPECT_SAME(timing);
  ASSERT_EQ(a.formats.size(), b.formats.size());
  for (std::size_t i = 0; i < a.formats.size(); ++i) {
    EXPECT_SAME(formats[i].format);
    EXPECT_SAME(formats[i].beats_per_tile);
  }
  ASSERT_EQ(a.published_peaks.size(), b.published_peaks.size());
  for (std::size_t i = 0; i < a.published_peaks.size(); ++i) EXPECT_SAME(published_peaks[i]);
}

void expect_equal_node(const NodeSpec& a, const NodeSpec& b) {
  EXPECT_SAME(name);
  EXPECT_SAME(at);
  EXPECT_SAME(device_is_builtin);
  EXPECT_SAME(device.kind);
  EXPECT_SAME(device.cpu.name);
  EXPECT_SAME(device.cpu.description);
  EXPECT_SAME(device.cpu.source);
  EXPECT_SAME(device.cpu.operator_overhead.count());
  EXPECT_SAME(device.cpu.memory_rate.bits_per_second);
  expect_equal_npu(a.device.npu, b.device.npu);
}

void expect_equal_topology(const TopologySpec& a, const TopologySpec& b) {
  EXPECT_SAME(name);
  EXPECT_SAME(kind);
  EXPECT_SAME(rate.bits_per_second);
  const auto all_options = [](const TopologySpec& spec) {
    return soliton::all_options(*find_topology_kind(spec.kind), spec.options);
  };
  EXPECT_TRUE(all_options(a) == all_options(b));
  EXPECT_TRUE(a.ecn == b.ecn);
  EXPECT_TRUE(a.pause == b.pause);
  ASSERT_EQ(a.explicit_switches.size(), b.explicit_switches.size());
  for (std::size_t i = 0; i < a.explicit_switches.size(); ++i) {
    EXPECT_SAME(explicit_switches[i].name);
    EXPECT_SAME(explicit_switches[i].is_switch);
    EXPECT_SAME(explicit_switches[i].forwarding.count());
    EXPECT_SAME(explicit_switches[i].store_and_forward);
    EXPECT_SAME(explicit_switches[i].place);
  }
  ASSERT_EQ(a.explicit_links.size(), b.explicit_links.size());
  for (std::size_t i = 0; i < a.explicit_links.size(); ++i) {
    EXPECT_SAME(explicit_links[i].a);
    EXPECT_SAME(explicit_links[i].b);
    EXPECT_SAME(explicit_links[i].link.name);
    EXPECT_SAME(explicit_links[i].link.latency.count());
    EXPECT_SAME(explicit_links[i].link.rate.bits_per_second);
    EXPECT_SAME(explicit_links[i].link.queue.count);
    EXPECT_TRUE(a.explicit_links[i].link.other == b.explicit_links[i].link.other);
  }
  ASSERT_EQ(a.overrides.size(), b.overrides.size());
  for (std::size_t i = 0; i < a.overrides.size(); ++i) {
    EXPECT_SAME(overrides[i].link);
    EXPECT_TRUE(a.overrides[i].settings == b.overrides[i].settings);
  }
}

void expect_equal_model(const ModelSpec& a, const ModelSpec& b) {
  EXPECT_SAME(onnx);
  EXPECT_SAME(precision);
  EXPECT_SAME(in_dram);
  EXPECT_SAME(window);
  EXPECT_EQ(a.places.size(), b.places.size());
  for (std::size_t i = 0; i < std::min(a.places.size(), b.places.size()); ++i) {
    EXPECT_EQ(a.places[i].layer, b.places[i].layer);
    EXPECT_EQ(a.places[i].in_dram, b.places[i].in_dram);
  }
  ASSERT_EQ(a.rnn.has_value(), b.rnn.has_value());
  if (!a.rnn) return;
  EXPECT_SAME(rnn->cell);
  EXPECT_SAME(rnn->hidden);
  EXPECT_SAME(rnn->steps);
  EXPECT_SAME(rnn->layers);
  EXPECT_SAME(rnn->input);
  EXPECT_SAME(rnn->bidirectional);
  EXPECT_SAME(rnn->reset_after);
  EXPECT_SAME(rnn->seed);
  EXPECT_SAME(rnn->with_weights);
}

void expect_equal_ltl(const LtlOptions& a, const LtlOptions& b) {
  EXPECT_SAME(mtu);
  EXPECT_SAME(window);
  EXPECT_SAME(credit.count);
  EXPECT_SAME(timeout.count());
  EXPECT_SAME(timeout_max.count());
  EXPECT_SAME(reorder_tolerance.count());
  EXPECT_SAME(ack_every);
  EXPECT_SAME(queue_limit.count);
  EXPECT_SAME(recovery);
  EXPECT_SAME(first_sequence);
  EXPECT_SAME(ack_delay.count());
  EXPECT_SAME(timeout_rtts);
  EXPECT_SAME(sample_every);
  EXPECT_SAME(credit_overhead.count);
  EXPECT_SAME(packing.count);
  EXPECT_SAME(crc);
  EXPECT_SAME(store.count);
  EXPECT_SAME(weights);
  EXPECT_SAME(handshake);
  EXPECT_SAME(misses);
  EXPECT_SAME(silence_min.count());
  EXPECT_SAME(congestion.enabled);
  EXPECT_SAME(congestion.line_rate.bits_per_second);
  EXPECT_SAME(congestion.rate_min.bits_per_second);
  EXPECT_SAME(congestion.cnp_interval.count());
  EXPECT_SAME(congestion.alpha_gain);
  EXPECT_SAME(congestion.alpha_timer.count());
  EXPECT_SAME(congestion.rate_timer.count());
  EXPECT_SAME(congestion.byte_counter.count);
  EXPECT_SAME(congestion.recovery_steps);
  EXPECT_SAME(congestion.additive_step.bits_per_second);
}

void expect_equal_fault(const FaultSpec& a, const FaultSpec& b) {
  EXPECT_SAME(link);
  EXPECT_SAME(from);
  EXPECT_SAME(to);
  EXPECT_SAME(rule.id);
  EXPECT_SAME(rule.kind);
  EXPECT_SAME(rule.links);
  EXPECT_SAME(rule.target);
  EXPECT_SAME(rule.forward);
  EXPECT_SAME(rule.backward);
  EXPECT_TRUE(a.rule.when == b.rule.when) << spell(a.rule.when) << " | " << spell(b.rule.when);
  EXPECT_TRUE(a.rule.match == b.rule.match);
  EXPECT_TRUE(a.pick == b.pick);
  EXPECT_SAME(switches);
  EXPECT_SAME(sets);
  EXPECT_SAME(match_from);
  EXPECT_SAME(match_to);
  EXPECT_TRUE(a.rule.options == b.rule.options);
}

void expect_equal_workload(const WorkloadSpec& a, const WorkloadSpec& b) {
  EXPECT_SAME(clients);
  EXPECT_SAME(arrival);
  EXPECT_SAME(requests);
  EXPECT_SAME(input);
  EXPECT_SAME(lengths);
  EXPECT_SAME(labels);
  EXPECT_SAME(golden);
  EXPECT_SAME(think.count());
  EXPECT_TRUE(a.traffic == b.traffic);
  EXPECT_SAME(rate.per_second);
}

}  // namespace

void expect_equal(const ClusterSpec& a, const ClusterSpec& b) {
  EXPECT_SAME(name);
  EXPECT_SAME(seed);
  EXPECT_SAME(time);
  EXPECT_SAME(processes);
  EXPECT_SAME(fidelity);
  EXPECT_SAME(compute);
  EXPECT_SAME(sample_every);
  EXPECT_SAME(time_limit.count());
  EXPECT_SAME(trace_requests);
  EXPECT_SAME(trace_links.count());
  EXPECT_SAME(partition.objective);
  EXPECT_SAME(partition.min_nodes);
  EXPECT_SAME(partition.max_nodes);
  EXPECT_SAME(partition.forbid);
  EXPECT_SAME(partition.plan);
  ASSERT_EQ(a.partition.colocate.size(), b.partition.colocate.size());
  for (std::size_t i = 0; i < a.partition.colocate.size(); ++i)
    EXPECT_SAME(partition.colocate[i].patterns);
  EXPECT_SAME(service.replicas);
  EXPECT_SAME(service.spares);
  EXPECT_SAME(service.sla_p99.count());
  ASSERT_EQ(a.formats.size(), b.formats.size());
  for (std::size_t i = 0; i < a.formats.size(); ++i) {
    EXPECT_SAME(formats[i].format);
    EXPECT_SAME(formats[i].beats_per_tile);
  }
  EXPECT_SAME(service.batch);
  EXPECT_SAME(service.batch_wait.count());
  expect_equal_topology(a.topology, b.topology);
  expect_equal_model(a.model, b.model);
  expect_equal_workload(a.workload, b.workload);
  expect_equal_ltl(a.ltl, b.ltl);
  EXPECT_EQ(auth_of(a), auth_of(b));
  EXPECT_TRUE(a.wall == b.wall);
  EXPECT_EQ(a.key_file, b.key_file);
  EXPECT_EQ(a.key, b.key);
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (std::size_t i = 0; i < a.nodes.size(); ++i) expect_equal_node(a.nodes[i], b.nodes[i]);
  ASSERT_EQ(a.faults.size(), b.faults.size());
  for (std::size_t i = 0; i < a.faults.size(); ++i) expect_equal_fault(a.faults[i], b.faults[i]);
}

}  // namespace soliton
