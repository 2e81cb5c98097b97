#include "cluster/results/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "protocol/base/check.h"

namespace soliton {
namespace {

// Adds values up as quotients and remainders of their number, so that no sum overflows.
class ExactMean {
 public:
  explicit ExactMean(std::int64_t count) : count_(count) {}
  void add(Duration d) {
    quotient_ += d.count() / count_;
    remainder_ += d.count() % count_;
  }
  Duration value() const {
    const std::int64_t half = remainder_ < 0 ? -count_ / 2 : count_ / 2;
    return Duration{quotient_ + (remainder_ + half) / count_};
  }

 private:
  std::int64_t count_;
  std::int64_t quotient_ = 0;
  std::int64_t remainder_ = 0;
};

double us_or_nan(const LatencyStatistics& s, Duration value) {
  return s.completed ? static_cast<double>(value.count()) / 1e6
                     : std::numeric_limits<double>::quiet_NaN();
}

std::int64_t completed_requests(const RunResults& results) {
  if (results.running) return static_cast<std::int64_t>(results.running->latency.count());
  return std::count_if(results.requests.begin(), results.requests.end(),
                       [](const RequestRecord& r) { return r.counts(); });
}

LatencyStatistics statistics_of(const DurationHistogram& h) {
  return {static_cast<std::int64_t>(h.count()),
          h.min(),
          h.mean(),
          h.quantile(0.5),
          h.quantile(0.9),
          h.quantile(0.99),
          h.quantile(0.999),
          h.max()};
}

// With what is left of `whole` as network, so that rounding each part leaves no remainder.
Breakdown adding_up(Breakdown parts, Duration whole) {
  parts.network = whole - (parts.compute + parts.queue + parts.host);
  return parts;
}

Breakdown mean_of(const RunningStatistics& sums) {
  const auto n = static_cast<double>(sums.latency.count());
  const auto mean = [n](double sum) { return Duration{static_cast<std::int64_t>(sum / n)}; };
  return adding_up({mean(sums.compute_ps), {}, mean(sums.queue_ps), mean(sums.host_ps)},
                   mean(sums.compute_ps + sums.network_ps + sums.queue_ps + sums.host_ps));
}

}  // namespace

std::vector<Duration> sorted_latencies(const RunResults& results) {
  std::vector<Duration> out;
  out.reserve(results.requests.size());
  for (const RequestRecord& r : results.requests)
    if (r.counts()) out.push_back(r.completed - r.sent);
  std::sort(out.begin(), out.end());
  return out;
}

Duration nearest_rank(const std::vector<Duration>& sorted, std::int64_t permille) {
  SOLITON_CHECK(!sorted.empty());
  SOLITON_CHECK_MSG(permille > 0 && permille <= 1000, "{}", permille);
  const auto n = static_cast<std::int64_t>(sorted.size());
  // Rounded up: the nearest rank is the smallest that covers at least this share.
  const std::int64_t rank = (n * permille + 999) / 1000;
  return sorted[static_cast<std::size_t>(rank - 1)];
}

Duration mean_of(const std::vector<Duration>& values) {
  SOLITON_CHECK(!values.empty());
  ExactMean mean(static_cast<std::int64_t>(values.size()));
  for (const Duration d : values) mean.add(d);
  return mean.value();
}

LatencyStatistics latency_statistics(const RunResults& results) {
  if (results.running) return statistics_of(results.running->latency);
  return latency_statistics(sorted_latencies(results));
}

LatencyStatistics latency_statistics(const std::vector<Duration>& sorted) {
  if (sorted.empty()) return {};
  return {static_cast<std::int64_t>(sorted.size()),
          sorted.front(),
          mean_of(sorted),
          nearest_rank(sorted, 500),
          nearest_rank(sorted, 900),
          nearest_rank(sorted, 990),
          nearest_rank(sorted, 999),
          sorted.back()};
}

Breakdown mean_breakdown(const RunResults& results) {
  const std::int64_t n = completed_requests(results);
  if (n == 0) return {};
  if (results.running) return mean_of(*results.running);
  ExactMean compute(n), queue(n), host(n), whole(n);
  for (const RequestRecord& r : results.requests) {
    if (!r.counts()) continue;
    compute.add(r.path.compute);
    queue.add(r.path.queue);
    host.add(r.path.host);
    whole.add(r.path.total());
  }
  return adding_up({compute.value(), {}, queue.value(), host.value()}, whole.value());
}

LatencySummary latency_summary(const RunResults& results) {
  const LatencyStatistics s = latency_statistics(results);
  return {us_or_nan(s, s.min), us_or_nan(s, s.mean),  us_or_nan(s, s.p50), us_or_nan(s, s.p90),
          us_or_nan(s, s.p99), us_or_nan(s, s.p99_9), us_or_nan(s, s.max)};
}

double throughput_rps(const RunResults& results) {
  const std::int64_t completed = completed_requests(results);
  // From first request to last answer: start-up and the writing of results do not count.
  const Duration span = results.last_completed - results.first_sent;
  if (completed == 0 || span.count() <= 0) return 0;
  return static_cast<double>(completed) * 1e12 / static_cast<double>(span.count());
}

double effective_tflops(const RunResults& results) {
  return results.operations_per_request * throughput_rps(results) / 1e12;
}

double utilization(const RunResults& results) {
  if (!(results.peak_ops_per_second > 0)) return std::numeric_limits<double>::quiet_NaN();
  return effective_tflops(results) * 1e12 / results.peak_ops_per_second;
}

std::vector<RefusedPackets> refused_packets(const LtlCounters& ltl) {
  return {{ltl.carriers.strangers, "from strangers"},
          {ltl.dropped_stale, "stale"},
          {ltl.dropped_unauthentic, "forged"},
          {ltl.dropped_replayed, "replayed"},
          {ltl.dropped_checksum, "with a wrong checksum"},
          {ltl.dropped_malformed, "malformed"}};
}

std::string effect_words(const FaultCounters& counters) {
  const std::pair<std::uint64_t, std::string_view> all[] = {
      {counters.dropped, "dropped"},     {counters.corrupted, "damaged"},
      {counters.duplicated, "copied"},   {counters.marked, "marked"},
      {counters.misrouted, "misrouted"}, {counters.delayed, "delayed"}};
  for (const auto& [count, done] : all)
    if (count > 0) return fmt::format("{} {} packets", done, count);
  if (counters.hits > 0)
    return counters.hits == 1 ? "1 hit" : fmt::format("{} hits", counters.hits);
  return "never hit";
}

}  // namespace soliton
