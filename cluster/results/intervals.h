// 95 % intervals of the percentiles and the mean of a run's latencies.
//
// A percentile lies between two order statistics with a probability that follows from the binomial
// distribution alone, whatever the latencies' own (H. A. David, "Order Statistics", 2.5). That takes
// samples that do not depend on each other. Those of a closed loop do, and waits in a queue do: 20 batches
// in the order of requests show by how much more than chance allows the share of slow requests varies
// between them, and so many samples fewer are counted. The mean's interval is that of the batches' means
// by Student's t (A. M. Law, "Simulation Modeling and Analysis", 9.5.3).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "cluster/results/results.h"

namespace soliton {

struct LatencyInterval {
  Duration low{}, high{};
};
// Unset: the samples are too few.
struct LatencyIntervals {
  std::optional<LatencyInterval> mean, p50, p90, p99, p99_9;
};
// Of the completed requests in order; none while a run goes on.
LatencyIntervals latency_intervals(const RunResults& results);
// Of latencies in the order of requests.
LatencyIntervals latency_intervals(const std::vector<Duration>& in_order);

// The ranks, from 1, between which the percentile of `count` independent samples lies, with at most 2.5 %
// on each side; nullopt: there are no such ranks. REQUIRES: 0 < permille < 1000.
std::optional<std::pair<std::int64_t, std::int64_t>> rank_interval(std::int64_t count,
                                                                   std::int64_t permille);

}  // namespace soliton
