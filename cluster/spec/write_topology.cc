#include "cluster/spec/parts.h"
#include "protocol/base/check.h"
#include "topologies/topology_fields.h"

namespace soliton {
namespace {

std::string items_text(std::string_view key, const std::vector<std::string>& items) {
  if (items.empty()) return fmt::format("  {}: []\n", key);
  return fmt::format("  {}:\n    - {}\n", key, fmt::join(items, "\n    - "));
}

std::string drawn_text(const TopologySpec& topology, const FieldWriter& writer) {
  std::vector<std::string> switches, links;
  for (const Vertex& vertex : topology.explicit_switches)
    switches.push_back(writer.flow(kSwitchFields, &vertex, {{"name", yaml_scalar(vertex.name)}}));
  for (const auto& [a, b, link, position] : topology.explicit_links) {
    WrittenKeys by_hand = {{"between", fmt::format("[{}, {}]", yaml_scalar(a), yaml_scalar(b))}};
    if (link.name != a + "-" + b) by_hand.emplace_back("name", yaml_scalar(link.name));
    links.push_back(writer.flow(kCableFields, &link, by_hand));
  }
  return items_text("switches", switches) + items_text("links", links);
}

}  // namespace

std::string topology_text(const TopologySpec& topology, TopologyKinds kinds) {
  const TopologyKind* const kind = find_topology_kind(topology.kind, kinds);
  SOLITON_CHECK_MSG(kind != nullptr, "no topology kind {}", topology.kind);
  const FieldWriter writer("");
  const auto lines = [&](const FieldTable& table, const Settings& settings) {
    return lines_text(writer.keys(table, settings), "  ");
  };
  const auto shared = [&](const FieldTable& table) {
    return lines(table, collect(table, &topology));
  };
  std::string out = "topology:\n" + shared(kTopologyNameFields);
  if (kind->wired) out += shared(kTopologyRateFields);
  out += lines(kind->fields, kind->changed(topology.options, [](void*) {}));
  if (kind->wired) out += shared(kTopologyQueueFields);
  return kind->drawn ? out + drawn_text(topology, writer) : out;
}

}  // namespace soliton
