#include "topologies/shortest_paths.h"

#include <functional>
#include <queue>
#include <utility>

namespace soliton {

ShortestPaths::ShortestPaths(const Topology& topology, PortsDown down)
    : topology_(topology), graph_(topology), down_(std::move(down)), tables_(graph_.size()) {}

std::optional<Hop> ShortestPaths::next_hop(std::uint32_t vertex, NodeId destination,
                                           const PacketKey&) const {
  const std::uint32_t from = graph_.inner(vertex), to = graph_.inner(index(destination));
  if (from == to) return graph_.only_hop(vertex, destination);
  const std::uint32_t port = table(from)[to];
  // Behind the only cable of a node there may be no path at all.
  if (port == InnerGraph::kNoPort) return std::nullopt;
  const std::optional<Hop> only = graph_.only_hop(vertex, destination);
  return only ? *only : hop_of(port);
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
    std::uint32_t over = InnerGraph::kNoPort;  // the last port of the path
    std::uint32_t from = 0;                    // the inner vertex before
    bool done = false;
  };
  Table first(graph_.size(), InnerGraph::kNoPort);
  std::vector<Reached> reached(graph_.size());
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
    const Vertex& vertex = graph_.vertex(at);
    if (at != root && !vertex.is_switch) continue;
    const Duration leaving = here.distance + (vertex.is_switch ? vertex.forwarding : Duration{});
    for (const InnerGraph::Edge& edge : graph_.edges(at)) {
      Reached& next = reached[edge.to];
      if (next.done || is_down(down_, edge.port)) continue;
      const std::uint32_t link = hop_of(edge.port).link;
      const Duration distance = leaving + topology_.links[link].latency;
      const bool closer = distance < next.distance;
      if (!closer && (distance > next.distance || link > hop_of(next.over).link)) continue;
      next = {distance, edge.port, at, false};
      if (closer) open.push({distance, edge.to});
    }
  }
  return first;
}

}  // namespace soliton
