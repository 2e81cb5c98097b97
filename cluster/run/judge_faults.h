// The verdict on a run with faults: what each rule came to, and whether the run was what its file expects.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// Fills FaultResult::armed, healed (of rules about links) and recovered, and RunResults::expectations, from all else.
void judge_faults(const PreparedRun& run, FinishedRun& finished);

}  // namespace soliton
