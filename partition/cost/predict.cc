#include <algorithm>

#include "partition/cost/cost_model.h"
#include "partition/cost/playback.h"
#include "protocol/base/check.h"
#include "topologies/line.h"

namespace soliton {
namespace {

// The last packet over the fastest of the ways, behind those that leave over the same cable.
Duration sprayed_time(const Topology& topology, const std::vector<Hop>& ways, std::int64_t elements,
                      std::uint32_t mtu) {
  SOLITON_CHECK(!ways.empty());
  const auto near = [&](Hop hop) { return topology.links[hop.link].ends[hop.direction]; };
  const bool one_cable = ways.size() == 1 || near(ways[1]) != near(ways[0]);
  Duration before{};
  std::int64_t left = message_bytes(elements);
  for (; left > mtu; left -= mtu)
    if (one_cable)
      before = sum(before, line_time(topology.links[ways[0].link],
                                     Bytes{std::int64_t{mtu} + kCostPacketHeaderBytes}));
  return transfer_times(topology, ways, Bytes{left + kCostPacketHeaderBytes}, before).least;
}

}  // namespace

// As long as the packets of a message are within a window they stand at the first port at once.
Duration message_time(const Topology& topology, const Routes& routes, NodeId from, NodeId to,
                      std::int64_t elements, std::uint32_t mtu) {
  if (routes.sprays()) return sprayed_time(topology, routes.ways(from, to), elements, mtu);
  const std::vector<Hop> route = routes.path(from, to);
  SOLITON_CHECK(!route.empty());
  std::vector<Instant> free(route.size());
  Instant arrived = kRunStart;
  for (std::int64_t left = message_bytes(elements); left > 0; left -= mtu) {
    const Bytes packet{std::min<std::int64_t>(left, mtu) + kCostPacketHeaderBytes};
    AtPort at_port{kRunStart, kRunStart};
    for (std::size_t hop = 0; hop < route.size(); ++hop) {
      const TopologyLink& link = topology.links[route[hop].link];
      const Duration line = line_time(link, packet);
      const OnLine on_line = cross_line(at_port, free[hop], line, link.latency);
      free[hop] = later(on_line.start, line);
      arrived = on_line.tail;
      if (hop + 1 == route.size()) break;
      at_port = cross_switch(topology.vertices[far_end(link, route[hop].direction)], on_line);
    }
  }
  return arrived - kRunStart;
}

bool packets_shared(const LtlOptions* ltl) {
  return (ltl == nullptr ? LtlOptions{} : *ltl).packing.count > 0;
}

Prediction predict(const CostRequest& request) { return Playback(request).run(); }

}  // namespace soliton
