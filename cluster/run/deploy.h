// From a plan to what each node needs: shards, connection tables, fault rules. Pure functions of
// values.
#pragma once

#include <vector>

#include "cluster/file/spec.h"
#include "node/host/client_workload.h"
#include "node/host/host_work.h"
#include "node/runtime/deployment_codec.h"
#include "partition/plan/plan.h"

namespace soliton {

struct PreparedRun;

// One assignment per node, in order of NodeId. The assignment of a node that the plan does not use
// has neither shard nor host part.
std::vector<NodeAssignment> make_assignments(const ClusterSpec& spec, const Plan& plan,
                                             const Topology& topology, const Routes& routes,
                                             const FaultPlan& faults, const InputSource& inputs);

// The same for a communication workload. Nodes without a part in it are assigned none.
std::vector<NodeAssignment> make_assignments(const ClusterSpec& spec, const Traffic& traffic,
                                             const Topology& topology, const Routes& routes,
                                             const FaultPlan& faults);

// The same for a run of a graph. REQUIRES: run.graph is set.
std::vector<NodeAssignment> make_graph_assignments(const PreparedRun& run);

// The workload of the clients as the file says it.
HostWorkload host_workload(const ClusterSpec& spec);

// Values are computed for every n-th request; returns n: 1 functional, 0 (never) timing, k sampled.
std::uint32_t functional_every(const ClusterSpec& spec);

}  // namespace soliton
