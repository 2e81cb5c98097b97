#include "partition/cost/cable_load.h"

#include <algorithm>

#include "partition/cost/cost_model.h"
#include "topologies/line.h"

namespace soliton {

Duration sending_time(const TopologyLink& link, std::int64_t bytes, std::uint32_t mtu,
                      bool sharing) {
  if (sharing) return transmit_time(Bytes{bytes}, link.rate);
  const auto packet = [&](std::int64_t payload) {
    return line_time(link, Bytes{payload + kCostPacketHeaderBytes});
  };
  const std::int64_t rest = bytes % mtu;
  const Duration whole = times(packet(mtu), bytes / mtu);
  return rest == 0 ? whole : sum(whole, packet(rest));
}

CableLoad::CableLoad(const Topology* topology, const Routes* routes, std::uint32_t mtu,
                     bool sharing)
    : topology_(topology),
      routes_(routes),
      mtu_(mtu),
      sharing_(sharing),
      busy_(topology == nullptr ? 0 : 2 * topology->links.size()) {}

void CableLoad::add(NodeId from, NodeId to, std::int64_t bytes) {
  for (const Hop hop : routes_->common_hops(from, to)) {
    Duration& busy = busy_[port_of(hop)];
    busy = sum(busy, sending_time(topology_->links[hop.link], bytes, mtu_, sharing_));
    busiest_ = std::max(busiest_, busy);
  }
}

}  // namespace soliton
