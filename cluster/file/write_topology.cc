// `topology:` of a cluster file, as it reads back.
#include "cluster/file/parts.h"

namespace soliton {
namespace {

std::string drawn_text(const TopologySpec& topology, const FieldWriter& writer) {
  std::string out = topology.explicit_switches.empty() ? "  switches: []\n" : "  switches:\n";
  for (const Vertex& vertex : topology.explicit_switches)
    out += fmt::format("    - {}\n",
                       writer.flow(kSwitchFields, &vertex, {{"name", yaml_scalar(vertex.name)}}));
  const bool none = topology.explicit_links.empty() && topology.overrides.empty();
  out += none ? "  links: []\n" : "  links:\n";
  for (const auto& [a, b, link, position] : topology.explicit_links) {
    WrittenKeys by_hand = {{"between", fmt::format("[{}, {}]", yaml_scalar(a), yaml_scalar(b))}};
    if (link.name != a + "-" + b) by_hand.emplace_back("name", yaml_scalar(link.name));
    out += fmt::format("    - {}\n", writer.flow(kCableFields, &link, by_hand));
  }
  return out;
}

std::string overrides_text(const TopologySpec& topology, const FieldWriter& writer) {
  std::string out;
  for (const LinkOverride& its : topology.overrides)
    out += fmt::format("    - {}\n",
                       writer.flow(kCableFields, its.settings, {{"link", yaml_scalar(its.link)}}));
  return out;
}

}  // namespace

std::string topology_text(const TopologySpec& topology, TopologyKinds kinds) {
  const FieldWriter writer("");
  const TopologyKind& kind = *find_topology_kind(topology.kind, kinds);
  std::string out = "topology:\n";
  const auto add = [&](const FieldTable& table, const Settings& settings) {
    out += lines_text(writer.keys(table, settings), "  ");
  };
  add(kTopologyNameFields, collect(kTopologyNameFields, &topology));
  if (kind.wired) add(kTopologyRateFields, collect(kTopologyRateFields, &topology));
  add(kind.fields, all_options(kind, topology.options));
  if (kind.wired) add(kTopologyQueueFields, collect(kTopologyQueueFields, &topology));
  if (kind.routed) add(kTopologyRoutedFields, collect(kTopologyRoutedFields, &topology));
  if (kind.wired && !kind.drawn && topology.switches != SwitchQueues{})
    add(kTopologySwitchesFields, collect(kTopologySwitchesFields, &topology));
  if (kind.drawn)
    out += drawn_text(topology, writer);
  else if (!topology.overrides.empty())
    out += "  links:\n";
  return out + overrides_text(topology, writer);
}

}  // namespace soliton
