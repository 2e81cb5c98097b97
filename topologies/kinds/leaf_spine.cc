// Kind `leaf-spine`: every leaf is wired to every spine, nodes hang on leaves.
#include <fmt/format.h>

#include "topologies/building.h"
#include "topologies/calibration.h"
#include "topologies/leaves.h"
#include "topologies/topology_fields.h"

namespace soliton {
namespace {

struct LeafSpineOptions {
  std::int64_t leaves = 2;
  std::int64_t spines = 2;
  std::int64_t hosts_per_leaf = 16;
  std::optional<BitRate> uplink;
  Duration latency = kAggregationLinkLatency;
};
constexpr Field kRows[] = {
    field<&LeafSpineOptions::leaves>("leaves", "Switches with nodes below them.").between(1, 1'024),
    field<&LeafSpineOptions::spines>("spines", "Switches above the leaves.").between(1, 1'024),
    field<&LeafSpineOptions::hosts_per_leaf>("hosts_per_leaf", "Nodes that fit under a leaf.")
        .between(1, 1'024),
    field<&LeafSpineOptions::uplink>("uplink", "Rate of the cables between leaves and spines.")
        .between(kSlowestRate, kFastestRate)
        .by_default("the topology's bandwidth"),
    cable_latency_row<&LeafSpineOptions::latency>(),
};
constexpr FieldTable kFields = fields_of<LeafSpineOptions>("leaf_spine", kRows);

std::string leaf_name(std::size_t leaf) { return fmt::format("leaf{}", leaf); }

Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
               Diagnostics& errors) {
  const auto options = options_of<LeafSpineOptions>(spec, kFields);
  Topology topology = with_nodes(spec, nodes);
  if (has_too_many_cables(spec, options.leaves * options.spines + topology.nodes, errors))
    return topology;
  const auto leaves = static_cast<std::size_t>(options.leaves);
  const auto placed = assign_leaves({spec.name, leaves, options.hosts_per_leaf, &leaf_name}, nodes);
  if (!placed) return errors.append(placed.error()), topology;
  for (std::size_t leaf = 0; leaf < leaves; ++leaf)
    add_switch(topology, leaf_name(leaf), kRackForwarding, leaf_name(leaf));
  for (std::uint32_t node = 0; node < topology.nodes; ++node)
    hang_node(topology, node, topology.nodes + static_cast<std::uint32_t>((*placed)[node]),
              spec.rate);
  for (std::int64_t i = 0; i < options.spines; ++i) {
    const std::uint32_t spine =
        add_switch(topology, fmt::format("spine{}", i), kAggregationForwarding, "");
    for (std::uint32_t leaf = 0; leaf < leaves; ++leaf)
      add_link(topology, topology.nodes + leaf, spine, options.latency,
               options.uplink.value_or(spec.rate));
  }
  return topology;
}

std::vector<SwitchCable> cables(const TopologySpec& spec) {
  const auto options = options_of<LeafSpineOptions>(spec, kFields);
  return {{kHostLinkLatency, spec.rate, kRackForwarding},
          {options.latency, options.uplink.value_or(spec.rate), kAggregationForwarding}};
}

std::string summary(const TopologySpec& spec) {
  const auto options = options_of<LeafSpineOptions>(spec, kFields);
  return fmt::format("{} leaves of {}, {} spines, {}", options.leaves, options.hosts_per_leaf,
                     options.spines, spell(spec.rate));
}

}  // namespace

extern const TopologyKind kLeafSpineKind{
    .name = "leaf-spine",
    .words = "nodes under leaves, every leaf wired to every spine",
    .fields = kFields,
    .routed = true,
    .build = &build,
    .cables = &cables,
    .summary = &summary,
};

}  // namespace soliton
