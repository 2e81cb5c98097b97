#include "partition/search/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "node/npu/critical_path.h"
#include "partition/search/find_plan.h"
#include "partition/search/node_groups.h"
#include "partition/search/refuse.h"
#include "partition/search/why.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr const char* kObjectives[] = {"latency", "throughput", "nodes"};

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

// Rounded up, so that the words never claim more than the bound.
std::string within(std::int64_t value, std::int64_t bound) {
  if (bound <= 0) return "no proof";
  if (value <= bound) return "optimal";
  const __int128 hundredths = (static_cast<__int128>(value - bound) * 10'000 + bound - 1) / bound;
  const auto shown = static_cast<std::int64_t>(hundredths);
  return fmt::format("within {}.{:02} %", shown / 100, shown % 100);
}

class Partitioner {
 public:
  Partitioner(const PartitionRequest& request, NodesView view)
      : request_(request),
        view_(std::move(view)),
        costs_(request_, view_),
        player_(request_, view_) {}

  Checked<Plan> run() {
    Diagnostics problems = check();
    if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
    found_ = find_plan(request_, view_, costs_, player_, {min_nodes(), max_nodes()});
    if (!found_.best) return refuse();
    if (value() >= kLongestTime || prediction().latency >= kLongestTime) return refuse_time();
    return finish();
  }

 private:
  const Prediction& prediction() const { return found_.best->prediction; }
  bool for_throughput() const { return request_.objective == Objective::kThroughput; }
  Duration value() const { return for_throughput() ? prediction().interval : prediction().latency; }
  std::size_t min_nodes() const {
    return static_cast<std::size_t>(std::max<std::int64_t>(1, request_.min_nodes));
  }
  std::size_t max_nodes() const {
    const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(0, request_.max_nodes));
    return limit == 0 ? view_.nodes.size() : std::min(limit, view_.nodes.size());
  }

  std::vector<const LowerNode*> by_name() const {
    std::vector<const LowerNode*> out;
    for (const LowerNode& node : view_.nodes) out.push_back(&node);
    std::ranges::sort(
        out, [](const LowerNode* a, const LowerNode* b) { return name_before(a->name, b->name); });
    return out;
  }

  Diagnostics check() const {
    Diagnostics problems = check_model(*request_.model);
    const std::vector<const LowerNode*> nodes = by_name();
    const LowerNode& first = *nodes.front();
    for (const LowerNode* node : nodes) {
      if (const auto format = format_on(node->device, request_.precision); !format) {
        problems.add(format.error());
        break;
      }
    }
    for (const LowerNode* node : nodes) {
      if (node->device.cell_programs == first.device.cell_programs) continue;
      problems.add(ErrorCode::kInvalid,
                   fmt::format("{} and {} write recurrent cells differently (cell_programs of "
                               "their devices); use nodes of one kind",
                               first.name, node->name));
      break;
    }
    for (const LowerNode* node : nodes) {
      if (node->device.native_dim == first.device.native_dim) continue;
      problems.add(
          ErrorCode::kInvalid,
          fmt::format(
              "native dimensions differ: {} has {}, {} has {}; use nodes of one native dimension",
              first.name, first.device.native_dim, node->name, node->device.native_dim));
      break;
    }
    if (min_nodes() > max_nodes()) {
      problems.add(ErrorCode::kInvalid,
                   fmt::format("min_nodes {} is more than the {} nodes a plan may use", min_nodes(),
                               max_nodes()));
    }
    return problems;
  }

  Checked<Plan> refuse() const {
    Diagnostics problems;
    if (found_.most == 0 || found_.most >= min_nodes()) {
      problems.add(refusal(request_, view_, max_nodes(), found_.proved));
    } else {
      problems.add(ErrorCode::kInvalid,
                   fmt::format("min_nodes {}: the model can be spread over at most {} of the nodes",
                               min_nodes(), found_.most));
    }
    return tl::unexpected<Diagnostics>(std::move(problems));
  }

  // Plans exist, but none whose times can be told apart from the end of time.
  Checked<Plan> refuse_time() const {
    const Breakdown& path = prediction().path;
    const bool network = path.network > std::max(path.compute, path.host);
    const bool host = path.host > std::max(path.compute, path.network);
    Diagnostics problems;
    problems.add(
        ErrorCode::kDoesNotFit,
        fmt::format("a request of {} step(s){} would take {} or longer on an idle cluster, "
                    "where emulated time ends; most of it is {}",
                    request_.steps,
                    request_.batch > 1 ? fmt::format(", in a batch of {},", request_.batch) : "",
                    spell(kLongestTime),
                    network ? "the network's"
                    : host  ? "the host's (its memory_bandwidth and operator_overhead)"
                            : "the devices' (clock, lanes, timing, dram_bandwidth)"));
    return tl::unexpected<Diagnostics>(std::move(problems));
  }

  Certificate certify() const {
    Certificate out;
    out.objective = kObjectives[static_cast<std::size_t>(request_.objective)];
    out.value = value();
    out.lower_bound = for_throughput() ? found_.interval_bound : found_.latency_bound;
    out.nodes_bound = static_cast<std::int64_t>(found_.nodes_bound);
    out.plan_class = "contiguous";
    out.cost_model = kCostModelVersion;
    out.states = found_.branches;
    out.method = fmt::format("{}; {} plans played, {} branches",
                             found_.proved ? "every plan played or bounded" : "chain search",
                             found_.played, found_.branches);
    if (found_.proved) {
      out.verdict = "optimal";
      if (request_.objective == Objective::kNodes) {
        if (!missed()) out.nodes_bound = static_cast<std::int64_t>(found_.best->nodes);
      } else {
        out.lower_bound = out.value;
      }
      return out;
    }
    out.verdict = request_.objective == Objective::kNodes && !missed()
                      ? within(static_cast<std::int64_t>(found_.best->nodes), out.nodes_bound)
                      : within(out.value.count(), out.lower_bound.count());
    return out;
  }

  bool missed() const {
    return request_.objective == Objective::kNodes && request_.sla.count() > 0 &&
           prediction().latency > request_.sla;
  }

  std::string missed_words() const {
    if (!missed()) return "";
    const Duration bound = found_.proved ? prediction().latency : found_.latency_bound;
    const bool proved = bound > request_.sla;
    return fmt::format("SLA {} {}: lower bound {} ({}); best found {} on {} node{}",
                       to_string(request_.sla), proved ? "cannot be met" : "is not met (no proof)",
                       to_string(bound), found_.proved ? "every plan" : "of every plan",
                       to_string(prediction().latency), found_.best->nodes,
                       found_.best->nodes == 1 ? "" : "s");
  }

  Checked<Plan> finish() {
    Diagnostics problems;
    auto made = player_.lower_plan(found_.best->stages, request_.with_weights);
    if (!made) {
      problems.add(std::move(made.error()));
      return tl::unexpected<Diagnostics>(std::move(problems));
    }
    Lowered lowered = std::move(*made);
    for (const Shard& shard : lowered.shards) problems.append(check_shard(shard));
    if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
    Plan plan;
    plan.model = request_.model->name;
    plan.host = view_.host;
    plan.certificate = certify();
    plan.missed = missed_words();
    const Prediction run = request_.seed ? player_.predict_run(lowered) : prediction();
    plan.predicted_latency = run.latency;
    plan.predicted_path = run.path;
    plan.batch = request_.batch;
    plan.predicted_interval = run.interval;
    plan.steps = request_.steps;
    plan.nodes_used = static_cast<std::int64_t>(lowered.shards.size());
    plan.cut_bytes_per_request = prediction().cut_bytes;
    plan.operations = operations(*request_.model, request_.steps);
    plan.one_device = one_device();
    for (std::size_t i = 0; i < lowered.shards.size(); ++i)
      plan.placements.push_back(placement(lowered, i));
    report_steps(lowered, plan.placements);
    plan.explanation = explanation(lowered.shards);
    plan.host_shard = std::move(lowered.host);
    sort_by_id(lowered, plan);
    return plan;
  }

  std::vector<std::string> explanation(const std::vector<Shard>& shards) const {
    const auto on = [&](std::size_t nodes) {
      const auto at = found_.by_nodes.find(nodes);
      return at == found_.by_nodes.end() ? nullptr : &at->second;
    };
    const std::size_t nodes = found_.best->nodes;
    std::vector<std::string> out = why({&request_, &view_, &*found_.best, on(nodes - 1),
                                        on(nodes + 1), found_.fewest, max_nodes()});
    for (std::string& line : remarks(request_, shards)) out.push_back(std::move(line));
    return out;
  }

  // Positions in the view of the nodes of the plan, as its stages name them.
  std::vector<std::size_t> nodes_of_plan() const {
    std::vector<std::size_t> out;
    for (const Stage& stage : found_.best->stages)
      out.insert(out.end(), stage.nodes.begin(), stage.nodes.end());
    return out;
  }

  Placement placement(const Lowered& lowered, std::size_t i) const {
    Placement out;
    out.node = lowered.shards[i].node;
    out.device = lowered.shards[i].device.name;
    out.place = view_.places[nodes_of_plan()[lowered.node[i]]];
    out.holds = lowered.holds[i];
    out.memory = memory_use(lowered.shards[i]);
    out.busy_per_step = prediction().busy[i] / request_.steps;
    return out;
  }

  // Limited by the network when a stage's exchanges take longer than the work of its slowest node.
  void report_steps(const Lowered& lowered, std::vector<Placement>& placements) {
    std::size_t first = 0;
    for (const Stage& stage : found_.best->stages) {
      const StageShape shape = shape_of(stage);
      const StageEstimate* estimate =
          costs_.estimate(shape, stage.nodes, costs_.pattern(stage.nodes));
      std::vector<std::size_t> members;
      for (std::size_t i = 0; i < lowered.shards.size(); ++i)
        if (lowered.node[i] >= first && lowered.node[i] < first + stage.nodes.size())
          members.push_back(i);
      first += stage.nodes.size();
      Duration slowest{};
      for (const std::size_t i : members) {
        placements[i].step = step_report(lowered.shards[i], request_.steps);
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
  void sort_by_id(Lowered& lowered, Plan& plan) const {
    std::map<std::string, std::size_t> made;
    for (std::size_t i = 0; i < lowered.shards.size(); ++i) made[lowered.shards[i].node] = i;
    std::vector<Placement> placements;
    for (const PartitionNode& node : request_.nodes) {
      const auto at = made.find(node.name);
      if (at == made.end()) continue;
      plan.shards.push_back(std::move(lowered.shards[at->second]));
      placements.push_back(std::move(plan.placements[at->second]));
    }
    plan.placements = std::move(placements);
  }

  std::string one_device() {
    const NpuDevice& device = view_.nodes.front().device;
    const NpuFormat format = *format_on(device, request_.precision);
    const std::int64_t short_of =
        tiles_of_model(*request_.model, device) - tiles_that_fit(device, format.format);
    if (short_of > 0) {
      return fmt::format("one device would need {} more memory than it has",
                         describe(tile_bytes(short_of, format.format, device.native_dim)));
    }
    const std::vector<std::size_t> first{0};
    const StageShape all{0, request_.model->layers.size(), 1, {}};
    return costs_.fits(all, first)
               ? "fits one device"
               : "one device has the weight memory, but not the registers or instruction words";
  }

  const PartitionRequest& request_;
  NodesView view_;
  StageCosts costs_;
  PlanPlayer player_;
  FoundPlan found_;
};

}  // namespace

Checked<Plan> partition_model(const PartitionRequest& request) {
  SOLITON_CHECK(request.model != nullptr && request.steps > 0);
  auto view = view_nodes(request);
  if (!view) return tl::unexpected<Diagnostics>(std::move(view.error()));
  return Partitioner(request, std::move(*view)).run();
}

}  // namespace soliton
