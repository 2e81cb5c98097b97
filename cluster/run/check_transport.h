// Warnings from the transport and the workload that limit how far a run's numbers can be trusted.
#pragma once

#include <vector>

#include "cluster/engine/cluster_run.h"
#include "cluster/run/run.h"

namespace soliton {

// Warns of packets that were sent again although nothing was lost, were held up by a full window on
// a path with room for more, or were refused by the kernel; of lost peers; and of fault rules that
// never fired. `nodes` are the assignments of the run. REQUIRES: counters and faults are in
// `results`.
void check_transport(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                     const ClusterOutcome& outcome, RunResults& results);

// Warns if there are too few requests for the percentiles, or more than the cluster can answer.
// REQUIRES: `results` holds the requests.
void check_load(const PreparedRun& run, RunResults& results);

}  // namespace soliton
