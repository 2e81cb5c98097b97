// Enumerates every plan, branch by branch: stages from the first layer on, each on any nodes that
// are left. Of nodes that can stand in for each other only their number matters. A branch is pruned
// if its bound is not better than the best plan known.
#pragma once

#include <optional>

#include "partition/search/bounds.h"

namespace soliton {

struct ExactLimits {
  std::size_t max_nodes = 1;
  std::size_t min_nodes = 1;
  std::int64_t work = 0;      // limit on PlanPlayer::work() and StageCosts::work()
  std::int64_t branches = 0;  // limit on branches examined
  std::int64_t plays = 0;     // limit on plans played; 0: none
};

struct ExactResult {
  std::optional<PlayedPlan> best;  // a plan better than the one the search began with
  bool complete = false;           // proved: no plan is better, or none exists if none is known
  std::int64_t branches = 0;
};

// `bounds`: null if none are known, as for models that are no chain: every plan is then played.
// `known`: the plan to improve on, or null.
ExactResult search_exactly(const PartitionRequest& request, const NodesView& view,
                           StageCosts& costs, const Bounds* bounds, PlanPlayer& player,
                           const ExactLimits& limits, const PlayedPlan* known);

}  // namespace soliton
