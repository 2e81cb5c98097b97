#include "cluster/chaos/invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/chaos/history_check.h"

namespace soliton {
namespace {

constexpr int kTimeouts = 50;
constexpr int kSpans = 2;
// What a packet that a fault hit, or that was dropped, may cost at most in NACKs and in resends, and so
// many packets for nothing. Of 3,800 schedules on the clusters of tests/chaos none took more than 1.4.
constexpr std::uint64_t kForEach = 4, kForNothing = 32;

using Violations = std::vector<ChaosViolation>;

template <typename... Arguments>
void violated(Violations& out, const char* invariant, fmt::format_string<Arguments...> what,
              Arguments&&... arguments) {
  out.push_back({invariant, fmt::format(what, std::forward<Arguments>(arguments)...)});
}

void judge_outputs(const RunResults& results, const ChaosGauge& gauge, Violations& out) {
  const OutputSummary& outputs = results.outputs;
  if (outputs.mismatched > 0)
    violated(out, "outputs", "{} of {} are wrong", outputs.mismatched, outputs.checked);
  else if (results.complete && outputs.sha256 != gauge.sha256)
    violated(out, "outputs", "they are not those of the run without faults");
}

void judge_delivery(const RunResults& results, Violations& out) {
  if (results.failed == 0 && results.duplicated == 0) return;
  violated(out, "delivery", "{} of {} without an answer, {} answered twice", results.failed,
           results.sent, results.duplicated);
}

void judge_history(const PreparedRun& run, bool complete, std::span<const MessageEvent> history,
                   Violations& out) {
  std::vector<std::string> names;
  for (const NodeSpec& node : run.spec.nodes) names.push_back(node.name);
  for (const std::string& what : check_history(history, complete, names))
    violated(out, "history", "{}", what);
}

// Rules that leave a node what it has.
constexpr std::string_view kKeepMessages[] = {"node_pause", "slow", "throttle", "role_hang"};

// What a node that is off had in its hands is lost, what was for a generation that is over counts for
// nothing, and a run with a resource manager ends while that still asks: then only answers are judged.
bool messages_may_be_lost(const PreparedRun& run) {
  return is_managed(run.spec) || std::ranges::any_of(run.faults.rules, [](const FaultRule& rule) {
           return !rule.nodes.empty() &&
                  std::ranges::find(kKeepMessages, rule.kind->name) == std::end(kKeepMessages);
         });
}

// A run that may give a peer up may end so.
bool may_end_so(const PreparedRun& run, const Error& error) {
  return run.spec.ltl.misses > 0 && error.code == ErrorCode::kBroken;
}

void judge_liveness(const PreparedRun& run, const FinishedRun& finished, const ChaosGauge& gauge,
                    Violations& out) {
  if (finished.error) {
    if (!may_end_so(run, *finished.error)) violated(out, "liveness", "{}", finished.error->message);
    return;
  }
  const Instant done = finished.results.last_completed;
  if (done <= done_by(run, gauge)) return;
  violated(out, "liveness", "done {} after the last fault had ended; a run without faults takes {}",
           to_string(done - healed_by(run.faults)), to_string(gauge.span));
}

void judge_counters(const RunResults& results, Violations& out) {
  const LtlCounters& ltl = results.ltl;
  if (results.fabric.packets != ltl.packets_sent)
    violated(out, "conservation", "nodes sent {} packets, and the network got {}", ltl.packets_sent,
             results.fabric.packets);
  if (results.complete && ltl.messages_sent != ltl.messages_delivered)
    violated(out, "conservation", "of {} messages sent {} were delivered", ltl.messages_sent,
             ltl.messages_delivered);
  std::uint64_t by_rules = 0, by_links = 0;
  for (const FaultResult& fault : results.faults) by_rules += fault.counters.dropped;
  if (results.links)
    for (const LinkResult& link : *results.links) by_links += link.dropped_fault;
  if (by_rules != by_links)
    violated(out, "conservation", "fault rules dropped {} packets, and links lost {} to them",
             by_rules, by_links);
}

// A protocol that answers every packet behind a gap, or sends again what it has no proof of, still delivers.
// Go-back-N sends whole windows again.
void judge_economy(const PreparedRun& run, const RunResults& results, const ChaosGauge& gauge,
                   Violations& out) {
  const LtlCounters& ltl = results.ltl;
  std::uint64_t trouble = results.fabric.dropped + ltl.dropped_no_room;
  for (const FaultResult& fault : results.faults) trouble += fault.counters.hits;
  const std::uint64_t allowed = kForNothing + kForEach * trouble;
  if (ltl.nacks_sent > allowed + 2 * gauge.nacks)
    violated(out, "economy", "{} NACKs for {} packets that were hit or dropped", ltl.nacks_sent,
             trouble);
  if (run.spec.ltl.recovery == RecoveryMode::kSelective &&
      ltl.retransmitted > allowed + 2 * gauge.resends)
    violated(out, "economy", "{} resends for {} packets that were hit or dropped",
             ltl.retransmitted, trouble);
}

}  // namespace

ChaosGauge gauge_of(const ChaosTrial& clean) {
  return {.span = std::max<Duration>(clean.end, nanoseconds(100)),
          .sha256 = clean.sha256,
          .checked = clean.checked,
          .nacks = clean.nacks,
          .resends = clean.resends};
}

Instant last_end(const FaultPlan& plan) {
  Instant last = kRunStart;
  for (const FaultRule& rule : plan.rules)
    if (rule.when.until != kNever) last = std::max(last, rule.when.until);
  return last;
}

Instant healed_by(const FaultPlan& plan) {
  Instant healed = kRunStart;
  for (const FaultRule& rule : plan.rules) {
    Instant last = rule.when.until == kNever ? kRunStart : rule.when.until;
    for (const FaultFiring& firing : rule.events) last = std::max(last, firing.at);
    healed = std::max(healed, later(last, rule.effect()->most_delay()));
  }
  return healed;
}

// After a node has been away the transport may wait for its longest timeout before it tries again, the
// manager finds out, waits for a lease, and devices are configured, perhaps one after the other.
Duration patience_of(const ClusterSpec& spec) {
  const Duration transport = times(spec.ltl.timeout, kTimeouts);
  if (!is_managed(spec)) return transport;
  constexpr int kDevices = 4;
  const ManagerOptions manager = manager_of(spec).options;
  return sum(sum(transport, sum(manager.patience(), manager.lease)),
             sum(times(spec.ltl.timeout_max, 2), times(manager.configure, kDevices)));
}

Instant done_by(const PreparedRun& run, const ChaosGauge& gauge) {
  return later(later(healed_by(run.faults), times(gauge.span, kSpans)), patience_of(run.spec));
}

Violations violations_of(const PreparedRun& run, const FinishedRun& finished,
                         std::span<const MessageEvent> history, const ChaosGauge& gauge) {
  Violations out;
  const RunResults& results = finished.results;
  judge_outputs(results, gauge, out);
  if (results.complete) judge_delivery(results, out);
  judge_liveness(run, finished, gauge, out);
  if (messages_may_be_lost(run)) return out;
  judge_history(run, results.complete, history, out);
  judge_counters(results, out);
  judge_economy(run, results, gauge, out);
  return out;
}

}  // namespace soliton
