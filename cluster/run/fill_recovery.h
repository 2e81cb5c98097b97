// How a run recovered, out of what its nodes say.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// Fills RunResults::recovery of a run with a resource manager, FaultResult::detected, and the states of
// nodes that failed or took over. After results.faults.
void fill_recovery(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results);

}  // namespace soliton
