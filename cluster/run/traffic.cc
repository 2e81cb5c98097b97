#include "cluster/run/traffic.h"

#include <algorithm>
#include <chrono>

#include "cluster/engine/elapsed.h"
#include "cluster/engine/profile.h"
#include "cluster/run/check_links.h"
#include "cluster/run/check_transport.h"
#include "cluster/run/deploy.h"
#include "cluster/run/fill_recovery.h"
#include "cluster/run/fill_results.h"
#include "cluster/run/judge_faults.h"
#include "cluster/run/message_records.h"
#include "cluster/run/network_times.h"
#include "node/traffic/traffic_kind.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

// Rate control has found its rates by then: docs/ltl.md, "Figures".
constexpr Duration kSettled = milliseconds(5);
// LTL header, without a security block: virtual time has none.
constexpr std::uint64_t kPacketHeader = 32;

double gigabits(std::uint64_t bytes, Duration span) {
  return span.count() > 0 ? static_cast<double>(bytes) * 8e3 / static_cast<double>(span.count())
                          : 0;
}

// Jain, Chiu, Hawe, "A quantitative measure of fairness and discrimination", 1984: 1 when all are
// equal, 1/n when one has all.
std::optional<double> jain(const std::vector<std::uint64_t>& shares) {
  double sum = 0, squares = 0;
  for (const std::uint64_t share : shares) {
    sum += static_cast<double>(share);
    squares += static_cast<double>(share) * static_cast<double>(share);
  }
  if (squares == 0) return std::nullopt;
  return sum * sum / (static_cast<double>(shares.size()) * squares);
}

// Of what the flows delivered from `from` until the first of them had delivered its last. A flow
// that is done takes no share any more, so what follows would count against it.
std::optional<double> fairness(const std::vector<RequestRecord>& requests, std::size_t flows,
                               Instant from) {
  std::vector<Instant> last(flows, kRunStart);
  for (const RequestRecord& r : requests) last[r.client] = std::max(last[r.client], r.completed);
  const Instant until = *std::min_element(last.begin(), last.end());
  if (flows < 2 || until <= from) return std::nullopt;
  std::vector<std::uint64_t> shares(flows);
  for (const RequestRecord& r : requests)
    if (r.completed > from && r.completed <= until) ++shares[r.client];
  return jain(shares);
}

// The receiver's cable as its last switch sees it.
std::optional<TrafficLine> line_of(const PreparedRun& run, const Traffic& traffic) {
  if (!traffic.kind->fills_line || run.spec.time == TimeMode::kWall) return std::nullopt;
  Hop last{};
  // If the receiver has several cables, that from the first sender counts.
  run.routes->follow(traffic.senders.front(), traffic.receiver, [&](Hop hop) { last = hop; });
  return TrafficLine{run.topology.links[last.link].rate, run.spec.ltl.mtu,
                     kPacketHeader + kFrameOverheadBytes};
}

std::vector<Traffic> plain(const std::vector<NamedTraffic>& named) {
  std::vector<Traffic> out;
  for (const NamedTraffic& workload : named) out.push_back(workload.traffic);
  return out;
}

MessageRecords records_of(const std::vector<Traffic>& traffics, const ClusterOutcome& outcome) {
  MessageRecords records(traffics);
  for (const TrafficRecord& record : outcome.traffic) records.add(record);
  return records;
}

// The records of all workloads together.
void fill_requests(const std::vector<Traffic>& traffics, const MessageRecords& records,
                   RunResults& results) {
  for (std::size_t i = 0; i < traffics.size(); ++i) {
    const std::vector<RequestRecord> rows = records.rows(i);
    results.requests.insert(results.requests.end(), rows.begin(), rows.end());
    results.sent += records.sent(i);
  }
  results.failed = results.sent - static_cast<std::int64_t>(results.requests.size());
  for (const RequestRecord& record : results.requests) {
    results.first_sent = &record == &results.requests.front()
                             ? record.sent
                             : std::min(results.first_sent, record.sent);
    results.last_completed = std::max(results.last_completed, record.completed);
    if (!record.matches) continue;
    results.outputs.known = true;
    ++results.outputs.checked;
    results.outputs.mismatched += !*record.matches;
  }
}

// A port that goes and comes back, or packets of one message on several ways, may use more than one
// cable at a time.
bool has_many_ways(const PreparedRun& run) {
  return !run.faults.rules.empty() ||
         (run.topology.routing != Routing::kEcmp && run.topology.routing != Routing::kFixed);
}

// In wall time the kernel is the network.
std::optional<Duration> bound_of(const PreparedRun& run, const Traffic& traffic) {
  if (traffic.kind->bound == nullptr || run.spec.time == TimeMode::kWall) return std::nullopt;
  LtlOptions ltl = run.spec.ltl;
  ltl.auth = auth_of(run.spec);
  const NetworkTimes least(run.topology, line_bytes(ltl), nodes_of(traffic), has_many_ways(run));
  return traffic.kind->bound(traffic, least);
}

Traffic with_contents(Traffic traffic, const ClusterSpec& spec) {
  traffic.seed = spec.seed;
  // Sockets carry every byte.
  traffic.contents = spec.compute != ComputeKind::kTiming || spec.time == TimeMode::kWall;
  return traffic;
}

std::vector<std::string> names_of(const PreparedRun& run) {
  std::vector<std::string> names;
  for (const NodeSpec& node : run.spec.nodes) names.push_back(node.name);
  return names;
}

TrafficResult result_of(const PreparedRun& run, const Traffic& traffic,
                        const std::vector<RequestRecord>& rows) {
  TrafficResult out = summarise(traffic, names_of(run), rows, line_of(run, traffic));
  out.kind = traffic.kind->name;
  out.records = traffic.kind->records;
  out.bound = bound_of(run, traffic);
  return out;
}

void fill_background(const ClusterOutcome& outcome, RunResults& results) {
  BackgroundResult& out = results.background.emplace();
  for (const std::optional<NodeStats>& stats : outcome.stats) {
    if (!stats) continue;
    out.messages += stats->background_messages;
    out.bytes += stats->background_bytes;
    out.damaged += stats->background_damaged;
  }
  results.outputs.checked += static_cast<std::int64_t>(out.damaged);
  results.outputs.mismatched += static_cast<std::int64_t>(out.damaged);
}

WorkloadResult workload_result(const PreparedRun& run, const NamedTraffic& workload,
                               std::vector<RequestRecord> rows, std::int64_t sent,
                               std::uint32_t first_flow) {
  WorkloadResult out{.name = workload.name,
                     .title = title_of(workload.traffic),
                     .start = workload.start,
                     .sent = sent,
                     .traffic = {}};
  for (RequestRecord& row : rows) {
    out.latencies.push_back(row.completed - row.sent);
    out.mismatched += row.matches && !*row.matches;
    row.client -= first_flow;
  }
  std::sort(out.latencies.begin(), out.latencies.end());
  out.traffic = result_of(run, workload.traffic, rows);
  return out;
}

}  // namespace

Traffic traffic_of(const ClusterSpec& spec) { return with_contents(*spec.workload.traffic, spec); }

std::vector<NamedTraffic> traffics_of(const ClusterSpec& spec, const Topology& topology) {
  std::vector<NamedTraffic> out = spec.workloads;
  if (spec.workload.traffic) out = {{"", {}, *spec.workload.traffic, spec.workload.position}};
  for (NamedTraffic& workload : out) {
    workload.traffic = with_contents(std::move(workload.traffic), spec);
    if (!is_measured(workload.traffic))
      workload.traffic.line = slowest_line(topology, nodes_of(workload.traffic));
  }
  return out;
}

std::vector<NamedTraffic> traffics_of(const PreparedRun& run) {
  return traffics_of(run.spec, run.topology);
}

std::vector<RequestRecord> join_records(const Traffic& traffic,
                                        const std::vector<TrafficRecord>& records) {
  MessageRecords joined({&traffic, 1});
  for (const TrafficRecord& record : records) joined.add(record);
  return joined.rows(0);
}

TrafficResult summarise(const Traffic& traffic, const std::vector<std::string>& node_names,
                        const std::vector<RequestRecord>& requests,
                        const std::optional<TrafficLine>& line) {
  TrafficResult out;
  out.message_bytes = traffic.bytes;
  Instant first = kNever;
  Instant last = kRunStart;
  for (std::uint32_t flow = 0; flow < flows_of(traffic); ++flow) {
    const FlowEnds ends = ends_of(traffic, flow);
    out.flows.push_back(
        {node_names[index(ends.from)], ends.to ? node_names[index(*ends.to)] : "", 0, 0});
  }
  std::vector<Instant> last_of(out.flows.size(), kRunStart);
  std::vector<std::uint64_t> bytes_in(out.flows.size());
  const std::uint64_t each = bytes_per_record(traffic);
  for (const RequestRecord& r : requests) {
    bytes_in[r.client] +=
        traffic.kind->bytes_of == nullptr
            ? each
            : traffic.kind->bytes_of(traffic, r.client,
                                     static_cast<std::uint32_t>(out.flows[r.client].messages));
    ++out.flows[r.client].messages;
    last_of[r.client] = std::max(last_of[r.client], r.completed);
    first = std::min(first, r.sent);
    last = std::max(last, r.completed);
  }
  if (requests.empty()) return out;
  out.time = last - first;
  for (std::size_t flow = 0; flow < out.flows.size(); ++flow) {
    out.flows[flow].goodput_gbps = gigabits(bytes_in[flow], last_of[flow] - first);
    out.bytes += bytes_in[flow];
  }
  out.goodput_gbps = gigabits(out.bytes, last - first);
  // The share of the line counts what packets carry beside the payload; resends and
  // acknowledgements are not counted.
  if (line) {
    const std::uint64_t packets =
        (traffic.bytes + line->packet_payload - 1) / line->packet_payload * requests.size();
    out.line_gbps = static_cast<double>(line->rate.bits_per_second) / 1e9;
    out.line_share =
        gigabits(out.bytes + packets * line->packet_overhead, last - first) / *out.line_gbps;
  }
  if (!traffic.kind->competes) return out;
  // Once from the start and once without the time in which rates find each other.
  out.fairness = fairness(requests, out.flows.size(), first);
  out.fairness_settled = fairness(requests, out.flows.size(), first + kSettled);
  return out;
}

void fill_workloads(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results) {
  const std::vector<NamedTraffic> workloads = traffics_of(run);
  const MessageRecords records = records_of(plain(workloads), outcome);
  bool background = false;
  std::uint32_t flows = 0;
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    const Traffic& traffic = workloads[i].traffic;
    background = background || !is_measured(traffic);
    if (is_measured(traffic))
      results.workloads.push_back(
          workload_result(run, workloads[i], records.rows(i), records.sent(i), flows));
    flows += flows_of(traffic);
  }
  if (background) fill_background(outcome, results);
  if (!has_model(run.spec)) return;
  for (const WorkloadResult& workload : results.workloads) {
    results.outputs.checked += workload.mismatched;
    results.outputs.mismatched += workload.mismatched;
  }
}

FinishedRun execute_traffic(const PreparedRun& run, const RunControl& control) {
  const Clock::time_point started = Clock::now();
  FinishedRun finished;
  RunResults& results = finished.results;
  const std::vector<NodeAssignment> nodes = make_assignments(run);
  ClusterOutcome outcome = run_assignments(run, nodes, control);
  const Doing doing(Activity::kChecks);
  const std::vector<Traffic> traffics = plain(traffics_of(run));
  results = results_before(run);
  fill_ending(outcome, results);
  fill_nodes(outcome, false, results);
  fill_fabric(run, outcome, results);
  fill_recovery(run, outcome, results);
  fill_requests(traffics, records_of(traffics, outcome), results);
  if (run.spec.workload.traffic)
    results.traffic = result_of(run, traffics.front(), results.requests);
  else
    fill_workloads(run, outcome, results);
  check_transport(run, nodes, outcome, results);
  check_links(run, nodes, outcome, results);
  check_load(run, results);
  finished.trace = take_trace(outcome);
  finished.error = outcome.error;
  finished.interrupted_by = outcome.interrupted_by;
  judge_faults(run, finished);
  results.wall = {seconds_since(started), outcome.launch_seconds, outcome.events,
                  outcome.processes,      outcome.confined,       {}};
  return finished;
}

}  // namespace soliton
