// What the transport and the workload tell of how far a run's numbers can be trusted, as warnings.
#pragma once

#include <vector>

#include "cluster/engine/cluster_run.h"
#include "cluster/run/run.h"

namespace soliton {

// Of the cluster's packets: sent again although nothing was lost, held up by a full window on a
// path that could take more, refused by the kernel; peers that were lost; fault rules that never
// fired. `nodes` are what the nodes were told. REQUIRES: counters and faults are in `results`.
void check_transport(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                     const ClusterOutcome& outcome, RunResults& results);

// Of the requests: too few for the percentiles, or more than the cluster can answer. REQUIRES:
// `results` hold the requests.
void check_load(const PreparedRun& run, RunResults& results);

}  // namespace soliton
