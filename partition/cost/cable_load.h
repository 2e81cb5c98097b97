// How long each direction of each cable sends for a request: no stream of requests can go faster
// than the busiest of them.
#pragma once

#include <cstdint>
#include <vector>

#include "topologies/topology.h"

namespace soliton {

class CableLoad {
 public:
  // Null: no cables.
  CableLoad(const Topology* topology, const Routes* routes, std::uint32_t mtu);
  // One message on its way.
  void add(NodeId from, NodeId to, std::int64_t elements);
  Duration busiest() const { return busiest_; }

 private:
  const Topology* topology_;
  const Routes* routes_;
  std::uint32_t mtu_;
  std::vector<Duration> busy_;  // per link and direction
  Duration busiest_{};
};

// How long a link sends the packets of one message.
Duration sending_time(const TopologyLink& link, std::int64_t elements, std::uint32_t mtu);

}  // namespace soliton
