#include "cluster/run/traffic.h"

#include <algorithm>
#include <chrono>

#include "cluster/engine/elapsed.h"
#include "cluster/run/check_links.h"
#include "cluster/run/check_transport.h"
#include "cluster/run/deploy.h"
#include "cluster/run/fill_results.h"
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

void fill_requests(const Traffic& traffic, const ClusterOutcome& outcome, RunResults& results) {
  MessageRecords records({&traffic, 1});
  for (const TrafficRecord& record : outcome.traffic) records.add(record);
  results.requests = records.rows(0);
  results.sent = records.sent(0);
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

}  // namespace

Traffic traffic_of(const ClusterSpec& spec) {
  Traffic traffic = *spec.workload.traffic;
  traffic.seed = spec.seed;
  // Sockets carry every byte.
  traffic.contents = spec.compute != ComputeKind::kTiming || spec.time == TimeMode::kWall;
  return traffic;
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
  for (const RequestRecord& r : requests) {
    ++out.flows[r.client].messages;
    last_of[r.client] = std::max(last_of[r.client], r.completed);
    first = std::min(first, r.sent);
    last = std::max(last, r.completed);
  }
  if (requests.empty()) return out;
  out.time = last - first;
  const std::uint64_t each = bytes_per_record(traffic);
  for (std::size_t flow = 0; flow < out.flows.size(); ++flow)
    out.flows[flow].goodput_gbps = gigabits(out.flows[flow].messages * each, last_of[flow] - first);
  out.bytes = requests.size() * each;
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

FinishedRun execute_traffic(const PreparedRun& run, const RunControl& control) {
  const Clock::time_point started = Clock::now();
  const Traffic traffic = traffic_of(run.spec);
  FinishedRun finished;
  RunResults& results = finished.results;
  const std::vector<NodeAssignment> nodes =
      make_assignments(run.spec, traffic, run.topology, *run.live_routes, run.faults);
  ClusterOutcome outcome = run_assignments(run, nodes, control);
  results = results_before(run);
  fill_ending(outcome, results);
  fill_nodes(outcome, false, results);
  fill_fabric(run, outcome, results);
  fill_requests(traffic, outcome, results);
  std::vector<std::string> names;
  for (const NodeSpec& node : run.spec.nodes) names.push_back(node.name);
  results.traffic = summarise(traffic, names, results.requests, line_of(run, traffic));
  results.traffic->kind = traffic.kind->name;
  results.traffic->bound = bound_of(run, traffic);
  results.traffic->records = traffic.kind->records;
  check_transport(run, nodes, outcome, results);
  check_links(run, nodes, outcome, results);
  check_load(run, results);
  finished.trace = take_trace(outcome);
  finished.error = outcome.error;
  finished.interrupted_by = outcome.interrupted_by;
  results.wall = {seconds_since(started), outcome.launch_seconds, outcome.events,
                  outcome.processes};
  return finished;
}

}  // namespace soliton
