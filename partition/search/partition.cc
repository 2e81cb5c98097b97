#include "partition/search/partition.h"

#include "partition/search/check_request.h"
#include "partition/search/find_plan.h"
#include "partition/search/given_plan.h"
#include "partition/search/write_plan.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

tl::unexpected<Diagnostics> refused(Diagnostics problems) {
  return tl::unexpected<Diagnostics>(std::move(problems));
}

bool beyond_time(const PartitionRequest& request, const Prediction& best) {
  const bool interval = request.objective == Objective::kThroughput;
  return best.latency >= kLongestTime || (interval && best.interval >= kLongestTime);
}

}  // namespace

Checked<Plan> partition_model(const PartitionRequest& request) {
  SOLITON_CHECK(request.model != nullptr && request.steps > 0);
  const auto view = view_nodes(request);
  if (!view) return refused(view.error());
  if (Diagnostics problems = check_request(request, *view); !problems.empty())
    return refused(std::move(problems));
  StageCosts costs(request, *view);
  PlanPlayer player(request, *view);
  const NodeLimits limits = node_limits(request, *view);
  if (request.constraints.given) {
    const Checked<FoundPlan> given = play_given(request, *view, player, limits);
    if (!given) return refused(given.error());
    return write_plan(request, *view, costs, player, *given);
  }
  const FoundPlan found = find_plan(request, *view, costs, player, limits);
  if (!found.best) return refused(refuse(request, *view, found));
  if (beyond_time(request, found.best->prediction))
    return refused(refuse_time(request, found.best->prediction));
  return write_plan(request, *view, costs, player, found);
}

}  // namespace soliton
