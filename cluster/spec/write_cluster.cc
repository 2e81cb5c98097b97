#include <algorithm>

#include "cluster/spec/files.h"
#include "cluster/spec/names.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

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
    entry.add("name", yaml_scalar(format.format.name));
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
    entry.add("name", yaml_scalar(format.format.name));
    add_definition(entry, format.format);
    if (format.beats_per_tile > 0) entry.add("beats_per_tile", format.beats_per_tile);
    out += fmt::format("  - {}\n", entry.text());
  }
  return out;
}

std::string device_text(const NodeSpec& node, const std::vector<NpuFormat>& defined) {
  const FieldWriter writer("");
  const Device& device = node.device;
  if (node.device_is_builtin) return yaml_scalar(device.name());
  if (device.kind == Device::Kind::kCpu)
    return writer.flow(kCpuFields, &device.cpu, {{"kind", "cpu"}});
  return writer.flow(kNpuFields, &device.npu,
                     {{"kind", "npu"}, {"formats", formats_text(device.npu.formats, defined)}});
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
        end - i == 1 ? yaml_scalar(nodes[i].name)
                     : yaml_quoted(fmt::format("{}[{}-{}]", stem, first,
                                               first + static_cast<std::int64_t>(end - i) - 1));
    FlowMap node;
    node.add("name", name).add("device", device);
    if (!nodes[i].at.empty()) node.add("at", yaml_scalar(nodes[i].at));
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
    entry.add("name", yaml_scalar(vertex.name)).add("forwarding", spell(vertex.forwarding));
    entry.add("store_and_forward", flag(vertex.store_and_forward));
    if (!vertex.place.empty()) entry.add("place", yaml_quoted(vertex.place));
    out += fmt::format("    - {}\n", entry.text());
  }
  out += topology.explicit_links.empty() ? "  links: []\n" : "  links:\n";
  for (const auto& [a, b, link, position] : topology.explicit_links) {
    FlowMap entry;
    entry.add("between", fmt::format("[{}, {}]", yaml_scalar(a), yaml_scalar(b)));
    if (link.name != a + "-" + b) entry.add("name", yaml_scalar(link.name));
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
      fmt::format("topology:\n  name: {}\n  kind: {}\n", yaml_scalar(topology.name), topology.kind);
  if (topology.kind != "local") out += fmt::format("  bandwidth: {}\n", spell(topology.rate));
  if (topology.kind == "rack" || topology.kind == "datacenter")
    out += fmt::format("  hosts_per_rack: {}\n", topology.hosts_per_rack);
  if (topology.kind == "datacenter")
    out += fmt::format("  racks_per_pod: {}\n  pods: {}\n  quiet: {}\n", topology.racks_per_pod,
                       topology.pods, flag(topology.quiet));
  if (topology.kind != "local") out += fmt::format("  ecn: {}\n", ecn_text(topology.ecn));
  if (topology.pause) out += fmt::format("  pfc: {}\n", pause_text(*topology.pause));
  return topology.kind == "explicit" ? out + explicit_text(topology) : out;
}

std::string model_text(const ModelSpec& model, const FieldWriter& writer) {
  const auto place_text = [&]() -> std::string {
    if (model.places.empty()) return std::string(spelling(kWeightPlaces, model.in_dram));
    WrittenKeys places;
    std::vector<std::string> names;
    for (const LayerPlace& place : model.places) names.push_back(yaml_scalar(place.layer));
    for (std::size_t i = 0; i < names.size(); ++i)
      places.emplace_back(names[i], spelling(kWeightPlaces, model.places[i].in_dram));
    return flow_text(places);
  };
  WrittenKeys keys =
      writer.keys(kModelFields, collect(kModelFields, &model), {{"place", place_text()}});
  // Only what a file says has a state.
  if (model.rnn) std::erase_if(keys, [](const auto& key) { return key.first == "state"; });
  return "model:\n" + lines_text(keys, "  ");
}

std::string workload_text(const WorkloadSpec& workload, const std::vector<NodeSpec>& nodes,
                          const FieldWriter& writer, const std::string& folder) {
  if (workload.traffic)
    return fmt::format("workload: {}\n", traffic_text(*workload.traffic, nodes));
  const std::string input =
      workload.input == "random" ? workload.input : yaml_quoted(path_from(folder, workload.input));
  WrittenKeys keys =
      writer.keys(kRequestFields, collect(kRequestFields, &workload), {{"input", input}});
  if (workload.arrival == "poisson")
    std::erase_if(keys, [](const auto& key) { return key.first == "think"; });
  return "workload:\n" + lines_text(keys, "  ");
}

std::string wall_text(const ClusterSpec& spec, const FieldWriter& writer,
                      const std::string& folder) {
  WrittenKeys by_hand = {{"listen", ipv4_text(spec.wall.listen)}};
  if (!spec.key_file.empty())
    by_hand.emplace_back("key_file", yaml_quoted(path_from(folder, spec.key_file)));
  return fmt::format("wall: {}\n", writer.flow(kWallKeyFields, &spec.wall, by_hand));
}

std::string fault_text(const FaultSpec& fault) {
  const FaultRule& rule = fault.rule;
  WrittenKeys out = {{"id", yaml_scalar(rule.id)}, {"kind", std::string(rule.kind->name)}};
  for (auto& option : FieldWriter("").keys(rule.kind->fields, rule.options)) out.push_back(option);
  const WrittenKeys links = fault.link.empty() ? WrittenKeys{{"from", yaml_quoted(fault.from)},
                                                             {"to", yaml_quoted(fault.to)}}
                                               : WrittenKeys{{"name", yaml_quoted(fault.link)}};
  const char* direction = rule.forward && rule.backward ? "both" : rule.forward ? "tx" : "rx";
  WrittenKeys when = {{"from", spell(rule.from.time_since_epoch())}};
  if (rule.until != kNever) when.emplace_back("to", spell(rule.until.time_since_epoch()));
  out.emplace_back("where", flow_text({{"links", flow_text(links)}, {"direction", direction}}));
  out.emplace_back("when", flow_text(when));
  return flow_text(out);
}

std::string faults_text(const std::vector<FaultSpec>& faults) {
  if (faults.empty()) return "faults: []\n";
  std::string out = "faults:\n";
  for (const FaultSpec& fault : faults) out += fmt::format("  - {}\n", fault_text(fault));
  return out;
}

}  // namespace

std::string write_cluster(const ClusterSpec& spec, const std::string& folder) {
  const FieldWriter writer(folder);
  LtlOptions ltl = spec.ltl;
  ltl.auth = auth_of(spec);
  std::string out;
  for (const auto& [key, value] : writer.keys(kClusterFields, collect(kClusterFields, &spec))) {
    if (key == "compute") out += workload_text(spec.workload, spec.nodes, writer, folder);
    if (key == "model") {
      out += topology_text(spec.topology) + defined_formats_text(spec.formats) +
             nodes_text(spec.nodes, spec.formats);
      if (spec.model.rnn || !spec.model.onnx.empty()) out += model_text(spec.model, writer);
    } else if (key == "ltl") {
      out += fmt::format("ltl: {}\n", writer.flow(kClusterLtlFields, &ltl));
    } else if (key == "wall") {
      out += wall_text(spec, writer, folder) + faults_text(spec.faults);
    } else if (key != "workload") {
      out += fmt::format("{}: {}\n", key, value);
    }
  }
  return out;
}

}  // namespace soliton
