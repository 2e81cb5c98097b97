#include "topologies/equal_paths.h"

#include <queue>

#include "protocol/base/rng.h"

namespace soliton {

EqualPaths::Named::Named(const Topology& topology) : graph(topology) {
  for (std::uint32_t inner = 0; inner < graph.size(); ++inner)
    vertices.push_back(name_hash(graph.vertex(inner).name));
  for (const TopologyLink& link : topology.links) cables.push_back(name_hash(link.name));
}

EqualPaths::EqualPaths(const Topology& topology)
    : named_(std::make_shared<const Named>(topology)),
      spray_(topology.routing == Routing::kSpray),
      tables_(named_->graph.size()) {}

EqualPaths::EqualPaths(const EqualPaths& whole, PortsDown down)
    : named_(whole.named_),
      spray_(whole.spray_),
      down_(std::move(down)),
      tables_(named_->graph.size()) {}

// Calls visit(edge) for each edge that leads on.
template <typename Visit>
void EqualPaths::for_each(std::uint32_t from, std::uint32_t to, Visit visit) const {
  const Table& distance = table(to);
  if (distance[from] == kFar) return;
  for (const InnerGraph::Edge& edge : named_->graph.edges(from)) {
    const bool forwards = edge.to == to || named_->graph.vertex(edge.to).is_switch;
    if (forwards && distance[edge.to] != kFar && distance[edge.to] + 1 == distance[from] &&
        !is_down(down_, edge.port))
      visit(edge);
  }
}

std::optional<Hop> EqualPaths::next_hop(std::uint32_t vertex, NodeId destination,
                                        const PacketKey& key) const {
  const InnerGraph& graph = named_->graph;
  const std::uint32_t from = graph.inner(vertex), to = graph.inner(index(destination));
  const std::optional<Hop> only = graph.only_hop(vertex, destination);
  if (from == to) return only;
  if (table(to)[from] == kFar) return std::nullopt;
  if (only) return only;
  const std::uint64_t here = hash_at(flow_hash(key, spray_), named_->vertices[from]);
  std::uint64_t best = 0;
  std::uint32_t port = InnerGraph::kNoPort;
  for_each(from, to, [&](const InnerGraph::Edge& edge) {
    const std::uint64_t weight = weight_of(here, named_->cables[hop_of(edge.port).link]);
    if (port != InnerGraph::kNoPort && weight <= best) return;
    best = weight;
    port = edge.port;
  });
  return hop_of(port);
}

void EqualPaths::choices(std::uint32_t vertex, NodeId destination, const PacketKey& key,
                         std::vector<Hop>& out) const {
  if (!spray_) return NextHops::choices(vertex, destination, key, out);
  const std::vector<Hop> all = next_hops(vertex, destination);
  out.insert(out.end(), all.begin(), all.end());
}

std::vector<Hop> EqualPaths::next_hops(std::uint32_t vertex, NodeId destination) const {
  const InnerGraph& graph = named_->graph;
  const std::uint32_t from = graph.inner(vertex), to = graph.inner(index(destination));
  std::vector<Hop> out;
  if (const std::optional<Hop> only = graph.only_hop(vertex, destination)) {
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
  const InnerGraph& graph = named_->graph;
  Table out(graph.size(), kFar);
  std::queue<std::uint32_t> open;
  out[destination] = 0;
  open.push(destination);
  while (!open.empty()) {
    const std::uint32_t at = open.front();
    open.pop();
    if (at != destination && !graph.vertex(at).is_switch) continue;
    for (const InnerGraph::Edge& edge : graph.edges(at)) {
      // Packets come the other way.
      if (out[edge.to] != kFar || is_down(down_, other_way(edge.port))) continue;
      out[edge.to] = out[at] + 1;
      open.push(edge.to);
    }
  }
  return out;
}

// A forest has one way between any two vertices.
bool many_paths(const Topology& topology) {
  if (topology.routing == Routing::kFixed) return false;
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
