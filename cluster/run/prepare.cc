// Evaluates a cluster file before a process starts, and finds all its errors.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cluster/file/yaml_file.h"
#include "cluster/run/replans.h"
#include "cluster/run/run.h"
#include "cluster/run/shared_devices.h"
#include "cluster/run/traffic.h"
#include "cluster/yaml/reader.h"
#include "fabric/faults/outages.h"
#include "node/traffic/traffic_kind.h"
#include "protocol/base/located.h"
#include "topologies/reach.h"

namespace soliton {
namespace {

constexpr std::size_t kErrorsLimit = 100;

// Number of errors of a file that are reported in full.
void cut_off(Diagnostics& problems, const std::string& file) {
  if (problems.errors.size() <= kErrorsLimit) return;
  const std::size_t more = problems.errors.size() - kErrorsLimit;
  problems.errors.resize(kErrorsLimit);
  problems.add(ErrorCode::kInvalid, fmt::format("{}: {} more errors", file, more));
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
    const bool traffic = !has_model(spec()) && (spec().workload.traffic || reading_.workload);
    if (traffic && options_.plan_only) refuse_plan();
    const bool planned = wired && reading_.rest && options_.plan;
    if (!traffic && reading_.model) {
      bar_others(spec(), *run_);
      problems_.append(prepare_graph(*run_, {planned, options_.weights}));
    }
    if (problems_.empty() && planned && run_->graph) place_all();
    cut_off(problems_, spec().file);
    if (!problems_.empty()) return tl::unexpected<Diagnostics>(std::move(problems_));
    if (planned && !traffic && options_.weights && options_.replans && !options_.plan_only &&
        is_managed(spec()))
      run_->replans = replans_of(*run_);
    return std::move(run_);
  }

 private:
  const ClusterSpec& spec() const { return run_->spec; }
  void add(Error error) { problems_.add(std::move(error)); }

  // The copies of this service, then the other services on the nodes that are left.
  void place_all() {
    problems_.append(place_copies(*run_));
    for (std::size_t i = 1; i < spec().services.size() && problems_.empty(); ++i) add_service(i);
    if (problems_.empty()) problems_.append(deal_ports(*run_));
  }

  void add_service(std::size_t number) {
    ClusterReading reading;
    reading.spec = with_service(spec(), number);
    std::set<std::string> barred =
        reading.spec.service.share ? take_memory_in_use(*run_, reading.spec) : nodes_in_use(*run_);
    reading.nodes = reading.topology = reading.model = reading.workload = reading.rest = true;
    PrepareOptions options = options_;
    options.replans = false;
    Preparation other(std::move(reading), options);
    other.number_ = number;
    other.all_ = &spec();
    other.run_->barred = std::move(barred);
    Checked<std::unique_ptr<PreparedRun>> made = other.run();
    if (!made) return problems_.append(std::move(made.error()));
    run_->spec.files_read.add((*made)->spec.files_read);
    run_->others.push_back(std::move(*made));
  }

  // What is not among the nodes that its entry names.
  void bar_others(const ClusterSpec& spec, PreparedRun& run) const {
    const ClusterSpec& listed = all_ == nullptr ? spec : *all_;
    if (listed.services.empty() || listed.services[number_].nodes.empty()) return;
    const std::vector<std::string>& named = listed.services[number_].nodes;
    for (const NodeSpec& node : spec.nodes)
      if (std::ranges::find(named, node.name) == named.end()) run.barred.insert(node.name);
  }

  void refuse_plan() {
    const std::optional<Traffic>& one = spec().workload.traffic;
    add({ErrorCode::kInvalid,
         one ? fmt::format("{}: workload.kind: {} has no model, so there is nothing to plan",
                           spec().workload.position, one->kind->name)
             : fmt::format("{}: workloads: without a model there is nothing to plan",
                           spec().workloads.front().position)});
  }

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
           node.device.kind == Device::Kind::kNpu ? node.device.npu.network_rate : BitRate{},
           node.forward});
    if (!take(build_topology(spec().topology, nodes), run_->topology)) return false;
    if (!connect(nodes)) return false;
    run_->routes = std::make_unique<Routes>(run_->topology);
    return true;
  }

  // Any two nodes of a model may get parts that talk; of traffic it is known which do. Without either
  // the file has an error already.
  bool connect(const std::vector<PlacedNode>& nodes) {
    const bool traffic = !has_model(spec());
    const bool known =
        traffic ? reading_.workload && reading_.rest : reading_.model || reading_.workload;
    if (!known) return true;
    Diagnostics apart = traffic ? check_reachable(run_->topology, nodes, talking())
                                : check_reachable(run_->topology, nodes);
    const bool good = apart.empty();
    problems_.append(std::move(apart));
    return good;
  }

  std::vector<NodePair> talking() const {
    std::vector<NodePair> out;
    std::set<NodeId> measured, all;
    bool endless = false;
    for (const NamedTraffic& workload : traffics_of(spec(), run_->topology)) {
      for (const NodePair& pair : talking_pairs(workload.traffic)) out.push_back(pair);
      for (const NodeId node : nodes_of(workload.traffic)) {
        all.insert(node);
        if (is_measured(workload.traffic)) measured.insert(node);
        endless = endless || !is_measured(workload.traffic);
      }
    }
    // Of work without an end the first node that is measured tells all others when it is over.
    if (endless)
      for (const NodeId node : all)
        if (const NodeId judge = *measured.begin(); node != judge)
          out.emplace_back(std::min(judge, node), std::max(judge, node));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  // Fault rules do not affect the plan.
  bool resolve() {
    take(resolve_faults(spec(), run_->topology), run_->faults);
    run_->live_routes = std::make_unique<Routes>(run_->topology, outages_of(run_->faults));
    return true;
  }

  ClusterReading reading_;
  PrepareOptions options_;
  std::unique_ptr<PreparedRun> run_;
  Diagnostics problems_;
  std::size_t number_ = 0;            // of the service
  const ClusterSpec* all_ = nullptr;  // the file with all services, of those that are not the first
};

ClusterReading read_before(const ClusterSpec& spec) {
  ClusterReading reading;
  reading.spec = spec;
  reading.nodes = reading.topology = reading.model = reading.workload = reading.rest = true;
  return reading;
}

}  // namespace

std::vector<const PreparedRun*> services_of(const PreparedRun& run) {
  std::vector<const PreparedRun*> out{&run};
  for (const std::unique_ptr<PreparedRun>& other : run.others) out.push_back(other.get());
  return out;
}

bool tells_of_services(const ClusterSpec& spec) {
  return !spec.services.empty() || spec.service.replicas > 1 || spec.service.queue_limit > 0 ||
         spec.workload.hosts.size() > 1;
}

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
  return Preparation(read_before(spec), {}).run();
}

Checked<std::unique_ptr<PreparedRun>> prepare_plan(const ClusterSpec& spec) {
  return Preparation(read_before(spec), {.replans = false}).run();
}

}  // namespace soliton
