#include "cluster/why/answer.h"

#include <algorithm>

#include "cluster/experiment/scalars.h"
#include "cluster/results/statistics.h"

namespace soliton {
namespace {

std::string why_not(const Checked<PointOutcome>& outcome) {
  std::string out = !outcome         ? outcome.error().text()
                    : outcome->error ? outcome->error->message
                                     : "it did not come to its end";
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace

std::optional<double> Answer::efficiency() const {
  if (!bound || !reached || reached->count() <= 0) return std::nullopt;
  return static_cast<double>(bound->count()) / static_cast<double>(reached->count());
}

Answer answer_of(const RunResults& results, std::vector<CriticalPath> paths) {
  Answer out;
  out.name = results.name;
  out.latency = latency_summary(results);
  out.throughput = throughput_rps(results);
  out.mean = mean_breakdown(results);
  const LatencyStatistics latency = latency_statistics(results);
  if (results.partition.known && results.partition.lower_bound.count() > 0) {
    out.bound = results.partition.lower_bound;
    out.reached = latency.mean;
  } else if (results.traffic && results.traffic->bound) {
    out.bound = results.traffic->bound;
    out.reached = results.traffic->time;
  }
  out.paths = std::move(paths);
  out.nodes = results.nodes;
  std::ranges::stable_sort(out.nodes, std::ranges::greater(), &NodeResult::busy_fraction);
  if (results.links) out.links = *results.links;
  return out;
}

Gain gain_of(const std::string& change, const Checked<PointOutcome>& outcome, double mean_us) {
  Gain out{.change = change, .refused = {}};
  const bool played = outcome && !outcome->error && outcome->complete;
  const Result<Scalars> scalars =
      played ? read_scalars(outcome->results) : Result<Scalars>(Scalars());
  if (!played || !scalars) {
    out.refused = played ? scalars.error().message : why_not(outcome);
    return out;
  }
  out.mean_us = number_in(*scalars, "latency_us.mean").value_or(0);
  out.p99_us = number_in(*scalars, "latency_us.p99").value_or(0);
  out.throughput = number_in(*scalars, "throughput_rps").value_or(0);
  out.gain = mean_us > 0 ? 1 - out.mean_us / mean_us : 0;
  return out;
}

void rank(std::vector<Gain>& gains) {
  std::ranges::stable_sort(gains, [](const Gain& a, const Gain& b) {
    return a.refused.empty() != b.refused.empty() ? a.refused.empty() : a.gain > b.gain;
  });
}

}  // namespace soliton
