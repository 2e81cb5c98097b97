// A kind of topology that only tests know, and the list of all kinds with it.
#pragma once

#include <fmt/format.h>

#include <vector>

#include "topologies/building.h"
#include "topologies/kind.h"

namespace soliton {

// Two switches with some cables between them; nodes hang on them by turns.
struct TwinOptions {
  std::int64_t trunks = 2;
  Duration length = nanoseconds(100);
};
inline constexpr Field kTwinRows[] = {
    field<&TwinOptions::trunks>("trunks", "Cables between the switches.").between(1, 8),
    field<&TwinOptions::length>("length", "Latency of each.").between(Duration{0}, microseconds(1)),
};
inline constexpr FieldTable kTwinFields = fields_of<TwinOptions>("twin", kTwinRows);

inline Topology build_twin(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                           Diagnostics&) {
  const auto options = options_of<TwinOptions>(spec, kTwinFields);
  Topology topology = with_nodes(spec, nodes);
  const std::uint32_t left = add_switch(topology, "left", {}, "left");
  const std::uint32_t right = add_switch(topology, "right", {}, "right");
  for (std::uint32_t node = 0; node < topology.nodes; ++node)
    add_link(topology, node, node % 2 == 0 ? left : right, options.length, spec.rate);
  for (std::int64_t trunk = 0; trunk < options.trunks; ++trunk) {
    add_link(topology, left, right, options.length, spec.rate);
    topology.links.back().name = fmt::format("left-right.{}", trunk);
  }
  return topology;
}

inline constexpr TopologyKind kTwin{
    .name = "twin",
    .words = "two switches",
    .fields = kTwinFields,
    .build = &build_twin,
    .cables = [](const TopologySpec&) { return std::vector<SwitchCable>{}; },
    .summary =
        [](const TopologySpec& spec) {
          return fmt::format("two switches, {} cables",
                             options_of<TwinOptions>(spec, kTwinFields).trunks);
        },
};

inline std::vector<const TopologyKind*> kinds_and_twin() {
  std::vector<const TopologyKind*> kinds(topology_kinds().begin(), topology_kinds().end());
  kinds.push_back(&kTwin);
  return kinds;
}

}  // namespace soliton
