#include "topologies/shortest_paths.h"

#include <functional>
#include <queue>
#include <utility>

namespace soliton {

ShortestPaths::ShortestPaths(const Topology& topology) : topology_(topology) {
  index_vertices();
  index_edges();
  tables_.resize(vertex_.size());
}

void ShortestPaths::index_vertices() {
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

void ShortestPaths::index_edges() {
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

std::optional<Hop> ShortestPaths::next_hop(std::uint32_t vertex, NodeId destination,
                                           FlowKey) const {
  const std::uint32_t to = index(destination);
  const std::uint32_t from = inner_[vertex];
  if (from == inner_[to]) {
    // Both hang on one switch, or the vertex is that switch.
    if (only_cable_[vertex] != kNoPort) return hop_of(only_cable_[vertex]);
    const Hop up = hop_of(only_cable_[to]);
    return Hop{up.link, static_cast<std::uint8_t>(1 - up.direction)};
  }
  const std::uint32_t port = table(from)[inner_[to]];
  if (port == kNoPort) return std::nullopt;
  return hop_of(only_cable_[vertex] == kNoPort ? port : only_cable_[vertex]);
}

const ShortestPaths::Table& ShortestPaths::table(std::uint32_t inner) const {
  if (!tables_[inner]) tables_[inner] = std::make_unique<Table>(first_hops(inner));
  return *tables_[inner];
}

// Vertices are taken in order of (distance, number). That decides nothing but between vertices that
// cables and switches without any latency join, where it keeps paths free of circles.
ShortestPaths::Table ShortestPaths::first_hops(std::uint32_t root) const {
  struct Reached {
    Duration distance = Duration::max();
    std::uint32_t over = kNoPort;  // the last port of the path
    std::uint32_t from = 0;        // the inner vertex before
    bool done = false;
  };
  Table first(vertex_.size(), kNoPort);
  std::vector<Reached> reached(vertex_.size());
  using Entry = std::pair<Duration, std::uint32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
  reached[root].distance = Duration{};
  open.push({Duration{}, root});
  while (!open.empty()) {
    const std::uint32_t at = open.top().second;
    open.pop();
    if (std::exchange(reached[at].done, true)) continue;
    const Reached& here = reached[at];
    if (at != root) first[at] = here.from == root ? here.over : first[here.from];
    const Vertex& vertex = topology_.vertices[vertex_[at]];
    if (at != root && !vertex.is_switch) continue;
    const Duration leaving = here.distance + (vertex.is_switch ? vertex.forwarding : Duration{});
    for (std::uint32_t e = first_edge_[at]; e < first_edge_[at + 1]; ++e) {
      Reached& next = reached[edges_[e].to];
      if (next.done) continue;
      const std::uint32_t link = hop_of(edges_[e].port).link;
      const Duration distance = leaving + topology_.links[link].latency;
      const bool closer = distance < next.distance;
      if (!closer && (distance > next.distance || link > hop_of(next.over).link)) continue;
      next = {distance, edges_[e].port, at, false};
      if (closer) open.push({distance, edges_[e].to});
    }
  }
  return first;
}

}  // namespace soliton
