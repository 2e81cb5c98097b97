// Order statistics of a run in integer picoseconds: used by results.json, the summary and the
// report.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/results/results.h"

namespace soliton {

// Latencies of the completed requests, ascending.
std::vector<Duration> sorted_latencies(const RunResults& results);

// Nearest rank: the smallest value that at least permille / 1000 of the values do not exceed.
// REQUIRES: sorted is ascending and not empty, 0 < permille <= 1000.
Duration nearest_rank(const std::vector<Duration>& sorted, std::int64_t permille);

// Rounded to the nearest picosecond, half away from zero. REQUIRES: not empty.
Duration mean_of(const std::vector<Duration>& values);

struct LatencyStatistics {
  std::int64_t completed = 0;  // 0: the other members are meaningless
  Duration min{}, mean{}, p50{}, p90{}, p99{}, p99_9{}, max{};
};
LatencyStatistics latency_statistics(const RunResults& results);
// Of latencies in ascending order.
LatencyStatistics latency_statistics(const std::vector<Duration>& sorted);

// Mean of each part over the completed requests; zero if there are none.
Breakdown mean_breakdown(const RunResults& results);

}  // namespace soliton
