// The whole search: it plays quick candidates, then enumerates every plan as far as the limits
// allow, then collects what is proved.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "partition/search/bounds.h"

namespace soliton {

// A plan that is one change away from the best (neighbours.h).
struct NextPlan {
  std::string change;
  PlayedPlan plan;
};

struct FoundPlan {
  std::optional<PlayedPlan> best;
  std::optional<NextPlan> next;  // the best of those that were looked at
  // The best plan that was played for a number of nodes.
  std::map<std::size_t, PlayedPlan> by_nodes;
  // Proved: no plan is better than `best`; if there is no best, no plan exists.
  bool proved = false;
  Duration latency_bound{};     // holds for every plan; 0: none is known
  Duration interval_bound{};    // the same
  std::size_t nodes_bound = 1;  // minimum nodes of any plan that meets the SLA
  std::size_t fewest = 1;       // the fewest nodes that could hold the weights
  std::size_t most = 0;         // the most nodes over which candidates could be spread
  std::int64_t played = 0;
  std::int64_t branches = 0;
};

struct NodeLimits {
  std::size_t least = 1;
  std::size_t most = 1;
};

FoundPlan find_plan(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
                    PlanPlayer& player, const NodeLimits& limits);

}  // namespace soliton
