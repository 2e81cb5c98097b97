#include "topologies/line.h"
#include "topologies/topology.h"

namespace soliton {

Duration transfer_time(const Topology& topology, const std::vector<Hop>& route, Bytes packet) {
  AtPort at_port{kRunStart, kRunStart};
  OnLine on_line{};
  for (std::size_t i = 0; i < route.size(); ++i) {
    const TopologyLink& link = topology.links[route[i].link];
    on_line = cross_line(at_port, kRunStart, line_time(link, packet), link.latency);
    if (i + 1 == route.size()) break;
    at_port = cross_switch(topology.vertices[far_end(link, route[i].direction)], on_line);
  }
  return on_line.tail - kRunStart;
}

Duration least_latency(const Topology& topology, const std::vector<Hop>& route) {
  return transfer_time(topology, route, Bytes{0});
}

}  // namespace soliton
