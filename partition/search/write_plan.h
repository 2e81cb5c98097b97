// Turns the stages that were found into a complete plan: programs, placements, certificate and
// explanations.
#pragma once

#include "partition/search/find_plan.h"

namespace soliton {

// REQUIRES: found.best. Errors: a stage that cannot be lowered, or a shard that check_shard()
// refuses.
Checked<Plan> write_plan(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
                         const PlanPlayer& player, const FoundPlan& found);

}  // namespace soliton
