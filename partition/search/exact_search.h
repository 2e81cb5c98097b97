// Every plan, branch by branch: stages from the first layer on, each on any nodes that are left.
// Nodes that can stand in for each other are told apart by their number alone, and a branch whose
// bound is no better than the best plan known is left out.
#pragma once

#include <optional>

#include "partition/search/bounds.h"

namespace soliton {

struct ExactLimits {
  std::size_t max_nodes = 1;
  std::size_t min_nodes = 1;
  std::int64_t work = 0;      // of PlanPlayer and StageCosts
  std::int64_t branches = 0;  // that may be looked at
};

struct ExactResult {
  std::optional<PlayedPlan> best;  // better than the plan the search began with
  bool complete = false;           // no plan is better, and none exists when none is known
  std::int64_t branches = 0;
};

// `known`: a plan to be beaten, or null.
ExactResult search_exactly(const PartitionRequest& request, const NodesView& view,
                           StageCosts& costs, const Bounds& bounds, PlanPlayer& player,
                           const ExactLimits& limits, const PlayedPlan* known);

}  // namespace soliton
