#include "topologies/building.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "protocol/base/located.h"
#include "topologies/calibration.h"

namespace soliton {
namespace {

// Positions of the nodes, in order; beyond them are switches.
std::string position_of(const std::vector<PlacedNode>& nodes, std::size_t vertex) {
  return vertex < nodes.size() ? nodes[vertex].position : "";
}

}  // namespace

Topology with_nodes(const TopologySpec& spec, const std::vector<PlacedNode>& nodes) {
  Topology topology;
  topology.name = spec.name.empty() ? spec.kind : spec.name;
  topology.nodes = static_cast<std::uint32_t>(nodes.size());
  for (const PlacedNode& node : nodes)
    topology.vertices.push_back({.name = node.name, .place = node.at});
  return topology;
}

std::uint32_t add_switch(Topology& topology, std::string name, Duration forwarding,
                         std::string place) {
  topology.vertices.push_back({.name = std::move(name),
                               .is_switch = true,
                               .forwarding = forwarding,
                               .place = std::move(place)});
  return static_cast<std::uint32_t>(topology.vertices.size() - 1);
}

std::uint32_t add_router(Topology& topology, std::uint32_t node, Duration forwarding) {
  const std::string name = topology.vertices[node].name;
  const std::uint32_t router = add_switch(topology, name + "-router", forwarding, "");
  topology.vertices[router].router_of = node;
  const std::uint32_t line = add_link(topology, node, router, kOnChip, BitRate{0});
  topology.links[line].name = name + "-chip";
  return router;
}

std::uint32_t add_link(Topology& topology, std::uint32_t lower, std::uint32_t upper,
                       Duration latency, BitRate rate) {
  TopologyLink link;
  link.name = topology.vertices[lower].name + "-" + topology.vertices[upper].name;
  link.ends[0] = lower;
  link.ends[1] = upper;
  link.latency = latency;
  link.rate = rate;
  topology.links.push_back(std::move(link));
  return static_cast<std::uint32_t>(topology.links.size() - 1);
}

void hang_node(Topology& topology, std::uint32_t node, std::uint32_t leaf, BitRate rate) {
  topology.vertices[node].place = topology.vertices[leaf].name;
  add_link(topology, node, leaf, kHostLinkLatency, rate);
}

bool has_too_many_cables(const TopologySpec& spec, std::int64_t cables, Diagnostics& errors) {
  if (cables <= static_cast<std::int64_t>(kTopologyLinksLimit)) return false;
  errors.add(
      ErrorCode::kInvalid,
      located(spec.position, fmt::format("topology {}: its {} cables are more than {} cables",
                                         spec.name, cables, kTopologyLinksLimit)));
  return true;
}

void check_names(const Topology& topology, const std::vector<PlacedNode>& nodes,
                 Diagnostics& errors) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < topology.vertices.size(); ++i) {
    const std::string& name = topology.vertices[i].name;
    const auto [first, fresh] = seen.try_emplace(name, i);
    if (name.empty())
      errors.add(ErrorCode::kInvalid,
                 located(position_of(nodes, i), "a node or switch has no name"));
    if (!fresh)
      errors.add(ErrorCode::kInvalid, located(position_of(nodes, first->second),
                                              fmt::format("the name {} is used twice", name)));
  }
  std::set<std::string> cables;
  for (const TopologyLink& link : topology.links)
    if (!cables.insert(link.name).second)
      errors.add(ErrorCode::kInvalid,
                 located(position_of(nodes, link.ends[0]),
                         fmt::format("the link name {} is used twice", link.name)));
}

}  // namespace soliton
