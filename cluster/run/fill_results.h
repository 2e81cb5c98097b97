// What a run's results take from the cluster, whatever the workload was.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// What is known before a node runs: names, nodes with roles and memory, the plan. Everything that
// is measured is unknown.
RunResults results_before(const PreparedRun& run);
// How it ended.
void fill_ending(const ClusterOutcome& outcome, RunResults& results);
// State and work of each node. `computed`: values were, not times alone.
void fill_nodes(const ClusterOutcome& outcome, bool computed, RunResults& results);
// Counters of network, transport and faults.
void fill_fabric(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results);
// Moves all traces together.
std::vector<TraceEvent> take_trace(ClusterOutcome& outcome);

}  // namespace soliton
