#include <fmt/format.h>

#include <chrono>
#include <map>

#include "cluster/run/check_prediction.h"
#include "cluster/run/check_transport.h"
#include "cluster/run/deploy.h"
#include "cluster/run/fill_results.h"
#include "cluster/run/graph_fpgas.h"
#include "cluster/run/graph_run.h"
#include "cluster/run/run.h"
#include "cluster/workload/graph_judge.h"

namespace soliton {
namespace {

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
  std::map<std::int64_t, std::int64_t> by_steps;
  double sum = 0;
  for (const HostRecord& record : records) {
    const auto [at, fresh] = by_steps.try_emplace(record.steps);
    if (fresh) at->second = operations_of(run, index(record.request));
    sum += static_cast<double>(at->second);
  }
  return records.empty() ? 0 : sum / static_cast<double>(records.size());
}

}  // namespace

FinishedRun execute_graph(const PreparedRun& run, const RunControl& control) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point started = Clock::now();
  const GraphRun& graph = *run.graph;
  const auto requests = static_cast<std::uint32_t>(run.spec.workload.requests);
  const std::uint32_t every = functional_every(run.spec);
  FinishedRun finished;
  std::unique_ptr<SplitReference> split;
  if (every != 0 && graph.on_fpgas()) split = split_reference(run, finished.error);
  if (finished.error) return finished;
  std::unique_ptr<GraphReference> reference;
  if (every != 0)
    reference = std::make_unique<GraphReference>(graph.graph, split.get(), graph.workload.inputs,
                                                 requests, every);
  const std::vector<NodeAssignment> nodes = make_graph_assignments(run);
  ClusterOutcome outcome = run_assignments(run, nodes, control);
  if (reference)
    reference->finish(answered_of(outcome), [&control] { return control.loop->signal() != 0; });
  RunResults& results = finished.results;
  results = results_before(run);
  fill_ending(outcome, results);
  results.operations_per_request = mean_operations(run, outcome.records);
  fill_times(outcome.records, results);
  fill_nodes(outcome, every != 0, results);
  fill_fabric(run, outcome, results);
  fill_sent(outcome, results);
  if (run.spec.save_outputs)
    finished.outputs = graph_outputs(graph.workload, graph.graph, outcome.records, requests);
  judge_graph(graph.workload, std::move(outcome.records), reference.get(), results);
  check_range(graph, results);
  check_prediction(run, results);
  check_transport(run, nodes, outcome, results);
  check_load(run, results);
  finished.trace = take_trace(outcome);
  finished.error = outcome.error;
  finished.interrupted_by = outcome.interrupted_by;
  results.wall = {std::chrono::duration<double>(Clock::now() - started).count(),
                  outcome.launch_seconds, outcome.events, outcome.processes};
  return finished;
}

}  // namespace soliton
