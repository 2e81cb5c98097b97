#include "topologies/inner_graph.h"

namespace soliton {

InnerGraph::InnerGraph(const Topology& topology) : topology_(topology) {
  index_vertices();
  index_edges();
}

void InnerGraph::index_vertices() {
  const std::size_t vertices = topology_.vertices.size();
  std::vector<std::uint32_t> cables(vertices);
  only_cable_.assign(vertices, kNoPort);
  for (std::uint32_t l = 0; l < topology_.links.size(); ++l) {
    for (const std::uint8_t direction : {0, 1}) {
      const std::uint32_t near = topology_.links[l].ends[direction];
      const bool to_switch = topology_.vertices[far_end(topology_.links[l], direction)].is_switch;
      const bool alone = ++cables[near] == 1 && to_switch && !topology_.vertices[near].is_switch;
      only_cable_[near] = alone ? static_cast<std::uint32_t>(port_of({l, direction})) : kNoPort;
    }
  }
  inner_.resize(vertices);
  for (std::uint32_t v = 0; v < vertices; ++v) {
    if (only_cable_[v] != kNoPort) continue;
    inner_[v] = static_cast<std::uint32_t>(vertex_.size());
    vertex_.push_back(v);
  }
  for (std::uint32_t v = 0; v < vertices; ++v) {
    if (only_cable_[v] == kNoPort) continue;
    const Hop cable = hop_of(only_cable_[v]);
    inner_[v] = inner_[far_end(topology_.links[cable.link], cable.direction)];
  }
}

void InnerGraph::index_edges() {
  const auto for_each_edge = [this](auto&& take) {
    for (std::uint32_t l = 0; l < topology_.links.size(); ++l) {
      const TopologyLink& link = topology_.links[l];
      if (only_cable_[link.ends[0]] != kNoPort || only_cable_[link.ends[1]] != kNoPort) continue;
      for (const std::uint8_t direction : {0, 1})
        take(inner_[link.ends[direction]], Edge{static_cast<std::uint32_t>(port_of({l, direction})),
                                                inner_[far_end(link, direction)]});
    }
  };
  first_edge_.assign(vertex_.size() + 1, 0);
  for_each_edge([this](std::uint32_t from, Edge) { ++first_edge_[from + 1]; });
  for (std::size_t v = 0; v < vertex_.size(); ++v) first_edge_[v + 1] += first_edge_[v];
  edges_.resize(first_edge_.back());
  std::vector<std::uint32_t> next = first_edge_;
  for_each_edge([&](std::uint32_t from, Edge edge) { edges_[next[from]++] = edge; });
}

std::optional<Hop> InnerGraph::only_hop(std::uint32_t vertex, NodeId destination) const {
  if (only_cable_[vertex] != kNoPort) return hop_of(only_cable_[vertex]);
  const std::uint32_t to = index(destination);
  if (inner_[vertex] != inner_[to]) return std::nullopt;
  const Hop up = hop_of(only_cable_[to]);
  return Hop{up.link, static_cast<std::uint8_t>(1 - up.direction)};
}

}  // namespace soliton
