// Why this plan and no other, in lines for people.
#pragma once

#include <string>
#include <vector>

#include "partition/search/play_plan.h"

namespace soliton {

struct WhyRequest {
  const PartitionRequest* request = nullptr;
  const NodesView* view = nullptr;
  const PlayedPlan* chosen = nullptr;
  // The best plans found on one node less and on one more; null: none was found.
  const PlayedPlan* fewer = nullptr;
  const PlayedPlan* more = nullptr;
  std::size_t fewest = 0;      // nodes that could hold the weights; fewer cannot
  std::size_t nodes_most = 0;  // that a plan may use
};

// Nodes, critical path, stages, why not fewer and not more nodes, what the host does, notes.
std::vector<std::string> why(const WhyRequest& it);
// Of devices without calibration, batches and streamed weights.
std::vector<std::string> remarks(const PartitionRequest& request, const std::vector<Shard>& shards);

}  // namespace soliton
