// Networks without any order in them.
#pragma once

#include <string>

#include "protocol/base/rng.h"
#include "topologies/topology.h"

namespace soliton {

// Parallel links, nodes with several cables and with none, direct cables, islands. Latencies are
// few, so that most pairs have several shortest paths.
inline Topology tangle(const Random& chance) {
  Topology topology;
  topology.nodes = static_cast<std::uint32_t>(2 + chance.below(0, 5));
  const auto vertices = static_cast<std::uint32_t>(topology.nodes + chance.below(1, 8));
  for (std::uint32_t v = 0; v < vertices; ++v)
    topology.vertices.push_back(
        {.name = "v" + std::to_string(v),
         .is_switch = v >= topology.nodes,
         .forwarding = picoseconds(static_cast<std::int64_t>(chance.below(100 + v, 3)))});
  const std::uint64_t links = 1 + chance.below(2, 3 * vertices);
  for (std::uint64_t l = 0; l < links; ++l) {
    TopologyLink link;
    link.ends[0] = static_cast<std::uint32_t>(chance.below(1'000 + 3 * l, vertices));
    link.ends[1] = static_cast<std::uint32_t>(chance.below(1'001 + 3 * l, vertices));
    link.latency = picoseconds(1 + static_cast<std::int64_t>(chance.below(1'002 + 3 * l, 2)));
    if (link.ends[0] != link.ends[1]) topology.links.push_back(link);
  }
  return topology;
}

}  // namespace soliton
