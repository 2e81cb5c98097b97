#include "cluster/run/fill_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <set>

#include "cluster/run/device_facts.h"
#include "cluster/run/fill_series.h"
#include "cluster/run/fill_services.h"
#include "cluster/run/graph_islands.h"
#include "cluster/run/shared_devices.h"
#include "cluster/run/traffic.h"
#include "node/traffic/traffic_kind.h"
#include "protocol/base/counters.h"

namespace soliton {
namespace {

// Ports and circles get the names of nodes and switches here: the network knows numbers only.
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

bool used(const PortCounters& c) {
  return c.packets + c.dropped_queue + c.dropped_fault + c.dropped_watchdog > 0;
}

// The time that a line takes for all bytes at once: packets one by one would be rounded up each.
double busy_share(const TopologyLink& link, const PortCounters& c, Instant end) {
  const auto bytes = static_cast<std::int64_t>(c.bytes + c.packets * kFrameOverheadBytes);
  const Duration elapsed = end - kRunStart;
  if (elapsed.count() <= 0) return 0;
  return std::min(1.0, in_us(transmit_time(Bytes{bytes}, link.rate)) / in_us(elapsed));
}

// The busiest first; of equal ones in the order of the topology.
std::vector<LinkResult> links_of(const Topology& topology, const ClusterOutcome& outcome) {
  std::vector<LinkResult> out;
  for (std::size_t port = 0; port < outcome.ports.size(); ++port) {
    const PortCounters& c = outcome.ports[port];
    if (!used(c)) continue;
    const Hop hop = hop_of(port);
    out.push_back({port_name(topology, hop), c.packets, c.bytes,
                   busy_share(topology.links[hop.link], c, outcome.end), c.dropped_queue,
                   c.dropped_buffer, c.dropped_fault, c.dropped_watchdog, c.marked, c.queue_max,
                   c.wait_max});
  }
  std::ranges::stable_sort(out, std::ranges::greater(), &LinkResult::busy_fraction);
  return out;
}

// What a node has of a copy of a model.
struct Held {
  const PreparedRun* service = nullptr;
  std::size_t number = 0;  // of the service
  std::size_t copy = 0;
  const Placement* placement = nullptr;
};
using HeldByNode = std::map<std::string, std::vector<Held>>;

HeldByNode held_by_nodes(const PreparedRun& run) {
  HeldByNode out;
  std::size_t number = 0;
  for (const PreparedRun* service : services_of(run)) {
    for (std::size_t c = 0; c < service->copies.size(); ++c)
      for (const Placement& placement : service->plan.placements)
        out[service->copies[c].node(placement.node)].push_back({service, number, c, &placement});
    ++number;
  }
  return out;
}

void fill_roles(const PreparedRun& run, RunResults& results) {
  const HeldByNode held = held_by_nodes(run);
  std::set<std::string> hosts;
  for (const PreparedRun* service : services_of(run))
    for (const std::string& host : client_hosts_of(service->spec)) hosts.insert(host);
  for (NodeResult& node : results.nodes) {
    // Nodes in none of these roles stay "idle".
    if (hosts.contains(node.name)) node.role = "host";
    const auto has = held.find(node.name);
    if (has == held.end()) continue;
    for (const Held& one : has->second) {
      const Placement& placement = *one.placement;
      // A host with clients stays one, whatever else it runs.
      if (placement.memory.empty()) {
        if (node.role == "idle") node.role = "cpu";
        continue;
      }
      // To services that share a device it is as large as those before them leave it.
      const bool first = node.role != "npu";
      node.role = "npu";
      for (const MemoryUse& use : placement.memory) {
        if (use.memory == "Dram") continue;  // off chip, and of another order of size
        if (first) node.memory_budget += use.capacity_bytes;
        node.memory_used += use.used_bytes;
      }
    }
  }
}

// Of one copy of a model; of several, nobody asks for them.
void fill_islands(const PreparedRun& run, RunResults& results) {
  if (!run.graph || !run.graph->on_fpgas() || tells_of_services(run.spec)) return;
  for (const HostParts& host : run.graph->placed.hosts)
    for (NodeResult& node : results.nodes)
      if (node.name == host.node) node.islands = 0;
  for (const Island& island : islands_of(*run.graph))
    for (NodeResult& node : results.nodes)
      if (node.name == island.node) ++*node.islands;
}

void fill_plan(const PreparedRun& run, RunResults& results) {
  const Certificate& certificate = run.plan.certificate;
  PartitionSummary& partition = results.partition;
  partition.objective = certificate.objective;
  partition.nodes_used = run.plan.nodes_used;
  partition.cut_bytes_per_request = run.plan.cut_bytes_per_request;
  partition.predicted_latency = run.plan.predicted_latency;
  // The certificate is of a request that finds the network idle; one in the middle of a run may
  // take a little less, and what stands beside its prediction is not above it.
  const bool in_time = certificate.objective != "throughput";
  partition.lower_bound = in_time ? std::min(certificate.lower_bound, run.plan.predicted_latency)
                                  : certificate.lower_bound;
  // The gap is that of the certificate itself, so it stays what was proven.
  if (certificate.lower_bound.count() > 0)
    partition.gap = static_cast<double>((certificate.value - certificate.lower_bound).count()) /
                    static_cast<double>(certificate.lower_bound.count());
}

// Nodes with a part in the model keep that role.
void fill_traffic_roles(const Traffic& traffic, RunResults& results) {
  for (const NodeId node : nodes_of(traffic))
    if (results.nodes[index(node)].role == "idle") results.nodes[index(node)].role = "traffic";
}

// What of the transport is known before it runs.
LtlCounters carrier_of(const ClusterSpec& spec) {
  const bool wall = spec.time == TimeMode::kWall;
  const bool udp = wall && spec.wall.carrier == CarrierKind::kUdp;
  LtlCounters out;
  out.carrier = !wall ? "emulated" : udp ? "udp" : "shm";
  if (udp) out.listen = ipv4_text(spec.wall.listen);
  out.auth = auth_name(auth_of(spec));
  out.known = false;
  return out;
}

}  // namespace

// What is not known yet is marked as unknown and written as null: a zero would be a measurement.
RunResults results_before(const PreparedRun& run) {
  RunResults results;
  results.name = run.spec.name;
  results.seed = run.spec.seed;
  results.time = run.spec.time == TimeMode::kWall ? "wall" : "virtual";
  results.fidelity = run.spec.fidelity == Fidelity::kMessage ? "message" : "packet";
  for (const NodeSpec& spec : run.spec.nodes) {
    NodeResult node;
    node.name = spec.name;
    node.device = spec.device.name();
    node.role = "idle";
    results.nodes.push_back(std::move(node));
  }
  if (!has_model(run.spec)) {
    results.partition.known = false;
  } else {
    fill_roles(run, results);
    fill_islands(run, results);
    fill_plan(run, results);
    name_services(run, results);
    for (const std::string& name : nodes_in_use(run))
      results.peak_ops_per_second += std::ranges::find(run.spec.nodes, name, &NodeSpec::name)
                                         ->device.npu.peak_ops_per_second();
    results.calibration = calibration_of(run.plan.shards);
    const HeldByNode held = held_by_nodes(run);
    for (const NodeSpec& node : run.spec.nodes)
      if (held.contains(node.name))
        results.peak_ops_per_second +=
            static_cast<double>(node.device.cpu.operation_rate.per_second);
  }
  for (const NamedTraffic& workload : traffics_of(run))
    fill_traffic_roles(workload.traffic, results);
  results.fabric.known = false;
  results.outputs.known = false;
  for (NodeResult& node : results.nodes) node.errors_known = false;
  results.ltl = carrier_of(run.spec);
  return results;
}

// A signal comes last: it is why the run ended, whatever else went wrong on the way out.
void fill_ending(const ClusterOutcome& outcome, RunResults& results) {
  results.complete = !outcome.error && outcome.interrupted_by == 0;
  if (outcome.error) results.error = outcome.error->message;
  if (outcome.interrupted_by != 0)
    results.error = fmt::format("interrupted by signal {} ({})", outcome.interrupted_by,
                                strsignal(outcome.interrupted_by));
}

void fill_nodes(const ClusterOutcome& outcome, bool computed, RunResults& results) {
  // Not 0, also for a run that ended before anything happened.
  const double elapsed = std::max(in_us(outcome.end), 1e-6);
  for (std::size_t i = 0; i < results.nodes.size(); ++i) {
    NodeResult& node = results.nodes[i];
    // A node that could not report is not an idle one.
    node.busy_fraction = std::numeric_limits<double>::quiet_NaN();
    if (i < outcome.stats.size() && outcome.stats[i]) {
      const Duration busy = outcome.stats[i]->npu.busy + outcome.stats[i]->host_busy;
      node.busy_fraction = std::min(1.0, in_us(busy) / elapsed);
      node.npu = outcome.stats[i]->npu;
      node.errors_known = computed && node.role == "npu";
    }
    if (i < outcome.node_failed.size() && outcome.node_failed[i]) node.state = "failed";
  }
}

void fill_busy(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  if (run.spec.time == TimeMode::kWall || outcome.records.empty() || !results.complete) return;
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> requests;  // of copies of services
  std::vector<bool> as_planned;
  for (const PreparedRun* service : services_of(run))
    as_planned.push_back(service->spec.service.batch == 1);
  const std::vector<const PreparedRun*> services = services_of(run);
  for (const HostRecord& record : outcome.records) {
    if (record.refused) continue;
    ++requests[{record.service, record.copy}];
    if (record.steps != services[record.service]->plan.steps) as_planned[record.service] = false;
  }
  const HeldByNode held = held_by_nodes(run);
  for (std::size_t i = 0; i < results.nodes.size(); ++i) {
    NodeResult& node = results.nodes[i];
    const auto has = held.find(node.name);
    // A host that runs parts of several copies works for different requests.
    if (has == held.end() || has->second.size() != 1 || i >= outcome.stats.size() ||
        !outcome.stats[i])
      continue;
    const Held& one = has->second.front();
    const std::int64_t answered = requests[{one.number, one.copy}];
    if (answered == 0) continue;
    const NodeStats& stats = *outcome.stats[i];
    node.busy_per_request = (stats.npu.busy + stats.host_busy) / answered;
    // That of a host is of a whole request.
    const bool host = one.placement->memory.empty();
    if (as_planned[one.number])
      node.predicted_busy = times(one.placement->busy_per_step, host ? 1 : one.service->plan.steps);
  }
  results.energy_uj = energy_of(run.spec.nodes, results.nodes);
}

void fill_fabric(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  LtlCounters& ltl = results.ltl;
  std::vector<FaultCounters> hits = outcome.faults;
  hits.resize(run.faults.rules.size());
  for (const std::optional<NodeStats>& stats : outcome.stats) {
    if (!stats) continue;
    ltl.merge(stats->ltl);
    add_counters(kCarrierFields, &stats->carrier, &ltl.carriers);
    for (std::size_t rule = 0; rule < std::min(hits.size(), stats->faults.size()); ++rule)
      hits[rule].merge(stats->faults[rule]);
  }
  ltl.known = true;
  const bool wall = run.spec.time == TimeMode::kWall;
  FabricCounters& fabric = results.fabric;
  fabric.known = true;
  // In wall time nobody sees the network as a whole: what was sent is the sum over the nodes.
  fabric.packets = wall ? ltl.packets_sent : outcome.network.packets;
  fabric.bytes = wall ? ltl.bytes_sent : outcome.network.bytes;
  fabric.dropped = outcome.network.dropped_queue + outcome.network.dropped_watchdog;
  if (wall) {
    fabric.host_drops = ltl.carriers.host_drops;
  } else {
    fabric.pauses = outcome.network.pauses;
    fabric.ecn_marked = outcome.network.marked;
    fabric.queue_bytes_max = static_cast<std::uint64_t>(outcome.network.queue_max.count);
  }
  if (!wall) results.links = links_of(run.topology, outcome);
  fill_series(run, outcome, results);
  if (outcome.pauses) results.pauses = pauses_of(run.topology, *outcome.pauses, outcome.network);
  for (std::size_t rule = 0; rule < hits.size(); ++rule) {
    fabric.dropped += hits[rule].dropped;
    fabric.corrupted = fabric.corrupted.value_or(0) + hits[rule].corrupted;
    fabric.duplicated = fabric.duplicated.value_or(0) + hits[rule].duplicated;
    const FaultRule& fault = run.faults.rules[rule];
    // What a trigger begins, it begins with its first hit.
    const bool triggered = fault.when.trigger != FaultTrigger::kNone;
    results.faults.push_back(
        {triggered ? hits[rule].first.value_or(fault.when.from) : fault.when.from, fault.id,
         std::string(fault.kind->name), fault.target, hits[rule]});
  }
}

// Requests are numbered as they are sent, so answers show how many were sent even if the host ended
// before reporting.
void fill_sent(const ClusterOutcome& outcome, RunResults& results) {
  // Of several hosts and services the numbers are not dense.
  for (const HostRecord& record : outcome.records)
    if (!results.tells_of_services)
      results.sent = std::max(results.sent, std::int64_t{index(record.request)} + 1);
  std::int64_t sent = 0;
  for (const std::optional<NodeStats>& stats : outcome.stats) {
    if (!stats) continue;
    sent += static_cast<std::int64_t>(stats->sent);
    results.duplicated += static_cast<std::int64_t>(stats->duplicated);
  }
  results.sent = std::max({results.sent, sent, static_cast<std::int64_t>(outcome.records.size())});
  results.failed = results.sent - static_cast<std::int64_t>(outcome.records.size());
}

void fill_times(const std::vector<HostRecord>& records, RunResults& results) {
  bool any = false;
  for (const HostRecord& record : records) {
    if (record.refused) continue;
    results.first_sent = any ? std::min(results.first_sent, record.sent) : record.sent;
    any = true;
    results.last_completed = std::max(results.last_completed, record.completed);
  }
}

std::vector<TraceEvent> take_trace(ClusterOutcome& outcome) {
  std::vector<TraceEvent> all;
  for (std::optional<NodeStats>& stats : outcome.stats)
    if (stats) all.insert(all.end(), stats->trace.begin(), stats->trace.end());
  all.insert(all.end(), outcome.trace.begin(), outcome.trace.end());
  return all;
}

}  // namespace soliton
