// From a plan to what each node needs: shards, connection tables, fault rules. Pure functions of
// values.
#pragma once

#include <vector>

#include "cluster/file/spec.h"
#include "node/cpu/client_workload.h"
#include "node/runtime/deployment_codec.h"

namespace soliton {

struct PreparedRun;

// One assignment per node, in order of NodeId; nodes without a part in the run are assigned none.
// REQUIRES: run.graph is set if the run has a model.
std::vector<NodeAssignment> make_assignments(const PreparedRun& run);

// The same for a single communication workload.
std::vector<NodeAssignment> make_assignments(const ClusterSpec& spec, const Traffic& traffic,
                                             const Topology& topology, const Routes& routes,
                                             const FaultPlan& faults);

// The workload of the clients as the file says it.
ClientWorkload client_workload(const ClusterSpec& spec);

// Values are computed for every n-th request; returns n: 1 functional, 0 (never) timing, k sampled.
std::uint32_t functional_every(const ClusterSpec& spec);

}  // namespace soliton
