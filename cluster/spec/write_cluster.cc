#include <algorithm>

#include "cluster/spec/files.h"
#include "cluster/spec/names.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

// A scalar as YAML: plain when it cannot be mistaken for anything else, else in double quotes.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string scalar(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/';
  };
  const bool is_plain = !text.empty() && text.front() != '-' && text.front() != '.' &&
                        std::all_of(text.begin(), text.end(), plain) && text != "null" &&
                        text != "Null" && text != "NULL";
  return is_plain ? text : quoted(text);
}

const char* flag(bool value) { return value ? "true" : "false"; }

// Keys of one flow map, in order: "{a: 1, b: 2}".
class FlowMap {
 public:
  template <typename T>
  FlowMap& add(std::string_view key, const T& value) {
    body_ += fmt::format("{}{}: {}", body_.empty() ? "" : ", ", key, value);
    return *this;
  }
  std::string text() const { return "{" + body_ + "}"; }

 private:
  std::string body_;
};

// What a format of a name of its own is, as the keys that define it.
FlowMap& add_definition(FlowMap& out, const NumberFormat& format) {
  out.add("element", fmt::format("e{}m{}", format.exponent_bits, format.mantissa_bits));
  if (format.scale() != Scale::kNone)
    out.add("block", format.block == 0 ? "native" : std::to_string(format.block));
  out.add("scale_bits", format.scale() == Scale::kNone    ? "none"
                        : format.scale() == Scale::kFloat ? "float"
                                                          : std::to_string(format.scale_bits));
  out.add("rounding", rounding_name(format.rounding));
  out.add("overflow", overflow_name(format.overflow)).add("flush", flag(format.flush));
  if (format.rounding == Rounding::kDither) out.add("seed", format.dither_seed);
  return out;
}

// `defined` are the formats the file itself defines.
std::string formats_text(const std::vector<NpuFormat>& formats,
                         const std::vector<NpuFormat>& defined) {
  std::vector<std::string> entries;
  for (const NpuFormat& format : formats) {
    FlowMap entry;
    entry.add("name", scalar(format.format.name));
    const Result<NumberFormat> known = resolve_format(format.format.name, defined);
    if (!known || *known != format.format) add_definition(entry, format.format);
    entries.push_back(entry.add("beats_per_tile", format.beats_per_tile).text());
  }
  return fmt::format("[{}]", fmt::join(entries, ", "));
}

std::string defined_formats_text(const std::vector<NpuFormat>& formats) {
  if (formats.empty()) return "";
  std::string out = "formats:\n";
  for (const NpuFormat& format : formats) {
    FlowMap entry;
    entry.add("name", scalar(format.format.name));
    add_definition(entry, format.format);
    if (format.beats_per_tile > 0) entry.add("beats_per_tile", format.beats_per_tile);
    out += fmt::format("  - {}\n", entry.text());
  }
  return out;
}

std::string peaks_text(const std::vector<PublishedPeak>& peaks) {
  std::vector<std::string> entries;
  for (const PublishedPeak& peak : peaks)
    entries.push_back(FlowMap()
                          .add("name", scalar(peak.format))
                          .add("peak", fmt::format("{} TOPS", peak.tops))
                          .text());
  return fmt::format("[{}]", fmt::join(entries, ", "));
}

std::string timing_text(const NpuTimingParameters& timing) {
  FlowMap out;
  out.add("dispatch_cycles", timing.dispatch_cycles)
      .add("slot_overhead_cycles", timing.slot_overhead_cycles)
      .add("depth_cycles", timing.depth_cycles)
      .add("depth_cycles_per_vector", timing.depth_cycles_per_vector)
      .add("vector_cycles", timing.vector_cycles)
      .add("vector_cycles_per_vector", timing.vector_cycles_per_vector)
      .add("request_cycles", timing.request_cycles)
      .add("occupancy", spelling(occupancies(), timing.occupancy));
  return out.add("calibrated", flag(timing.calibrated)).add("source", quoted(timing.source)).text();
}

std::string npu_text(const NpuDevice& npu, const std::vector<NpuFormat>& defined) {
  FlowMap registers, out;
  registers.add("initial", npu.initial_vrf).add("add_sub_0", npu.add_sub_vrf_0);
  registers.add("add_sub_1", npu.add_sub_vrf_1).add("multiply", npu.multiply_vrf);
  out.add("name", scalar(npu.name)).add("kind", "npu").add("description", quoted(npu.description));
  out.add("source", quoted(npu.source))
      .add("clock", spell(npu.clock))
      .add("tile_engines", npu.tile_engines);
  out.add("lanes", npu.lanes)
      .add("native_dimension", npu.native_dim)
      .add("batch_lanes", npu.batch_lanes);
  out.add("multifunction_units", npu.multifunction_units)
      .add("matrix_registers", npu.matrix_rf_tiles);
  out.add("vector_registers", registers.text()).add("instruction_words", npu.instruction_words);
  out.add("dram", spell(npu.dram));
  // No rate is how a device without DRAM is written.
  if (npu.dram_rate.bits_per_second > 0) out.add("dram_bandwidth", spell(npu.dram_rate));
  if (npu.network_rate.bits_per_second > 0) out.add("network_bandwidth", spell(npu.network_rate));
  out.add("formats", formats_text(npu.formats, defined));
  if (!npu.published_peaks.empty()) out.add("published_peaks", peaks_text(npu.published_peaks));
  out.add("cell_programs", spelling(cell_programs(), npu.cell_programs));
  return out.add("timing", timing_text(npu.timing)).text();
}

std::string device_text(const NodeSpec& node, const std::vector<NpuFormat>& defined) {
  if (node.device_is_builtin) return scalar(node.device.name());
  if (node.device.kind == Device::Kind::kNpu) return npu_text(node.device.npu, defined);
  const CpuDevice& cpu = node.device.cpu;
  FlowMap out;
  out.add("name", scalar(cpu.name)).add("kind", "cpu").add("description", quoted(cpu.description));
  out.add("source", quoted(cpu.source)).add("operator_overhead", spell(cpu.operator_overhead));
  return out.add("memory_bandwidth", spell(cpu.memory_rate)).text();
}

// The stem and number of "fpga12"; no number when it has leading zeros or is long.
std::pair<std::string, std::int64_t> split_number(const std::string& name) {
  const std::size_t digits = name.find_last_not_of("0123456789") + 1;
  const std::string number = name.substr(digits);
  if (number.empty() || number.size() > 9 || (number.size() > 1 && number[0] == '0'))
    return {name, -1};
  return {name.substr(0, digits), std::stoll(number)};
}

// Nodes alike and numbered in a row are one line: "fpga[0-3]".
std::string nodes_text(const std::vector<NodeSpec>& nodes, const std::vector<NpuFormat>& defined) {
  std::string out = "nodes:\n";
  for (std::size_t i = 0; i < nodes.size();) {
    const std::string device = device_text(nodes[i], defined);
    const std::pair<std::string, std::int64_t> own = split_number(nodes[i].name);
    const std::string& stem = own.first;
    const std::int64_t first = own.second;
    std::size_t end = i + 1;
    const auto belongs = [&](std::size_t j) {
      return first >= 0 &&
             split_number(nodes[j].name) ==
                 std::pair(stem, first + static_cast<std::int64_t>(j - i)) &&
             nodes[j].at == nodes[i].at && device_text(nodes[j], defined) == device;
    };
    while (end < nodes.size() && belongs(end)) ++end;
    const std::string name =
        end - i == 1 ? scalar(nodes[i].name)
                     : quoted(fmt::format("{}[{}-{}]", stem, first,
                                          first + static_cast<std::int64_t>(end - i) - 1));
    FlowMap node;
    node.add("name", name).add("device", device);
    if (!nodes[i].at.empty()) node.add("at", scalar(nodes[i].at));
    out += fmt::format("  - {}\n", node.text());
    i = end;
  }
  return out;
}

std::string explicit_text(const TopologySpec& topology) {
  std::string out = "  switches:\n";
  if (topology.explicit_switches.empty()) out = "  switches: []\n";
  for (const Vertex& vertex : topology.explicit_switches) {
    FlowMap entry;
    entry.add("name", scalar(vertex.name)).add("forwarding", spell(vertex.forwarding));
    entry.add("store_and_forward", flag(vertex.store_and_forward));
    if (!vertex.place.empty()) entry.add("place", quoted(vertex.place));
    out += fmt::format("    - {}\n", entry.text());
  }
  out += topology.explicit_links.empty() ? "  links: []\n" : "  links:\n";
  for (const auto& [a, b, link, position] : topology.explicit_links) {
    FlowMap entry;
    entry.add("between", fmt::format("[{}, {}]", scalar(a), scalar(b)));
    if (link.name != a + "-" + b) entry.add("name", scalar(link.name));
    entry.add("latency", spell(link.latency))
        .add("bandwidth", spell(link.rate))
        .add("queue", spell(link.queue));
    if (link.other != OtherTraffic{})
      entry.add("other_traffic", FlowMap()
                                     .add("busy", spell(link.other.busy))
                                     .add("longest", spell(link.other.longest))
                                     .text());
    out += fmt::format("    - {}\n", entry.text());
  }
  return out;
}

std::string ecn_text(const std::optional<EcnMarking>& ecn) {
  if (!ecn) return "false";
  FlowMap out;
  out.add("kmin", spell(ecn->kmin)).add("kmax", spell(ecn->kmax));
  return out.add("probability", spell(ecn->most)).text();
}

std::string pause_text(const PriorityPause& pause) {
  const auto or_auto = [](const std::optional<Bytes>& size) {
    return size ? spell(*size) : "auto";
  };
  FlowMap out;
  out.add("xoff", spell(pause.xoff)).add("xon", or_auto(pause.xon));
  out.add("headroom", or_auto(pause.headroom));
  if (!pause.watchdog) return out.add("watchdog", "false").text();
  FlowMap watchdog;
  watchdog.add("poll", spell(pause.watchdog->poll)).add("polls", pause.watchdog->polls);
  watchdog.add("restore", spell(pause.watchdog->restore));
  return out.add("watchdog", watchdog.text()).text();
}

std::string topology_text(const TopologySpec& topology) {
  std::string out =
      fmt::format("topology:\n  name: {}\n  kind: {}\n", scalar(topology.name), topology.kind);
  const TopologyKind& kind = *find_topology_kind(topology.kind);
  if (kind.wired) out += fmt::format("  bandwidth: {}\n", spell(topology.rate));
  for (const auto& [key, value] : kind.changed(topology.options, [](void*) {}))
    out += fmt::format("  {}: {}\n", key, spell_value(*kind.fields.find(key), value));
  if (kind.wired) out += fmt::format("  ecn: {}\n", ecn_text(topology.ecn));
  if (topology.pause) out += fmt::format("  pfc: {}\n", pause_text(*topology.pause));
  return kind.drawn ? out + explicit_text(topology) : out;
}

std::string model_text(const ModelSpec& model, const std::string& folder) {
  std::string out = "model:\n";
  if (model.rnn) {
    FlowMap rnn;
    rnn.add("cell", spelling(cells(), model.rnn->cell)).add("hidden", model.rnn->hidden);
    rnn.add("steps", model.rnn->steps)
        .add("layers", model.rnn->layers)
        .add("input", model.rnn->input);
    rnn.add("bidirectional", flag(model.rnn->bidirectional))
        .add("reset_after", flag(model.rnn->reset_after));
    rnn.add("count_as_hidden", model.count_as_hidden);
    out += fmt::format("  rnn: {}\n", rnn.text());
  } else {
    out += fmt::format("  onnx: {}\n", quoted(path_from(folder, model.onnx)));
    if (!model.output.empty()) out += fmt::format("  output: {}\n", quoted(model.output));
    out += fmt::format("  state: {}\n", spelling(state_modes(), model.zero_state));
  }
  if (!model.precision.empty()) out += fmt::format("  precision: {}\n", quoted(model.precision));
  if (model.places.empty()) {
    out += fmt::format("  place: {}\n", spelling(weight_places(), model.in_dram));
  } else {
    FlowMap places;
    for (const LayerPlace& place : model.places)
      places.add(scalar(place.layer), spelling(weight_places(), place.in_dram));
    out += fmt::format("  place: {}\n", places.text());
  }
  if (model.window != 0) out += fmt::format("  window: {}\n", model.window);
  return out;
}

std::string workload_text(const WorkloadSpec& workload, const std::vector<NodeSpec>& nodes,
                          const std::string& folder) {
  if (workload.traffic)
    return fmt::format("workload: {}\n", traffic_text(*workload.traffic, nodes));
  std::string out = fmt::format("workload:\n  clients: {}\n  arrival: {}\n  requests: {}\n",
                                workload.clients, workload.arrival, workload.requests);
  out += workload.arrival == "poisson" ? fmt::format("  rate: {}\n", spell(workload.rate))
                                       : fmt::format("  think: {}\n", spell(workload.think));
  const bool is_random = workload.input == "random";
  out += fmt::format("  input: {}\n",
                     is_random ? "random" : quoted(path_from(folder, workload.input)));
  for (const auto& [key, path] : {std::pair{"lengths", &workload.lengths},
                                  {"labels", &workload.labels},
                                  {"golden", &workload.golden}})
    if (!path->empty()) out += fmt::format("  {}: {}\n", key, quoted(path_from(folder, *path)));
  return out;
}

std::string congestion_text(const CongestionOptions& o) {
  FlowMap out;
  out.add("enabled", flag(o.enabled)).add("line_rate", spell(o.line_rate));
  out.add("rate_min", spell(o.rate_min)).add("cnp_interval", spell(o.cnp_interval));
  out.add("alpha_gain", o.alpha_gain).add("alpha_timer", spell(o.alpha_timer));
  out.add("rate_timer", spell(o.rate_timer)).add("byte_counter", spell(o.byte_counter));
  out.add("recovery_steps", o.recovery_steps).add("additive_step", spell(o.additive_step));
  return out.text();
}

std::string ltl_text(const LtlOptions& ltl, AuthMode auth) {
  FlowMap out;
  out.add("mtu", spell(Bytes{ltl.mtu})).add("window", ltl.window).add("credit", spell(ltl.credit));
  out.add("timeout", spell(ltl.timeout)).add("timeout_max", spell(ltl.timeout_max));
  out.add("reorder_tolerance", spell(ltl.reorder_tolerance)).add("ack_every", ltl.ack_every);
  out.add("queue_limit", spell(ltl.queue_limit))
      .add("recovery", spelling(recovery_modes(), ltl.recovery));
  out.add("first_sequence", ltl.first_sequence).add("ack_delay", spell(ltl.ack_delay));
  out.add("timeout_rtts", ltl.timeout_rtts).add("sample_every", ltl.sample_every);
  out.add("credit_overhead", spell(ltl.credit_overhead));
  out.add("packing", spell(ltl.packing)).add("crc", flag(ltl.crc)).add("store", spell(ltl.store));
  out.add("weights", fmt::format("[{}]", fmt::join(ltl.weights, ", ")));
  out.add("handshake", flag(ltl.handshake)).add("auth", spelling(auth_modes(), auth));
  out.add("misses", ltl.misses == 0             ? "off"
                    : ltl.misses == kMissesAuto ? "auto"
                                                : std::to_string(ltl.misses));
  out.add("silence_min", spell(ltl.silence_min));
  out.add("congestion", congestion_text(ltl.congestion));
  return out.text();
}

std::string wall_text(const ClusterSpec& spec, const std::string& folder) {
  FlowMap out;
  out.add("carrier", spelling(carrier_kinds(), spec.wall.carrier));
  out.add("wait", spelling(wait_modes(), spec.wall.wait)).add("spin", spell(spec.wall.spin));
  out.add("listen", ipv4_text(spec.wall.listen));
  if (!spec.key_file.empty()) out.add("key_file", quoted(path_from(folder, spec.key_file)));
  return fmt::format("wall: {}\n", out.text());
}

std::string fault_text(const FaultSpec& fault) {
  const FaultRule& rule = fault.rule;
  FlowMap out, links, where, when;
  out.add("id", scalar(rule.id)).add("kind", spelling(fault_kinds(), rule.kind));
  if (rule.kind == FaultKind::kLoss) {
    out.add("model", FlowMap().add("type", "bernoulli").add("p", spell(rule.loss)).text());
    out.add("max_burst", rule.max_burst);
  } else if (rule.kind == FaultKind::kDelay) {
    out.add("delay", spell(rule.delay)).add("jitter", spell(rule.jitter));
  }
  if (fault.link.empty())
    links.add("from", quoted(fault.from)).add("to", quoted(fault.to));
  else
    links.add("name", quoted(fault.link));
  where.add("links", links.text());
  where.add("direction", rule.forward && rule.backward ? "both" : rule.forward ? "tx" : "rx");
  when.add("from", spell(rule.from.time_since_epoch()));
  if (rule.until != kNever) when.add("to", spell(rule.until.time_since_epoch()));
  return out.add("where", where.text()).add("when", when.text()).text();
}

std::string faults_text(const std::vector<FaultSpec>& faults) {
  if (faults.empty()) return "faults: []\n";
  std::string out = "faults:\n";
  for (const FaultSpec& fault : faults) out += fmt::format("  - {}\n", fault_text(fault));
  return out;
}

}  // namespace

std::string write_cluster(const ClusterSpec& spec, const std::string& folder) {
  FlowMap partition, service;
  partition.add("objective", spec.partition.objective).add("min_nodes", spec.partition.min_nodes);
  partition.add("max_nodes", spec.partition.max_nodes);
  service.add("replicas", spec.service.replicas).add("spares", spec.service.spares);
  service.add("batch", spec.service.batch).add("batch_wait", spell(spec.service.batch_wait));
  if (spec.service.sla_p99.count() > 0)
    service.add("sla", FlowMap().add("p99", spell(spec.service.sla_p99)).text());
  std::string out =
      fmt::format("name: {}\nseed: {}\ntime: {}\nprocesses: {}\n", scalar(spec.name), spec.seed,
                  spelling(time_modes(), spec.time), spelling(process_modes(), spec.processes));
  out += topology_text(spec.topology);
  out += defined_formats_text(spec.formats);
  out += nodes_text(spec.nodes, spec.formats);
  if (spec.model.rnn || !spec.model.onnx.empty()) out += model_text(spec.model, folder);
  out += fmt::format("partition: {}\nservice: {}\n", partition.text(), service.text());
  out += workload_text(spec.workload, spec.nodes, folder);
  out += fmt::format("compute: {}\nsample_every: {}\n", spelling(compute_kinds(), spec.compute),
                     spec.sample_every);
  out += fmt::format("ltl: {}\n", ltl_text(spec.ltl, auth_of(spec)));
  out += wall_text(spec, folder);
  out += faults_text(spec.faults);
  out += fmt::format("limits: {{time: {}, silence: {}}}\ntrace: {{requests: {}}}\n",
                     spell(spec.time_limit), spell(spec.silence), spec.trace_requests);
  out += fmt::format("outputs: {{save: {}}}\n", spelling(output_choices(), spec.save_outputs));
  return out;
}

}  // namespace soliton
