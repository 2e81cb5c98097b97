// Kind `fat-tree`: k pods of k/2 edge and k/2 aggregation switches, and (k/2)^2 core switches, all with k
// ports of one rate (Al-Fares, Loukissas and Vahdat, "A scalable, commodity data center network
// architecture", SIGCOMM 2008). Only pods with nodes exist, and cores where there are several.
#include <fmt/format.h>

#include <map>

#include "protocol/base/located.h"
#include "topologies/building.h"
#include "topologies/calibration.h"
#include "topologies/leaves.h"

namespace soliton {
namespace {

struct FatTreeOptions {
  std::int64_t k = 4;
};
constexpr Field kRows[] = {
    field<&FatTreeOptions::k>("k", "Ports of a switch, an even number: k^3/4 nodes fit.")
        .between(2, 40),
};
constexpr FieldTable kFields = fields_of<FatTreeOptions>("fat_tree", kRows);

class FatTree {
 public:
  FatTree(const TopologySpec& spec, const std::vector<PlacedNode>& nodes, std::int64_t half,
          const std::vector<std::size_t>& edges)
      : spec_(spec), half_(static_cast<std::uint32_t>(half)), topology_(with_nodes(spec, nodes)) {
    for (const std::size_t edge : edges) pods_[static_cast<std::uint32_t>(edge) / half_] = 0;
    for (auto& [pod, first] : pods_) first = add_pod(pod);
    for (std::uint32_t node = 0; node < topology_.nodes; ++node) {
      const auto edge = static_cast<std::uint32_t>(edges[node]);
      hang_node(topology_, node, pods_.at(edge / half_) + edge % half_, spec_.rate);
    }
    for (const auto& [pod, first] : pods_)
      for (std::uint32_t edge = 0; edge < half_; ++edge)
        for (std::uint32_t i = 0; i < half_; ++i)
          add_link(topology_, first + edge, first + half_ + i, kAggregationLinkLatency, spec_.rate);
    if (pods_.size() > 1) add_cores();
  }

  Topology take() { return std::move(topology_); }

 private:
  // Returns the first of its edge switches; aggregation switches follow.
  std::uint32_t add_pod(std::uint32_t pod) {
    const std::string place = fmt::format("pod{}", pod);
    const auto first = static_cast<std::uint32_t>(topology_.vertices.size());
    for (std::uint32_t i = 0; i < half_; ++i)
      add_switch(topology_, fmt::format("pod{}-edge{}", pod, i), kRackForwarding, place);
    for (std::uint32_t i = 0; i < half_; ++i)
      add_switch(topology_, fmt::format("pod{}-agg{}", pod, i), kAggregationForwarding, place);
    return first;
  }

  // Aggregation switch i of every pod is wired to cores i * k/2 to (i + 1) * k/2 - 1.
  void add_cores() {
    for (std::uint32_t core = 0; core < half_ * half_; ++core) {
      const std::uint32_t vertex =
          add_switch(topology_, fmt::format("core{}", core), kSpineForwarding, "");
      for (const auto& [pod, first] : pods_)
        add_link(topology_, first + half_ + core / half_, vertex, kSpineLinkLatency, spec_.rate);
    }
  }

  const TopologySpec& spec_;
  std::uint32_t half_;
  Topology topology_;
  std::map<std::uint32_t, std::uint32_t> pods_;  // by number: their first edge switch
};

Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
               Diagnostics& errors) {
  const std::int64_t k = options_of<FatTreeOptions>(spec, kFields).k, half = k / 2;
  if (k % 2 != 0) {
    errors.add(ErrorCode::kInvalid,
               located(spec.position,
                       fmt::format("topology {}: k: {} is odd; half of a switch's ports lead up",
                                   spec.name, k)));
    return with_nodes(spec, nodes);
  }
  const auto placed = assign_leaves({spec.name, static_cast<std::size_t>(k * half), half,
                                     [&](std::size_t edge) {
                                       const auto all = static_cast<std::size_t>(half);
                                       return fmt::format("pod{}-edge{}", edge / all, edge % all);
                                     }},
                                    nodes);
  if (!placed) return errors.append(placed.error()), with_nodes(spec, nodes);
  return FatTree(spec, nodes, half, *placed).take();
}

std::vector<SwitchCable> cables(const TopologySpec& spec) {
  return {{kHostLinkLatency, spec.rate, kRackForwarding},
          {kAggregationLinkLatency, spec.rate, kAggregationForwarding},
          {kSpineLinkLatency, spec.rate, kSpineForwarding}};
}

std::string summary(const TopologySpec& spec) {
  const std::int64_t k = options_of<FatTreeOptions>(spec, kFields).k;
  return fmt::format("fat tree of {}-port switches, up to {} nodes, {}", k, k * k * k / 4,
                     spell(spec.rate));
}

}  // namespace

extern const TopologyKind kFatTreeKind{
    .name = "fat-tree",
    .words = "pods of edge and aggregation switches under cores, all of k ports of one rate",
    .fields = kFields,
    .routed = true,
    .build = &build,
    .cables = &cables,
    .summary = &summary,
};

}  // namespace soliton
