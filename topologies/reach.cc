#include "topologies/reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "protocol/base/located.h"

namespace soliton {
namespace {

// Which nodes reach which. A node that forwards has a router,
// which is a switch here; others do not, so two of them have a path if they are joined by a
// cable, or by a group of switches that are wired to each other.
class Reach {
 public:
  explicit Reach(const Topology& topology)
      : nodes_(topology.nodes), group_(topology.vertices.size()), joined_(topology.nodes) {
    std::iota(group_.begin(), group_.end(), 0U);
    for (const TopologyLink& link : topology.links)
      if (link.ends[0] >= nodes_ && link.ends[1] >= nodes_)
        group_[root(link.ends[0])] = root(link.ends[1]);
    for (const TopologyLink& link : topology.links)
      for (const int end : {0, 1})
        if (link.ends[end] < nodes_) joined_[link.ends[end]].push_back(root(link.ends[1 - end]));
    for (std::vector<std::uint32_t>& it : joined_) {
      std::sort(it.begin(), it.end());
      it.erase(std::unique(it.begin(), it.end()), it.end());
    }
  }

  // Whether every node is at one group, as in nearly all networks. Then no pair needs a look.
  bool one_group_has_all() const {
    std::vector<std::uint32_t> nodes(group_.size());
    for (const std::vector<std::uint32_t>& it : joined_)
      for (const std::uint32_t to : it) ++nodes[to];
    return std::find(nodes.begin() + nodes_, nodes.end(), nodes_) != nodes.end();
  }

  bool between(std::uint32_t a, std::uint32_t b) const {
    const std::vector<std::uint32_t>& one = joined_[a];
    if (std::binary_search(one.begin(), one.end(), b)) return true;
    return std::any_of(joined_[b].begin(), joined_[b].end(), [&](std::uint32_t group) {
      return group >= nodes_ && std::binary_search(one.begin(), one.end(), group);
    });
  }

 private:
  std::uint32_t root(std::uint32_t vertex) {
    while (group_[vertex] != vertex) vertex = group_[vertex] = group_[group_[vertex]];
    return vertex;
  }

  std::uint32_t nodes_;
  std::vector<std::uint32_t> group_;                // of a switch: another of its group, or itself
  std::vector<std::vector<std::uint32_t>> joined_;  // of a node: nodes and groups a cable leads to
};

void report(const Topology& topology, const std::vector<PlacedNode>& nodes, std::uint32_t a,
            std::uint32_t b, Diagnostics& out) {
  out.add(ErrorCode::kInvalid,
          located(nodes[a].position,
                  fmt::format("no path between {} and {}: a node passes on what is for others only "
                              "with forward: true",
                              topology.vertices[a].name, topology.vertices[b].name)));
}

}  // namespace

Diagnostics check_reachable(const Topology& topology, const std::vector<PlacedNode>& nodes,
                            std::span<const NodePair> pairs) {
  Diagnostics out;
  const Reach reach(topology);
  for (const auto& [a, b] : pairs)
    if (!reach.between(index(a), index(b))) report(topology, nodes, index(a), index(b), out);
  return out;
}

Diagnostics check_reachable(const Topology& topology, const std::vector<PlacedNode>& nodes) {
  Diagnostics out;
  const Reach reach(topology);
  if (reach.one_group_has_all()) return out;
  for (std::uint32_t i = 0; i < topology.nodes; ++i)
    for (std::uint32_t j = i + 1; j < topology.nodes; ++j) {
      if (reach.between(i, j)) continue;
      report(topology, nodes, i, j, out);
      break;
    }
  return out;
}

}  // namespace soliton
