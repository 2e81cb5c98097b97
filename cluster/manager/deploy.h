// From a plan to what each node needs: shards, connection tables, fault rules. Values in, values
// out.
#pragma once

#include <vector>

#include "cluster/spec/spec.h"
#include "node/host/host_work.h"
#include "node/runtime/deployment_codec.h"
#include "partition/plan/plan.h"

namespace soliton {

// One assignment a node, in order of NodeId. Nodes the plan does not use get one without shard or
// host part.
std::vector<NodeAssignment> make_assignments(const ClusterSpec& spec, const Plan& plan,
                                             const Topology& topology, const Routes& routes,
                                             const FaultPlan& faults, const InputSource& inputs);

// Of a communication workload: nodes without a part in it get none.
std::vector<NodeAssignment> make_assignments(const ClusterSpec& spec, const Traffic& traffic,
                                             const Topology& topology, const Routes& routes,
                                             const FaultPlan& faults);

// Every how many requests values are computed: 1 functional, 0 timing, k sampled.
std::uint32_t functional_every(const ClusterSpec& spec);

}  // namespace soliton
