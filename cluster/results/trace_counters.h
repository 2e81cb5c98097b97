// Load and queue of links as counters of the Chrome trace-event format, in the process of the links.
#pragma once

#include <vector>

#include "cluster/results/results.h"
#include "protocol/json/json.h"

namespace soliton {

// Of the busiest links; long series become coarser, so that a viewer can open them.
std::vector<Json> trace_counters(const SeriesResult& series, std::uint32_t process = 1);

}  // namespace soliton
