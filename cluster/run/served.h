// Runs whose requests come from outside.
#pragma once

#include <functional>

#include "cluster/run/run.h"

namespace soliton {

class RequestSource;

// As execute_run(), with requests from `source` until that is over; answers are not compared with anything.
// When the cluster has ended, `recorded` is called: it makes the workload of `run` that of the session, and
// returns whether there were requests. REQUIRES: as run_served().
FinishedRun execute_served(PreparedRun& run, const RunControl& control, RequestSource& source,
                           const std::function<bool()>& recorded);

}  // namespace soliton
