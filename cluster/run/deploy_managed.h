// What a run that recovers adds to the deployment of its nodes: who can take whose place, the connections
// that this needs, and the resource manager.
#pragma once

#include <set>
#include <vector>

#include "cluster/run/model_roles.h"
#include "cluster/run/run.h"
#include "node/runtime/deployment_codec.h"
#include "partition/cost/connections.h"

namespace soliton {

// Pairs of nodes that exchange messages, by the kind of what they say.
struct TalkingNodes {
  std::set<NodePair> data;
  std::set<NodePair> control;  // manager and agents, on channel 0
};

// Puts the roles of `nodes`, which are those of `model`, under a resource manager. `pairs.data`: those of the
// plan; to them come those of nodes that take the place of others, and of other divisions of the model.
// REQUIRES: is_managed(run.spec).
void add_manager(const PreparedRun& run, const ModelRoles& model, TalkingNodes& pairs,
                 std::vector<NodeAssignment>& nodes);

// Gives every node the rules of the fault plan that it carries out.
void add_node_rules(const ClusterSpec& spec, const FaultPlan& faults,
                    std::vector<NodeAssignment>& nodes);

}  // namespace soliton
