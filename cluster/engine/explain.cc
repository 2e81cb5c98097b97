#include "cluster/engine/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "protocol/wire/handshake.h"

namespace soliton {
namespace {

// Lines of an error message: a stall of a thousand nodes must still fit a screen.
constexpr std::size_t kExplainedWaits = 12;
constexpr std::size_t kExplainedFaults = 4;

struct Loss {
  NodeId node{};
  LostPeer peer;
};

std::vector<Loss> losses_of(const ClusterOutcome& outcome) {
  std::vector<Loss> losses;
  for (std::uint32_t node = 0; node < outcome.stats.size(); ++node) {
    if (!outcome.stats[node]) continue;
    for (const LostPeer& peer : outcome.stats[node]->lost_peers)
      losses.push_back({NodeId{node}, peer});
  }
  // The first loss is usually the cause of the others. Equal instants stay in order of nodes.
  std::stable_sort(losses.begin(), losses.end(),
                   [](const Loss& a, const Loss& b) { return a.peer.at < b.peer.at; });
  return losses;
}

std::string time_of(Instant at) { return to_string(at - kRunStart); }

// "fpga0-tor0 was down from 2 ms to 22 ms"
std::string words_of(const FaultRule& rule, const std::string& link) {
  return fmt::format("{} {} {}", link, rule.effect()->words(), spell(rule.when));
}

// The faults that explain a silence best come first: cuts, then losses, then delays.
int weight(const FaultRule& rule) {
  const std::unique_ptr<LinkEffect> effect = rule.effect();
  return effect->cuts() ? 0 : effect->delays() ? 2 : 1;
}

bool hits(const FaultRule& rule, Hop hop) {
  return (hop.direction == 0 ? rule.forward : rule.backward) &&
         std::find(rule.links.begin(), rule.links.end(), hop.link) != rule.links.end();
}

// Faults between the two, there or back, that were in force at some time in [from, until].
std::vector<std::string> faults_between(const FabricInputs& fabric, NodeId a, NodeId b,
                                        Instant from, Instant until) {
  // Both ways, because a lost answer looks like a dead peer, too. `until` is the verdict and `from`
  // the beginning of the silence; a fault that ended before is no explanation.
  std::vector<Hop> hops;
  for (const auto& [sender, receiver] : {std::pair(a, b), std::pair(b, a)})
    for (const Instant at : {from, until}) {
      const std::vector<Hop> ways = fabric.routes->ways(sender, receiver, at);
      hops.insert(hops.end(), ways.begin(), ways.end());
    }
  std::vector<std::string> out;
  for (const int wanted : {0, 1, 2})
    for (const FaultRule& rule : fabric.faults->rules) {
      if (weight(rule) != wanted || rule.when.from > until || rule.when.until <= from) continue;
      for (const Hop hop : hops) {
        std::string words = words_of(rule, rule.kind->target == FaultKind::Target::kSwitches
                                               ? rule.target
                                               : fabric.topology->links[hop.link].name);
        if (hits(rule, hop) && std::find(out.begin(), out.end(), words) == out.end())
          out.push_back(std::move(words));
      }
    }
  return out;
}

std::string dead_text(const FabricInputs& fabric, const Loss& loss) {
  const LostPeer& lost = loss.peer;
  std::vector<std::string> faults =
      faults_between(fabric, loss.node, lost.peer, lost.at - lost.silence, lost.at);
  if (faults.empty()) faults.emplace_back("no fault was in force between them");
  const std::size_t more = faults.size() - std::min(faults.size(), kExplainedFaults);
  faults.resize(faults.size() - more);
  if (more > 0) faults.push_back(fmt::format("and {} more faults", more));
  return fmt::format("after {} unanswered PING{}; {}", lost.detail, lost.detail == 1 ? "" : "s",
                     fmt::join(faults, ", "));
}

// "host0 gave up fpga0 at 2.61 ms after 3 unanswered PINGs; fpga0-tor0 was down from 2 ms to 22 ms"
std::string text_of(const FabricInputs& fabric, const Loss& loss) {
  const std::string& node = fabric.topology->vertices[index(loss.node)].name;
  const std::string& peer = fabric.topology->vertices[index(loss.peer.peer)].name;
  const std::string at = time_of(loss.peer.at);
  switch (loss.peer.how) {
    case LostPeer::How::kDead:
      return fmt::format("{} gave up {} at {} {}", node, peer, at, dead_text(fabric, loss));
    case LostPeer::How::kRefused:
      return fmt::format("{} refused the connection of {} at {}: {}", peer, node, at,
                         reset_reason_name(static_cast<ResetReason>(loss.peer.detail)));
    case LostPeer::How::kClosed:
      return fmt::format("{} closed its connection to {} at {}", peer, node, at);
    case LostPeer::How::kRestarted:
      return fmt::format(
          "{} came back to {} at {} as incarnation {}, and what was in flight to it "
          "is lost",
          peer, node, at, loss.peer.detail);
  }
  return node;
}

// In virtual time the network counts for all; in wall time each node's interceptor counts its own.
// One of the two is empty.
std::vector<std::uint64_t> dropped_by_rule(const ClusterOutcome& outcome, std::size_t rules) {
  std::vector<std::uint64_t> dropped(rules);
  for (std::size_t rule = 0; rule < std::min(rules, outcome.faults.size()); ++rule)
    dropped[rule] += outcome.faults[rule].dropped;
  for (const std::optional<NodeStats>& stats : outcome.stats)
    for (std::size_t rule = 0; stats && rule < std::min(rules, stats->faults.size()); ++rule)
      dropped[rule] += stats->faults[rule].dropped;
  return dropped;
}

bool was_given_up(const ClusterOutcome& outcome) {
  return std::ranges::any_of(outcome.stats, [](const std::optional<NodeStats>& stats) {
    return stats && std::ranges::any_of(stats->recovery, [](const RecoveryEvent& event) {
             return ends_run(event.what);
           });
  });
}

// "fpga1 crashed at 1 ms"
std::string words_of(const FabricInputs& fabric, const NodeFiring& firing) {
  const FaultRule& rule = fabric.faults->rules[firing.rule];
  return fmt::format(
      "{} {} at {}", fabric.topology->vertices[index(firing.node)].name,
      rule.kind->node == nullptr ? "had an event of an earlier run" : rule.kind->node->past,
      time_of(firing.at));
}

// What was found out about the slot before the run was given up.
std::string finding(const FabricInputs& fabric, const ClusterOutcome& outcome,
                    const RecoveryEvent& end) {
  using What = RecoveryEvent::What;
  std::string out;
  for (const RecoveryEvent& event : outcome.recovery) {
    if (event.slot != end.slot || event.at > end.at) continue;
    const char* const word = event.what == What::kDead     ? "found dead"
                             : event.what == What::kHung   ? "found hung"
                             : event.what == What::kLost   ? "found without its work"
                             : event.what == What::kFailed ? "not configured"
                                                           : nullptr;
    if (word == nullptr) continue;
    out = fmt::format("{} was {} at {}", fabric.topology->vertices[index(event.node)].name, word,
                      time_of(event.at));
  }
  return out;
}

}  // namespace

void explain_recovery(const FabricInputs& fabric, const Asked& asked, ClusterOutcome& outcome) {
  if (outcome.error || outcome.interrupted_by != 0 || completed(outcome) >= asked.count) return;
  const auto end = std::ranges::find_if(
      outcome.recovery, [](const RecoveryEvent& event) { return ends_run(event.what); });
  if (end == outcome.recovery.end()) return;
  std::string text;
  if (end->what == RecoveryEvent::What::kIsolated) {
    text = fmt::format("isolated: the resource manager on {} heard nobody until {}",
                       fabric.topology->vertices[index(end->node)].name, time_of(end->at));
  } else {
    const std::string found = finding(fabric, outcome, *end);
    text = fmt::format("no spare left: {}no node has taken the place of {} until {}",
                       found.empty() ? "" : found + ", and ",
                       fabric.topology->vertices[index(end->slot)].name, time_of(end->at));
  }
  text +=
      fmt::format(": {} of {} {} {}", completed(outcome), asked.count, asked.records, asked.done);
  std::size_t lines = 0;
  for (const NodeFiring& firing : outcome.troubles)
    if (firing.trouble.what != NodeTrouble::What::kNone && ++lines <= kExplainedFaults)
      text += "\n    " + words_of(fabric, firing);
  outcome.error = Error{ErrorCode::kBroken, text};
}

Asked requests_of(const std::vector<NodeAssignment>& nodes) {
  Asked asked;
  for (const NodeAssignment& node : nodes) {
    if (!node.deployment.role.takes_part()) continue;
    const Asked of_node = node.deployment.role.asked(node.deployment.id);
    asked = {asked.count + of_node.count, of_node.records, of_node.done};
  }
  return asked;
}

// A run that ended for another reason has its explanation: an error, a signal, a lost peer.
void explain_stall(bool time_limit, const Asked& asked, ClusterOutcome& outcome) {
  if (outcome.error || outcome.interrupted_by != 0 || completed(outcome) >= asked.count) return;
  if (!losses_of(outcome).empty()) return;  // explain_lost_peers() says why
  if (was_given_up(outcome)) return;        // explain_recovery() says why
  std::string text = fmt::format(
      "no progress: {} of {} {} {} when {} at {}", completed(outcome), asked.count, asked.records,
      asked.done, time_limit ? "the time limit was reached" : "nothing was left to happen",
      time_of(outcome.end));
  for (const std::string& circle : outcome.deadlocks)
    text += "\n    paused ports that wait for each other: " + circle;
  std::size_t lines = 0;
  for (const std::optional<NodeStats>& stats : outcome.stats)
    // Counted beyond the limit, so that the last line can say how many are left out.
    for (const std::string& line : stats ? stats->outstanding : std::vector<std::string>{})
      if (lines++ < kExplainedWaits) text += "\n    " + line;
  if (lines > kExplainedWaits) text += fmt::format("\n    and {} more", lines - kExplainedWaits);
  outcome.error = Error{ErrorCode::kNoProgress, text};
}

void explain_lost_peers(const FabricInputs& fabric, const Asked& asked, ClusterOutcome& outcome) {
  if (outcome.error || outcome.interrupted_by != 0 || completed(outcome) >= asked.count) return;
  const std::vector<Loss> losses = losses_of(outcome);
  if (losses.empty()) return;
  std::string text;
  for (std::size_t i = 0; i < std::min(losses.size(), kExplainedWaits); ++i)
    text += (i == 0 ? "" : "\n    ") + text_of(fabric, losses[i]);
  if (losses.size() > kExplainedWaits)
    text += fmt::format("\n    and {} more", losses.size() - kExplainedWaits);
  outcome.error = Error{ErrorCode::kBroken, text};
}

// A run without progress has no instant at which a peer was lost, so the faults that dropped
// something are named.
void explain_faults(const FabricInputs& fabric, ClusterOutcome& outcome) {
  if (!outcome.error || outcome.error->code != ErrorCode::kNoProgress) return;
  const std::vector<FaultRule>& rules = fabric.faults->rules;
  const std::vector<std::uint64_t> dropped = dropped_by_rule(outcome, rules.size());
  std::size_t lines = 0;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (dropped[i] == 0 || ++lines > kExplainedFaults) continue;
    const FaultRule& rule = rules[i];
    const std::string link = rule.links.size() == 1
                                 ? fabric.topology->links[rule.links.front()].name
                             : rule.target == "*" ? "every link"
                                                  : "each link of " + rule.target;
    outcome.error->message += fmt::format("\n    {}: {} packet{} lost", words_of(rule, link),
                                          dropped[i], dropped[i] == 1 ? "" : "s");
  }
  for (const NodeFiring& firing : outcome.troubles) {
    if (firing.trouble.what == NodeTrouble::What::kNone || ++lines > kExplainedFaults) continue;
    outcome.error->message += "\n    " + words_of(fabric, firing);
  }
  if (lines > kExplainedFaults)
    outcome.error->message += fmt::format("\n    and {} more faults", lines - kExplainedFaults);
}

}  // namespace soliton
