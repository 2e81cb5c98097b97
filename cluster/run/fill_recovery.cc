#include "cluster/run/fill_recovery.h"

#include <algorithm>

namespace soliton {
namespace {

using What = RecoveryEvent::What;

std::string name_of(const PreparedRun& run, NodeId node) {
  return index(node) < run.spec.nodes.size() ? run.spec.nodes[index(node)].name : "";
}

bool finds_out(What what) {
  return what == What::kDead || what == What::kHung || what == What::kLost ||
         what == What::kLeaseLost || what == What::kFailed;
}

// When the manager first found something out about a node after the rule had hit it.
std::optional<Instant> detected_at(const ClusterOutcome& outcome, std::size_t rule) {
  for (const NodeFiring& firing : outcome.troubles) {
    if (firing.rule != rule) continue;
    for (const RecoveryEvent& event : outcome.recovery)
      if (event.node == firing.node && event.at >= firing.at && finds_out(event.what))
        return event.at;
  }
  return std::nullopt;
}

// Whether a rule about nodes came into force, and when the last of its troubles ended within the run.
void fill_course(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  for (std::size_t rule = 0; rule < results.faults.size(); ++rule) {
    if (run.faults.rules[rule].nodes.empty()) continue;
    FaultResult& fault = results.faults[rule];
    std::optional<Instant> last;
    for (const NodeFiring& firing : outcome.troubles)
      if (firing.rule == rule) last = std::max(last.value_or(kRunStart), firing.trouble.until);
    fault.armed = last.has_value();
    if (last && *last <= outcome.end) fault.healed = last;
  }
}

// Nodes that something has happened to at the end of the run, and those that have others' work.
void fill_states(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  if (is_managed(run.spec))
    for (const std::uint32_t spare : spares_of(run.spec)) results.nodes[spare].state = "spare";
  for (const RecoveryEvent& event : outcome.recovery)
    if (event.what == What::kConfigured)
      results.nodes[index(event.node)].state =
          event.node == event.slot ? "ok" : "took over " + name_of(run, event.slot);
  for (const NodeFiring& firing : outcome.troubles) {
    const NodeTrouble& t = firing.trouble;
    const bool gone = t.what == NodeTrouble::What::kOff || t.what == NodeTrouble::What::kFreeze;
    if (gone && t.until > outcome.end) results.nodes[index(firing.node)].state = "failed";
  }
}

}  // namespace

void fill_recovery(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  fill_states(run, outcome, results);
  fill_course(run, outcome, results);
  for (std::size_t rule = 0; rule < results.faults.size(); ++rule)
    results.faults[rule].detected = detected_at(outcome, rule);
  if (!is_managed(run.spec)) return;
  const ManagerSpec manager = manager_of(run.spec);
  RecoveryResult& out = results.recovery.emplace();
  out.manager = manager.at;
  out.timeout = manager.options.timeout;
  for (const std::optional<NodeStats>& stats : outcome.stats) {
    if (!stats) continue;
    out.stale += stats->stale;
    out.replayed += stats->replayed;
  }
  for (const RecoveryEvent& event : outcome.recovery) {
    out.generations = std::max(out.generations, event.generation);
    out.steps.push_back({event.at, std::string(recovery_word(event.what)), name_of(run, event.node),
                         name_of(run, event.slot), event.generation, event.count});
  }
}

}  // namespace soliton
