#include "partition/search/write_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "node/npu/critical_path.h"
#include "partition/certificate/certificate.h"
#include "partition/lower/stage_options.h"
#include "partition/plan/why.h"
#include "partition/search/chain.h"
#include "partition/search/check_request.h"
#include "partition/search/refuse.h"

namespace soliton {
namespace {

StepReport step_report(const Shard& shard, std::int64_t request_steps) {
  const StepAnalysis it = analyse_step(shard, request_steps);
  return {it.udm_cycles,
          it.sdm_cycles,
          it.cycles,
          it.duration,
          it.slot_cycles,
          it.occupied_cycles,
          it.macs,
          {},
          step_limit_name(it.limit)};
}

SearchOutcome outcome_of(const PartitionRequest& request, const FoundPlan& found) {
  const PlayedPlan& best = *found.best;
  return {.objective = request.objective,
          .sla = request.sla,
          .latency = best.prediction.latency,
          .interval = best.prediction.interval,
          .nodes = best.nodes,
          .complete = found.proved,
          .chain = is_chain(*request.model),
          .constrained = request.constraints.any(),
          .given = request.constraints.given.has_value(),
          .latency_bound = found.latency_bound,
          .interval_bound = found.interval_bound,
          .nodes_bound = found.nodes_bound,
          .played = found.played,
          .branches = found.branches,
          .cost_model = kCostModelVersion};
}

std::vector<PlanStage> named_stages(const PartitionRequest& request, const NodesView& view,
                                    const std::vector<Stage>& stages) {
  std::vector<PlanStage> out;
  for (const Stage& stage : stages) {
    PlanStage& named = out.emplace_back();
    for (std::size_t layer = stage.first; layer < stage.last; ++layer)
      named.layers.push_back(layer_name(request.model->layers[layer]));
    for (const std::size_t node : stage.nodes) named.nodes.push_back(view.nodes[node].name);
    named.option = stage.option;
  }
  return out;
}

std::vector<StageAccount> stage_accounts(const LayerGraph& model,
                                         const std::vector<Stage>& stages) {
  std::vector<StageAccount> out;
  for (const Stage& stage : stages) {
    std::string layers = layer_name(model.layers[stage.first]);
    if (stage.last - stage.first > 1) layers += " to " + layer_name(model.layers[stage.last - 1]);
    out.push_back({std::move(layers), stage.nodes.size(), describe(shape_of(stage).option)});
  }
  return out;
}

std::vector<std::string> explanation(const PartitionRequest& request, const NodesView& view,
                                     const FoundPlan& found, const std::vector<Shard>& shards) {
  const auto value = [&](const Prediction& prediction) {
    return request.objective == Objective::kThroughput ? prediction.interval : prediction.latency;
  };
  const auto on = [&](std::size_t nodes) -> std::optional<PlanAccount::Alternative> {
    const auto at = found.by_nodes.find(nodes);
    if (at == found.by_nodes.end()) return std::nullopt;
    return PlanAccount::Alternative{at->second.nodes, value(at->second.prediction)};
  };
  const PlayedPlan& best = *found.best;
  const NodeLimits limits = node_limits(request, view);
  PlanAccount account{.objective = request.objective,
                      .given = request.constraints.given.has_value(),
                      .constrained = request.constraints.binds_layers(),
                      .nodes = best.nodes,
                      .value = value(best.prediction),
                      .path = best.prediction.path,
                      .stages = stage_accounts(*request.model, best.stages),
                      .nodes_usable = view.nodes.size(),
                      .nodes_min = limits.least,
                      .nodes_max = limits.most,
                      .nodes_that_fit = found.fewest,
                      .nodes_spread = 0,
                      .fewer = on(best.nodes - 1),
                      .more = on(best.nodes + 1)};
  for (std::size_t layer = 0; layer < request.model->layers.size(); ++layer)
    account.nodes_spread +=
        most_stage_nodes(*request.model, layer, layer + 1, view.nodes.front().device.native_dim);
  if (found.next && !account.more && found.next->plan.nodes == best.nodes + 1)
    account.more = {best.nodes + 1, value(found.next->plan.prediction)};
  if (found.next)
    account.next = PlanAccount::Next{found.next->change, value(found.next->plan.prediction)};
  std::vector<std::string> out = why(account);
  for (std::string& line : remarks(request.batch, shards)) out.push_back(std::move(line));
  return out;
}

// Positions in the view of the nodes of the plan, as its stages name them.
std::vector<std::size_t> nodes_of_plan(const FoundPlan& found) {
  std::vector<std::size_t> out;
  for (const Stage& stage : found.best->stages)
    out.insert(out.end(), stage.nodes.begin(), stage.nodes.end());
  return out;
}

// `busy`: of the shard, in a request of the run.
Placement placement(const PartitionRequest& request, const NodesView& view, const FoundPlan& found,
                    const Lowered& lowered, std::size_t i, Duration busy) {
  Placement out;
  out.node = lowered.shards[i].node;
  out.device = lowered.shards[i].device.name;
  out.place = view.places[nodes_of_plan(found)[lowered.node[i]]];
  out.holds = lowered.holds[i];
  out.memory = memory_use(lowered.shards[i]);
  out.busy_per_step = busy / request.steps;
  return out;
}

// Limited by the network when a stage's exchanges take longer than the work of its slowest node.
void report_steps(std::int64_t steps, StageCosts& costs, const std::vector<Stage>& stages,
                  const Lowered& lowered, std::vector<Placement>& placements) {
  std::size_t first = 0;
  for (const Stage& stage : stages) {
    const StageShape shape = shape_of(stage);
    const StageEstimate* estimate = costs.estimate(shape, stage.nodes, costs.pattern(stage.nodes));
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < lowered.shards.size(); ++i)
      if (lowered.node[i] >= first && lowered.node[i] < first + stage.nodes.size())
        members.push_back(i);
    first += stage.nodes.size();
    Duration slowest{};
    for (const std::size_t i : members) {
      placements[i].step = step_report(lowered.shards[i], steps);
      slowest = std::max(slowest, placements[i].step.duration);
    }
    if (estimate == nullptr) continue;
    for (const std::size_t i : members) {
      StepReport& step = placements[i].step;
      step.with_exchanges = estimate->period;
      if (step.with_exchanges > 2 * slowest) step.limit = "network";
    }
  }
}

// The view has an order of its own; a plan is in order of NodeId.
void sort_by_id(const PartitionRequest& request, Lowered& lowered, Plan& plan) {
  std::map<std::string, std::size_t> made;
  for (std::size_t i = 0; i < lowered.shards.size(); ++i) made[lowered.shards[i].node] = i;
  std::vector<Placement> placements;
  for (const PartitionNode& node : request.nodes) {
    const auto at = made.find(node.name);
    if (at == made.end()) continue;
    plan.shards.push_back(std::move(lowered.shards[at->second]));
    placements.push_back(std::move(plan.placements[at->second]));
  }
  plan.placements = std::move(placements);
}

std::string one_device(const PartitionRequest& request, const NodesView& view, StageCosts& costs) {
  const NpuDevice& device = view.nodes.front().device;
  const NpuFormat format = *format_on(device, request.precision);
  const std::int64_t short_of =
      tiles_of_model(*request.model, device) - tiles_that_fit(device, format.format);
  if (short_of > 0) {
    return fmt::format("one device would need {} more memory than it has",
                       describe(tile_bytes(short_of, format.format, device.native_dim)));
  }
  const std::vector<std::size_t> first{0};
  const StageShape all{0, request.model->layers.size(), 1, {}};
  return costs.fits(all, first)
             ? "fits one device"
             : "one device has the weight memory, but not the registers or instruction words";
}

}  // namespace

Checked<Plan> write_plan(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
                         const PlanPlayer& player, const FoundPlan& found) {
  Diagnostics problems;
  auto made = player.lower_plan(found.best->stages, request.with_weights);
  if (!made) {
    problems.add(std::move(made.error()));
    return tl::unexpected<Diagnostics>(std::move(problems));
  }
  Lowered lowered = std::move(*made);
  for (const Shard& shard : lowered.shards) problems.append(check_shard(shard));
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  Plan plan;
  plan.model = request.model->name;
  plan.host = view.host;
  const SearchOutcome outcome = outcome_of(request, found);
  plan.certificate = certify(outcome);
  plan.missed = missed_words(outcome);
  const Prediction run = request.seed ? player.predict_run(lowered) : found.best->prediction;
  plan.predicted_latency = run.latency;
  plan.predicted_path = run.path;
  plan.batch = request.batch;
  plan.predicted_interval = run.interval;
  plan.steps = request.steps;
  plan.nodes_used = static_cast<std::int64_t>(lowered.shards.size());
  plan.cut_bytes_per_request = found.best->prediction.cut_bytes;
  plan.operations = operations(*request.model, request.steps);
  plan.one_device = one_device(request, view, costs);
  for (std::size_t i = 0; i < lowered.shards.size(); ++i)
    plan.placements.push_back(placement(request, view, found, lowered, i, run.busy[i]));
  report_steps(request.steps, costs, found.best->stages, lowered, plan.placements);
  plan.stages = named_stages(request, view, found.best->stages);
  plan.explanation = explanation(request, view, found, lowered.shards);
  plan.host_ports = std::move(lowered.host);
  sort_by_id(request, lowered, plan);
  return plan;
}

}  // namespace soliton
