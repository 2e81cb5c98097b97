#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/file/parts.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// ---- topology ----

std::string with_topology(const std::string& topology) {
  return small_cluster("topology: " + topology + "\n");
}

std::int64_t option(const TopologySpec& spec, std::string_view key) {
  return find_setting(spec.options, key)->number();
}

TEST(ReadTopology, BuiltInFileOrInline) {
  EXPECT_EQ(option(read_good(with_topology("datacenter")).topology, "pods"), 260);
  EXPECT_EQ(read_good(with_topology("topologies/datacenter.yaml")).topology.kind, "datacenter");
  const TopologySpec rack =
      read_good(with_topology("{kind: rack, bandwidth: 100 Gb/s, hosts_per_rack: 8}")).topology;
  EXPECT_EQ(rack.rate.bits_per_second, 100'000'000'000);
  EXPECT_EQ(option(rack, "hosts_per_rack"), 8);
  EXPECT_EQ(rack.name, "rack");
}

TEST(ReadTopology, AFileBesideTheClusterFileGoesFirst) {
  const TestFolder folder;
  folder.write("topologies/rack.yaml", "name: mine\nkind: rack\nhosts_per_rack: 3\n");
  const std::string file = folder.write("c.yaml", with_topology("topologies/rack.yaml"));
  const Checked<ClusterSpec> spec = read_cluster(file, {}, shipped());
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  EXPECT_EQ(spec->topology.name, "mine");
  EXPECT_EQ(option(spec->topology, "hosts_per_rack"), 3);
}

TEST(ReadTopology, ErrorsOfAFileCarryItsPositions) {
  const TestFolder folder;
  const std::string topology =
      folder.write("t.yaml", "kind: rack\nhosts_per_rak: 3\nbandwidth: 40\n");
  const std::string text = with_topology(topology) + "sead: 1\n";
  const std::vector<std::string> messages = errors_of(text);
  EXPECT_THAT(messages, ElementsAre(HasSubstr(topology + ":2:1: unknown key \"hosts_per_rak\""),
                                    HasSubstr(topology + ":3:12: bandwidth: \"40\" has no unit"),
                                    HasSubstr("test.yaml:7:1: unknown key \"sead\"")));
  EXPECT_THAT(error_of(with_topology("nowhere/t.yaml")),
              HasSubstr("test.yaml:6:11: no folder \"nowhere\""));
}

TEST(ReadTopology, OtherKindsAreRefusedByName) {
  EXPECT_THAT(error_of(with_topology("{kind: rak}")),
              HasSubstr("no topology kind \"rak\"; did you mean \"rack\"?"));
  EXPECT_THAT(error_of(with_topology("{kind: rack, pods: 3}")),
              HasSubstr("topology.pods has no meaning for a topology of kind rack"));
  EXPECT_THAT(error_of(with_topology("{name: x}")), HasSubstr("topology.kind is missing"));
  EXPECT_THAT(error_of(with_topology("[rack]")),
              HasSubstr("must be a built-in name, a file or a map"));
}

constexpr const char* kExplicit = R"(
  kind: explicit
  bandwidth: 10 Gb/s
  switches:
    - {name: "s[0-1]", forwarding: 300 ns, store_and_forward: true, place: row0}
  links:
    - {between: ["fpga[0-1]", s0], latency: 100 ns}
    - {between: [host0, s1], latency: 1 us, bandwidth: 1 Gb/s, queue: 64 KiB, name: up}
    - {between: ["s[0-0]", s1], latency: 0 ns})";

TEST(ReadTopology, ExplicitGraphs) {
  const TopologySpec topology = read_good(with_topology(kExplicit)).topology;
  ASSERT_EQ(topology.explicit_switches.size(), 2U);
  EXPECT_EQ(topology.explicit_switches[1].name, "s1");
  EXPECT_EQ(topology.explicit_switches[1].forwarding, nanoseconds(300));
  EXPECT_TRUE(topology.explicit_switches[1].store_and_forward);
  EXPECT_TRUE(topology.explicit_switches[1].is_switch);
  ASSERT_EQ(topology.explicit_links.size(), 4U);
  EXPECT_EQ(topology.explicit_links[1].link.name, "fpga1-s0");
  EXPECT_EQ(topology.explicit_links[1].a, "fpga1");
  EXPECT_EQ(topology.explicit_links[1].b, "s0");
  EXPECT_EQ(topology.explicit_links[1].link.rate.bits_per_second, 10'000'000'000);
  EXPECT_EQ(topology.explicit_links[2].link.name, "up");
  EXPECT_EQ(topology.explicit_links[2].link.rate.bits_per_second, 1'000'000'000);
  EXPECT_EQ(topology.explicit_links[2].link.queue.count, 65'536);
  EXPECT_EQ(topology.explicit_links[2].link.latency, microseconds(1));
}

TEST(ReadTopology, CablesAreChangedByName) {
  const TopologySpec topology = read_good(with_topology(R"(
  kind: leaf-spine
  links:
    - {link: "leaf0-*", bandwidth: 10 Gb/s}
    - {link: fpga0-leaf0, latency: 2 us, queue: 64 KiB})"))
                                    .topology;
  ASSERT_EQ(topology.overrides.size(), 2U);
  EXPECT_EQ(topology.overrides[0].link, "leaf0-*");
  ASSERT_EQ(topology.overrides[0].settings.size(), 1U);
  EXPECT_EQ(topology.overrides[0].settings[0].key, "bandwidth");
  EXPECT_EQ(topology.overrides[1].settings.size(), 2U);
  EXPECT_THAT(topology_text(topology),
              HasSubstr("  links:\n    - {link: \"leaf0-*\", bandwidth: 10 Gb/s}\n"
                        "    - {link: fpga0-leaf0, latency: 2 us, queue: 64 KiB}\n"));
}

TEST(ReadTopology, MistakesInChangesOfCables) {
  const auto entry = [](const std::string& text) {
    return error_of(with_topology("{kind: leaf-spine, links: [" + text + "]}"));
  };
  EXPECT_THAT(entry("{link: a-b}"), HasSubstr("changes nothing: give latency, bandwidth"));
  EXPECT_THAT(entry("{between: [a, b], latency: 1 ns}"),
              HasSubstr("makes its cables itself; link: changes them"));
  EXPECT_THAT(entry("{latency: 1 ns}"), HasSubstr("needs one of between or link"));
  EXPECT_THAT(entry("{link: a-b, between: [a, b], latency: 1 ns}"),
              HasSubstr("only one of between and link"));
  EXPECT_THAT(entry("{link: a-b, bandwidth: 0 b/s}"), HasSubstr("is not between 1 kb/s and"));
  EXPECT_THAT(error_of(with_topology("{kind: local, links: [{link: a-b, latency: 1 ns}]}")),
              HasSubstr("links has no meaning for a topology of kind local"));
}

TEST(ReadTopology, ExplicitMistakes) {
  const auto links = [](const std::string& entry) {
    return error_of(
        with_topology("{kind: explicit, switches: [{name: s0}], links: [" + entry + "]}"));
  };
  EXPECT_THAT(links("{between: [a, s0]}"), HasSubstr("topology.links[0].latency is missing"));
  EXPECT_THAT(links("{between: [a], latency: 1 ns}"), HasSubstr("must be a list of two names"));
  EXPECT_THAT(links("{between: [a, a], latency: 1 ns}"), HasSubstr("\"a\" is linked to itself"));
  EXPECT_THAT(links("{between: [a, B], latency: 1 ns}"), HasSubstr("\"B\" is not a name"));
  EXPECT_THAT(links("{between: ['a[0-2]', 'b[0-1]'], latency: 1 ns}"),
              HasSubstr("3 names against 2"));
  EXPECT_THAT(links("{between: ['a[0-2]', b], latency: 1 ns, name: x}"),
              HasSubstr("1 names for 3 links"));
  EXPECT_THAT(links("{between: [a, b], latency: 1 ns}, {between: [a, b], latency: 1 ns}"),
              HasSubstr("\"a-b\" is used twice: here and at test.yaml:6:"));
  EXPECT_THAT(links("{between: [a, b], latency: 1 ns, class: control}"),
              HasSubstr("traffic classes are not supported"));
  EXPECT_THAT(links("{between: [a, b], latency: 1 ns, bandwidth: 0 Gb/s}"),
              HasSubstr("is not between 1 kb/s and"));
  EXPECT_THAT(links("{between: [a, b], latency: -1 ns}"), HasSubstr("\"-1 ns\" is negative"));
}

// ---- devices ----

constexpr const char* kTinyNpu =
    "{name: tiny, clock: 100 MHz, tile_engines: 1, lanes: 4, native_dimension: 16, "
    "matrix_registers: 8, "
    "vector_registers: {initial: 4, multiply: 5}, formats: [{name: ms-fp9, beats_per_tile: 4}]}";

TEST(ReadDevice, InlineDevices) {
  const ClusterSpec spec = read_good(small_cluster_with("bw-s10", kTinyNpu));
  const NpuDevice& npu = spec.nodes[0].device.npu;
  EXPECT_EQ(npu.name, "tiny");
  EXPECT_EQ(npu.clock.hertz, 100'000'000);
  EXPECT_EQ(npu.initial_vrf, 4);
  EXPECT_EQ(npu.multiply_vrf, 5);
  EXPECT_EQ(npu.add_sub_vrf_0, 512);
  EXPECT_EQ(npu.formats[0].format.mantissa_bits, 3);
  EXPECT_FALSE(npu.timing.calibrated);
  EXPECT_FALSE(spec.nodes[0].device_is_builtin);
  EXPECT_TRUE(spec.nodes[2].device_is_builtin);
}

TEST(ReadDevice, FilesByPath) {
  const TestFolder folder;
  folder.write("d/tiny.yaml", "name: tiny\nkind: cpu\noperator_overhead: 1 us\n");
  const std::string file =
      folder.write("c.yaml", small_cluster_with("device: cpu", "device: d/tiny.yaml"));
  const Checked<ClusterSpec> spec = read_cluster(file, {}, shipped());
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  EXPECT_EQ(spec->nodes[2].device.cpu.operator_overhead, microseconds(1));
  EXPECT_THAT(error_of(small_cluster_with("device: cpu", "device: ./cpu.yaml")),
              HasSubstr("test.yaml:4:27: no file \"cpu.yaml\""));
}

TEST(ReadDevice, ErrorsOfAFileCarryItsPositions) {
  const TestFolder folder;
  const std::string device = folder.write("bad.yaml", "name: bad\nclock: 100\nlanes: 0\n");
  const std::vector<std::string> messages = errors_of(small_cluster_with("bw-s10", device));
  EXPECT_THAT(messages, testing::Contains(HasSubstr(device + ":2:8: clock: \"100\" has no unit")));
  EXPECT_THAT(messages,
              testing::Contains(HasSubstr(device + ":3:8: lanes: 0 is not between 1 and 1040")));
  EXPECT_THAT(messages, testing::Contains(HasSubstr("tile_engines is missing")));
  EXPECT_THAT(messages, testing::Contains(HasSubstr("formats is missing")));
}

TEST(ReadDevice, Mistakes) {
  const auto with = [](const std::string& piece, const std::string& instead) {
    std::string device = kTinyNpu;
    return error_of(
        small_cluster_with("bw-s10", device.replace(device.find(piece), piece.size(), instead)));
  };
  EXPECT_THAT(with("ms-fp9", "'e6m2,block=16,scale=5'"), HasSubstr("no kernel supports it"));
  EXPECT_THAT(with("ms-fp9", "ms-fp19"), HasSubstr("nodes[0].device.formats[0].name: "));
  EXPECT_THAT(with("beats_per_tile: 4", "beats_per_tile: 0"), HasSubstr("0 is not between 1 and"));
  EXPECT_THAT(with("{name: ms-fp9, beats_per_tile: 4}",
                   "{name: ms-fp9, beats_per_tile: 4}, {name: ms-fp9, beats_per_tile: 5}"),
              HasSubstr("\"ms-fp9\" is listed twice"));
  EXPECT_THAT(with("clock: 100 MHz", "clock: 100 MHz, memory_bandwidth: 1 GB/s"),
              HasSubstr("memory_bandwidth has no meaning for a device of kind npu"));
  EXPECT_THAT(with("name: tiny", "name: tiny, kind: gpu"), HasSubstr("\"gpu\" is not known"));
  EXPECT_THAT(with("initial: 4", "inital: 4"),
              HasSubstr("unknown key \"inital\" in nodes[0].device.vector_registers"));
}

TEST(ReadDevice, BuildsOnAnother) {
  const auto device = [](const std::string& map, const Overrides& overrides = {}) {
    return read_good(small_cluster_with("bw-s10", map), overrides).nodes[0].device.npu;
  };
  const NpuDevice base = device("bw-s10");
  ASSERT_TRUE(base.timing.calibrated);
  const NpuDevice wider = device("{base: bw-s10, name: my-npu, lanes: 80}");
  EXPECT_EQ(wider.name, "my-npu");
  EXPECT_EQ(wider.lanes, 80);
  EXPECT_EQ(wider.tile_engines, base.tile_engines);
  EXPECT_EQ(wider.source, "bw-s10, changed");
  // Half the beats in every format, rounded up; and nobody measured that.
  ASSERT_EQ(wider.formats.size(), base.formats.size());
  for (std::size_t i = 0; i < base.formats.size(); ++i)
    EXPECT_EQ(wider.formats[i].beats_per_tile, (base.formats[i].beats_per_tile + 1) / 2);
  EXPECT_FALSE(wider.timing.calibrated);
  EXPECT_EQ(wider.timing.depth_cycles, base.timing.depth_cycles);
  // What changes no time leaves the calibration.
  const NpuDevice roomy = device("{base: bw-s10, matrix_registers: 400, dram: 8 GiB}");
  EXPECT_EQ(roomy.name, "bw-s10-changed");
  EXPECT_TRUE(roomy.timing.calibrated);
  EXPECT_TRUE(
      device("{base: bw-s10, timing: {depth_cycles: 250, calibrated: true}}").timing.calibrated);
  const NpuDevice partly = device("{base: bw-s10, timing: {calibrated: partly}}");
  EXPECT_EQ(partly.timing.calibrated, Calibration::kPartly);
  EXPECT_EQ(device("{base: bw-s10, formats: [{name: ms-fp9}]}").formats.size(), 1U);
  // The same from outside.
  NpuDevice set = device("bw-s10", {"nodes[0].device.lanes=80", "nodes[0].device.name=my-npu"});
  EXPECT_EQ(set, wider);
  const NpuDevice custom = device("custom", {"nodes[0].device.timing.depth_cycles=100"});
  EXPECT_EQ(custom.name, "custom-changed");
  EXPECT_EQ(custom.timing.depth_cycles, 100);
  EXPECT_EQ(
      read_good(small_cluster_with("device: cpu", "device: {base: cpu, memory_bandwidth: 5 GB/s}"))
          .nodes[2]
          .device.cpu.name,
      "cpu-changed");
}

TEST(ReadDevice, FunctionsAreTheUsualOnesOrThoseListed) {
  const auto device = [](const std::string& map) {
    return read_good(small_cluster_with("bw-s10", map)).nodes[0].device.npu;
  };
  EXPECT_EQ(function_names(device("bw-s10").functions),
            "relu, sigmoid, tanh, add, subtract, multiply, max");
  EXPECT_EQ(device(kTinyNpu).functions, device("bw-s10").functions);
  // In the order of the table, whatever the order of the file; nobody measured them.
  const NpuDevice few = device("{base: bw-s10, functions: [exp, add, relu]}");
  EXPECT_EQ(function_names(few.functions), "relu, add, exp");
  EXPECT_TRUE(few.has(NpuFunction::kExp));
  EXPECT_FALSE(few.has(NpuFunction::kTanh));
  EXPECT_FALSE(few.timing.calibrated);
  EXPECT_TRUE(device("{base: bw-s10, functions: []}").functions.empty());
  const NpuDevice next = device("bw-next");
  EXPECT_EQ(next.functions.size(), std::size(kNpuFunctions));
  EXPECT_FALSE(next.timing.calibrated);
  const NpuDevice s10 = device("bw-s10");
  EXPECT_EQ(next.formats, s10.formats);
  EXPECT_EQ(next.peak_ops_per_second(), s10.peak_ops_per_second());
  EXPECT_EQ(next.timing.vector_cycles, s10.timing.vector_cycles);
}

TEST(ReadDevice, MistakesInFunctions) {
  const auto with = [](const std::string& functions) {
    return error_of(small_cluster_with("bw-s10", "{base: bw-s10, functions: " + functions + "}"));
  };
  EXPECT_EQ(with("[relu, rsqr]"),
            "test.yaml:3:66: nodes[0].device.functions[1]: \"rsqr\" is not known; did you mean "
            "\"rsqrt\"? Allowed: relu, sigmoid, tanh, add, subtract, multiply, max, min, exp, "
            "reciprocal, rsqrt, row_reduce");
  EXPECT_THAT(with("[relu, gelu, [exp], layernorm]"),
              AllOf(HasSubstr("functions[1]: \"gelu\" is not known"),
                    HasSubstr("functions[2]: \"\" is not known"),
                    HasSubstr("functions[3]: \"layernorm\" is not known")));
  EXPECT_THAT(with("[exp, relu, exp]"), HasSubstr("functions[2]: \"exp\" is listed twice"));
  EXPECT_THAT(with("relu"),
              HasSubstr("functions: must be a list, such as [relu, sigmoid, tanh, add"));
  EXPECT_THAT(with("{relu: true}"), HasSubstr("must be a list, such as"));
}

TEST(ReadDevice, AFormatWithoutBeatsTakesNOverL) {
  std::string device = kTinyNpu;
  const std::string beats = ", beats_per_tile: 4";
  device.replace(device.find(beats), beats.size(), "");
  device.replace(device.find("lanes: 4"), 8, "lanes: 3");
  EXPECT_EQ(
      read_good(small_cluster_with("bw-s10", device)).nodes[0].device.npu.formats[0].beats_per_tile,
      6);
}

TEST(ReadDevice, MistakesInADeviceThatBuildsOnAnother) {
  const auto with = [](const std::string& map) {
    return error_of(small_cluster_with("bw-s10", map));
  };
  EXPECT_EQ(with("{base: bw-s11, lanes: 80}"),
            "test.yaml:3:40: no device called \"bw-s11\"; did you mean \"bw-s10\"? (soliton list "
            "devices)");
  EXPECT_THAT(with("{base: [bw-s10]}"), HasSubstr("must be a built-in device or a file"));
  EXPECT_THAT(with("{base: bw-s10, kind: cpu}"), HasSubstr("the base is of kind npu"));
  EXPECT_THAT(with("{base: cpu, lanes: 3}"),
              HasSubstr("lanes has no meaning for a device of kind cpu"));
  EXPECT_THAT(with("{base: bw-s10, lane: 3}"), HasSubstr("unknown key \"lane\""));
  EXPECT_THAT(with("{base: bw-s10, timing: {occupancy: heaps}}"),
              HasSubstr("\"heaps\" is not known; allowed: spread, columns, rows"));
  EXPECT_THAT(with("{base: bw-s10, published_peaks: [{name: int8, peak: 90}]}"),
              HasSubstr("\"90\" is not a number of TOPS; write it like 90 TOPS"));
  EXPECT_THAT(with("{base: bw-s10, published_peaks: [{name: int8, peak: -1 TOPS}]}"),
              HasSubstr("-1 TOPS is not between 0 and"));
  const TestFolder folder;
  folder.write("a.yaml", "base: ./b.yaml\n");
  const std::string circle = folder.write("b.yaml", "base: ./a.yaml\n");
  EXPECT_THAT(with(circle), HasSubstr("builds on itself"));
}

// ---- model, partition, service, ltl ----

std::string model_error(const std::string& model) {
  return error_of(small_cluster_with("{rnn: {cell: gru, hidden: 64, steps: 3}}", model));
}

TEST(ReadModel, Place) {
  const auto with = [](const std::string& more) {
    return "{rnn: {cell: gru, hidden: 64, steps: 3}, " + more + "}";
  };
  const auto model = [&](const std::string& more) {
    return read_good(small_cluster_with("{rnn: {cell: gru, hidden: 64, steps: 3}}", with(more)))
        .model;
  };
  EXPECT_FALSE(model("precision: ms-fp8").in_dram);
  EXPECT_TRUE(model("place: dram, window: 12").in_dram);
  EXPECT_EQ(model("place: dram, window: 12").window, 12);
  const ModelSpec mixed = model("place: {gru0: mrf, gru1: dram}");
  EXPECT_FALSE(mixed.in_dram);
  ASSERT_EQ(mixed.places.size(), 2u);
  EXPECT_EQ(mixed.places[1].layer, "gru1");
  EXPECT_TRUE(mixed.places[1].in_dram);
  EXPECT_THAT(model_error(with("place: drum")),
              HasSubstr("model.place: \"drum\" is not known; did you mean \"dram\"?"));
  EXPECT_THAT(model_error(with("place: {gru0: mfr}")),
              HasSubstr("model.place.gru0: \"mfr\" is not known; did you mean \"mrf\"?"));
  EXPECT_THAT(model_error(with("place: [dram]")), HasSubstr("model.place"));
  EXPECT_THAT(model_error(with("place: {gru0: [dram]}")), HasSubstr("model.place.gru0"));
  EXPECT_THAT(model_error(with("window: 5")), HasSubstr("write place: dram"));
  EXPECT_THAT(model_error(with("place: dram, window: -1")), HasSubstr("-1 is not between 0 and"));
}

TEST(ReadService, Batch) {
  const ServiceSpec service =
      read_good(small_cluster("service: {batch: 8, batch_wait: 50 us}\n")).service;
  EXPECT_EQ(service.batch, 8);
  EXPECT_EQ(service.batch_wait, microseconds(50));
  EXPECT_EQ(read_good(small_cluster("service: {batch: 8}\n")).service.batch_wait, milliseconds(1));
  EXPECT_THAT(error_of(small_cluster("service: {batch: 0}\n")),
              HasSubstr("test.yaml:6:18: service.batch: 0 is not between 1 and 4096"));
  EXPECT_THAT(error_of(small_cluster("service: {batch: 2, batch_wait: 50}\n")),
              HasSubstr("\"50\" has no unit"));
  EXPECT_THAT(error_of(small_cluster("service: {bacth: 2}\n")),
              HasSubstr("did you mean \"batch\"?"));
}

TEST(ReadWorkload, Poisson) {
  const WorkloadSpec workload =
      read_good(small_cluster("workload: {arrival: poisson, rate: 20 k/s, clients: 5}\n")).workload;
  EXPECT_EQ(workload.arrival, "poisson");
  EXPECT_EQ(workload.rate.per_second, 20'000);
  EXPECT_THAT(error_of(small_cluster("workload: {arrival: poisson}\n")),
              HasSubstr("poisson needs workload.rate"));
  EXPECT_THAT(error_of(small_cluster("workload: {rate: 20 k/s}\n")),
              HasSubstr("test.yaml:6:18: workload.rate: belongs to arrival: poisson"));
  EXPECT_THAT(error_of(small_cluster("workload: {arrival: poisson, rate: 20}\n")),
              HasSubstr("\"20\" has no unit"));
  EXPECT_THAT(error_of(small_cluster("workload: {arrival: poisson, rate: 1 /s, think: 1 us}\n")),
              HasSubstr("workload.think: belongs to arrival: closed"));
  EXPECT_THAT(error_of(small_cluster("workload: {arrival: poison, rate: 1 /s}\n")),
              HasSubstr("did you mean \"poisson\"?"));
}

TEST(ReadModel, Rnn) {
  const ClusterSpec spec =
      read_good(small_cluster_with("hidden: 64, steps: 3",
                                   "hidden: 64, steps: 3, layers: 2, bidirectional: true, input: "
                                   "32, reset_after: true, count_as_hidden: 65"));
  EXPECT_EQ(spec.model.rnn->layers, 2);
  EXPECT_EQ(spec.model.rnn->input, 32);
  EXPECT_TRUE(spec.model.rnn->bidirectional);
  EXPECT_TRUE(spec.model.rnn->reset_after);
  EXPECT_EQ(spec.model.rnn->count_as_hidden, 65);
}

TEST(ReadModel, Mistakes) {
  EXPECT_THAT(model_error("{rnn: {cell: gru, hidden: 64}}"),
              HasSubstr("model.rnn.steps is missing"));
  EXPECT_THAT(model_error("{rnn: {cell: gru, hidden: 64.5, steps: 3}}"),
              HasSubstr("\"64.5\" is not a whole number"));
  EXPECT_THAT(model_error("{rnn: {cell: gru, hidden: 99999999999999999999, steps: 3}}"),
              HasSubstr("is too large"));
  EXPECT_THAT(model_error("{rnn: {cell: lstm, hidden: 64, steps: 3, reset_after: true}}"),
              HasSubstr("only a GRU has a reset gate"));
  EXPECT_THAT(model_error("{rnn: {cell: gru, hidden: 64, steps: 3, bidirectional: yes}}"),
              HasSubstr("\"yes\" is not known; allowed: true, false"));
  EXPECT_THAT(model_error("{}"), HasSubstr("model: needs one of rnn or onnx"));
  EXPECT_THAT(model_error("{rnn: {cell: gru, hidden: 64, steps: 3}, onnx: a.onnx}"),
              HasSubstr("only one of rnn and onnx"));
  EXPECT_THAT(model_error("{rnn: {cell: gru, hidden: 64, steps: 3}, precision: mxfp4}"),
              HasSubstr("model.precision: bw-s10 on fpga0 has no mxfp4; it has ms-fp8, ms-fp9"));
}

TEST(ReadPartition, Mistakes) {
  EXPECT_THAT(error_of(small_cluster("partition: {objective: latancy}\n")),
              HasSubstr("did you mean \"latency\"?"));
  EXPECT_THAT(error_of(small_cluster("partition: {min_nodes: 3, max_nodes: 2}\n")),
              HasSubstr("max_nodes: 2 is below min_nodes, 3"));
  EXPECT_THAT(error_of(small_cluster("partition: {min_nodes: 3}\n")),
              HasSubstr("min_nodes is 3, but 2 of the nodes have an NPU"));
  EXPECT_THAT(error_of(small_cluster("service: {sla: {p99: 5}}\n")),
              HasSubstr("service.sla.p99: \"5\" has no unit"));
}

TEST(ReadPartition, ForbiddenNodesAreNamesRangesAndGlobs) {
  const auto forbidden = [](const std::string& list) {
    return read_good(small_cluster("partition: {forbid: " + list + "}\n")).partition.forbid;
  };
  EXPECT_THAT(forbidden("[fpga1]"), ElementsAre("fpga1"));
  EXPECT_THAT(forbidden("[\"fpga[0-1]\", fpga1]"), ElementsAre("fpga0", "fpga1"));
  EXPECT_THAT(forbidden("[\"*1\"]"), ElementsAre("fpga1"));
  EXPECT_THAT(forbidden("[\"*\"]"), ElementsAre("fpga0", "fpga1"));
  EXPECT_TRUE(forbidden("[]").empty());
  const auto wrong = [](const std::string& list) {
    return error_of(small_cluster("partition: {forbid: " + list + "}\n"));
  };
  EXPECT_EQ(wrong("[fpga0, fpgo1]"),
            "test.yaml:6:29: partition.forbid: no node called \"fpgo1\"; did you mean \"fpga1\"?");
  EXPECT_THAT(wrong("[host0]"),
              HasSubstr("6:22: partition.forbid: host0 has no NPU, and plans are about nodes with "
                        "one"));
  EXPECT_THAT(wrong("fpga1"), HasSubstr("partition.forbid: must be a list of nodes"));
  EXPECT_THAT(wrong("[[fpga1]]"), HasSubstr("partition.forbid: must list names of nodes"));
}

TEST(ReadPartition, ColocationIsListsOfOperators) {
  const PartitionSpec partition =
      read_good(small_cluster("partition: {colocate: [[a, b], [\"/enc/*\"]]}\n")).partition;
  ASSERT_EQ(partition.colocate.size(), 2U);
  EXPECT_THAT(partition.colocate[0].patterns, ElementsAre("a", "b"));
  EXPECT_EQ(partition.colocate[1].position, "test.yaml:6:32");
  for (const char* list : {"a", "[a]", "[[]]", "[[[a]]]", "{a: b}"})
    EXPECT_THAT(error_of(small_cluster("partition: {colocate: " + std::string(list) + "}\n")),
                HasSubstr("partition.colocate: must be lists of operators"))
        << list;
}

TEST(ReadPartition, AGivenPlanIsAFileBesideTheClusterFile) {
  const TestFolder folder;
  const std::string plan = folder.write("plans/plan.json", "{}");
  const std::string file =
      folder.write("c.yaml", small_cluster("partition: {plan: plans/plan.json}\n"));
  EXPECT_EQ(read_cluster(file, {}, shipped())->partition.plan, plan);
  EXPECT_THAT(error_of(small_cluster("partition: {plan: none.json}\n")),
              HasSubstr("test.yaml:6:19: partition.plan: no file \"none.json\""));
}

TEST(ReadPlacement, NodesAreNamesRangesAndGlobs) {
  const ClusterSpec spec =
      read_good(small_cluster("placement: {a: \"fpga*\", b: [\"fpga[0-1]\", host0]}\n"));
  EXPECT_THAT(spec.placement[0].nodes, ElementsAre("fpga0", "fpga1"));
  EXPECT_THAT(spec.placement[1].nodes, ElementsAre("fpga0", "fpga1", "host0"));
}

TEST(ReadLtl, OverridesTheDefaults) {
  const LtlOptions ltl =
      read_good(small_cluster("ltl: {mtu: 1 KiB, window: 64, timeout: 20 us, recovery: go-back-n, "
                              "first_sequence: 4294967196}\n"))
          .ltl;
  EXPECT_EQ(ltl.mtu, 1024U);
  EXPECT_EQ(ltl.window, 64U);
  EXPECT_EQ(ltl.timeout, microseconds(20));
  EXPECT_EQ(ltl.recovery, RecoveryMode::kGoBackN);
  EXPECT_EQ(ltl.first_sequence, 4'294'967'196U);
  EXPECT_EQ(ltl.ack_every, LtlOptions{}.ack_every);
}

// Over sockets of this host anybody could write; in virtual time nobody can.
TEST(ReadLtl, RatesBeginAtTheLinesRateUnlessTheFileSaysOtherwise) {
  const auto congestion = [](const char* more) {
    return read_good(small_cluster(more)).ltl.congestion;
  };
  EXPECT_EQ(congestion("").line_rate.bits_per_second, 40'000'000'000);
  EXPECT_EQ(congestion("topology: {kind: rack, bandwidth: 100 Gb/s}\n").line_rate.bits_per_second,
            100'000'000'000);
  const CongestionOptions slow = congestion("topology: {kind: rack, bandwidth: 10 Mb/s}\n");
  EXPECT_EQ(slow.line_rate.bits_per_second, 10'000'000);
  EXPECT_EQ(slow.rate_min.bits_per_second, 10'000'000);
  EXPECT_EQ(congestion("topology: {kind: rack, bandwidth: 100 Gb/s}\n"
                       "ltl: {congestion: {line_rate: 25 Gb/s}}\n")
                .line_rate.bits_per_second,
            25'000'000'000);
}

TEST(ReadLtl, TagsAreTheDefaultOverSocketsOnly) {
  EXPECT_EQ(auth_of(read_good(small_cluster(""))), AuthMode::kNone);
  EXPECT_EQ(auth_of(read_good(small_cluster("time: wall\n"))), AuthMode::kHeader);
  EXPECT_EQ(auth_of(read_good(small_cluster("time: wall\nltl: {auth: none}\n"))), AuthMode::kNone);
  EXPECT_EQ(auth_of(read_good(small_cluster("ltl: {auth: header}\n"))), AuthMode::kHeader);
}

TEST(ReadLtl, Mistakes) {
  const auto ltl = [](const std::string& text) {
    return error_of(small_cluster("ltl: {" + text + "}\n"));
  };
  EXPECT_THAT(ltl("mtu: 1408"), HasSubstr("ltl.mtu: \"1408\" has no unit"));
  EXPECT_THAT(ltl("mtu: 63 B"), HasSubstr("63 B is not between 64 B and"));
  EXPECT_THAT(ltl("window: 100"), HasSubstr("100 is not a power of two"));
  EXPECT_THAT(ltl("window: 131072"), HasSubstr("131072 is not between 1 and 65536"));
  EXPECT_THAT(ltl("timeout: 20 ms"), HasSubstr("timeout_max: 10 ms is below timeout, 20 ms"));
  EXPECT_THAT(ltl("credit: 1 KiB"), HasSubstr("less than what one packet is charged"));
  EXPECT_THAT(ltl("window: 2"), HasSubstr("ack_every: 4 is above window, 2"));
  EXPECT_THAT(ltl("weights: [1, 0]"), HasSubstr("0 is not between 1 and 255"));
  EXPECT_THAT(ltl("weights: 3"), HasSubstr("must be a list of up to 8 numbers"));
  EXPECT_THAT(ltl("misses: never"), HasSubstr("is not off, auto or a value between 1 and 1000"));
  EXPECT_THAT(ltl("auth: aead"), HasSubstr("in virtual time none or header"));
  EXPECT_THAT(ltl("auth: hedaer"), HasSubstr("did you mean \"header\"?"));
  EXPECT_THAT(ltl("auth: header, crc: false"), HasSubstr("header needs crc"));
  EXPECT_THAT(ltl("congestion: {rate_min: 50 Gb/s}"),
              HasSubstr("ltl.congestion.rate_min: 50 Gb/s is above line_rate, 40 Gb/s"));
  EXPECT_THAT(ltl("congestion: {alpha: 3}"), HasSubstr("alpha"));
  EXPECT_THAT(ltl("timout: 5 us"), HasSubstr("did you mean \"timeout\"?"));
}

TEST(ReadWorkload, Mistakes) {
  EXPECT_THAT(error_of(small_cluster("workload: {requests: 0}\n")),
              HasSubstr("workload.requests: 0 is not between 1 and"));
  EXPECT_THAT(error_of(small_cluster("workload: {clients: -1}\n")),
              HasSubstr("workload.clients: -1 is not between 1 and"));
  EXPECT_THAT(error_of(small_cluster("workload: {labels: l.npy}\n")),
              HasSubstr("belongs to an input file, but the input is random"));
  EXPECT_THAT(error_of(small_cluster("workload: {think: 5 uss}\n")), HasSubstr("no unit \"uss\""));
}

}  // namespace
}  // namespace soliton
