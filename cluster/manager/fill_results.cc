#include "cluster/manager/fill_results.h"

#include <fmt/format.h>

#include <algorithm>

namespace soliton {
namespace {

std::string effect_of(const FaultCounters& hits) {
  if (hits.dropped == 0 && hits.delayed == 0) return "never hit";
  if (hits.dropped == 0) return fmt::format("delayed {} packets", hits.delayed);
  return fmt::format("dropped {} packets", hits.dropped);
}

PauseResult pauses_of(const Topology& topology, const PauseReport& report,
                      const NetworkCounters& counters) {
  PauseResult out{counters.watchdogs, counters.dropped_watchdog, report.lossy_queue_max, {}, {}};
  for (const PortPauses& port : report.ports) {
    const PortCounters& c = port.counters;
    out.ports.push_back({port_name(topology, port.hop), port.pauses, port.paused, port.held_max,
                         c.queue_max, c.lossy_queue_max, c.dropped_queue + c.dropped_watchdog});
  }
  for (const Deadlock& deadlock : report.deadlocks) {
    std::vector<std::string> ports;
    for (const Hop hop : deadlock.circle) ports.push_back(port_name(topology, hop));
    out.deadlocks.push_back({deadlock.at, std::move(ports)});
  }
  return out;
}

}  // namespace

void fill_nodes(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  const double elapsed = std::max(in_us(outcome.end), 1e-6);
  for (std::size_t i = 0; i < run.spec.nodes.size(); ++i) {
    const NodeSpec& spec = run.spec.nodes[i];
    NodeResult node;
    node.name = spec.name;
    node.device = spec.device.name();
    node.role = "idle";
    if (i < outcome.stats.size() && outcome.stats[i]) {
      const Duration busy = outcome.stats[i]->npu.busy + outcome.stats[i]->host_busy;
      node.busy_fraction = std::min(1.0, in_us(busy) / elapsed);
      node.poisoned_blocks = outcome.stats[i]->npu.poisoned_blocks;
      node.fp16_overflows = outcome.stats[i]->npu.fp16_overflows;
    }
    if (i < outcome.node_failed.size() && outcome.node_failed[i]) node.state = "failed";
    results.nodes.push_back(std::move(node));
  }
}

void fill_fabric(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  LtlStats ltl;
  std::uint64_t strangers = 0;
  std::vector<FaultCounters> hits = outcome.faults;
  hits.resize(run.faults.rules.size());
  for (const std::optional<NodeStats>& stats : outcome.stats) {
    if (!stats) continue;
    ltl.merge(stats->ltl);
    strangers += stats->carrier.strangers;
    results.fabric.host_drops += stats->carrier.host_drops;
    for (std::size_t rule = 0; rule < std::min(hits.size(), stats->faults.size()); ++rule) {
      hits[rule].dropped += stats->faults[rule].dropped;
      hits[rule].delayed += stats->faults[rule].delayed;
    }
  }
  const bool wall = run.spec.time == TimeMode::kWall;
  const bool udp = wall && run.spec.wall.carrier == CarrierKind::kUdp;
  results.ltl = {.carrier = !wall ? "emulated"
                            : udp ? "udp"
                                  : "shm",
                 .listen = udp ? ipv4_text(run.spec.wall.listen) : "",
                 .auth = auth_name(auth_of(run.spec)),
                 .messages = ltl.messages_sent,
                 .packets = ltl.packets_sent,
                 .retransmitted = ltl.retransmitted,
                 .timeouts = ltl.timeouts,
                 .nacks = ltl.nacks_sent,
                 .refused = {.stranger = strangers,
                             .stale = ltl.dropped_stale,
                             .forged = ltl.dropped_unauthentic,
                             .replayed = ltl.dropped_replayed,
                             .checksum = ltl.dropped_checksum,
                             .malformed = ltl.dropped_malformed},
                 .rtt = ltl.rtt};
  results.fabric.packets = wall ? ltl.packets_sent : outcome.network.packets;
  results.fabric.bytes = wall ? ltl.bytes_sent : outcome.network.bytes;
  results.fabric.dropped = outcome.network.dropped_queue + outcome.network.dropped_watchdog;
  results.fabric.pauses = outcome.network.pauses;
  if (outcome.pauses) results.pauses = pauses_of(run.topology, *outcome.pauses, outcome.network);
  results.fabric.ecn_marked = outcome.network.marked;
  results.fabric.queue_bytes_max = static_cast<std::uint64_t>(outcome.network.queue_max.count);
  for (std::size_t rule = 0; rule < hits.size(); ++rule) {
    results.fabric.dropped += hits[rule].dropped;
    const FaultRule& fault = run.faults.rules[rule];
    results.faults.push_back(
        {fault.from, fault_kind_name(fault.kind), fault.target, effect_of(hits[rule])});
  }
}

void fill_identity(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  results.name = run.spec.name;
  results.seed = run.spec.seed;
  results.time = run.spec.time == TimeMode::kWall ? "wall" : "virtual";
  results.complete = !outcome.error && outcome.interrupted_by == 0;
  if (outcome.error) results.error = outcome.error->message;
}

std::vector<TraceEvent> take_trace(ClusterOutcome& outcome) {
  std::vector<TraceEvent> all;
  for (std::optional<NodeStats>& stats : outcome.stats)
    if (stats) all.insert(all.end(), stats->trace.begin(), stats->trace.end());
  all.insert(all.end(), outcome.trace.begin(), outcome.trace.end());
  return all;
}

}  // namespace soliton
