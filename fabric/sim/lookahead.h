// Minimum time until an event has an effect elsewhere in the network. It lets the engine grant
// nodes time without ever rolling back (engine.h).
#pragma once

#include "protocol/base/time.h"
#include "topologies/topology.h"

namespace soliton {

inline constexpr Duration kUnbounded = Duration::max();

// The least times over all nodes and sizes of packets. kUnbounded where there is no such path.
struct Lookahead {
  Duration first = kUnbounded;  // from a node's send to its first event in the network
  Duration last = kUnbounded;   // from an event in the network to an arrival
  Duration path = kUnbounded;   // from a send to an arrival at another node
};

Lookahead lookahead_of(const Topology& topology);

}  // namespace soliton
