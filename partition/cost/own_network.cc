#include "partition/cost/own_network.h"

#include <cstdint>

namespace soliton {
namespace {

constexpr std::uint32_t kUnmet = UINT32_MAX;

}  // namespace

Topology own_network(const Topology& topology, const std::vector<NodeId>& nodes) {
  Topology out;
  out.name = topology.name;
  out.pause = topology.pause;
  out.routing = topology.routing;
  out.hash_seed = topology.hash_seed;
  out.nodes = static_cast<std::uint32_t>(nodes.size());
  std::vector<std::uint32_t> number(topology.vertices.size(), kUnmet);
  std::vector<std::uint32_t> met;  // old numbers, in order of the new ones
  const auto meet = [&](std::uint32_t vertex) {
    if (number[vertex] != kUnmet) return;
    number[vertex] = static_cast<std::uint32_t>(met.size());
    met.push_back(vertex);
    out.vertices.push_back(topology.vertices[vertex]);
  };
  for (const NodeId node : nodes) meet(index(node));
  std::vector<std::vector<std::uint32_t>> cables(topology.vertices.size());
  for (std::uint32_t link = 0; link < topology.links.size(); ++link)
    for (const std::uint32_t end : topology.links[link].ends) cables[end].push_back(link);
  // Of others' nodes only routers forward, so a way of the plan's may lead over these.
  const auto part = [&](std::uint32_t vertex) {
    return number[vertex] != kUnmet || topology.vertices[vertex].is_switch;
  };
  std::vector<bool> taken(topology.links.size(), false);
  for (std::size_t i = 0; i < met.size(); ++i) {
    for (const std::uint32_t at : cables[met[i]]) {
      TopologyLink link = topology.links[at];
      if (taken[at] || !part(link.ends[0]) || !part(link.ends[1])) continue;
      taken[at] = true;
      for (std::uint32_t& end : link.ends) {
        meet(end);
        end = number[end];
      }
      out.links.push_back(std::move(link));
    }
  }
  static_assert(kUnmet == kNoNode);  // a router keeps its node only where that is the plan's
  for (Vertex& vertex : out.vertices)
    if (vertex.router_of != kNoNode) vertex.router_of = number[vertex.router_of];
  return out;
}

}  // namespace soliton
