// Load and queues of links over time, from what ports recorded to results.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// Sets results.series if links were to be sampled, and warns if the intervals had to be longer than
// asked.
void fill_series(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results);

}  // namespace soliton
