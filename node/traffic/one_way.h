// Roles of workloads whose messages go one way, from one or several senders to a receiver.
#pragma once

#include "node/traffic/traffic_role.h"

namespace soliton {

// Senders hand over messages as fast as their LTL takes them, and the receiver verifies them. Each
// end of a message is a record of its own: the message, from hand-over to delivery, is both.
// nullptr for nodes that are neither.
std::unique_ptr<TrafficRole> make_one_way_role(const Traffic& traffic,
                                               const TrafficRole::Options& options);

}  // namespace soliton
