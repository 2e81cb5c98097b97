// How long each direction of each cable transmits for a request. No stream of requests can be
// faster than the busiest of them.
#pragma once

#include <cstdint>
#include <vector>

#include "topologies/routes.h"

namespace soliton {

class CableLoad {
 public:
  // Null: no cables. `sharing`: messages may share packets, so only their own bytes count.
  CableLoad(const Topology* topology, const Routes* routes, std::uint32_t mtu, bool sharing);
  // One message on its way, of so many bytes with its header.
  void add(NodeId from, NodeId to, std::int64_t bytes);
  Duration busiest() const { return busiest_; }

 private:
  const Topology* topology_;
  const Routes* routes_;
  std::uint32_t mtu_;
  bool sharing_;
  std::vector<Duration> busy_;  // by link and direction
  Duration busiest_{};
};

// How long a link transmits the packets of one message of so many bytes (message_bytes); if packets
// are shared (`sharing`), at least its bytes.
Duration sending_time(const TopologyLink& link, std::int64_t bytes, std::uint32_t mtu,
                      bool sharing);

}  // namespace soliton
