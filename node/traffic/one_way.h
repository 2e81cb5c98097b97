// Roles of workloads whose messages go one way: flows of messages, each from one node to another, all
// as fast as they go.
#pragma once

#include "node/traffic/traffic_kind.h"
#include "node/traffic/traffic_role.h"

namespace soliton {

// Senders hand over messages as fast as their transport takes them, and receivers verify them. A node
// may be both. Each end of a message makes its own record; joined, the two give the time from
// hand-over to delivery. Flow i is that of sender i; `flow_from` says which one comes from a node to
// this one, or kNoFlow. Returns nullptr for nodes that neither send nor receive.
inline constexpr std::uint32_t kNoFlow = UINT32_MAX;
struct OneWay {
  // The flow from `peer` to `self`.
  std::uint32_t (*flow_from)(const Traffic& traffic, NodeId self, NodeId peer) = nullptr;
  // How many flows end at `self`.
  std::uint32_t (*flows_to)(const Traffic& traffic, NodeId self) = nullptr;
};
std::unique_ptr<TrafficRole> make_one_way(const Traffic& traffic,
                                          const TrafficRole::Options& options, const OneWay& ways);
// Of kinds in which all senders have the same receiver.
std::unique_ptr<TrafficRole> make_one_way_role(const Traffic& traffic,
                                               const TrafficRole::Options& options);

// The place of a node among the senders, or kNoFlow. Nodes whose numbers are in a row are found at
// once.
std::uint32_t place_of(const Traffic& traffic, NodeId node);

// Of all flows: what each takes by itself, and what the receiver's cables take in.
Duration bound_of_flows(const Traffic& traffic, const LeastTimes& least);

}  // namespace soliton
