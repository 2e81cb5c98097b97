// What is common to the topologies of all kinds.
#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/located.h"
#include "protocol/base/suggestion.h"
#include "topologies/building.h"
#include "topologies/kind.h"
#include "topologies/link_overrides.h"

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

// The node whose port a cable is plugged into at this vertex; kNoNode for a switch.
std::uint32_t node_at(const Topology& topology, std::uint32_t vertex) {
  return vertex < topology.nodes ? vertex : topology.vertices[vertex].router_of;
}

// A cable is as fast as it and the ports at its ends are, the line to a router as fast as the
// router's cables together.
void set_rates(Topology& topology, const std::vector<PlacedNode>& nodes) {
  std::vector<BitRate> of_routers(topology.vertices.size());
  const auto on_chip = [&](const TopologyLink& link) {
    return node_at(topology, link.ends[0]) == node_at(topology, link.ends[1]) &&
           node_at(topology, link.ends[0]) != kNoNode;
  };
  for (TopologyLink& link : topology.links) {
    if (on_chip(link)) continue;
    for (const std::uint32_t end : link.ends)
      if (const std::uint32_t node = node_at(topology, end);
          node != kNoNode && nodes[node].port.bits_per_second > 0)
        link.rate = std::min(link.rate, nodes[node].port);
    for (const std::uint32_t end : link.ends)
      of_routers[end].bits_per_second += link.rate.bits_per_second;
  }
  for (TopologyLink& link : topology.links)
    if (on_chip(link) && link.rate.bits_per_second == 0)
      link.rate = std::max(BitRate{1}, of_routers[link.ends[1]]);
}

// With pauses what a switch holds is counted by the cable it came in on, class by class, so there is no
// room that ports share, and a class is the same at both ends of a cable.
void check_queues(const TopologySpec& spec, const Topology& topology, Diagnostics& errors) {
  if (!spec.pause) return;
  const Vertex* first = nullptr;
  for (const Vertex& vertex : topology.vertices) {
    if (!vertex.is_switch) continue;
    const auto problem = [&](const std::string& what) {
      errors.add(ErrorCode::kInvalid,
                 located(spec.position, fmt::format("topology {}: {}", spec.name, what)));
    };
    if (vertex.queues.buffer)
      return problem(
          fmt::format("with pfc every cable has room of its own at {} (xoff, headroom): "
                      "leave out its buffer, or pfc",
                      vertex.name));
    if (first != nullptr && first->queues.classes != vertex.queues.classes)
      return problem(
          fmt::format("pfc pauses class by class, so all switches need the same classes, "
                      "and those of {} are not those of {}",
                      vertex.name, first->name));
    first = &vertex;
  }
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
  if (errors.empty() && kind->wired) apply_overrides(spec, topology, errors);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  for (TopologyLink& link : topology.links) link.ecn = spec.ecn;
  if (!kind->drawn)
    for (Vertex& vertex : topology.vertices)
      if (vertex.is_switch) vertex.queues = spec.switches;
  if (kind->wired) set_rates(topology, nodes);
  check_headroom(spec, topology, errors);
  check_queues(spec, topology, errors);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  topology.pause = spec.pause;
  topology.routing = kind->routed ? spec.routing.value_or(kind->routing) : Routing::kFixed;
  topology.hash_seed = spec.hash_seed;
  topology.reroute = spec.reroute;
  return topology;
}

}  // namespace soliton
