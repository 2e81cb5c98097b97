#include "partition/search/partition.h"

#include "partition/search/check_request.h"
#include "partition/search/find_plan.h"
#include "partition/search/given_plan.h"
#include "partition/search/neighbours.h"
#include "partition/search/write_plan.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

tl::unexpected<Diagnostics> refused(Diagnostics problems) {
  return tl::unexpected<Diagnostics>(std::move(problems));
}

// Where nothing was proved, changes that make the plan better are made; then the next best is known.
void look_around(const PartitionRequest& request, const NodesView& view, PlanPlayer& player,
                 const NodeLimits& limits, FoundPlan& found) {
  constexpr int kChanges = 8;
  for (int change = 0; change < kChanges; ++change) {
    found.next = next_best(request, view, player, limits, *found.best);
    if (found.proved || !found.next || found.next->plan.score >= found.best->score) return;
    found.best = std::move(found.next->plan);
    found.by_nodes.insert_or_assign(found.best->nodes, *found.best);
    found.played = player.played();
  }
  found.next.reset();
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
  FoundPlan found = find_plan(request, *view, costs, player, limits);
  if (!found.best) return refused(refuse(request, *view, found));
  if (beyond_time(request, found.best->prediction))
    return refused(refuse_time(request, found.best->prediction));
  look_around(request, *view, player, limits, found);
  return write_plan(request, *view, costs, player, found);
}

}  // namespace soliton
