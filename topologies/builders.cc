#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>

#include "protocol/base/located.h"
#include "topologies/calibration.h"
#include "topologies/place.h"
#include "topologies/topology.h"

namespace soliton {
namespace {

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

void add_link(Topology& topology, std::uint32_t lower, std::uint32_t upper, Duration latency,
              BitRate rate) {
  TopologyLink link;
  link.name = topology.vertices[lower].name + "-" + topology.vertices[upper].name;
  link.ends[0] = lower;
  link.ends[1] = upper;
  link.latency = latency;
  link.rate = rate;
  topology.links.push_back(std::move(link));
}

constexpr std::size_t kErrorsExplained = 100;

// Positions of the nodes, in order; beyond them are switches.
std::string position_of(const std::vector<PlacedNode>& nodes, std::size_t vertex) {
  return vertex < nodes.size() ? nodes[vertex].position : "";
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

// Racks, pods and spines that have a node below them; nothing else of the datacentre exists.
class TreeBuilder {
 public:
  TreeBuilder(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
              std::vector<std::int64_t> racks)
      : spec_(spec), racks_(std::move(racks)), topology_(with_nodes(spec, nodes)) {}

  Topology build() {
    for (std::uint32_t i = 0; i < topology_.nodes; ++i) {
      topology_.vertices[i].place = place_of_rack(spec_, racks_[i]);
      add_link(topology_, i, rack_switch(racks_[i]), kHostLinkLatency, spec_.rate);
    }
    if (tors_.size() > 1) add_aggregation();
    if (pods_.size() > 1) add_spines();
    return std::move(topology_);
  }

 private:
  struct Pod {
    std::uint32_t aggregation[kPlanes];
  };

  std::uint32_t rack_switch(std::int64_t rack) {
    const auto [tor, fresh] = tors_.try_emplace(rack);
    if (fresh) {
      tor->second = add_switch(topology_, fmt::format("tor{}", rack), kRackForwarding,
                               place_of_rack(spec_, rack));
    }
    return tor->second;
  }

  // Equal paths are told apart by link number, so the order of a rack's cables decides over which
  // plane it is reached: even racks over plane 0, odd ones over plane 1.
  void add_aggregation() {
    for (const auto& [rack, tor] : tors_) {
      const auto [pod, fresh] = pods_.try_emplace(rack / spec_.racks_per_pod);
      for (std::uint32_t i = 0; fresh && i < kPlanes; ++i) {
        pod->second.aggregation[i] =
            add_switch(topology_, fmt::format("pod{}-agg{}", pod->first, i), kAggregationForwarding,
                       fmt::format("pod{}", pod->first));
      }
      for (std::uint32_t i = 0; i < kPlanes; ++i) {
        const std::uint32_t plane = (static_cast<std::uint32_t>(rack) + i) % kPlanes;
        add_link(topology_, tor, pod->second.aggregation[plane], kAggregationLinkLatency,
                 spec_.rate);
        add_others(kAggregationOthers);
      }
    }
  }

  void add_spines() {
    for (std::uint32_t i = 0; i < kPlanes; ++i) {
      const std::uint32_t spine =
          add_switch(topology_, fmt::format("spine{}", i), kSpineForwarding, "");
      for (const auto& [number, pod] : pods_) {
        add_link(topology_, pod.aggregation[i], spine, kSpineLinkLatency, spec_.rate);
        add_others(kSpineOthers);
      }
    }
  }

  void add_others(OtherTraffic others) {
    if (!spec_.quiet) topology_.links.back().other = others;
  }

  const TopologySpec& spec_;
  std::vector<std::int64_t> racks_;
  Topology topology_;
  std::map<std::int64_t, std::uint32_t> tors_;  // by rack
  std::map<std::int64_t, Pod> pods_;
};

Checked<Topology> build_tree(const TopologySpec& spec, const std::vector<PlacedNode>& nodes) {
  Diagnostics errors;
  const bool tree = spec.kind == "datacenter";
  if (spec.hosts_per_rack < 1 || (tree && (spec.racks_per_pod < 1 || spec.pods < 1))) {
    errors.add(
        ErrorCode::kInvalid,
        located(spec.position,
                fmt::format("topology {}: hosts, racks and pods must be at least 1", spec.name)));
    return tl::unexpected(std::move(errors));
  }
  Checked<std::vector<std::int64_t>> racks = assign_racks(spec, nodes);
  if (!racks) return tl::unexpected(std::move(racks.error()));
  return TreeBuilder(spec, nodes, std::move(*racks)).build();
}

Checked<Topology> build_local(const TopologySpec& spec, const std::vector<PlacedNode>& nodes) {
  Topology topology = with_nodes(spec, nodes);
  Diagnostics errors;
  for (const PlacedNode& node : nodes) {
    if (node.at.empty() || node.at == "rack0") continue;
    errors.add(ErrorCode::kInvalid,
               located(node.position,
                       fmt::format("node {}: topology {} has no place \"{}\" (leave `at` out)",
                                   node.name, topology.name, node.at)));
  }
  const std::size_t links = nodes.size() * (nodes.size() - 1) / 2;
  if (links > kTopologyLinksLimit)
    errors.add(ErrorCode::kInvalid,
               located(spec.position,
                       fmt::format("topology {}: wires every node to every other, and {} nodes "
                                   "would take more than {} links",
                                   topology.name, nodes.size(), kTopologyLinksLimit)));
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  for (std::uint32_t a = 0; a < topology.nodes; ++a) {
    for (std::uint32_t b = a + 1; b < topology.nodes; ++b)
      add_link(topology, a, b, Duration{}, kLocalRate);
  }
  return topology;
}

// Which nodes reach which. Nodes do not forward, so two of them have a path when a cable or a group
// of switches that are wired to each other joins them.
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

  // Whether every node is at one group, as in nearly all networks: no pair needs a look then.
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

class ExplicitBuilder {
 public:
  ExplicitBuilder(const TopologySpec& spec, const std::vector<PlacedNode>& nodes)
      : spec_(spec), nodes_(nodes), topology_(with_nodes(spec, nodes)) {
    for (Vertex vertex : spec.explicit_switches) {
      vertex.is_switch = true;
      topology_.vertices.push_back(std::move(vertex));
    }
    for (std::uint32_t i = 0; i < topology_.vertices.size(); ++i) {
      names_.push_back(topology_.vertices[i].name);
      numbers_.try_emplace(names_.back(), i);
    }
  }

  Checked<Topology> build() {
    attach_placed_nodes();
    for (const TopologySpec::NamedLink& cable : spec_.explicit_links) add(cable);
    check_names(topology_, nodes_, errors_);
    if (errors_.empty()) check_reachable(topology_, nodes_, errors_);
    if (!errors_.empty()) return tl::unexpected(std::move(errors_));
    return std::move(topology_);
  }

 private:
  // `at: leaf0` names a switch: the node gets a host cable to it.
  void attach_placed_nodes() {
    for (std::uint32_t i = 0; i < topology_.nodes; ++i) {
      const std::string& at = topology_.vertices[i].place;
      if (at.empty()) continue;
      const std::optional<std::uint32_t> end =
          find(at, nodes_[i].position, "node " + topology_.vertices[i].name);
      if (!end) continue;
      if (topology_.vertices[*end].is_switch) {
        add_link(topology_, i, *end, kHostLinkLatency, spec_.rate);
      } else {
        problem(nodes_[i].position,
                fmt::format("node {}: {} is not a switch", topology_.vertices[i].name, at));
      }
    }
  }

  void problem(const std::string& position, const std::string& message) {
    errors_.add(ErrorCode::kInvalid, located(position, message));
  }

  std::optional<std::uint32_t> find(const std::string& name, const std::string& position,
                                    const std::string& who) {
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) return found->second;
    // Beyond the first errors nobody reads on, and each look takes all names.
    const std::string near =
        errors_.errors.size() < kErrorsExplained ? nearest_name(name, names_) : "";
    problem(position, fmt::format("{}: no node or switch called \"{}\"{}", who, name,
                                  near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    return std::nullopt;
  }

  void add(const TopologySpec::NamedLink& cable) {
    TopologyLink link = cable.link;
    if (link.name.empty()) link.name = cable.a + "-" + cable.b;
    const std::string who = "link " + link.name;
    const std::optional<std::uint32_t> a = find(cable.a, cable.position, who);
    const std::optional<std::uint32_t> b = find(cable.b, cable.position, who);
    if (link.latency < Duration{} || link.rate.bits_per_second <= 0 || link.queue.count < 0) {
      problem(cable.position,
              who + ": latency and queue must not be negative, the rate must be above 0");
    }
    if (!a || !b) return;
    if (*a == *b) problem(cable.position, who + ": both ends are " + cable.a);
    link.ends[0] = *a;
    link.ends[1] = *b;
    topology_.links.push_back(std::move(link));
  }

  const TopologySpec& spec_;
  const std::vector<PlacedNode>& nodes_;
  Topology topology_;
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t> numbers_;
  Diagnostics errors_;
};

Checked<Topology> build_kind(const TopologySpec& spec, const std::vector<PlacedNode>& nodes) {
  Diagnostics errors;
  if (spec.rate.bits_per_second <= 0) {
    errors.add(
        ErrorCode::kInvalid,
        located(spec.position, fmt::format("topology {}: the rate must be above 0", spec.name)));
    return tl::unexpected(std::move(errors));
  }
  if (spec.kind == "explicit") return ExplicitBuilder(spec, nodes).build();
  if (spec.kind == "rack" || spec.kind == "datacenter") return build_tree(spec, nodes);
  if (spec.kind == "local") return build_local(spec, nodes);
  errors.add(ErrorCode::kInvalid,
             fmt::format("topology {}: unknown kind \"{}\" (rack, datacenter, local, explicit)",
                         spec.name, spec.kind));
  return tl::unexpected(std::move(errors));
}

// Of the cable and the ports at its ends.
BitRate slowest(const TopologyLink& link, const std::vector<PlacedNode>& nodes) {
  BitRate rate = link.rate;
  for (const std::uint32_t end : link.ends)
    if (end < nodes.size() && nodes[end].port.bits_per_second > 0)
      rate = std::min(rate, nodes[end].port);
  return rate;
}

}  // namespace

Checked<Topology> build_topology(const TopologySpec& spec, const std::vector<PlacedNode>& nodes) {
  Checked<Topology> topology = build_kind(spec, nodes);
  if (!topology) return topology;
  for (TopologyLink& link : topology->links) {
    link.ecn = spec.ecn;
    if (spec.kind != "local") link.rate = slowest(link, nodes);
  }
  topology->pause = spec.pause;
  if (spec.kind == "explicit") return topology;
  Diagnostics errors;
  check_names(*topology, nodes, errors);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return topology;
}

std::vector<std::pair<std::string, std::string>> builtin_topologies() {
  return {
      {"rack", "up to 24 hosts under one top-of-rack switch, 40 Gb/s; 64 B round trip 2.88 us"},
      {"datacenter",
       "racks of 24, 40 racks a pod under an aggregation pair, 260 pods under a spine pair; "
       "64 B round trip 2.88, 7.72 or 18.71 us"},
      {"local", "nodes wired pairwise without latency, to measure devices alone"},
  };
}

}  // namespace soliton
