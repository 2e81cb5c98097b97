// Load and queue of links as counters of the Chrome trace-event format, in a process of their own.
#pragma once

#include <vector>

#include "cluster/results/results.h"
#include "protocol/json/json.h"

namespace soliton {

// Of the busiest links; long series become coarser, so that a viewer can open them.
std::vector<Json> trace_counters(const SeriesResult& series);

}  // namespace soliton
