// What a run's results take from the cluster, whatever the workload was.
#pragma once

#include "cluster/manager/run.h"

namespace soliton {

// One NodeResult a node with its state; roles are "idle".
void fill_nodes(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results);
// Counters of network, transport and faults.
void fill_fabric(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results);
// Name, seed, time, and how it ended.
void fill_identity(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results);
// Moves all traces together.
std::vector<TraceEvent> take_trace(ClusterOutcome& outcome);

}  // namespace soliton
