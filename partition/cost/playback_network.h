// The network on which a plan is played. It is either the cluster's, numbered as in the run so that
// chance events are the same, or one numbered by the plan itself, in which names and numbers of the
// cluster play no part, so that plans that differ only in names are predicted alike.
#pragma once

#include <vector>

#include "partition/cost/cost_model.h"
#include "partition/cost/message_flow.h"

namespace soliton {

// Endpoints are the request's shards in order, then its hosts. `request` must outlive the object.
class PlaybackNetwork {
 public:
  explicit PlaybackNetwork(const CostRequest& request);
  PlaybackNetwork(const PlaybackNetwork&) = delete;
  PlaybackNetwork& operator=(const PlaybackNetwork&) = delete;

  // nullptr if messages take no time.
  const Topology* topology() const;
  const Routes* routes() const;
  NodeId number(std::size_t endpoint) const;
  FlowOptions flow_options() const;

 private:
  // Which packets congestion marks hit depends on the numbers of the run.
  bool as_numbered() const { return request_.seed.has_value(); }

  const CostRequest& request_;
  std::vector<NodeId> vertex_;  // the cluster's node numbers, by endpoint
  Topology own_;
  Routes own_routes_;
};

}  // namespace soliton
