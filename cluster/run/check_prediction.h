// Whether a run took what its plan said it would: prediction and emulation share one model of time,
// and where they part the reader of either must know.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// Adds the warning `prediction_off` when requests that had the cluster to themselves took on
// average more than kPredictionTolerance longer or shorter than predicted. Says nothing of runs
// that are no measure of it: in wall time, with several requests under way, in batches, or on a
// network that lost or delayed packets. REQUIRES: `results` hold the requests, counters and faults.
void check_prediction(const PreparedRun& run, RunResults& results);

inline constexpr double kPredictionTolerance = 0.02;

// Others use the network too (OtherTraffic), which predictions leave out.
bool shared_with_others(const Topology& topology);

}  // namespace soliton
