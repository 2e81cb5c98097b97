#include <algorithm>

#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

// A format with a name of its own, as the keys that define it.
WrittenKeys definition(const NumberFormat& format) {
  WrittenKeys out = {
      {"element", fmt::format("e{}m{}", format.exponent_bits, format.mantissa_bits)}};
  if (format.scale() != Scale::kNone)
    out.emplace_back("block", format.block == 0 ? "native" : std::to_string(format.block));
  out.emplace_back("scale_bits", format.scale() == Scale::kNone ? "none"
                                 : format.scale() == Scale::kFloat
                                     ? "float"
                                     : std::to_string(format.scale_bits));
  out.emplace_back("rounding", rounding_name(format.rounding));
  out.emplace_back("overflow", overflow_name(format.overflow));
  out.emplace_back("flush", format.flush ? "true" : "false");
  if (format.rounding == Rounding::kDither)
    out.emplace_back("seed", std::to_string(format.dither_seed));
  return out;
}

std::string format_text(const NpuFormat& format, bool is_known) {
  WrittenKeys out = {{"name", yaml_scalar(format.format.name)}};
  if (!is_known)
    for (auto& key : definition(format.format)) out.push_back(std::move(key));
  if (format.beats_per_tile > 0)
    out.emplace_back("beats_per_tile", std::to_string(format.beats_per_tile));
  return flow_text(out);
}

// `defined` are the formats the file itself defines.
std::string formats_text(const std::vector<NpuFormat>& formats,
                         const std::vector<NpuFormat>& defined) {
  std::vector<std::string> entries;
  for (const NpuFormat& format : formats) {
    const Result<NumberFormat> known = resolve_format(format.format.name, defined);
    entries.push_back(format_text(format, known && *known == format.format));
  }
  return fmt::format("[{}]", fmt::join(entries, ", "));
}

std::string defined_formats_text(const std::vector<NpuFormat>& formats) {
  if (formats.empty()) return "";
  std::string out = "formats:\n";
  for (const NpuFormat& format : formats)
    out += fmt::format("  - {}\n", format_text(format, false));
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
             nodes[j].at == nodes[i].at && nodes[j].forward == nodes[i].forward &&
             device_text(nodes[j], defined) == device;
    };
    while (end < nodes.size() && belongs(end)) ++end;
    const std::string name =
        end - i == 1 ? yaml_scalar(nodes[i].name)
                     : yaml_quoted(fmt::format("{}[{}-{}]", stem, first,
                                               first + static_cast<std::int64_t>(end - i) - 1));
    WrittenKeys node = {{"name", name}, {"device", device}};
    if (!nodes[i].at.empty()) node.emplace_back("at", yaml_scalar(nodes[i].at));
    if (nodes[i].forward) node.emplace_back("forward", "true");
    out += fmt::format("  - {}\n", flow_text(node));
    i = end;
  }
  return out;
}

std::string inputs_text(const std::vector<ModelInput>& inputs, const std::string& folder) {
  WrittenKeys out;
  std::vector<std::string> names;
  for (const ModelInput& input : inputs) names.push_back(yaml_scalar(input.name));
  for (std::size_t i = 0; i < names.size(); ++i)
    out.emplace_back(names[i], inputs[i].shape
                                   ? fmt::format("[{}]", fmt::join(*inputs[i].shape, ", "))
                                   : yaml_quoted(path_from(folder, inputs[i].file)));
  return flow_text(out);
}

std::string files_text(const std::string& one, const std::vector<NamedFile>& several,
                       const std::string& folder) {
  if (several.empty()) return yaml_quoted(path_from(folder, one));
  WrittenKeys out;
  std::vector<std::string> names;
  for (const NamedFile& file : several) names.push_back(yaml_scalar(file.name));
  for (std::size_t i = 0; i < names.size(); ++i)
    out.emplace_back(names[i], yaml_quoted(path_from(folder, several[i].path)));
  return flow_text(out);
}

std::string names_text(const std::vector<std::string>& names) {
  std::vector<std::string> items;
  for (const std::string& name : names) items.push_back(yaml_scalar(name));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string partition_flow(const PartitionSpec& partition, const FieldWriter& writer) {
  WrittenKeys by_hand;
  if (!partition.forbid.empty()) by_hand.emplace_back("forbid", names_text(partition.forbid));
  if (!partition.colocate.empty()) {
    std::vector<std::string> lists;
    for (const Colocation& it : partition.colocate) lists.push_back(names_text(it.patterns));
    by_hand.emplace_back("colocate", fmt::format("[{}]", fmt::join(lists, ", ")));
  }
  return writer.flow(kPartitionFields, &partition, by_hand);
}

std::string placement_text(const std::vector<PlacementRule>& rules, std::string_view indent) {
  if (rules.empty()) return "";
  std::string out = fmt::format("{}placement:\n", indent);
  for (const PlacementRule& rule : rules)
    out += fmt::format("{}  {}: {}\n", indent, yaml_quoted(rule.pattern),
                       rule.cpu ? "cpu" : fmt::format("[{}]", fmt::join(rule.nodes, ", ")));
  return out;
}

std::string model_text(const ModelSpec& model, const FieldWriter& writer, const std::string& folder,
                       std::string_view indent) {
  const auto place_text = [&]() -> std::string {
    if (model.places.empty()) return std::string(spelling(kWeightPlaces, model.in_dram));
    WrittenKeys places;
    std::vector<std::string> names;
    for (const LayerPlace& place : model.places) names.push_back(yaml_scalar(place.layer));
    for (std::size_t i = 0; i < names.size(); ++i)
      places.emplace_back(names[i], spelling(kWeightPlaces, model.places[i].in_dram));
    return flow_text(places);
  };
  WrittenKeys by_hand = {{"place", place_text()}};
  if (!model.inputs.empty()) by_hand.emplace_back("inputs", inputs_text(model.inputs, folder));
  WrittenKeys keys = writer.keys(kModelFields, collect(kModelFields, &model), by_hand);
  // Only what a file says has a state.
  if (model.rnn) std::erase_if(keys, [](const auto& key) { return key.first == "state"; });
  return fmt::format("{}model:\n{}", indent, lines_text(keys, fmt::format("{}  ", indent)));
}

std::string workload_text(const WorkloadSpec& workload, const std::vector<NodeSpec>& nodes,
                          const FieldWriter& writer, const std::string& folder,
                          std::string_view indent) {
  if (workload.traffic)
    return fmt::format("workload: {{{}}}\n", traffic_text(*workload.traffic, nodes, folder));
  WrittenKeys by_hand = {{"input", workload.input == "random"
                                       ? workload.input
                                       : files_text(workload.input, workload.inputs, folder)}};
  if (!workload.golden.empty() || !workload.goldens.empty())
    by_hand.emplace_back("golden", files_text(workload.golden, workload.goldens, folder));
  if (!workload.hosts.empty()) by_hand.emplace_back("hosts", names_text(workload.hosts));
  WrittenKeys keys = writer.keys(kRequestFields, collect(kRequestFields, &workload), by_hand);
  std::erase_if(keys, [&](const auto& key) {
    return (key.first == "think" && workload.arrival != "closed") ||
           (key.first == "burst" && workload.arrival != "bursty");
  });
  return fmt::format("{}workload:\n{}", indent, lines_text(keys, fmt::format("{}  ", indent)));
}

std::string services_text(const ClusterSpec& spec, const FieldWriter& writer,
                          const std::string& folder) {
  std::string out = "services:\n";
  for (const NamedService& service : spec.services) {
    out += fmt::format("  - name: {}\n", yaml_scalar(service.name));
    if (!service.nodes.empty()) out += fmt::format("    nodes: {}\n", names_text(service.nodes));
    out += lines_text(writer.keys(kServicesFields, collect(kServicesFields, &service.service)),
                      "    ") +
           model_text(service.model, writer, folder, "    ") +
           placement_text(service.placement, "    ") +
           fmt::format("    partition: {}\n", partition_flow(service.partition, writer)) +
           workload_text(service.workload, spec.nodes, writer, folder, "    ");
  }
  return out;
}

std::string workloads_text(const ClusterSpec& spec, const std::string& folder) {
  if (spec.workloads.empty()) return "";
  std::string out = "workloads:\n";
  for (const NamedTraffic& workload : spec.workloads)
    out += fmt::format("  - {{name: {}, start: {}, {}}}\n", yaml_scalar(workload.name),
                       spell(workload.start), traffic_text(workload.traffic, spec.nodes, folder));
  return out;
}

std::string wall_text(const ClusterSpec& spec, const FieldWriter& writer,
                      const std::string& folder) {
  WrittenKeys by_hand = {{"listen", ipv4_text(spec.wall.listen)}};
  if (!spec.key_file.empty())
    by_hand.emplace_back("key_file", yaml_quoted(path_from(folder, spec.key_file)));
  return fmt::format("wall: {}\n", writer.flow(kWallKeyFields, &spec.wall, by_hand));
}

}  // namespace

std::string write_cluster(const ClusterSpec& spec, const std::string& folder) {
  const FieldWriter writer(folder);
  LtlOptions ltl = spec.ltl;
  ltl.auth = auth_of(spec);
  std::string out;
  for (const auto& [key, value] : writer.keys(kClusterFields, collect(kClusterFields, &spec))) {
    if (key == "compute") {
      if (!spec.services.empty())
        out += services_text(spec, writer, folder);
      else if (has_model(spec) || spec.workload.traffic)
        out += workload_text(spec.workload, spec.nodes, writer, folder, "");
      out += workloads_text(spec, folder);
    }
    if (key == "model") {
      out += topology_text(spec.topology) + defined_formats_text(spec.formats) +
             nodes_text(spec.nodes, spec.formats);
      if (spec.services.empty() && (spec.model.rnn || !spec.model.onnx.empty()))
        out += model_text(spec.model, writer, folder, "") + placement_text(spec.placement, "");
    } else if (key == "partition") {
      if (spec.services.empty())
        out += fmt::format("partition: {}\n", partition_flow(spec.partition, writer));
    } else if (key == "service" && !spec.services.empty()) {
      continue;
    } else if (key == "ltl") {
      out += fmt::format("ltl: {}\n", writer.flow(kClusterLtlFields, &ltl));
    } else if (key == "wall") {
      out += wall_text(spec, writer, folder) + manager_text(spec) +
             faults_text(spec.faults, folder) + expectations_text(spec.expectations);
    } else if (key != "workload") {
      out += fmt::format("{}: {}\n", key, value);
    }
  }
  return out;
}

}  // namespace soliton
