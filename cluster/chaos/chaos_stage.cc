#include "cluster/chaos/chaos_stage.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cluster/engine/control_loop.h"
#include "cluster/results/file_io.h"
#include "cluster/run/firings.h"
#include "fabric/faults/outages.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

// A run that is still not done so many times later than it may be will not end: without this it would
// send probes until the time limit of its file.
constexpr int kNoEnd = 20;
// With a resource manager that may take longer, and costs more to play, as it never stops asking.
constexpr int kNoEndManaged = 3;

class FiringLines : public RunObserver {
 public:
  FiringLines(const PreparedRun& run, std::vector<std::string>& lines) : run_(run), lines_(lines) {}
  void on_records(std::span<const HostRecord>) override {}
  void on_records(std::span<const TrafficRecord>) override {}
  void on_firings(std::span<const FaultFiring> firings) override {
    for (const FaultFiring& firing : firings)
      lines_.push_back(firing_lines(run_.faults, run_.topology, {&firing, 1}));
  }
  Status on_progress(const RunPulse&) override { return {}; }

 private:
  const PreparedRun& run_;
  std::vector<std::string>& lines_;
};

// The rules of a recording, by way of a file that has no name.
Result<FaultPlan> recorded_plan(const ChaosSchedule& schedule, const PreparedRun& run) {
  const FileHandle file(memfd_create("events.csv", MFD_CLOEXEC));
  const std::string path = fmt::format("/proc/self/fd/{}", file.get());
  const std::string lines =
      fmt::format("{}{}", schedule.events_head, fmt::join(schedule.events, ""));
  if (const Status written = write_all(file.get(), lines, path); !written)
    return tl::unexpected<Error>(written.error());
  lseek(file.get(), 0, SEEK_SET);
  FaultSpec events;
  events.rule.kind = find_fault_kind("events");
  events.rule.options = {{"events", {path}}};
  ClusterSpec spec = run.spec;
  spec.faults = {events};
  Checked<FaultPlan> plan = resolve_faults(spec, run.topology);
  if (!plan) return invalid(plan.error().text());
  return std::move(*plan);
}

// Messages in no order: that of different nodes depends on how far a hub plays at a time, and that on the
// clock of this machine.
std::uint64_t hash_of(const RunResults& results, const MessageHistory& history) {
  std::uint64_t messages = 0;
  for (const MessageEvent& event : history.events()) {
    const std::uint64_t who = std::uint64_t{index(event.from)} << 32 | index(event.to);
    const auto at = static_cast<std::uint64_t>(event.at.time_since_epoch().count());
    messages += mix64(mix64(event.hash ^ at) ^ who ^ (event.delivered ? 1 : 0));
  }
  return hash_bytes(results_json(results, false) + requests_csv(results), messages);
}

ChaosTrial trial_of(const RunResults& results) {
  ChaosTrial trial;
  trial.packets = results.fabric.packets;
  trial.nacks = results.ltl.nacks_sent;
  trial.resends = results.ltl.retransmitted;
  trial.end = results.last_completed - kRunStart;
  trial.checked = results.outputs.checked;
  trial.sha256 = results.outputs.sha256;
  for (const FaultResult& fault : results.faults) {
    trial.fired += fault.counters.hits;
    if (fault.counters.hits > 0) trial.by_kind[fault.kind] += fault.counters.hits;
  }
  return trial;
}

std::string rules_text(const std::vector<ChaosRule>& rules) {
  std::vector<std::string> texts;
  for (const ChaosRule& rule : rules) texts.push_back(rule.text());
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

}  // namespace

Checked<std::unique_ptr<ChaosStage>> ChaosStage::open(const std::string& file,
                                                      const Overrides& overrides,
                                                      const DataRoot& data) {
  Checked<YamlFile> yaml = read_yaml(file);
  if (!yaml) return tl::unexpected<Diagnostics>(std::move(yaml.error()));
  std::unique_ptr<ChaosStage> stage(new ChaosStage(std::move(*yaml), overrides, data));
  Checked<std::unique_ptr<PreparedRun>> run = prepare(stage->yaml_, overrides, data);
  if (!run) return tl::unexpected<Diagnostics>(std::move(run.error()));
  stage->run_ = std::move(*run);
  ClusterSpec& spec = stage->run_->spec;
  // The faults of the file are left out, and so is a manager that is there for them alone.
  spec.faults.clear();
  stage->recovers_ = is_managed(spec);
  if (spec.time == TimeMode::kWall || spec.fidelity == Fidelity::kMessage) {
    Diagnostics refused;
    refused.add(ErrorCode::kInvalid, fmt::format("{}: chaos plays packets in virtual time", file));
    return tl::unexpected<Diagnostics>(std::move(refused));
  }
  spec.processes = ProcessMode::kPacked;
  return stage;
}

ChaosGround ChaosStage::ground() const {
  ChaosGround ground;
  for (const NodeSpec& node : run_->spec.nodes) {
    ground.nodes.push_back(node.name);
    if (node.device.kind == Device::Kind::kNpu) ground.devices.push_back(node.name);
  }
  ground.recovers = recovers_;
  for (const TopologyLink& link : run_->topology.links) ground.links.push_back(link.name);
  for (const Vertex& vertex : run_->topology.vertices)
    if (vertex.is_switch) ground.switches.push_back(vertex.name);
  ground.span = gauge_.span;
  return ground;
}

std::int64_t ChaosStage::requests() const {
  const ClusterSpec& spec = run_->spec;
  if (spec.workload.traffic) return static_cast<std::int64_t>(spec.workload.traffic->count);
  std::int64_t most = has_model(spec) ? spec.workload.requests : 0;
  for (const NamedTraffic& workload : spec.workloads)
    most = std::max(most, static_cast<std::int64_t>(workload.traffic.count));
  return most;
}

// At most so many of each workload.
Overrides ChaosStage::overrides_for(std::int64_t requests) const {
  Overrides out = overrides_;
  if (requests == 0) return out;
  const ClusterSpec& spec = run_->spec;
  if (spec.workload.traffic)
    out.push_back(fmt::format("workload.count={}", requests));
  else if (has_model(spec))
    out.push_back(fmt::format("workload.requests={}", requests));
  for (std::size_t i = 0; i < spec.workloads.size(); ++i)
    if (static_cast<std::int64_t>(spec.workloads[i].traffic.count) > requests)
      out.push_back(fmt::format("workloads[{}].count={}", i, requests));
  return out;
}

// Fewer requests have other outputs and take less time, so they have a gauge of their own.
Status ChaosStage::prepare_fewer(std::int64_t requests) {
  Checked<std::unique_ptr<PreparedRun>> run = prepare(yaml_, overrides_for(requests), data_);
  if (!run) return invalid(run.error().text());
  run_ = std::move(*run);
  run_->spec.processes = ProcessMode::kPacked;
  if (Status set = set_faults({}); !set) return set;
  const ChaosTrial clean = play_once(false, nullptr);
  gauge_ = gauge_of(clean);
  return {};
}

Status ChaosStage::set_faults(const ChaosSchedule& schedule) {
  Result<FaultPlan> plan = FaultPlan{};
  if (!schedule.events.empty()) {
    plan = recorded_plan(schedule, *run_);
  } else {
    Checked<std::vector<FaultSpec>> faults =
        read_fault_rules(rules_text(schedule.rules), run_->spec);
    if (!faults) return invalid(faults.error().text());
    run_->spec.faults = std::move(*faults);
    Checked<FaultPlan> resolved = resolve_faults(run_->spec, run_->topology);
    if (!resolved) return invalid(resolved.error().text());
    plan = std::move(*resolved);
  }
  if (!plan) return tl::unexpected<Error>(plan.error());
  run_->faults = std::move(*plan);
  run_->live_routes = std::make_unique<Routes>(run_->topology, outages_of(run_->faults));
  return {};
}

ChaosTrial ChaosStage::play_once(bool record, std::uint64_t* hash) const {
  MessageHistory history;
  ChaosTrial trial;
  FiringLines lines(*run_, trial.events);
  RunControl control;
  control.loop = loop_.get();
  control.history = &history;
  if (record) control.observer = &lines;
  control.time_limit = run_->spec.time_limit;
  if (gauge_.span > Duration{}) {
    const Duration patience = sum(gauge_.span, patience_of(run_->spec));
    control.time_limit =
        std::min(control.time_limit, sum(healed_by(run_->faults) - kRunStart,
                                         times(patience, recovers_ ? kNoEndManaged : kNoEnd)));
  }
  const FinishedRun finished = execute_run(*run_, control);
  if (hash != nullptr) *hash = hash_of(finished.results, history);
  std::vector<std::string> events = std::move(trial.events);
  trial = trial_of(finished.results);
  trial.events = std::move(events);
  if (record) trial.events_head = firings_head(run_->faults, run_->topology);
  ChaosGauge gauge = gauge_;
  if (gauge.span == Duration{}) gauge = gauge_of(trial);
  trial.allowed = done_by(*run_, gauge) - last_end(run_->faults);
  trial.violations = violations_of(*run_, finished, history.events(), gauge);
  return trial;
}

Result<ChaosTrial> ChaosStage::play(const ChaosSchedule& schedule, ChaosPlay how) {
  if (!loop_) loop_ = std::make_unique<ControlLoop>();
  if (schedule.requests > 0)
    if (const Status fewer = prepare_fewer(schedule.requests); !fewer)
      return tl::unexpected<Error>(fewer.error());
  if (const Status set = set_faults(schedule); !set) return tl::unexpected<Error>(set.error());
  std::uint64_t first = 0, second = 0;
  ChaosTrial trial = play_once(how.record, how.twice ? &first : nullptr);
  if (!how.twice) return trial;
  play_once(false, &second);
  if (first != second)
    trial.violations.push_back({"repeatable", "two runs of one schedule differ"});
  return trial;
}

Result<std::string> ChaosStage::file_with(const ChaosSchedule& schedule, const std::string& expect,
                                          const std::string& folder) const {
  Overrides overrides = overrides_for(schedule.requests);
  overrides.push_back(
      "faults=" +
      (schedule.events.empty()
           ? rules_text(schedule.rules)
           : fmt::format("[{{id: firings, kind: events, events: \"{}/events.csv\"}}]", folder)));
  overrides.push_back("expect=" + expect);
  ClusterReading reading = read_cluster_parts(yaml_, overrides, data_);
  if (!reading.problems.empty()) return invalid(reading.problems.text());
  std::error_code problem;  // a path as seen from here is written as seen from the file
  if (!schedule.events.empty())
    reading.spec.faults.front().rule.options = {
        {"events", {std::filesystem::relative(folder + "/events.csv", problem).string()}}};
  return write_cluster(reading.spec, folder);
}

}  // namespace soliton
