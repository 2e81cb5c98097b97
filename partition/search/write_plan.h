// From the stages that were found to a plan as others read it: programs, placements, certificate
// and words.
#pragma once

#include "partition/search/find_plan.h"

namespace soliton {

// REQUIRES: found.best. Errors: a stage that cannot be lowered after all, or a shard that does not
// pass check_shard().
Checked<Plan> write_plan(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
                         const PlanPlayer& player, const FoundPlan& found);

}  // namespace soliton
