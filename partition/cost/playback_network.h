// The network on which a plan is played: the cluster's, with the numbers of the run where chance
// depends on them, or the plan's own, by which nothing is named or numbered, so that plans that differ
// in names alone are predicted alike.
#pragma once

#include <vector>

#include "partition/cost/cost_model.h"
#include "partition/cost/message_flow.h"

namespace soliton {

// Endpoints are the request's shards in order, then the host. `request` outlives the object.
class PlaybackNetwork {
 public:
  explicit PlaybackNetwork(const CostRequest& request);
  PlaybackNetwork(const PlaybackNetwork&) = delete;
  PlaybackNetwork& operator=(const PlaybackNetwork&) = delete;

  // nullptr: messages take no time.
  const Topology* topology() const;
  const Routes* routes() const;
  NodeId number(std::size_t endpoint) const;
  FlowOptions flow_options() const;

 private:
  // What congestion marks hit depends on the numbers of the run.
  bool as_numbered() const { return request_.seed.has_value(); }

  const CostRequest& request_;
  std::vector<NodeId> vertex_;  // of the cluster, by endpoint
  Topology own_;
  Routes own_routes_;
};

}  // namespace soliton
