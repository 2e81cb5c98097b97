// Compares a run with its plan's prediction. Prediction and emulation share one model of time, so a
// reader of either must know where they differ.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// Adds the warning `prediction_off` when requests that had the cluster to themselves took on
// average more than kPredictionTolerance longer or shorter than predicted, and otherwise
// `node_prediction_off` when the work of a node for a request (NodeResult::predicted_busy) is off by
// more than that part of its latency. Does nothing for runs that cannot be compared: in wall time, with
// several requests under way, in batches, or on a network that lost or delayed packets. REQUIRES:
// `results` holds the requests, counters and faults.
void check_prediction(const PreparedRun& run, RunResults& results);

inline constexpr double kPredictionTolerance = 0.02;

// Number of requests before the one that is predicted, of `steps` steps: as many as it takes until one
// is like the next, if the run has so many.
std::uint32_t requests_before(const ClusterSpec& spec, std::int64_t steps);

// Whether others use the network too (OtherTraffic), which predictions do not include.
bool shared_with_others(const Topology& topology);

}  // namespace soliton
