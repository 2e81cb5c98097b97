#include <algorithm>
#include <chrono>

#include "cluster/engine/elapsed.h"
#include "cluster/engine/explain.h"
#include "cluster/engine/launcher.h"
#include "cluster/run/check_prediction.h"
#include "cluster/run/check_transport.h"
#include "cluster/run/deploy.h"
#include "cluster/run/fill_results.h"
#include "cluster/run/run.h"
#include "cluster/run/traffic.h"
#include "partition/cost/cost_model.h"
#include "protocol/control/data_message.h"

namespace soliton {
namespace {

// The partitioner may not see the codec of data messages, but must price the same header.
static_assert(kCostMessageHeaderBytes == static_cast<std::int64_t>(kDataHeaderBytes));

using Clock = std::chrono::steady_clock;

// The first NPU's device stands for all where only its number formats and native dimension matter.
std::unique_ptr<Plan> unsharded_plan(const PreparedRun& run, std::optional<Error>& error) {
  Checked<Plan> plan = unsharded(run.model, run.plan.shards.front().device,
                                 run.spec.model.precision, run.plan.host_shard.device);
  if (plan) return std::make_unique<Plan>(std::move(*plan));
  error = Error{plan.error().errors.front().code, plan.error().text()};
  return nullptr;
}

// A published row that was mapped padded or cut counts its operations at another hidden size
// (RnnOptions::count_as_hidden).
double operations_per_request(const PreparedRun& run, const std::vector<HostRecord>& records) {
  if (records.empty()) return 0;
  Model counted = run.model;
  if (run.spec.model.rnn && run.spec.model.rnn->count_as_hidden != 0) {
    RnnOptions options = *run.spec.model.rnn;
    options.hidden = options.count_as_hidden;
    options.input = 0;
    options.with_weights = false;
    counted = build_rnn(options);
  }
  double sum = 0;
  for (const HostRecord& record : records)
    sum += static_cast<double>(operations(counted, record.steps));
  return sum / static_cast<double>(records.size());
}

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

}  // namespace

std::uint64_t asked_of(const ClusterSpec& spec) {
  return spec.workload.traffic ? expected_records(*spec.workload.traffic)
                               : static_cast<std::uint64_t>(spec.workload.requests);
}

Layout layout_of(const ClusterSpec& spec, std::string_view engine) {
  const bool wall = spec.time == TimeMode::kWall;
  return {wall ? TimeBase::kWall : TimeBase::kEmulated,
          !wall && spec.processes == ProcessMode::kPacked, engine};
}

ClusterOutcome run_assignments(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                               const RunControl& control) {
  const FabricInputs fabric{&run.topology, run.routes.get(), &run.faults};
  const Layout layout = layout_of(run.spec, control.engine);
  const Launcher* const launcher = find_launcher(layout);
  if (launcher == nullptr) return not_launched(layout, nodes.size());
  ClusterOutcome outcome = launcher->run(nodes, fabric, control);
  explain_lost_peers(fabric, requests_of(nodes), outcome);
  explain_faults(fabric, outcome);
  return outcome;
}

FinishedRun execute_run(const PreparedRun& run, const RunControl& control) {
  if (run.spec.workload.traffic) return execute_traffic(run, control);
  if (run.graph) return execute_graph(run, control);
  const Clock::time_point started = Clock::now();
  FinishedRun finished;
  RunResults& results = finished.results;
  std::unique_ptr<Plan> whole;
  std::unique_ptr<Reference> reference;
  // The reference is one device that holds the whole model: it computes in this process while the
  // nodes run.
  const std::uint32_t every = functional_every(run.spec);
  if (every != 0) {
    whole = unsharded_plan(run, finished.error);
    if (!whole) return finished;
    reference =
        std::make_unique<Reference>(whole->shards.front(), whole->host_shard, run.workload.inputs,
                                    static_cast<std::uint32_t>(run.spec.workload.requests), every);
  }
  const std::vector<NodeAssignment> nodes = make_assignments(
      run.spec, run.plan, run.topology, *run.routes, run.faults, run.workload.inputs);
  ClusterOutcome outcome = run_assignments(run, nodes, control);
  if (reference)
    // Waits for the requests that were answered, but not beyond a signal.
    reference->finish(answered_of(outcome), [&control] { return control.loop->signal() != 0; });
  results = results_before(run);
  fill_ending(outcome, results);
  results.operations_per_request = operations_per_request(run, outcome.records);
  fill_times(outcome.records, results);
  fill_nodes(outcome, every != 0, results);
  fill_fabric(run, outcome, results);
  fill_sent(outcome, results);
  if (run.spec.time == TimeMode::kWall) results.device = device_time(outcome);
  if (run.spec.save_outputs)
    finished.outputs.emplace_back(
        "", outputs_of(run.workload, outcome.records, run.spec.workload.requests));
  // judge() takes the records, so whatever else needs them comes before it. The checks need all
  // figures and only add warnings.
  judge(run.workload, std::move(outcome.records), reference.get(), results);
  check_prediction(run, results);
  check_transport(run, nodes, outcome, results);
  check_load(run, results);
  finished.trace = take_trace(outcome);
  finished.error = outcome.error;
  finished.interrupted_by = outcome.interrupted_by;
  results.wall = {seconds_since(started), outcome.launch_seconds, outcome.events,
                  outcome.processes};
  return finished;
}

}  // namespace soliton
