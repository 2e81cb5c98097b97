// Reads back what plan.json says of the plan itself.
#pragma once

#include <string_view>
#include <vector>

#include "partition/plan/plan.h"
#include "protocol/base/result.h"

namespace soliton {

// The stages of a plan.json (explain.h). Nothing else of it is read: the rest follows from them.
// Errors: kInvalid, it is not JSON, or a member is missing or of another kind.
Result<std::vector<PlanStage>> read_plan_stages(std::string_view json);

}  // namespace soliton
