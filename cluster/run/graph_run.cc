#include "cluster/run/graph_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cluster/run/check_prediction.h"
#include "cluster/run/constraints.h"
#include "cluster/run/deploy.h"
#include "cluster/run/graph_fpgas.h"
#include "cluster/run/graph_islands.h"
#include "cluster/run/graph_predict.h"
#include "cluster/run/load_model.h"
#include "cluster/run/operator_places.h"
#include "cluster/run/place_layers.h"
#include "cluster/run/run.h"
#include "cluster/run/run_parts.h"
#include "partition/ir/build_rnn.h"
#include "partition/ir/evaluate.h"
#include "partition/ir/passes/sequences.h"
#include "partition/ir/passes/specialise.h"
#include "partition/ir/passes/tokens_first.h"
#include "partition/ir/shown_name.h"
#include "partition/join/join_fpgas.h"
#include "protocol/base/located.h"

namespace soliton {
namespace {

std::uint32_t batch_of(const ClusterSpec& spec) {
  return static_cast<std::uint32_t>(spec.service.batch);
}

void add_host_placements(const ClusterSpec& spec, const GraphRun& run, const PartsRun& parts,
                         Plan& plan) {
  for (const HostParts& host : run.placed.hosts) {
    if (host.parts.empty()) continue;
    Placement& placement = plan.placements.emplace_back();
    const auto node = std::ranges::find(spec.nodes, host.node, &NodeSpec::name);
    placement.node = host.node;
    placement.device = node->device.name();
    placement.place = node->at;
    for (const CpuPart& part : host.parts) {
      const std::size_t operators = part.graph.nodes.size();
      placement.holds.push_back(shown_name(part.name));
      if (operators > 1) placement.holds.back() += fmt::format(" ({} operators)", operators);
    }
    placement.busy_per_step = parts.hosts.at(host.node).busy;
    plan.predicted_interval =
        std::max(plan.predicted_interval, times(placement.busy_per_step, spec.service.batch));
    placement.step.duration = placement.busy_per_step;
    placement.step.limit = "CPU";
    placement.step.macs = parts.work.multiply_adds;
  }
}

std::int64_t on_cpus(const PartsRun& parts) {
  return 2 * parts.work.multiply_adds + parts.work.operations;
}

std::int64_t longest_steps(const GraphRun& run) {
  const GraphInputs& inputs = run.workload.inputs;
  return inputs.steps(inputs.longest());
}

// The placement says where operators run, but not how those of one host are cut into parts. A finer
// cut can send a result before the rest of its part has run, so nothing is claimed of this one.
Plan plan_of(const ClusterSpec& spec, const GraphRun& run, const PartsRun& parts,
             const Prediction& predicted, const std::string& clients) {
  Plan plan;
  plan.model = run.name;
  plan.host = clients;
  plan.steps = longest_steps(run);
  plan.predicted_latency = predicted.latency;
  plan.predicted_path = predicted.path;
  plan.nodes_used = static_cast<std::int64_t>(run.placed.hosts.size());
  plan.predicted_interval = predicted.interval;
  plan.cut_bytes_per_request = predicted.cut_bytes;
  plan.operations = run.operations;
  add_host_placements(spec, run, parts, plan);
  Certificate& certificate = plan.certificate;
  certificate.objective = spec.partition.objective;
  certificate.value =
      certificate.objective == "throughput" ? plan.predicted_interval : plan.predicted_latency;
  certificate.verdict = "no proof";
  certificate.plan_class = "given placement";
  certificate.method = "one cut into parts was played; finer parts might answer sooner";
  certificate.cost_model = kCostModelVersion;
  plan.explanation = where_it_runs(run);
  plan.explanation.push_back(
      fmt::format("on CPUs {} multiply-adds a request", parts.work.multiply_adds));
  return plan;
}

// State that is carried needs requests to run one after the other, and all to be computed.
Diagnostics check_requests(const ClusterSpec& spec, const ir::Graph& graph) {
  Diagnostics problems;
  if (graph.states.empty()) return problems;
  const auto refuse = [&](const char* what, const std::string& why) {
    problems.add(ErrorCode::kInvalid,
                 located(spec.model.position,
                         fmt::format("model: its state is carried from request to request, so {} "
                                     "{}; or write model.state: zero to begin every request with "
                                     "zeros",
                                     what, why)));
  };
  if (spec.workload.clients > 1)
    refuse("workload.clients must be 1", fmt::format("and not {}", spec.workload.clients));
  if (spec.service.batch > 1)
    refuse("service.batch must be 1", fmt::format("and not {}", spec.service.batch));
  if (spec.compute == ComputeKind::kSampled)
    refuse("compute must be functional or timing", "and not sampled");
  return problems;
}

// The inputs of a request, but for state; without numbers if they are not wanted.
std::vector<ir::Array> inputs_of(const GraphRun& run, std::uint32_t request, bool numbers) {
  std::vector<ir::Array> inputs = run.workload.inputs.request(request);
  if (!numbers)
    for (ir::Array& input : inputs) input = ir::without_numbers(input);
  for (std::size_t k = 0; k < inputs.size(); ++k)
    for (const ir::State& state : run.graph.states)
      if (run.graph.inputs[k].value == state.input) inputs[k] = ir::Array();
  return inputs;
}

std::vector<ir::Array> longest_request(const ClusterSpec& spec, const GraphRun& run) {
  return inputs_of(run, run.workload.inputs.longest(), spec.compute != ComputeKind::kTiming);
}

// For FPGAs what follows from shapes is decided beforehand; a CPU part may find it out each time.
void specialise(const ClusterSpec& spec, GraphRun& run) {
  const bool fpgas = std::ranges::any_of(
      spec.nodes, [](const NodeSpec& node) { return node.device.kind == Device::Kind::kNpu; });
  if (fpgas) {
    ir::specialise(run.graph, [&](const ir::Graph& graph) {
      return shapes_of(graph, run.workload.inputs).arrays;
    });
    ir::plain_sequences(run.graph, shapes_of(run.graph, run.workload.inputs));
    ir::tokens_first(run.graph, shapes_of(run.graph, run.workload.inputs));
  }
  run.shapes = shapes_of(run.graph, run.workload.inputs);
}

// The operators that are in no layer.
std::vector<OtherOperator> others_of(const GraphRun& run, const std::vector<std::string>& hosts,
                                     const std::vector<std::size_t>& host_of) {
  std::set<std::string> in_layers;
  for (const Layer& layer : run.split.fpga.layers)
    for (std::string& name : layer_operators(layer)) in_layers.insert(std::move(name));
  std::vector<OtherOperator> out;
  for (std::size_t i = 0; i < run.graph.nodes.size(); ++i) {
    const std::string& name = run.graph.nodes[i].name;
    if (!run.split.on_fpga[i])
      out.push_back({name, hosts[host_of[i]]});
    else if (in_layers.count(name) == 0)
      out.push_back({name, ""});
  }
  return out;
}

// What FPGAs make of a request, but for its values.
std::vector<ir::Array> results_of(const GraphRun& run, std::int64_t steps) {
  std::vector<ir::Array> out;
  for (const ir::ValueId id : run.split.results) {
    ir::Shape shape = run.shapes.shape_of(id);
    std::ranges::replace(shape, ir::kOpen, steps);
    out.push_back(ir::Array::unknown(run.shapes.arrays[id].type(), std::move(shape)));
  }
  return out;
}

// The same with the values that the model in fp32 has, where they follow from the inputs.
std::vector<ir::Array> results_in_fp32(const GraphRun& run, std::vector<ir::Array> inputs) {
  for (std::size_t k = 0; k < inputs.size(); ++k)
    for (const ir::State& state : run.graph.states)
      if (run.graph.inputs[k].value == state.input) inputs[k] = state.initial;
  const std::vector<ir::Array> values = ir::infer_partly(run.graph, inputs);
  std::vector<ir::Array> out = results_of(run, longest_steps(run));
  for (std::size_t r = 0; r < out.size(); ++r)
    if (values[run.split.results[r]].present()) out[r] = values[run.split.results[r]];
  return out;
}

// The parts of the longest request. Where the data of FPGAs decide a shape, it is that of fp32.
Result<PartsRun> parts_of_longest(const ClusterSpec& spec, const GraphRun& run,
                                  const std::map<std::string, CpuDevice>& devices) {
  PartsRequest request{&run.placed, devices, longest_request(spec, run),
                       results_of(run, longest_steps(run))};
  Result<PartsRun> out = run_parts(request);
  if (out || request.results.empty() || spec.compute == ComputeKind::kTiming) return out;
  request.results = results_in_fp32(run, request.inputs);
  return run_parts(request);
}

// In the middle of a run, with the congestion marks and node numbers of the run.
Prediction played(const PreparedRun& run, const GraphRun& graph, const PartsRun& parts) {
  const std::vector<PricedHost> hosts = price_graph({.placed = &graph.placed,
                                                     .parts = &parts,
                                                     .clients = graph.placed.clients,
                                                     .outputs = graph.graph.outputs.size(),
                                                     .inputs = longest_request(run.spec, graph),
                                                     .steps = longest_steps(graph),
                                                     .batch = batch_of(run.spec)});
  CostRequest cost;
  cost.batch = batch_of(run.spec);
  cost.hosts = hosts;
  cost.topology = &run.topology;
  cost.routes = run.routes.get();
  cost.mtu = run.spec.ltl.mtu;
  cost.ltl = &run.spec.ltl;
  cost.seed = run.spec.seed;
  cost.before = requests_before(run.spec, 1);
  return predict(cost);
}

class Preparation {
 public:
  Preparation(PreparedRun& run, const GraphOptions& options)
      : run_(run), spec_(run.spec), options_(options) {}

  Diagnostics prepare() {
    problems_ = load_model(run_, options_.weights, graph_run_);
    if (problems_.empty()) {
      find_hosts();
      if (problems_.empty()) problems_ = check_requests(spec_, graph_run_.graph);
      if (problems_.empty()) place();
      if (problems_.empty() && options_.plan) plan();
    }
    return std::move(problems_);
  }

 private:
  void add(const std::string& position, std::string message, ErrorCode code = ErrorCode::kInvalid) {
    problems_.add(code, located(position, std::move(message)));
  }

  void find_hosts() {
    for (const NodeSpec& node : spec_.nodes)
      if (node.device.kind == Device::Kind::kCpu) {
        hosts_.push_back(node.name);
        devices_.emplace(node.name, node.device.cpu);
      }
    // Parts that are placed nowhere are beside the first clients.
    if (!spec_.workload.hosts.empty())
      std::ranges::stable_partition(
          hosts_, [this](const std::string& host) { return host == spec_.workload.hosts.front(); });
    if (hosts_.empty())
      add(spec_.model.position, "no node has a CPU: add one of device cpu, which runs the clients");
  }

  void place() {
    specialise(spec_, graph_run_);
    know_answers(graph_run_.graph, graph_run_.shapes, graph_run_.workload);
    for (Error& error : check_data(spec_, graph_run_.name, graph_run_.graph, graph_run_.shapes,
                                   graph_run_.workload)
                            .errors)
      add(position_of_data(spec_, error.message), error.message, error.code);
    Checked<OperatorPlaces> places =
        operator_places(spec_, graph_run_.graph, graph_run_.name, hosts_);
    if (!places) return problems_.append(std::move(places.error()));
    graph_run_.split =
        split_for(spec_, graph_run_.graph, graph_run_.shapes, std::move(places->on_cpu));
    if (graph_run_.on_fpgas())
      graph_run_.workload.inputs.steps_of_all = graph_run_.split.fpga.fixed_steps;
    problems_.append(place_layers(spec_.model, graph_run_.split.fpga));
    problems_.append(check_on_fpgas(spec_, graph_run_.graph, graph_run_.split));
    constrain(places->host);
    Result<PlacedGraph> placed = place_graph(place_request(
        graph_run_.graph, graph_run_.split, hosts_, std::move(places->host), hosts_.front()));
    if (placed)
      graph_run_.placed = std::move(*placed);
    else
      add(spec_.model.position, placed.error().message);
  }

  void constrain(const std::vector<std::size_t>& host_of) {
    Checked<PlanConstraints> constraints = constraints_of(
        spec_, graph_run_.split.fpga, others_of(graph_run_, hosts_, host_of), run_.spec.files_read);
    if (!constraints) return problems_.append(std::move(constraints.error()));
    constraints_ = std::move(*constraints);
    confine(run_, constraints_);
    if (graph_run_.on_fpgas() || !constraints_.given || constraints_.given->empty()) return;
    add(spec_.partition.plan_position,
        "partition.plan: the plan has stages on FPGAs, which run nothing of this model");
  }

  // What FPGAs run is searched for; where they run nothing, the placement is the plan.
  void plan() {
    const Result<PartsRun> parts = parts_of_longest(spec_, graph_run_, devices_);
    if (!parts) return add(spec_.model.position, parts.error().message);
    graph_run_.operations = on_cpus(*parts);
    if (graph_run_.on_fpgas())
      search(*parts);
    else
      run_.plan =
          plan_of(spec_, graph_run_, *parts, played(run_, graph_run_, *parts), hosts_.front());
    if (shared_with_others(run_.topology))
      run_.plan.explanation.push_back(
          "note: predicted for a network without the traffic of others (topology.quiet)");
    if (run_.topology.routing == Routing::kSpray)
      run_.plan.explanation.push_back(
          "note: approximate, as with routing: spray the way of a packet depends on how many went "
          "before it");
    run_.graph = std::move(graph_run_);
  }

  void search(const PartsRun& parts) {
    Checked<Plan> plan =
        plan_fpgas(run_, graph_run_, parts, longest_request(spec_, graph_run_), constraints_);
    if (plan) {
      run_.plan = std::move(*plan);
      return complete(parts);
    }
    for (Error& error : plan.error().errors)
      add(position_of_refusal(spec_, error.message), slice_words(run_) + error.message, error.code);
  }

  // What the plan of the FPGAs does not say.
  void complete(const PartsRun& parts) {
    Plan& plan = run_.plan;
    plan.model = graph_run_.name;
    graph_run_.operations = spec_.model.rnn
                                ? rnn_operations(*spec_.model.rnn, longest_steps(graph_run_))
                                : graph_run_.operations + plan.operations;
    plan.operations = graph_run_.operations;
    plan.steps = longest_steps(graph_run_);
    add_host_placements(spec_, graph_run_, parts, plan);
    for (std::string& line : where_it_runs(graph_run_)) plan.explanation.push_back(std::move(line));
    plan.explanation.push_back(
        fmt::format("on CPUs {} multiply-adds a request", parts.work.multiply_adds));
  }

  PreparedRun& run_;
  const ClusterSpec& spec_;
  GraphOptions options_;
  GraphRun graph_run_;
  std::vector<std::string> hosts_;  // nodes with a CPU; the first has the clients
  std::map<std::string, CpuDevice> devices_;
  PlanConstraints constraints_;
  Diagnostics problems_;
};

}  // namespace

std::int64_t operations_of(const PreparedRun& run, std::uint32_t request_number) {
  const GraphRun& graph = *run.graph;
  const std::int64_t steps = graph.workload.inputs.steps(request_number);
  if (run.spec.model.rnn) return rnn_operations(*run.spec.model.rnn, steps);
  if (steps == longest_steps(graph)) return graph.operations;
  PartsRequest request{
      &graph.placed, {}, inputs_of(graph, request_number, false), results_of(graph, steps)};
  for (const NodeSpec& node : run.spec.nodes)
    if (node.device.kind == Device::Kind::kCpu) request.devices.emplace(node.name, node.device.cpu);
  const Result<PartsRun> parts = run_parts(request);
  // What a part works may depend on values, which only a run has.
  if (!parts) return graph.operations;
  return on_cpus(*parts) + operations(graph.split.fpga, steps);
}

Diagnostics prepare_graph(PreparedRun& run, const GraphOptions& options) {
  return Preparation(run, options).prepare();
}

}  // namespace soliton
