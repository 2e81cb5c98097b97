// What is common to the topologies of all kinds.
#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/located.h"
#include "protocol/base/suggestion.h"
#include "topologies/building.h"
#include "topologies/kind.h"

namespace soliton {
namespace {

void check_spec(const TopologySpec& spec, const TopologyKind& kind, Diagnostics& errors) {
  const auto problem = [&](const std::string& what) {
    errors.add(ErrorCode::kInvalid,
               located(spec.position, fmt::format("topology {}: {}", spec.name, what)));
  };
  if (spec.rate.bits_per_second <= 0) problem("the rate must be above 0");
  for (const Setting& setting : spec.options) {
    const Field* const field = kind.fields.find(setting.key);
    const auto* const number = std::get_if<std::int64_t>(&setting.value.value);
    if (field == nullptr)
      problem(fmt::format("{} has no meaning for kind {}", setting.key, kind.name));
    else if (number != nullptr && (*number < field->least || *number > field->most))
      problem(fmt::format("{}: {} is not between {} and {}", setting.key, *number, field->least,
                          field->most));
  }
}

// Of the cable and the ports at its ends.
BitRate slowest(const TopologyLink& link, const std::vector<PlacedNode>& nodes) {
  BitRate rate = link.rate;
  for (const std::uint32_t end : link.ends)
    if (end < nodes.size() && nodes[end].port.bits_per_second > 0)
      rate = std::min(rate, nodes[end].port);
  return rate;
}

}  // namespace

const TopologyKind* find_topology_kind(std::string_view name, TopologyKinds kinds) {
  const auto found =
      std::ranges::find_if(kinds, [&](const TopologyKind* kind) { return kind->name == name; });
  return found == kinds.end() ? nullptr : *found;
}

std::vector<std::string> topology_kind_names(TopologyKinds kinds) {
  std::vector<std::string> names;
  for (const TopologyKind* kind : kinds) names.emplace_back(kind->name);
  return names;
}

Checked<Topology> build_topology(const TopologySpec& spec, const std::vector<PlacedNode>& nodes) {
  return build_topology(spec, nodes, topology_kinds());
}

Checked<Topology> build_topology(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                                 TopologyKinds kinds) {
  Diagnostics errors;
  const TopologyKind* const kind = find_topology_kind(spec.kind, kinds);
  if (kind == nullptr)
    errors.add(
        ErrorCode::kInvalid,
        located(spec.position, fmt::format("topology {}: no kind \"{}\"{}", spec.name, spec.kind,
                                           suggestion(spec.kind, topology_kind_names(kinds)))));
  else
    check_spec(spec, *kind, errors);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  Topology topology = kind->build(spec, nodes, errors);
  if (errors.empty() && !kind->drawn) check_names(topology, nodes, errors);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  for (TopologyLink& link : topology.links) {
    link.ecn = spec.ecn;
    if (kind->wired) link.rate = slowest(link, nodes);
  }
  topology.pause = spec.pause;
  topology.routing = spec.routing;
  return topology;
}

}  // namespace soliton
