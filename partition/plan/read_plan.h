// Reads back what plan.json says of the plan itself.
#pragma once

#include <string_view>
#include <vector>

#include "partition/plan/plan.h"
#include "partition/plan/traffic.h"
#include "protocol/base/result.h"

namespace soliton {

// The stages of a plan.json (explain.h). Nothing else of it is read: the rest follows from them.
// Errors: kInvalid, it is not JSON, or a member is missing or of another kind.
Result<std::vector<PlanStage>> read_plan_stages(std::string_view json);

// What a page shows of a plan: all that plan.json has, but no programs.
struct ShownPlan {
  Plan plan;
  std::vector<Flow> flows;
  std::string precision;  // "ms-fp9"
};
// Members that are missing or of another kind are left as they are by default, because a plan.json of
// another version has others. Errors: kInvalid, it is not JSON, or places nothing on nodes.
Result<ShownPlan> read_shown_plan(std::string_view json);

}  // namespace soliton
