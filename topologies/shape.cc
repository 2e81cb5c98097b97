#include "topologies/shape.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <queue>

#include "topologies/equal_paths.h"
#include "topologies/levels.h"
#include "topologies/routes.h"

namespace soliton {
namespace {

// A message of 64 B with the transport's header.
constexpr Bytes kSmall{96};

void add(BitRate& to, BitRate rate) { to.bits_per_second += rate.bits_per_second; }

std::vector<TopologyShape::Level> levels_with_rates(const Topology& topology) {
  const std::vector<std::size_t> level = levels_of(topology);
  std::map<std::size_t, TopologyShape::Level> out;
  for (std::size_t v = topology.nodes; v < topology.vertices.size(); ++v) {
    out[level[v]].level = level[v];
    out[level[v]].switches.push_back(topology.vertices[v].name);
  }
  for (const TopologyLink& link : topology.links)
    for (const int end : {0, 1}) {
      const std::uint32_t near = link.ends[end], far = link.ends[1 - end];
      if (near < topology.nodes) continue;
      TopologyShape::Level& its = out[level[near]];
      add(level[far] < level[near]   ? its.down
          : level[far] > level[near] ? its.up
                                     : its.across,
          link.rate);
    }
  std::vector<TopologyShape::Level> all;
  for (auto& [number, its] : out) all.push_back(std::move(its));
  return all;
}

// Ways over the fewest cables to one node, from any vertex.
class Ways {
 public:
  Ways(const EqualPaths& paths, const Topology& topology, std::uint32_t to)
      : paths_(paths), topology_(topology), to_(to), known_(topology.vertices.size()) {}

  std::uint64_t from(std::uint32_t vertex) {
    if (vertex == to_) return 1;
    if (known_[vertex]) return *known_[vertex];
    std::uint64_t ways = 0;
    for (const Hop hop : paths_.next_hops(vertex, NodeId{to_}))
      ways = std::min<std::uint64_t>(ways + from(far_end(topology_.links[hop.link], hop.direction)),
                                     kMost);
    known_[vertex] = ways;
    return ways;
  }

 private:
  static constexpr std::uint64_t kMost = 1'000'000'000;

  const EqualPaths& paths_;
  const Topology& topology_;
  std::uint32_t to_;
  std::vector<std::optional<std::uint64_t>> known_;
};

std::vector<TopologyShape::Distance> distances_of(const Topology& topology) {
  const Routes routes(topology);
  const bool several = many_paths(topology);
  const EqualPaths paths(topology);
  std::map<std::size_t, TopologyShape::Distance> out;
  for (std::uint32_t to = 0; to < topology.nodes; ++to) {
    Ways ways(paths, topology, to);
    for (std::uint32_t from = 0; from < topology.nodes; ++from) {
      if (from == to) continue;
      const std::vector<Hop> path = routes.path(NodeId{from}, NodeId{to});
      if (path.empty()) continue;
      const Duration time = transfer_time(topology, path, kSmall);
      TopologyShape::Distance& its = out[path.size()];
      its.least = its.pairs == 0 ? time : std::min(its.least, time);
      its.most = std::max(its.most, time);
      its.cables = path.size();
      its.ways_most = std::max(its.ways_most, several ? ways.from(from) : 1);
      ++its.pairs;
    }
  }
  std::vector<TopologyShape::Distance> all;
  for (const auto& [cables, its] : out) all.push_back(its);
  return all;
}

// The greatest flow from the first half of the nodes to the others, by augmenting the shortest ways (Edmonds
// and Karp 1972). Nodes pass nothing on.
class HalvesFlow {
 public:
  explicit HalvesFlow(const Topology& topology)
      : topology_(topology), half_(topology.nodes / 2), room_(2 * topology.links.size()) {
    cables_.resize(topology.vertices.size());
    for (std::uint32_t l = 0; l < topology.links.size(); ++l)
      for (const std::uint8_t direction : {0, 1}) {
        room_[port_of({l, direction})] = topology.links[l].rate.bits_per_second;
        cables_[topology.links[l].ends[direction]].push_back({l, direction});
      }
  }

  BitRate run() {
    std::int64_t flow = 0;
    while (const std::int64_t more = augment()) flow += more;
    return BitRate{flow};
  }

 private:
  bool is_end(std::uint32_t vertex) const { return vertex >= half_ && vertex < topology_.nodes; }

  std::int64_t augment() {
    std::vector<std::optional<Hop>> over(topology_.vertices.size());
    std::vector<bool> met(topology_.vertices.size());
    std::queue<std::uint32_t> open;
    for (std::uint32_t node = 0; node < half_; ++node) {
      met[node] = true;
      open.push(node);
    }
    while (!open.empty()) {
      const std::uint32_t at = open.front();
      open.pop();
      for (const Hop hop : cables_[at]) {
        const std::uint32_t next = far_end(topology_.links[hop.link], hop.direction);
        if (met[next] || room_[port_of(hop)] == 0) continue;
        met[next] = true;
        over[next] = hop;
        if (is_end(next)) return push(over, next);
        open.push(next);
      }
    }
    return 0;
  }

  std::int64_t push(const std::vector<std::optional<Hop>>& over, std::uint32_t end) {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    const auto walk = [&](auto&& visit) {
      for (std::uint32_t at = end; over[at];
           at = topology_.links[over[at]->link].ends[over[at]->direction])
        visit(*over[at]);
    };
    walk([&](Hop hop) { least = std::min(least, room_[port_of(hop)]); });
    walk([&](Hop hop) {
      room_[port_of(hop)] -= least;
      room_[port_of({hop.link, static_cast<std::uint8_t>(1 - hop.direction)})] += least;
    });
    return least;
  }

  const Topology& topology_;
  std::uint32_t half_;
  std::vector<std::int64_t> room_;  // by port
  std::vector<std::vector<Hop>> cables_;
};

}  // namespace

std::vector<std::size_t> levels_of(const Topology& topology) {
  std::vector<std::size_t> level(topology.vertices.size(), topology.vertices.size());
  std::vector<std::vector<std::uint32_t>> next(topology.vertices.size());
  for (const TopologyLink& link : topology.links)
    for (const int end : {0, 1}) next[link.ends[end]].push_back(link.ends[1 - end]);
  std::queue<std::uint32_t> open;
  for (std::uint32_t node = 0; node < topology.nodes; ++node) {
    level[node] = 0;
    open.push(node);
  }
  for (; !open.empty(); open.pop())
    for (const std::uint32_t to : next[open.front()]) {
      if (level[to] < topology.vertices.size()) continue;
      level[to] = level[open.front()] + 1;
      open.push(to);
    }
  return level;
}

TopologyShape shape_of(const Topology& topology) {
  TopologyShape out;
  out.nodes = topology.nodes;
  out.switches = topology.vertices.size() - topology.nodes;
  out.links = topology.links.size();
  out.levels = levels_with_rates(topology);
  out.distances = distances_of(topology);
  out.halves = HalvesFlow(topology).run();
  return out;
}

}  // namespace soliton
