#include "cluster/run/check_prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/results/statistics.h"

namespace soliton {
namespace {

bool one_at_a_time(const ClusterSpec& spec) {
  return spec.workload.arrival == "closed" && spec.workload.clients == 1 && spec.service.batch == 1;
}

bool undisturbed(const RunResults& results) {
  return results.fabric.dropped == 0 &&
         std::ranges::all_of(results.faults,
                             [](const FaultResult& it) { return it.counters.hits == 0; });
}

// Of the length the plan was made for.
std::vector<Duration> comparable(const PreparedRun& run, const RunResults& results) {
  std::vector<Duration> out;
  for (const RequestRecord& request : results.requests)
    if (request.counts() && request.steps == run.plan.steps)
      out.push_back(request.completed - request.sent);
  return out;
}

double off_by(Duration measured, Duration predicted) {
  return static_cast<double>((measured - predicted).count()) /
         static_cast<double>(predicted.count());
}

std::string cause(const PreparedRun& run, const RunResults& results,
                  const std::vector<Duration>& measured) {
  if (run.topology.routing == Routing::kSpray)
    return "; with routing: spray predictions are approximate";
  if (results.ltl.retransmitted > 0)
    return fmt::format("; {} packets were sent again although none was lost",
                       results.ltl.retransmitted);
  if (shared_with_others(run.topology)) return "; predictions leave out the traffic of others";
  const std::vector<Duration> later(measured.begin() + 1, measured.end());
  if (!later.empty() &&
      std::abs(off_by(mean_of(later), run.plan.predicted_latency)) <= kPredictionTolerance)
    return "; the difference comes from the first request alone, which follows no other";
  if (results.fabric.ecn_marked.value_or(0) > 0)
    return fmt::format("; {} congestion marks slowed senders down", *results.fabric.ecn_marked);
  return "";
}

}  // namespace

// The first finds the network idle, and in the second of short ones the transport still asks for
// samples of its round trip.
std::uint32_t requests_before(const ClusterSpec& spec, std::int64_t steps) {
  constexpr std::int64_t kShort = 64;
  const std::int64_t settled = steps <= kShort ? 2 : 1;
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(spec.workload.requests - 1, 0, settled));
}

bool shared_with_others(const Topology& topology) {
  return std::ranges::any_of(topology.links, [](const TopologyLink& link) {
    return link.other.busy.parts_per_billion > 0;
  });
}

namespace {

// The work of a device is counted from its first input to its last result without the waits between,
// which depends a little on when messages come: what matters is its share of a request.
void check_nodes(Duration latency, RunResults& results) {
  const NodeResult* worst = nullptr;
  double most = 0;
  std::size_t off = 0;
  for (const NodeResult& node : results.nodes) {
    if (!node.predicted_busy) continue;
    const Duration more = *node.busy_per_request - *node.predicted_busy;
    const double by = static_cast<double>(more.count()) / static_cast<double>(latency.count());
    off += std::abs(by) > kPredictionTolerance ? 1 : 0;
    if (std::abs(by) <= std::abs(most)) continue;
    most = by;
    worst = &node;
  }
  if (off == 0) return;
  warn(results.warnings, warning_id::kNodeOff,
       fmt::format("{} worked {} a request where {} were predicted, which is {:+.1f} % of a "
                   "request's time{}",
                   worst->name, to_string(*worst->busy_per_request),
                   to_string(*worst->predicted_busy), 100 * most,
                   off == 1 ? "" : fmt::format("; {} nodes are off", off)));
}

}  // namespace

void check_prediction(const PreparedRun& run, RunResults& results) {
  // Predictions leave out what else is on the network.
  if (!run.spec.workloads.empty() || tells_of_services(run.spec)) return;
  if (run.spec.time == TimeMode::kWall || !one_at_a_time(run.spec) || !undisturbed(results)) return;
  const std::vector<Duration> measured = comparable(run, results);
  const Duration predicted = run.plan.predicted_latency;
  if (measured.empty() || predicted <= Duration{}) return;
  const Duration mean = mean_of(measured);
  const double off = off_by(mean, predicted);
  if (std::abs(off) <= kPredictionTolerance) return check_nodes(predicted, results);
  warn(
      results.warnings, warning_id::kPredictionOff,
      fmt::format("a request took {} on average where {} was predicted ({:+.1f} %){}",
                  to_string(mean), to_string(predicted), 100 * off, cause(run, results, measured)));
}

}  // namespace soliton
