#include "topologies/building.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "protocol/base/located.h"

namespace soliton {
namespace {

// Positions of the nodes, in order; beyond them are switches.
std::string position_of(const std::vector<PlacedNode>& nodes, std::size_t vertex) {
  return vertex < nodes.size() ? nodes[vertex].position : "";
}

// Which nodes reach which. Nodes do not forward, so two of them have a path if they are joined by a
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

void check_reachable(const Topology& topology, const std::vector<PlacedNode>& nodes,
                     Diagnostics& errors) {
  const Reach reach(topology);
  if (reach.one_group_has_all()) return;
  for (std::uint32_t i = 0; i < topology.nodes; ++i) {
    for (std::uint32_t j = i + 1; j < topology.nodes; ++j) {
      if (reach.between(i, j)) continue;
      errors.add(ErrorCode::kInvalid,
                 located(nodes[i].position,
                         fmt::format("no path between {} and {} (nodes do not forward)",
                                     topology.vertices[i].name, topology.vertices[j].name)));
      break;  // one message a node names the gap; all pairs would bury it
    }
  }
}

}  // namespace soliton
