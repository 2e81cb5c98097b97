#include <fmt/format.h>

#include <algorithm>

#include "cluster/manager/run.h"
#include "cluster/spec/reader.h"
#include "partition/onnx/read_onnx.h"

namespace soliton {
namespace {

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

// model.place, for the layers the model has.
Diagnostics place_layers(const ModelSpec& spec, Model& model) {
  Diagnostics problems;
  const auto set = [](Layer& layer, bool in_dram) {
    std::visit([&](auto& it) { it.in_dram = in_dram; }, layer);
  };
  std::vector<std::string> names;
  for (Layer& layer : model.layers) {
    set(layer, spec.in_dram);
    names.push_back(layer_name(layer));
  }
  for (const LayerPlace& place : spec.places) {
    const auto at = std::ranges::find(names, place.layer);
    if (at == names.end())
      problems.add(ErrorCode::kInvalid,
                   fmt::format("{}: model.place: no layer called \"{}\"{}", place.position,
                               place.layer, suggestion(place.layer, names)));
    else
      set(model.layers[static_cast<std::size_t>(at - names.begin())], place.in_dram);
  }
  return problems;
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
  request.batch = static_cast<std::uint32_t>(run.spec.service.batch);
  request.window = static_cast<std::uint32_t>(run.spec.model.window);
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
    return tl::unexpected<Diagnostics>(Diagnostics{
        {Error{ErrorCode::kInvalid,
               fmt::format("{}: workload.kind: {} has no model, so there is nothing to plan",
                           spec.file, traffic_kind_name(spec.workload.traffic->kind))}}});
  Checked<Model> model = make_model(spec);
  if (!model) return tl::unexpected<Diagnostics>(model.error());
  run->model = std::move(*model);
  run->spec.files_read.add(run->model.files);
  if (Diagnostics problems = place_layers(spec.model, run->model); !problems.empty())
    return tl::unexpected<Diagnostics>(std::move(problems));
  if (plan_only) {
    run->workload.steps_max =
        std::max<std::int64_t>(spec.model.rnn ? spec.model.rnn->steps : run->model.fixed_steps, 1);
  } else {
    Checked<Workload> workload = load_workload(spec, run->model);
    if (!workload) return tl::unexpected<Diagnostics>(workload.error());
    run->workload = std::move(*workload);
    run->spec.files_read.add(run->workload.files);
  }
  Checked<Plan> plan = partition_model(partition_request(*run));
  if (!plan) return tl::unexpected<Diagnostics>(plan.error());
  run->plan = std::move(*plan);
  return run;
}

}  // namespace soliton
