// Fills in the parts of a run's results that do not depend on the kind of workload.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// What is known before a node runs: names, nodes with roles and memory, the plan. Measured values
// are marked as unknown.
RunResults results_before(const PreparedRun& run);
// How the run ended.
void fill_ending(const ClusterOutcome& outcome, RunResults& results);
// State and work of each node. `computed`: whether values were computed, not only times.
void fill_nodes(const ClusterOutcome& outcome, bool computed, RunResults& results);
// The work of each node for a request, and that of the plan, in emulated time.
void fill_busy(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results);
// Counters of network, transport and faults.
void fill_fabric(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results);
// How many requests were sent, from their records and what the nodes report.
void fill_sent(const ClusterOutcome& outcome, RunResults& results);
// When the first was sent and the last answered.
void fill_times(const std::vector<HostRecord>& records, RunResults& results);
// The traces of the nodes and the network, one after the other.
std::vector<TraceEvent> take_trace(ClusterOutcome& outcome);

}  // namespace soliton
