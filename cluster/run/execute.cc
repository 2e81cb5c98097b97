#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cluster/engine/elapsed.h"
#include "cluster/engine/explain.h"
#include "cluster/engine/launcher.h"
#include "cluster/engine/profile.h"
#include "cluster/engine/served_run.h"
#include "cluster/run/check_links.h"
#include "cluster/run/check_prediction.h"
#include "cluster/run/check_transport.h"
#include "cluster/run/deploy.h"
#include "cluster/run/fill_recovery.h"
#include "cluster/run/fill_results.h"
#include "cluster/run/fill_services.h"
#include "cluster/run/judge_faults.h"
#include "cluster/run/run.h"
#include "cluster/run/served.h"
#include "cluster/run/service_checks.h"
#include "cluster/run/traffic.h"
#include "cluster/workload/graph_judge.h"
#include "partition/cost/cost_model.h"
#include "protocol/control/data_message.h"

namespace soliton {
namespace {

// The partitioner may not see the codec of data messages, but must price the same header.
static_assert(kCostMessageHeaderBytes == static_cast<std::int64_t>(kDataHeaderBytes));

// The node whose modelled work a request is longest stands for the modelled device time.
std::optional<DurationHistogram> device_time(const ClusterOutcome& outcome) {
  std::optional<DurationHistogram> longest;
  for (const std::optional<NodeStats>& stats : outcome.stats)
    if (stats && stats->device_time.count() > 0 &&
        (!longest || stats->device_time.mean() > longest->mean()))
      longest = stats->device_time;
  return longest;
}

// Of an engine that has no launcher for these times and processes.
ClusterOutcome not_launched(const Layout& layout, std::size_t nodes) {
  ClusterOutcome outcome = outcome_before(nodes);
  outcome.error =
      Error{ErrorCode::kInvalid,
            fmt::format("the engine {} does not run clusters in {} time{}", layout.engine,
                        layout.time == TimeBase::kWall ? "wall" : "virtual",
                        layout.packed ? " with all nodes packed into one process" : "")};
  return outcome;
}

// FPGAs compute in fp16, which a model in fp32 need not fit.
void check_range(const GraphRun& graph, RunResults& results) {
  if (!graph.on_fpgas()) return;
  std::uint64_t beyond = 0;
  for (const NodeResult& node : results.nodes) beyond += node.npu.fp16_overflows;
  if (beyond == 0) return;
  warn(results.warnings, warning_id::kBeyondFp16,
       fmt::format("{} numbers were beyond fp16, which ends at 65504, and became infinite; "
                   "placement: {{\"OPERATOR\": cpu}} keeps the operators that make or take them in "
                   "fp32",
                   beyond));
}

double mean_operations(const PreparedRun& run, const std::vector<HostRecord>& records) {
  const std::vector<const PreparedRun*> services = services_of(run);
  std::map<std::pair<std::uint16_t, std::int64_t>, std::int64_t> by_steps;  // of a service
  double sum = 0;
  std::size_t answered = 0;
  for (const HostRecord& record : records) {
    if (record.refused) continue;
    const auto [at, fresh] = by_steps.try_emplace({record.service, record.steps});
    if (fresh) at->second = operations_of(*services[record.service], index(record.request));
    sum += static_cast<double>(at->second);
    ++answered;
  }
  return answered == 0 ? 0 : sum / static_cast<double>(answered);
}

FabricInputs fabric_of(const PreparedRun& run) {
  return {&run.topology, run.live_routes.get(), &run.faults, run.spec.trace_links};
}

void explain(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
             const RunControl& control, ClusterOutcome& outcome) {
  gather_troubles(fabric, control, outcome);
  explain_recovery(fabric, requests_of(nodes), outcome);
  explain_lost_peers(fabric, requests_of(nodes), outcome);
  explain_faults(fabric, outcome);
}

}  // namespace

std::uint64_t asked_of(const ClusterSpec& spec) {
  if (spec.workload.traffic) return expected_records(*spec.workload.traffic);
  std::uint64_t requests = static_cast<std::uint64_t>(spec.workload.requests);
  for (std::size_t i = 1; i < spec.services.size(); ++i)
    requests += static_cast<std::uint64_t>(spec.services[i].workload.requests);
  if (has_model(spec)) return requests;
  std::uint64_t records = 0;
  for (const NamedTraffic& workload : spec.workloads) records += expected_records(workload.traffic);
  return records;
}

Layout layout_of(const ClusterSpec& spec, std::string_view engine) {
  const bool wall = spec.time == TimeMode::kWall;
  return {wall ? TimeBase::kWall : TimeBase::kEmulated,
          !wall && spec.processes == ProcessMode::kPacked, engine,
          spec.fidelity == Fidelity::kMessage};
}

ClusterOutcome run_assignments(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                               const RunControl& control) {
  const FabricInputs fabric = fabric_of(run);
  const Layout layout = layout_of(run.spec, control.engine);
  const Launcher* const launcher = find_launcher(layout);
  if (launcher == nullptr) return not_launched(layout, nodes.size());
  ClusterOutcome outcome = launcher->run(nodes, fabric, control);
  explain(nodes, fabric, control, outcome);
  return outcome;
}

namespace {

// From what the cluster did to results. `checks` holds answers against the model, or takes them as they are.
FinishedRun judged(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                   ClusterOutcome outcome, ServiceChecks& checks, const RunControl& control) {
  const Doing doing(Activity::kChecks);
  const GraphRun& graph = *run.graph;
  const auto requests = static_cast<std::uint32_t>(run.spec.workload.requests);
  FinishedRun finished;
  checks.finish(outcome.records, [&control] { return control.loop->signal() != 0; });
  RunResults& results = finished.results;
  results = results_before(run);
  fill_ending(outcome, results);
  results.operations_per_request = mean_operations(run, outcome.records);
  fill_times(outcome.records, results);
  fill_nodes(outcome, functional_every(run.spec) != 0, results);
  fill_busy(run, outcome, results);
  fill_fabric(run, outcome, results);
  fill_recovery(run, outcome, results);
  fill_sent(outcome, results);
  if (run.spec.time == TimeMode::kWall) results.device = device_time(outcome);
  if (run.spec.save_outputs)
    finished.outputs = graph_outputs(graph.workload, graph.graph, outcome.records, requests);
  checks.judge(std::move(outcome.records), results);
  fill_services(run, results);
  if (!run.spec.workloads.empty()) fill_workloads(run, outcome, results);
  for (const PreparedRun* service : services_of(run)) check_range(*service->graph, results);
  check_prediction(run, results);
  check_transport(run, nodes, outcome, results);
  check_links(run, nodes, outcome, results);
  check_load(run, results);
  finished.trace = take_trace(outcome);
  finished.error = outcome.error;
  finished.interrupted_by = outcome.interrupted_by;
  judge_faults(run, finished);
  results.wall = {0, outcome.launch_seconds, outcome.events, outcome.processes, outcome.confined,
                  {}};
  return finished;
}

}  // namespace

FinishedRun execute_run(const PreparedRun& run, const RunControl& control) {
  if (!has_model(run.spec)) return execute_traffic(run, control);
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  FinishedRun finished;
  ServiceChecks checks(run, finished.error);
  if (finished.error) return finished;
  const std::vector<NodeAssignment> nodes = make_assignments(run);
  finished = judged(run, nodes, run_assignments(run, nodes, control), checks, control);
  finished.results.wall.seconds = seconds_since(started);
  return finished;
}

FinishedRun execute_served(PreparedRun& run, const RunControl& control, RequestSource& source,
                           const std::function<bool()>& recorded) {
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  const std::vector<NodeAssignment> nodes = make_assignments(run);
  const FabricInputs fabric = fabric_of(run);
  ClusterOutcome outcome = run_served(nodes, fabric, control, source);
  explain(nodes, fabric, control, outcome);
  // Nobody has asked for anything, which is no stall.
  if (!recorded() && outcome.error && outcome.error->code == ErrorCode::kNoProgress)
    outcome.error.reset();
  std::optional<Error> none;
  ServiceChecks checks(run, none, ServiceChecks::Compare::kNothing);
  FinishedRun finished = judged(run, nodes, std::move(outcome), checks, control);
  finished.results.wall.seconds = seconds_since(started);
  return finished;
}

}  // namespace soliton
