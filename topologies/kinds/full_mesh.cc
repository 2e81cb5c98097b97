// Kind `full-mesh`: a direct cable between any two nodes.
#include <fmt/format.h>

#include "protocol/base/located.h"
#include "topologies/building.h"
#include "topologies/calibration.h"
#include "topologies/leaves.h"

namespace soliton {
namespace {

struct FullMeshOptions {
  Duration latency = times(kHostLinkLatency, 2);  // both ends of a host's cable
};
constexpr Field kRows[] = {
    cable_latency_row<&FullMeshOptions::latency>(),
};
constexpr FieldTable kFields = fields_of<FullMeshOptions>("full_mesh", kRows);

Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
               Diagnostics& errors) {
  refuse_places(spec, nodes, errors);
  const std::size_t cables =
      nodes.size() * (nodes.size() - std::min<std::size_t>(1, nodes.size())) / 2;
  if (cables > kTopologyLinksLimit)
    errors.add(
        ErrorCode::kInvalid,
        located(spec.position, fmt::format("topology {}: {} nodes take {} cables; at most {}",
                                           spec.name, nodes.size(), cables, kTopologyLinksLimit)));
  Topology topology = with_nodes(spec, nodes);
  if (!errors.empty()) return topology;
  const auto options = options_of<FullMeshOptions>(spec, kFields);
  for (std::uint32_t lower = 0; lower < topology.nodes; ++lower)
    for (std::uint32_t upper = lower + 1; upper < topology.nodes; ++upper)
      add_link(topology, lower, upper, options.latency, spec.rate);
  return topology;
}

std::vector<SwitchCable> cables(const TopologySpec&) { return {}; }

std::string summary(const TopologySpec& spec) {
  return fmt::format("a cable between any two nodes, {}", spell(spec.rate));
}

}  // namespace

extern const TopologyKind kFullMeshKind{
    .name = "full-mesh",
    .words = "a direct cable between any two nodes",
    .fields = kFields,
    .routed = true,
    .build = &build,
    .cables = &cables,
    .summary = &summary,
};

}  // namespace soliton
