#include "cluster/run/graph_fpgas.h"

#include <algorithm>

#include "cluster/run/check_prediction.h"
#include "cluster/run/graph_predict.h"
#include "cluster/run/run.h"
#include "partition/ir/evaluate.h"
#include "partition/join/join_fpgas.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

Objective objective_of(const ClusterSpec& spec) {
  if (spec.partition.objective == "throughput") return Objective::kThroughput;
  if (spec.partition.objective == "nodes") return Objective::kNodes;
  return Objective::kLatency;
}

// Integers and truth values that are the same in every request decide shapes and branches.
void keep_settings(const std::vector<std::vector<ir::Array>>& requests,
                   std::vector<ir::Trial>& trials) {
  for (std::size_t k = 0; k < requests.front().size(); ++k) {
    const ir::Array& first = requests.front()[k];
    if (ir::is_real(first.type())) continue;
    const bool same = std::ranges::all_of(requests, [&](const std::vector<ir::Array>& request) {
      return identical(request[k], first);
    });
    for (ir::Trial& trial : trials)
      if (same) trial.arrays[k] = first;
  }
}

}  // namespace

ir::RequestShapes shapes_of(const ir::Graph& graph, const GraphInputs& inputs) {
  if (!inputs.given.empty()) {
    std::vector<ir::Trial> trials = ir::trials_of(inputs.given, inputs.step_axis);
    keep_settings(inputs.given, trials);
    return ir::infer_shapes(graph, trials);
  }
  const std::vector<ir::Array> drawn = inputs.request(0);
  return ir::infer_shapes(graph, ir::trials_of({&drawn, 1}, std::nullopt));
}

SplitModel split_for(const ClusterSpec& spec, const ir::Graph& graph,
                     const ir::RequestShapes& shapes, std::vector<bool> on_cpu) {
  std::vector<const NpuDevice*> devices;
  for (const NodeSpec& node : spec.nodes)
    if (node.device.kind == Device::Kind::kNpu) devices.push_back(&node.device.npu);
  if (devices.empty()) {
    SplitModel none;
    none.on_fpga.resize(graph.nodes.size());
    none.why.assign(graph.nodes.size(), "has no FPGA in this cluster");
    return none;
  }
  SplitRequest request;
  request.graph = &graph;
  request.shapes = &shapes;
  request.has = [&](Opcode opcode) {
    const NpuFunctionRow* row = function_of(opcode);
    return row == nullptr || std::ranges::all_of(devices, [&](const NpuDevice* device) {
             return device->has(row->function);
           });
  };
  request.on_cpu = std::move(on_cpu);
  return split_model(request);
}

PartitionRequest request_of_cluster(const PreparedRun& run) {
  const ClusterSpec& spec = run.spec;
  PartitionRequest request;
  request.topology = &run.topology;
  request.routes = run.routes.get();
  for (const NodeSpec& node : spec.nodes) request.nodes.push_back({node.name, node.device});
  request.precision = spec.model.precision;
  request.objective = objective_of(spec);
  request.min_nodes = spec.partition.min_nodes;
  request.max_nodes = spec.partition.max_nodes;
  request.sla = spec.service.sla_p99;
  request.with_weights = spec.compute != ComputeKind::kTiming;
  request.mtu = spec.ltl.mtu;
  request.ltl = &spec.ltl;
  request.seed = spec.seed;
  request.batch = static_cast<std::uint32_t>(spec.service.batch);
  request.window = static_cast<std::uint32_t>(spec.model.window);
  return request;
}

Checked<Plan> plan_fpgas(const PreparedRun& run, GraphRun& graph, const PartsRun& parts,
                         const std::vector<ir::Array>& inputs, const PlanConstraints& constraints) {
  const GraphEnds ends = ends_of(graph.placed);
  PartitionRequest request = request_of_cluster(run);
  request.model = &graph.split.fpga;
  request.ends = &ends;
  request.constraints = constraints;
  request.steps = graph.split.fpga.fixed_steps;
  request.before = requests_before(run.spec, request.steps);
  request.hosts = [&, steps = request.steps](const HostPorts& host) {
    PlacedGraph placed = graph.placed;
    join_fpgas(host, graph.split, graph.shapes, placed);
    return price_graph({.placed = &placed,
                        .parts = &parts,
                        .clients = placed.clients,
                        .outputs = graph.graph.outputs.size(),
                        .inputs = inputs,
                        .steps = steps,
                        .batch = static_cast<std::uint32_t>(run.spec.service.batch)});
  };
  Checked<Plan> plan = partition_model(request);
  if (plan) join_fpgas(plan->host_ports, graph.split, graph.shapes, graph.placed);
  return plan;
}

std::unique_ptr<SplitReference> split_reference(const PreparedRun& run,
                                                std::optional<Error>& error) {
  const GraphRun& graph = *run.graph;
  Result<PlacedGraph> placed =
      place_graph(place_request(graph.graph, graph.split, {"host"},
                                std::vector<std::size_t>(graph.graph.nodes.size()), "host"));
  if (!placed) return error = placed.error(), nullptr;
  const GraphEnds ends = ends_of(*placed);
  Checked<Plan> plan =
      unsharded(graph.split.fpga, run.plan.shards.front().device, run.spec.model.precision, &ends);
  if (!plan) {
    error = Error{plan.error().errors.front().code, plan.error().text()};
    return nullptr;
  }
  join_fpgas(plan->host_ports, graph.split, graph.shapes, *placed);
  auto out = std::make_unique<SplitReference>();
  for (HostParts& host : placed->hosts) {
    out->host.parts = std::move(host.parts);
    out->host.streams = std::move(host.streams);
  }
  GraphClients& clients = out->host.clients.emplace_back();
  clients.copies = {
      {std::move(placed->sends), placed->first_reply, std::move(placed->initial), {}}};
  clients.replies = static_cast<std::uint16_t>(graph.graph.outputs.size());
  out->fpga = std::move(plan->shards.front());
  return out;
}

}  // namespace soliton
