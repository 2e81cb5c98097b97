// Roles of workloads whose messages go one way, from one or more senders to a receiver.
#pragma once

#include "node/traffic/traffic_role.h"

namespace soliton {

// Senders hand over messages as fast as their LTL takes them, and the receiver verifies them. Each
// end of a message makes its own record; joined, the two give the time from hand-over to delivery.
// Returns nullptr for nodes that neither send nor receive.
std::unique_ptr<TrafficRole> make_one_way_role(const Traffic& traffic,
                                               const TrafficRole::Options& options);

}  // namespace soliton
