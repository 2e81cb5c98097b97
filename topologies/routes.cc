#include <algorithm>
#include <map>
#include <memory>
#include <queue>
#include <vector>

#include "protocol/base/check.h"
#include "topologies/line.h"
#include "topologies/topology.h"

namespace soliton {
namespace {

constexpr std::uint32_t kNoLink = ~std::uint32_t{0};

struct Edge {
  Hop hop;  // leaving the vertex
  std::uint32_t to;
};

}  // namespace

// Trees of shortest paths, made when first asked for. A node with a single cable shares the tree of
// its switch, so thousands of hosts need one tree a rack.
struct Routes::Paths {
  // Per vertex the hop that reaches it; link kNoLink at the root and where there is no path.
  using Tree = std::vector<Hop>;

  const Topology& topology;
  std::vector<std::vector<Edge>> edges;
  std::vector<std::unique_ptr<Tree>> trees;                      // by root
  std::vector<std::map<std::uint32_t, std::vector<Hop>>> found;  // by source, then destination

  explicit Paths(const Topology& t)
      : topology(t), edges(t.vertices.size()), trees(t.vertices.size()), found(t.nodes) {
    for (std::uint32_t l = 0; l < t.links.size(); ++l) {
      const TopologyLink& link = t.links[l];
      edges[link.ends[0]].push_back({{l, 0}, link.ends[1]});
      edges[link.ends[1]].push_back({{l, 1}, link.ends[0]});
    }
  }

  const Tree& tree(std::uint32_t root) {
    if (!trees[root]) trees[root] = std::make_unique<Tree>(grow(root));
    return *trees[root];
  }

  // Dijkstra; among equally long ways the one over the lowest link number into each vertex. Nodes
  // do not forward.
  Tree grow(std::uint32_t root) const {
    Tree tree(edges.size(), Hop{kNoLink, 0});
    std::vector<Duration> distance(edges.size(), Duration::max());
    std::vector<bool> done(edges.size(), false);
    using Entry = std::pair<Duration, std::uint32_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    distance[root] = Duration{};
    open.push({Duration{}, root});
    while (!open.empty()) {
      const std::uint32_t at = open.top().second;
      open.pop();
      if (done[at]) continue;
      done[at] = true;
      const Vertex& vertex = topology.vertices[at];
      if (at != root && !vertex.is_switch) continue;
      const Duration leaving = distance[at] + (vertex.is_switch ? vertex.forwarding : Duration{});
      for (const Edge& edge : edges[at]) {
        if (done[edge.to]) continue;
        const Duration reached = leaving + topology.links[edge.hop.link].latency;
        const bool closer = reached < distance[edge.to];
        if (!closer && (reached > distance[edge.to] || edge.hop.link > tree[edge.to].link))
          continue;
        distance[edge.to] = reached;
        tree[edge.to] = edge.hop;
        if (closer) open.push({reached, edge.to});
      }
    }
    return tree;
  }

  std::vector<Hop> path(std::uint32_t from, std::uint32_t to) {
    std::vector<Hop> route;
    std::uint32_t root = from;
    if (edges[from].size() == 1 && topology.vertices[edges[from][0].to].is_switch) {
      root = edges[from][0].to;
    }
    const Tree& from_root = tree(root);
    for (std::uint32_t at = to; at != root;) {
      const Hop hop = from_root[at];
      if (hop.link == kNoLink) return {};
      route.push_back(hop);
      at = topology.links[hop.link].ends[hop.direction];
    }
    if (root != from) route.push_back(edges[from][0].hop);
    std::reverse(route.begin(), route.end());
    return route;
  }
};

std::string port_name(const Topology& topology, Hop hop) {
  const TopologyLink& link = topology.links[hop.link];
  return topology.vertices[link.ends[hop.direction]].name + " -> " +
         topology.vertices[link.ends[1 - hop.direction]].name;
}

Routes::Routes(const Topology& topology) : paths_(std::make_unique<Paths>(topology)) {}
Routes::~Routes() = default;
Routes::Routes(Routes&&) noexcept = default;

const std::vector<Hop>& Routes::between(NodeId from, NodeId to) const {
  SOLITON_CHECK(from != to && index(from) < paths_->topology.nodes &&
                index(to) < paths_->topology.nodes);
  const auto [entry, fresh] = paths_->found[index(from)].try_emplace(index(to));
  if (fresh) entry->second = paths_->path(index(from), index(to));
  return entry->second;
}

}  // namespace soliton
