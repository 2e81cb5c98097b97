// A plan that was given instead of searched for (PlanConstraints::given).
#pragma once

#include "partition/search/find_plan.h"

namespace soliton {

// The given plan, played. REQUIRES: request.constraints.given. Errors: kInvalid, it is not one of
// the model, the nodes and the other constraints, with the first difference; kDoesNotFit, a memory
// is too small for it, or it takes longer than emulated time lasts.
Checked<FoundPlan> play_given(const PartitionRequest& request, const NodesView& view,
                              PlanPlayer& player, const NodeLimits& limits);

}  // namespace soliton
