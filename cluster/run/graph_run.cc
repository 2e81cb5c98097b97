#include "cluster/run/graph_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cluster/run/check_prediction.h"
#include "cluster/run/deploy.h"
#include "cluster/run/graph_fpgas.h"
#include "cluster/run/graph_islands.h"
#include "cluster/run/graph_predict.h"
#include "cluster/run/run.h"
#include "cluster/yaml/names.h"
#include "partition/ir/passes/fold.h"
#include "partition/ir/passes/tidy.h"
#include "partition/ir/shown_name.h"
#include "partition/join/join_fpgas.h"
#include "partition/onnx/import_onnx.h"
#include "protocol/base/located.h"

namespace soliton {
namespace {

// Where the placement puts each operator: on the first host of the longest pattern that matches, else
// anywhere.
struct OperatorPlaces {
  std::vector<std::size_t> host;  // by node of the graph
  std::vector<bool> placed;
};

class OperatorHosts {
 public:
  OperatorHosts(const ClusterSpec& spec, const ir::Graph& graph, const std::string& model,
                const std::vector<std::string>& hosts)
      : spec_(spec), graph_(graph), model_(model), hosts_(hosts), used_(spec.placement.size()) {}

  Checked<OperatorPlaces> run() {
    OperatorPlaces out;
    const bool fpgas = std::ranges::any_of(
        spec_.nodes, [](const NodeSpec& node) { return node.device.kind == Device::Kind::kNpu; });
    for (const ir::Node& node : graph_.nodes) {
      const PlacementRule* rule = rule_of(node);
      if (rule == nullptr && !spec_.placement.empty() && !fpgas)
        unplaced_.push_back(shown_name(node.name));
      out.host.push_back(rule == nullptr ? 0 : host_of(*rule));
      out.placed.push_back(rule != nullptr);
    }
    check_rules();
    if (!problems_.empty()) return tl::unexpected(std::move(problems_));
    return out;
  }

 private:
  void add(const std::string& position, std::string message) {
    problems_.add(ErrorCode::kInvalid, located(position, std::move(message)));
  }

  const PlacementRule* rule_of(const ir::Node& node) {
    const PlacementRule* rule = nullptr;
    for (std::size_t i = 0; i < spec_.placement.size(); ++i) {
      const PlacementRule& candidate = spec_.placement[i];
      if (!glob_matches(candidate.pattern, node.name)) continue;
      used_[i] = true;
      if (rule == nullptr || candidate.pattern.size() > rule->pattern.size()) rule = &candidate;
    }
    return rule;
  }

  std::size_t host_of(const PlacementRule& rule) {
    if (rule.cpu) return 0;
    for (const std::string& node : rule.nodes)
      if (const auto at = std::ranges::find(hosts_, node); at != hosts_.end())
        return static_cast<std::size_t>(at - hosts_.begin());
    return 0;
  }

  void check_rules() {
    for (std::size_t i = 0; i < spec_.placement.size(); ++i) {
      const PlacementRule& rule = spec_.placement[i];
      if (!used_[i])
        add(rule.position, fmt::format("placement: no operator of {} is called \"{}\"", model_,
                                       shown_name(rule.pattern)));
      for (const std::string& node : rule.nodes)
        if (std::ranges::find(hosts_, node) == hosts_.end())
          add(rule.position,
              fmt::format("placement: {} has no CPU; operators that are placed by name run on "
                          "hosts: {}",
                          node, fmt::join(hosts_, ", ")));
    }
    if (!unplaced_.empty())
      add(spec_.placement.front().position,
          fmt::format(
              "placement: operator \"{}\"{} is placed nowhere; place the rest with "
              "{{\"*\": cpu}}",
              unplaced_.front(),
              unplaced_.size() > 1 ? fmt::format(" and {} more", unplaced_.size() - 1) : ""));
  }

  const ClusterSpec& spec_;
  const ir::Graph& graph_;
  const std::string& model_;
  const std::vector<std::string>& hosts_;
  std::vector<bool> used_;             // by rule
  std::vector<std::string> unplaced_;  // operators that no rule matches
  Diagnostics problems_;
};

void add_host_placements(const ClusterSpec& spec, const GraphRun& run, const PricedGraph& priced,
                         Plan& plan) {
  for (const HostParts& host : run.placed.hosts) {
    if (host.parts.empty()) continue;
    Placement& placement = plan.placements.emplace_back();
    const auto node = std::ranges::find(spec.nodes, host.node, &NodeSpec::name);
    placement.node = host.node;
    placement.device = node->device.name();
    placement.place = node->at;
    for (const CpuPart& part : host.parts)
      placement.holds.push_back(fmt::format("{} ({} operator{})", shown_name(part.name),
                                            part.graph.nodes.size(),
                                            part.graph.nodes.size() == 1 ? "" : "s"));
    placement.busy_per_step = priced.busy.at(host.node);
    plan.predicted_interval = std::max(plan.predicted_interval, placement.busy_per_step);
    placement.step.duration = placement.busy_per_step;
    placement.step.limit = "CPU";
    placement.step.macs = priced.work.multiply_adds;
  }
}

std::int64_t longest_steps(const GraphRun& run) {
  const GraphInputs& inputs = run.workload.inputs;
  return inputs.steps(inputs.longest());
}

// The placement says where operators run, but not how those of one host are cut into parts. A finer
// cut can send a result before the rest of its part has run, so nothing is claimed of this one.
Plan plan_of(const ClusterSpec& spec, const GraphRun& run, const PricedGraph& priced,
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
  add_host_placements(spec, run, priced, plan);
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
      fmt::format("on CPUs {} multiply-adds a request", priced.work.multiply_adds));
  return plan;
}

class Preparation {
 public:
  Preparation(PreparedRun& run, const GraphOptions& options)
      : run_(run), spec_(run.spec), options_(options) {}

  Diagnostics prepare() {
    if (import() && load()) {
      find_hosts();
      if (problems_.empty()) check_service();
      if (problems_.empty()) check_carried();
      if (problems_.empty()) place();
      if (problems_.empty() && options_.plan) plan();
    }
    return std::move(problems_);
  }

 private:
  void add(const std::string& position, std::string message, ErrorCode code = ErrorCode::kInvalid) {
    problems_.add(code, located(position, std::move(message)));
  }

  bool import() {
    Checked<std::map<std::string, ir::Array>> given =
        given_inputs(spec_.model, run_.spec.files_read);
    if (!given) return problems_.append(std::move(given.error())), false;
    Checked<ImportedModel> model = import_onnx(spec_.model.onnx, {std::move(*given), {}});
    if (!model) {
      for (Error& error : model.error().errors)
        add(spec_.model.position, "model.onnx: " + error.message, error.code);
      return false;
    }
    run_.spec.files_read.add(model->files);
    graph_run_.name = std::move(model->name);
    graph_run_.graph = std::move(model->graph);
    return true;
  }

  bool load() {
    Checked<GraphWorkload> workload = load_graph_workload(spec_, graph_run_.name, graph_run_.graph);
    if (workload) {
      graph_run_.workload = std::move(*workload);
      run_.spec.files_read.add(graph_run_.workload.files);
      return true;
    }
    for (Error& error : workload.error().errors)
      add(position_of(error.message), error.message, error.code);
    return false;
  }

  // What is wrong with a data file begins with its path.
  std::string position_of(const std::string& message) const {
    for (const WorkloadSpec::DataFile& file : spec_.workload.files)
      if (message.starts_with(file.path))
        return fmt::format("{}: workload.{}", file.position, file.key);
    return message.starts_with(spec_.file) ? "" : spec_.model.position;
  }

  void find_hosts() {
    for (const NodeSpec& node : spec_.nodes)
      if (node.device.kind == Device::Kind::kCpu) {
        hosts_.push_back(node.name);
        devices_.emplace(node.name, node.device.cpu);
      }
    if (hosts_.empty())
      add(spec_.model.position, "no node has a CPU: add one of device cpu, which runs the clients");
  }

  void check_service() {
    if (spec_.service.batch > 1)
      add(spec_.model.position,
          fmt::format(
              "service.batch is {}, but parts on a CPU run request by request: allowed is 1",
              spec_.service.batch));
  }

  // State that is carried needs requests to run one after the other, and all to be computed.
  void check_carried() {
    if (graph_run_.graph.states.empty()) return;
    const auto refuse = [&](const char* what, const std::string& why) {
      add(spec_.model.position,
          fmt::format("model: its state is carried from request to request, so {} {}; or write "
                      "model.state: zero to begin every request with zeros",
                      what, why));
    };
    if (spec_.workload.clients > 1)
      refuse("workload.clients must be 1", fmt::format("and not {}", spec_.workload.clients));
    if (spec_.compute == ComputeKind::kSampled)
      refuse("compute must be functional or timing", "and not sampled");
  }

  // What follows from the shapes of requests alone is worked out once.
  void fold_shapes(OperatorPlaces& places) {
    ir::Graph& graph = graph_run_.graph;
    ir::fold_known(graph, shapes_of(graph, graph_run_.workload.inputs).arrays);
    OperatorPlaces left;
    for (const std::size_t node : ir::remove_unused(graph)) {
      left.host.push_back(places.host[node]);
      left.placed.push_back(places.placed[node]);
    }
    places = std::move(left);
  }

  void place() {
    Checked<OperatorPlaces> places =
        OperatorHosts(spec_, graph_run_.graph, graph_run_.name, hosts_).run();
    if (!places) return problems_.append(std::move(places.error()));
    fold_shapes(*places);
    graph_run_.shapes = shapes_of(graph_run_.graph, graph_run_.workload.inputs);
    graph_run_.split =
        split_for(spec_, graph_run_.graph, graph_run_.shapes, std::move(places->placed));
    if (graph_run_.on_fpgas())
      graph_run_.workload.inputs.steps_of_all = graph_run_.split.model.fixed_steps;
    Result<PlacedGraph> placed = place_graph(place_request(
        graph_run_.graph, graph_run_.split, hosts_, std::move(places->host), hosts_.front()));
    if (placed)
      graph_run_.placed = std::move(*placed);
    else
      add(spec_.model.position, placed.error().message);
  }

  // The inputs of the longest request; unknown ones where no values are computed.
  std::vector<ir::Array> longest_request() const {
    const GraphInputs& all = graph_run_.workload.inputs;
    std::vector<ir::Array> inputs = all.request(all.longest());
    if (spec_.compute == ComputeKind::kTiming)
      for (ir::Array& input : inputs) input = ir::without_numbers(input);
    for (std::size_t k = 0; k < inputs.size(); ++k)
      for (const ir::State& state : graph_run_.graph.states)
        if (graph_run_.graph.inputs[k].value == state.input) inputs[k] = ir::Array();
    return inputs;
  }

  // What FPGAs run is searched for; where they run nothing, the placement is the plan.
  void plan() {
    if (graph_run_.on_fpgas()) {
      Checked<Plan> plan = plan_fpgas(run_, graph_run_, devices_, longest_request());
      if (!plan) {
        for (Error& error : plan.error().errors) {
          const bool asked =
              error.message.starts_with("min_nodes") && !spec_.partition.position.empty();
          add(asked ? spec_.partition.position : spec_.model.position, error.message, error.code);
        }
        return;
      }
      run_.plan = std::move(*plan);
    }
    const Result<PricedGraph> priced = price_graph({.placed = &graph_run_.placed,
                                                    .clients = hosts_.front(),
                                                    .outputs = graph_run_.graph.outputs.size(),
                                                    .devices = devices_,
                                                    .inputs = longest_request(),
                                                    .steps = longest_steps(graph_run_)});
    if (!priced) return add(spec_.model.position, priced.error().message);
    graph_run_.operations = 2 * priced->work.multiply_adds + priced->work.operations;
    if (graph_run_.on_fpgas())
      complete(*priced);
    else
      run_.plan = plan_of(spec_, graph_run_, *priced, played(*priced), hosts_.front());
    run_.graph = std::move(graph_run_);
  }

  // What the plan of the FPGAs does not say.
  void complete(const PricedGraph& priced) {
    Plan& plan = run_.plan;
    plan.model = graph_run_.name;
    graph_run_.operations += plan.operations;
    plan.operations = graph_run_.operations;
    plan.steps = longest_steps(graph_run_);
    add_host_placements(spec_, graph_run_, priced, plan);
    for (std::string& line : where_it_runs(graph_run_)) plan.explanation.push_back(std::move(line));
    plan.explanation.push_back(
        fmt::format("on CPUs {} multiply-adds a request", priced.work.multiply_adds));
  }

  // In the middle of a run, with the congestion marks and node numbers of the run.
  Prediction played(const PricedGraph& priced) const {
    CostRequest cost;
    cost.hosts = priced.hosts;
    cost.topology = &run_.topology;
    cost.routes = run_.routes.get();
    cost.mtu = spec_.ltl.mtu;
    cost.ltl = &spec_.ltl;
    cost.seed = spec_.seed;
    cost.before = requests_before(spec_, 1);
    return predict(cost);
  }

  PreparedRun& run_;
  const ClusterSpec& spec_;
  GraphOptions options_;
  GraphRun graph_run_;
  std::vector<std::string> hosts_;  // nodes with a CPU; the first has the clients
  std::map<std::string, CpuDevice> devices_;
  Diagnostics problems_;
};

}  // namespace

Diagnostics prepare_graph(PreparedRun& run, const GraphOptions& options) {
  return Preparation(run, options).prepare();
}

std::vector<std::string> cpu_nodes_of(const PreparedRun& run) {
  std::vector<std::string> out = {run.plan.host};
  for (const HostParts& host : run.graph->placed.hosts)
    if (host.node != run.plan.host) out.push_back(host.node);
  return out;
}

CpuSpec cpu_spec_of(const PreparedRun& run, const std::string& node) {
  const GraphRun& graph = *run.graph;
  CpuSpec spec;
  const auto at = std::ranges::find(run.spec.nodes, node, &NodeSpec::name);
  spec.device = at->device.cpu;
  for (const HostParts& host : graph.placed.hosts)
    if (host.node == node) {
      spec.parts = host.parts;
      spec.streams = host.streams;
    }
  if (node != run.plan.host) return spec;
  GraphClients& clients = spec.clients.emplace();
  clients.workload = host_workload(run.spec);
  clients.inputs = graph.workload.inputs;
  clients.sends = graph.placed.sends;
  clients.initial = graph.placed.initial;
  clients.first_port = graph.placed.first_reply;
  clients.replies = static_cast<std::uint16_t>(graph.graph.outputs.size());
  return spec;
}

}  // namespace soliton
