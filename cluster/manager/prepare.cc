#include <fmt/format.h>

#include <algorithm>

#include "cluster/manager/run.h"
#include "partition/onnx/read_onnx.h"

namespace soliton {
namespace {

tl::unexpected<Diagnostics> one_error(ErrorCode code, std::string message) {
  Diagnostics diagnostics;
  diagnostics.add(code, std::move(message));
  return tl::unexpected<Diagnostics>(std::move(diagnostics));
}

Checked<Model> make_model(const ClusterSpec& spec) {
  if (!spec.model.rnn) return read_onnx(spec.model.onnx);
  RnnOptions options = *spec.model.rnn;
  options.seed = spec.seed;
  options.with_weights = spec.compute != ComputeKind::kTiming;
  Model model = build_rnn(options);
  Diagnostics problems = check_model(model);
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  return model;
}

Checked<Topology> make_topology(const ClusterSpec& spec) {
  std::vector<PlacedNode> nodes;
  for (const NodeSpec& node : spec.nodes) nodes.push_back({node.name, node.at});
  return build_topology(spec.topology, nodes);
}

Objective objective_of(const ClusterSpec& spec) {
  if (spec.partition.objective == "throughput") return Objective::kThroughput;
  if (spec.partition.objective == "nodes") return Objective::kNodes;
  return Objective::kLatency;
}

PartitionRequest partition_request(const PreparedRun& run) {
  PartitionRequest request;
  request.model = &run.model;
  request.topology = &run.topology;
  request.routes = run.routes.get();
  for (const NodeSpec& node : run.spec.nodes) request.nodes.push_back({node.name, node.device});
  request.precision = run.spec.model.precision;
  request.objective = objective_of(run.spec);
  request.min_nodes = run.spec.partition.min_nodes;
  request.max_nodes = run.spec.partition.max_nodes;
  request.steps = run.workload.steps_max;
  request.with_weights = run.spec.compute != ComputeKind::kTiming;
  request.mtu = run.spec.ltl.mtu;
  return request;
}

}  // namespace

Checked<std::unique_ptr<PreparedRun>> prepare_run(const ClusterSpec& spec, bool plan_only) {
  auto run = std::make_unique<PreparedRun>();
  run->spec = spec;
  Checked<Topology> topology = make_topology(spec);
  if (!topology) return tl::unexpected<Diagnostics>(topology.error());
  run->topology = std::move(*topology);
  run->routes = std::make_unique<Routes>(run->topology);
  Checked<FaultPlan> faults = resolve_faults(spec, run->topology);
  if (!faults) return tl::unexpected<Diagnostics>(faults.error());
  run->faults = std::move(*faults);
  if (spec.workload.traffic && !plan_only) return run;
  if (spec.workload.traffic)
    return one_error(ErrorCode::kInvalid,
                     fmt::format("{}: workload.kind: {} has no model, so there is nothing to plan",
                                 spec.file, traffic_kind_name(spec.workload.traffic->kind)));
  Checked<Model> model = make_model(spec);
  if (!model) return tl::unexpected<Diagnostics>(model.error());
  run->model = std::move(*model);
  if (spec.model.precision == "fp32")
    return one_error(
        ErrorCode::kInvalid,
        fmt::format("{}: model.precision: fp32 is no format of the matrix-vector unit", spec.file));
  if (plan_only) {
    run->workload.steps_max =
        std::max<std::int64_t>(spec.model.rnn ? spec.model.rnn->steps : run->model.fixed_steps, 1);
  } else {
    Checked<Workload> workload = load_workload(spec, run->model);
    if (!workload) return tl::unexpected<Diagnostics>(workload.error());
    run->workload = std::move(*workload);
  }
  Checked<Plan> plan = partition_model(partition_request(*run));
  if (!plan) return tl::unexpected<Diagnostics>(plan.error());
  run->plan = std::move(*plan);
  return run;
}

}  // namespace soliton
