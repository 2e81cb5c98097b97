#include "topologies/equal_paths.h"

#include <queue>

#include "protocol/base/rng.h"

namespace soliton {

EqualPaths::EqualPaths(const Topology& topology) : graph_(topology), tables_(graph_.size()) {
  for (std::uint32_t inner = 0; inner < graph_.size(); ++inner)
    names_.push_back(name_hash(graph_.vertex(inner).name));
  for (const TopologyLink& link : topology.links) cables_.push_back(name_hash(link.name));
}

// Calls visit(edge) for each edge that leads on.
template <typename Visit>
void EqualPaths::for_each(std::uint32_t from, std::uint32_t to, Visit visit) const {
  const Table& distance = table(to);
  if (distance[from] == kFar) return;
  for (const InnerGraph::Edge& edge : graph_.edges(from)) {
    const bool forwards = edge.to == to || graph_.vertex(edge.to).is_switch;
    if (forwards && distance[edge.to] != kFar && distance[edge.to] + 1 == distance[from])
      visit(edge);
  }
}

std::optional<Hop> EqualPaths::next_hop(std::uint32_t vertex, NodeId destination,
                                        FlowKey flow) const {
  const std::uint32_t from = graph_.inner(vertex), to = graph_.inner(index(destination));
  const std::optional<Hop> only = graph_.only_hop(vertex, destination);
  if (from == to) return only;
  if (table(to)[from] == kFar) return std::nullopt;
  if (only) return only;
  const std::uint64_t here = mix64(static_cast<std::uint64_t>(flow) ^ names_[from]);
  std::uint64_t best = 0;
  std::uint32_t port = InnerGraph::kNoPort;
  for_each(from, to, [&](const InnerGraph::Edge& edge) {
    const std::uint64_t weight = mix64(here ^ cables_[hop_of(edge.port).link]);
    if (port != InnerGraph::kNoPort && weight <= best) return;
    best = weight;
    port = edge.port;
  });
  return hop_of(port);
}

std::vector<Hop> EqualPaths::next_hops(std::uint32_t vertex, NodeId destination) const {
  const std::uint32_t from = graph_.inner(vertex), to = graph_.inner(index(destination));
  std::vector<Hop> out;
  if (const std::optional<Hop> only = graph_.only_hop(vertex, destination)) {
    if (from == to || table(to)[from] != kFar) out.push_back(*only);
    return out;
  }
  for_each(from, to, [&](const InnerGraph::Edge& edge) { out.push_back(hop_of(edge.port)); });
  return out;
}

const EqualPaths::Table& EqualPaths::table(std::uint32_t inner) const {
  if (!tables_[inner]) tables_[inner] = std::make_unique<Table>(distances(inner));
  return *tables_[inner];
}

// Breadth first from the destination; only switches, routers among them, forward.
EqualPaths::Table EqualPaths::distances(std::uint32_t destination) const {
  Table out(graph_.size(), kFar);
  std::queue<std::uint32_t> open;
  out[destination] = 0;
  open.push(destination);
  while (!open.empty()) {
    const std::uint32_t at = open.front();
    open.pop();
    if (at != destination && !graph_.vertex(at).is_switch) continue;
    for (const InnerGraph::Edge& edge : graph_.edges(at)) {
      if (out[edge.to] != kFar) continue;
      out[edge.to] = out[at] + 1;
      open.push(edge.to);
    }
  }
  return out;
}

// A forest has one way between any two vertices.
bool many_paths(const Topology& topology) {
  if (topology.next_hops || topology.routing == Routing::kFixed) return false;
  const InnerGraph graph(topology);
  std::vector<bool> met(graph.size());
  for (std::uint32_t root = 0; root < graph.size(); ++root) {
    if (met[root]) continue;
    std::size_t vertices = 0, edges = 0;
    std::queue<std::uint32_t> open;
    met[root] = true;
    open.push(root);
    for (; !open.empty(); open.pop()) {
      ++vertices;
      for (const InnerGraph::Edge& edge : graph.edges(open.front())) {
        ++edges;
        if (met[edge.to]) continue;
        met[edge.to] = true;
        open.push(edge.to);
      }
    }
    if (edges / 2 >= vertices) return true;
  }
  return false;
}

}  // namespace soliton
