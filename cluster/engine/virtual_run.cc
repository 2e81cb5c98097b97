#include "cluster/engine/virtual_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/engine/profile.h"
#include "cluster/engine/thread_team.h"

namespace soliton {
namespace {

constexpr std::size_t kNetworkTraceEvents = 200'000;

std::vector<Hub*> references(const std::vector<std::unique_ptr<LocalHub>>& hubs) {
  std::vector<Hub*> out;
  for (const std::unique_ptr<LocalHub>& hub : hubs) out.push_back(hub.get());
  return out;
}

}  // namespace

ClusterOutcome outcome_before(std::size_t nodes) {
  ClusterOutcome outcome;
  outcome.stats.resize(nodes);
  outcome.node_failed.assign(nodes, false);
  return outcome;
}

void add_records(std::vector<HostRecord> records, RunObserver* observer, ClusterOutcome& outcome) {
  if (observer != nullptr && !records.empty())
    observer->on_records(std::span<const HostRecord>(records));
  for (HostRecord& record : records) {
    outcome.end = std::max(outcome.end, record.completed);
    outcome.records.push_back(std::move(record));
  }
}

void add_records(std::vector<TrafficRecord> records, RunObserver* observer,
                 ClusterOutcome& outcome) {
  if (observer != nullptr && !records.empty())
    observer->on_records(std::span<const TrafficRecord>(records));
  for (const TrafficRecord& record : records) {
    outcome.traffic.push_back(record);
    if (record.completed == kNever) continue;
    ++outcome.traffic_completed;
    outcome.end = std::max(outcome.end, record.completed);
  }
}

void add_firings(const std::vector<FaultFiring>& firings, const RunControl& control,
                 ClusterOutcome& outcome) {
  if (control.observer != nullptr && !firings.empty())
    control.observer->on_firings(std::span<const FaultFiring>(firings));
  if (control.keep_firings)
    outcome.firings.insert(outcome.firings.end(), firings.begin(), firings.end());
}

// A node's word is not taken for what exists.
void gather_troubles(const FabricInputs& fabric, const RunControl& control,
                     ClusterOutcome& outcome) {
  const std::size_t rules = fabric.faults->rules.size();
  outcome.faults.resize(std::max(outcome.faults.size(), rules));
  for (std::optional<NodeStats>& stats : outcome.stats) {
    if (!stats) continue;
    for (const NodeFiring& firing : stats->troubles)
      if (firing.rule < rules && index(firing.node) < outcome.stats.size())
        outcome.troubles.push_back(firing);
    for (const RecoveryEvent& event : stats->recovery)
      if (index(event.node) < outcome.stats.size()) outcome.recovery.push_back(event);
  }
  std::ranges::sort(outcome.troubles, [](const auto& a, const auto& b) { return before(a, b); });
  std::ranges::stable_sort(outcome.recovery, {}, &RecoveryEvent::at);
  for (const NodeFiring& firing : outcome.troubles) {
    outcome.faults[firing.rule].hit(firing.at);
    TraceEvent mark{.at = firing.at, .node = firing.node, .kind = TraceKind::kFaultStart};
    mark.a = firing.rule;
    outcome.trace.push_back(mark);
    if (firing.trouble.until > outcome.end || firing.trouble.what == NodeTrouble::What::kNone)
      continue;
    mark.at = firing.trouble.until;
    mark.kind = TraceKind::kFaultEnd;
    outcome.trace.push_back(mark);
  }
  if (control.observer != nullptr && !outcome.troubles.empty())
    control.observer->on_troubles(outcome.troubles);
}

std::size_t completed(const ClusterOutcome& outcome) {
  return outcome.records.size() + outcome.traffic_completed;
}

VirtualRun::VirtualRun(const FabricInputs& fabric, const RunControl& control, std::uint32_t threads)
    : topology_(*fabric.topology),
      control_(control),
      network_(*fabric.topology, *fabric.routes, *fabric.faults, threads, kNetworkTraceEvents) {
  if (fabric.series > Duration{}) network_.record_series(fabric.series);
  if (control.observer != nullptr || control.keep_firings) network_.record_firings();
}

void VirtualRun::run(const std::vector<EngineNode*>& nodes,
                     const std::function<std::size_t()>& each_tick, ClusterOutcome& outcome) {
  const std::atomic<int> none{0};
  const std::atomic<int>& signal = ignores_signals_ ? none : control_.loop->signal();
  std::vector<std::unique_ptr<LocalHub>> hubs;
  for (std::uint32_t part = 0; part < network_.cut().parts; ++part)
    hubs.push_back(network_.make_hub(part, nodes));
  ThreadTeam team(hubs.size());
  EngineOptions options;
  options.time_limit = kRunStart + control_.time_limit;
  options.team = &team;
  options.meeting = &network_;
  options.pause = [&] { return control_.loop->is_due() || signal != 0; };
  Engine* running = nullptr;
  options.stop = [&] {
    if (!control_.loop->take_due()) return signal != 0;
    const std::size_t lost = each_tick();
    add_firings(network_.take_firings(false), control_, outcome);
    if (Status status = tell(running->report(), lost); !status) outcome.error = status.error();
    return signal != 0 || lost > 0 || outcome.error;
  };
  Engine engine(network_.cut(), references(hubs), network_.least_path(), options);
  running = &engine;
  const Doing doing(Activity::kNetwork);
  Result<EngineReport> report = engine.run();
  if (report)
    end_ = report->end;
  else if (signal == 0 && !outcome.error)  // else a wait that an interruption cut short
    outcome.error = report.error();
  outcome.end = engine.report().now;
  outcome.events = engine.report().node_events + engine.report().network_events;
  outcome.interrupted_by = signal;
  outcome.network = network_.counters();
  for (std::size_t port = 0; port < 2 * topology_.links.size(); ++port)
    outcome.ports.push_back(network_.port(port));
  outcome.series = network_.series();
  outcome.pauses = network_.pause_report(outcome.end);
  if (outcome.pauses)
    for (const Deadlock& deadlock : outcome.pauses->deadlocks)
      outcome.deadlocks.push_back(circle_text(deadlock));
  outcome.faults = network_.fault_counters();
  add_firings(network_.take_firings(true), control_, outcome);
  outcome.trace = network_.take_trace();
}

Status VirtualRun::tell(const EngineReport& so_far, std::size_t nodes_lost) const {
  if (control_.observer == nullptr) return {};
  return control_.observer->on_progress({.now = so_far.now,
                                         .events = so_far.node_events + so_far.network_events,
                                         .packets = network_.counters().packets,
                                         .nodes_lost = nodes_lost});
}

std::string VirtualRun::circle_text(const Deadlock& deadlock) const {
  std::vector<std::string> ports;
  for (const Hop hop : deadlock.circle) ports.push_back(port_name(topology_, hop));
  return fmt::format("{}", fmt::join(ports, ", "));
}

}  // namespace soliton
