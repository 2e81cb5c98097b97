// Evaluates a cluster file before a process starts, and finds all its errors.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/file/yaml_file.h"
#include "cluster/run/check_prediction.h"
#include "cluster/run/constraints.h"
#include "cluster/run/graph_fpgas.h"
#include "cluster/run/place_layers.h"
#include "cluster/run/run.h"
#include "cluster/yaml/reader.h"
#include "node/traffic/traffic_kind.h"
#include "partition/onnx/read_onnx.h"
#include "protocol/base/located.h"

namespace soliton {
namespace {

constexpr std::size_t kErrorsLimit = 100;

// State that is carried between requests needs them to run one after the other, and all to be
// computed.
Diagnostics check_carried(const ClusterSpec& spec, const Model& model) {
  Diagnostics problems;
  if (!carries_state(model)) return problems;
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

PartitionRequest partition_request(const PreparedRun& run) {
  PartitionRequest request = request_of_cluster(run);
  request.model = &run.model;
  request.steps = run.workload.steps_max;
  request.before = requests_before(run.spec, run.workload.steps_max);
  return request;
}

// Number of errors of a file that are reported in full.
void cut_off(Diagnostics& problems, const std::string& file) {
  if (problems.errors.size() <= kErrorsLimit) return;
  const std::size_t more = problems.errors.size() - kErrorsLimit;
  problems.errors.resize(kErrorsLimit);
  problems.add(ErrorCode::kInvalid, fmt::format("{}: {} more errors", file, more));
}

// Whether the model runs as a graph, and is prepared with all its errors taken: if there is a
// placement, or if it is no chain of layers. Layers of model.rnn are a chain wherever they are placed.
bool is_graph(PreparedRun& run, bool planned, Diagnostics& problems) {
  const ClusterSpec& spec = run.spec;
  const ModelSpec& model = spec.model;
  if (model.rnn) return false;
  if (spec.placement.empty() && read_onnx(model.onnx, {model.output, model.zero_state}))
    return false;
  problems.append(prepare_graph(run, {planned}));
  return true;
}

// Tries every stage whose own inputs are good, whatever is wrong with the others.
class Preparation {
 public:
  Preparation(ClusterReading reading, const PrepareOptions& options)
      : reading_(std::move(reading)), options_(options), run_(std::make_unique<PreparedRun>()) {
    run_->spec = std::move(reading_.spec);
    problems_ = std::move(reading_.problems);
  }

  Checked<std::unique_ptr<PreparedRun>> run() {
    const bool wired = reading_.nodes && reading_.topology && build() && resolve();
    const bool traffic = spec().workload.traffic.has_value();
    if (traffic && options_.plan_only)
      add({ErrorCode::kInvalid,
           fmt::format("{}: workload.kind: {} has no model, so there is "
                       "nothing to plan",
                       spec().workload.position, spec().workload.traffic->kind->name)});
    const bool planned = wired && reading_.rest && options_.plan;
    if (!traffic && reading_.model && !is_graph(*run_, planned, problems_) && make_model()) {
      load();
      if (planned && run_->workload.steps_max > 0) partition();
    }
    cut_off(problems_, spec().file);
    if (!problems_.empty()) return tl::unexpected<Diagnostics>(std::move(problems_));
    return std::move(run_);
  }

 private:
  const ClusterSpec& spec() const { return run_->spec; }
  void add(Error error) { problems_.add(std::move(error)); }

  // False when it has none, with its errors taken, each behind `position` and `label`.
  template <typename T>
  bool take(Checked<T> made, T& out, const std::string& position = "",
            const std::string& label = "") {
    if (made) return out = std::move(*made), true;
    for (Error& error : made.error().errors)
      add({error.code, located(position, label + error.message)});
    return false;
  }

  bool build() {
    std::vector<PlacedNode> nodes;
    for (const NodeSpec& node : spec().nodes)
      nodes.push_back(
          {node.name, node.at, node.position,
           node.device.kind == Device::Kind::kNpu ? node.device.npu.network_rate : BitRate{}});
    if (!take(build_topology(spec().topology, nodes), run_->topology)) return false;
    run_->routes = std::make_unique<Routes>(run_->topology);
    return true;
  }

  // Fault rules do not affect the plan.
  bool resolve() {
    take(resolve_faults(spec(), run_->topology), run_->faults);
    return true;
  }

  bool make_model() {
    const ModelSpec& model = spec().model;
    if (!model.rnn) {
      const OnnxOptions options{model.output, model.zero_state};
      if (!take(read_onnx(model.onnx, options), run_->model, model.position, "model.onnx: "))
        return false;
    } else {
      RnnOptions options = *model.rnn;
      options.seed = spec().seed;
      // A mere check needs no values: synthetic weights are always valid.
      options.with_weights = spec().compute != ComputeKind::kTiming && options_.weights;
      run_->model = build_rnn(options);
      if (Diagnostics wrong = check_model(run_->model); !wrong.empty())
        return take<Model>(tl::unexpected<Diagnostics>(std::move(wrong)), run_->model,
                           model.position, "model.rnn: ");
    }
    run_->spec.files_read.add(run_->model.files);
    Diagnostics wrong = place_layers(model, run_->model);
    wrong.append(check_carried(spec(), run_->model));
    const bool good = wrong.empty();
    problems_.append(std::move(wrong));
    FilesRead& files = run_->spec.files_read;
    return take(constraints_of_chain(spec(), run_->model, files), constraints_) && good;
  }

  // Without its files the length of a request is known from the model alone, if at all.
  void load() {
    const std::int64_t steps = spec().model.rnn ? spec().model.rnn->steps : run_->model.fixed_steps;
    if (options_.plan_only) {
      run_->workload.steps_max = std::max<std::int64_t>(steps, 1);
      return;
    }
    run_->workload.steps_max = steps;
    if (!reading_.workload) return;
    Checked<Workload> workload = load_workload(spec(), run_->model);
    if (workload) {
      run_->workload = std::move(*workload);
      check_saved();
      run_->spec.files_read.add(run_->workload.files);
      return;
    }
    for (Error& error : workload.error().errors)
      add({error.code, located(position_of(error.message), error.message)});
  }

  // All answers are written to one file, whose size is limited.
  void check_saved() {
    const Workload& workload = run_->workload;
    const std::int64_t each = (workload.each_step ? workload.steps_max : 1) * workload.classes *
                              std::int64_t{sizeof(float)};
    const std::int64_t most = kMaxNpyBytes / std::max<std::int64_t>(each, 1);
    if (spec().save_outputs && spec().workload.requests > most)
      add({ErrorCode::kInvalid,
           fmt::format("{}: outputs: save: all: the answers of {} requests have more bytes than "
                       "the {} of a file; allowed are {} requests",
                       spec().file, spec().workload.requests, kMaxNpyBytes, most)});
  }

  // What is wrong with a data file begins with its path.
  std::string position_of(const std::string& message) const {
    for (const WorkloadSpec::DataFile& file : spec().workload.files)
      if (message.starts_with(file.path))
        return fmt::format("{}: workload.{}", file.position, file.key);
    const std::string& workload = spec().workload.position;
    return spec().model.rnn || workload.empty() ? spec().model.position : workload;
  }

  void partition() {
    PartitionRequest request = partition_request(*run_);
    request.constraints = constraints_;
    request.with_weights = request.with_weights && (!spec().model.rnn || options_.weights);
    Checked<Plan> plan = partition_model(request);
    if (plan) {
      run_->plan = std::move(*plan);
      if (shared_with_others(run_->topology))
        run_->plan.explanation.push_back(
            "note: predicted for a network without the traffic of others (topology.quiet)");
      return;
    }
    for (Error& error : plan.error().errors)
      add({error.code, located(position_of_refusal(spec(), error.message), error.message)});
  }

  ClusterReading reading_;
  PrepareOptions options_;
  std::unique_ptr<PreparedRun> run_;
  PlanConstraints constraints_;
  Diagnostics problems_;
};

}  // namespace

Checked<std::unique_ptr<PreparedRun>> prepare(const std::string& file, const Overrides& overrides,
                                              const DataRoot& data, const PrepareOptions& options) {
  Checked<YamlFile> yaml = read_yaml(file);
  if (!yaml) return tl::unexpected<Diagnostics>(std::move(yaml.error()));
  return prepare(std::move(*yaml), overrides, data, options);
}

Checked<std::unique_ptr<PreparedRun>> prepare(YamlFile yaml, const Overrides& overrides,
                                              const DataRoot& data, const PrepareOptions& options) {
  return Preparation(read_cluster_parts(std::move(yaml), overrides, data), options).run();
}

Checked<std::unique_ptr<PreparedRun>> prepare(const ClusterSpec& spec) {
  ClusterReading reading;
  reading.spec = spec;
  reading.nodes = reading.topology = reading.model = reading.workload = reading.rest = true;
  return Preparation(std::move(reading), {}).run();
}

}  // namespace soliton
