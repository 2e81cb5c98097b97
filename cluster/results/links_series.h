// Reading the series of links (SeriesResult).
#pragma once

#include <cstddef>
#include <vector>

#include "cluster/results/results.h"

namespace soliton {

// Share of the interval in which packets were on the line.
double busy_share(const SeriesInterval& values, Duration interval);
// Joins so many consecutive intervals each.
std::vector<SeriesInterval> join_intervals(const std::vector<SeriesInterval>& intervals,
                                           std::size_t count);
// At most so many, the one that was longest busy first; of equal ones in the order of the topology.
std::vector<const SeriesResult::Link*> busiest_links(const SeriesResult& series, std::size_t most);

}  // namespace soliton
