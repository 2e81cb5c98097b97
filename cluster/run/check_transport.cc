#include "cluster/run/check_transport.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "protocol/wire/ltl_header.h"
#include "protocol/wire/packet_security.h"
#include "topologies/topology.h"

namespace soliton {
namespace {

// Of fewer requests than this the 99th percentile is the slowest.
constexpr std::size_t kSamplesForP99 = 100;
// If answers are this much slower than requests, the queue keeps growing.
constexpr double kKeepsUp = 0.95;

// Packets that were lost, wherever that happened. The network drops or damages them, a kernel
// refuses them or runs full, and a receiver discards those that it has no room for or whose
// checksum is wrong.
std::uint64_t lost_packets(const ClusterOutcome& outcome, const RunResults& results) {
  std::uint64_t lost = results.fabric.dropped + results.fabric.corrupted.value_or(0) +
                       results.fabric.host_drops.value_or(0);
  for (const std::optional<NodeStats>& stats : outcome.stats)
    if (stats)
      lost += stats->carrier.refused + stats->ltl.dropped_no_room + stats->ltl.dropped_checksum;
  return lost;
}

// Of packets sent: a sprayed one that is later than any before it is taken for lost.
constexpr double kSprayedResends = 0.01;

// More resends than losses mean that a timer fired too early or that reordering was taken for loss.
void check_resends(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  // What comes to a node that is off is lost there, and nobody counts it.
  if (!outcome.troubles.empty()) return;
  const std::uint64_t lost = lost_packets(outcome, results);
  if (results.ltl.retransmitted <= lost) return;
  const bool sprayed = run.topology.routing == Routing::kSpray;
  if (sprayed && static_cast<double>(results.ltl.retransmitted - lost) <
                     kSprayedResends * static_cast<double>(results.ltl.packets_sent))
    return;
  warn(results.warnings, warning_id::kResendsExceedDrops,
       fmt::format(
           "{} packets were sent again although {} were lost: {}; see {}",
           results.ltl.retransmitted, lost == 0 ? "none" : fmt::format("only {}", lost),
           sprayed ? "sprayed packets overtake each other" : "times are longer than the network's",
           sprayed ? "ltl.recovery and ltl.reorder_tolerance"
                   : "ltl.timeout and ltl.reorder_tolerance"));
}

// A connection whose window is smaller than what its path holds.
struct Limited {
  std::uint32_t from = 0;
  NodeId to{};
  LtlPath path;
  double fills = 1;
};

std::optional<Limited> most_limited(const std::vector<NodeAssignment>& nodes,
                                    const ClusterOutcome& outcome) {
  std::optional<Limited> out;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    // Only of nodes that did wait for their window: a small window limits nobody who sends little.
    if (i >= outcome.stats.size() || !outcome.stats[i] || outcome.stats[i]->ltl.window_waits == 0)
      continue;
    const LtlOptions& ltl = nodes[i].deployment.ltl;
    // What a full packet takes on the line: payload, LTL header, security block, frame.
    const auto packet =
        static_cast<std::int64_t>(ltl.mtu + kLtlHeaderSize + security_bytes(ltl.auth)) +
        kFrameOverheadBytes;
    for (const LtlConnection& c : nodes[i].deployment.connections) {
      if (!c.path.known() || c.path.line.bits_per_second == 0) continue;
      const Duration window = transmit_time(Bytes{packet * ltl.window}, c.path.line);
      const double fills =
          static_cast<double>(window.count()) / static_cast<double>(c.path.round_trip.count());
      if (fills < 1 && (!out || fills < out->fills)) out = Limited{i, c.peer, c.path, fills};
    }
  }
  return out;
}

void check_window(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                  const ClusterOutcome& outcome, RunResults& results) {
  const std::optional<Limited> limited = most_limited(nodes, outcome);
  if (!limited) return;
  std::uint32_t window = run.spec.ltl.window;
  double fills = limited->fills;
  // Windows are powers of two.
  for (; fills < 1 && window < kLtlWindowMax; fills *= 2) window *= 2;
  warn(results.warnings, warning_id::kWindowLimited,
       fmt::format("a window of {} packets of {} bytes fills {:.2g} % of the path from {} to {} "
                   "({}, {} there and back); ltl.window: {} would fill {}",
                   run.spec.ltl.window, run.spec.ltl.mtu, 100 * limited->fills,
                   run.spec.nodes[limited->from].name, run.spec.nodes[index(limited->to)].name,
                   spell(limited->path.line), to_string(limited->path.round_trip), window,
                   fills < 1 ? "more of it" : "it"));
}

// What packet mode does and message mode does not, as far as it would have happened.
void check_messages(const ClusterOutcome& outcome, RunResults& results) {
  if (!outcome.beyond) return;
  const MessageBeyond& beyond = *outcome.beyond;
  std::vector<std::string> what;
  const auto add = [&what](std::uint64_t count, std::string_view text) {
    if (count > 0) what.push_back(fmt::format("{} {}", count, text));
  };
  add(beyond.ports.drops, "packets would have found a queue full");
  add(beyond.ports.marks_ppb / 1'000'000'000,
      "packets would have been marked, and rates would have fallen");
  add(beyond.waits, "times a pair of nodes had packets and waited for acknowledgements");
  add(beyond.windows, "times a pair had more on its way than a window");
  if (what.empty()) return;
  warn(results.warnings, warning_id::kMessageModeOutside,
       fmt::format("with fidelity: packet times may differ by more than 3 %: {}",
                   fmt::join(what, ", ")));
}

void check_carriers(const ClusterOutcome& outcome, RunResults& results) {
  std::uint64_t refused = 0;
  for (const std::optional<NodeStats>& stats : outcome.stats)
    if (stats) refused += stats->carrier.refused;
  if (results.ltl.carrier != "udp" || refused == 0) return;
  warn(results.warnings, warning_id::kUdpRefused,
       fmt::format("the kernel refused to send {} packets; they were lost and "
                   "sent again later",
                   refused));
}

void check_peers(const ClusterOutcome& outcome, RunResults& results) {
  const bool lost = std::ranges::any_of(outcome.stats, [](const std::optional<NodeStats>& stats) {
    return stats && !stats->lost_peers.empty();
  });
  // The run's error names the peer; the warning has it for those who read warnings by their
  // identifiers.
  if (lost && outcome.error) warn(results.warnings, warning_id::kPeerLost, outcome.error->message);
}

void check_rules(RunResults& results) {
  for (const FaultResult& fault : results.faults)
    if (fault.counters.hits == 0)
      warn(results.warnings, warning_id::kRuleNeverFired,
           fmt::format("the {} rule on {} never hit a packet", fault.kind, fault.target));
}

}  // namespace

void check_transport(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                     const ClusterOutcome& outcome, RunResults& results) {
  check_resends(run, outcome, results);
  check_window(run, nodes, outcome, results);
  check_messages(outcome, results);
  check_carriers(outcome, results);
  check_peers(outcome, results);
  check_rules(results);
}

void check_load(const PreparedRun& run, RunResults& results) {
  const LatencySummary latency = latency_summary(results);
  const std::size_t answered = results.requests.size();
  if (answered > 0 && answered < kSamplesForP99 && latency.min != latency.max)
    warn(results.warnings, warning_id::kFewSamples,
         fmt::format("{} latencies are too few for a 99th percentile: it is the longest of them",
                     answered));
  // Closed clients cannot overload: each waits for its answer.
  if (!has_model(run.spec) || run.spec.workload.arrival != "poisson" || answered < 2 ||
      !run.others.empty())
    return;
  const double asked = static_cast<double>(run.spec.workload.rate.per_second);
  const double answers = throughput_rps(results);
  if (answers < kKeepsUp * asked)
    warn(results.warnings, warning_id::kOverload,
         fmt::format("{:.0f} requests a second came and {:.0f} were answered: latencies grow with "
                     "the length of the run",
                     asked, answers));
}

}  // namespace soliton
