// Kind `dragonfly`: groups of routers that are all wired to each other, and a cable between any two groups
// (Kim, Dally, Scott and Abts, "Technology-driven, highly-scalable dragonfly topology", ISCA 2008).
#include <fmt/format.h>

#include "topologies/building.h"
#include "topologies/calibration.h"
#include "topologies/leaves.h"

namespace soliton {
namespace {

struct DragonflyOptions {
  std::int64_t groups = 4;
  std::int64_t routers = 3;
  std::int64_t hosts_per_router = 2;
  Duration latency = kSpineLinkLatency;
};
constexpr Field kRows[] = {
    field<&DragonflyOptions::groups>("groups", "Groups, each wired to every other by one cable.")
        .between(1, 256),
    field<&DragonflyOptions::routers>("routers", "Switches of a group, all wired to each other.")
        .between(1, 64),
    field<&DragonflyOptions::hosts_per_router>("hosts_per_router", "Nodes that fit on a router.")
        .between(1, 1'024),
    cable_latency_row<&DragonflyOptions::latency>(),
};
constexpr FieldTable kFields = fields_of<DragonflyOptions>("dragonfly", kRows);

// Router r of group g is switch g * routers + r. Towards the group d places on, modulo all groups, the
// cables of a group begin at its routers by turns.
Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
               Diagnostics& errors) {
  const auto options = options_of<DragonflyOptions>(spec, kFields);
  Topology topology = with_nodes(spec, nodes);
  if (has_too_many_cables(spec,
                          options.groups * options.routers * (options.routers - 1) / 2 +
                              options.groups * (options.groups - 1) / 2 + topology.nodes,
                          errors))
    return topology;
  const auto groups = static_cast<std::uint32_t>(options.groups);
  const auto routers = static_cast<std::uint32_t>(options.routers);
  const auto name = [&](std::size_t router) {
    return fmt::format("group{}-router{}", router / routers, router % routers);
  };
  const auto placed = assign_leaves(
      {spec.name, std::size_t{groups} * routers, options.hosts_per_router, name}, nodes);
  if (!placed) return errors.append(placed.error()), topology;
  const std::uint32_t first = topology.nodes;
  for (std::uint32_t router = 0; router < groups * routers; ++router)
    add_switch(topology, name(router), kRackForwarding, fmt::format("group{}", router / routers));
  for (std::uint32_t node = 0; node < topology.nodes; ++node)
    hang_node(topology, node, first + static_cast<std::uint32_t>((*placed)[node]), spec.rate);
  for (std::uint32_t group = 0; group < groups; ++group) {
    const std::uint32_t own = first + group * routers;
    for (std::uint32_t a = 0; a < routers; ++a)
      for (std::uint32_t b = a + 1; b < routers; ++b)
        add_link(topology, own + a, own + b, kAggregationLinkLatency, spec.rate);
    for (std::uint32_t other = group + 1; other < groups; ++other) {
      const std::uint32_t there = other - group - 1, back = groups - (other - group) - 1;
      add_link(topology, own + there % routers, first + other * routers + back % routers,
               options.latency, spec.rate);
    }
  }
  return topology;
}

std::vector<SwitchCable> cables(const TopologySpec& spec) {
  return {{kHostLinkLatency, spec.rate, kRackForwarding},
          {kAggregationLinkLatency, spec.rate, kRackForwarding},
          {options_of<DragonflyOptions>(spec, kFields).latency, spec.rate, kRackForwarding}};
}

std::string summary(const TopologySpec& spec) {
  const auto options = options_of<DragonflyOptions>(spec, kFields);
  return fmt::format("{} groups of {} routers with {} nodes each, {}", options.groups,
                     options.routers, options.hosts_per_router, spell(spec.rate));
}

}  // namespace

extern const TopologyKind kDragonflyKind{
    .name = "dragonfly",
    .words = "groups of routers wired to each other, and a cable between any two groups",
    .fields = kFields,
    .routed = true,
    .build = &build,
    .cables = &cables,
    .summary = &summary,
};

}  // namespace soliton
