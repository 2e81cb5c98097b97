// Deployments as bytes, in the memfd that a node process inherits (control.capnp). Writer and
// reader must be of the same build. Of all node names, only those of the node and its peers are
// included.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fabric/faults/interceptor.h"
#include "node/deployment/deployment.h"
#include "node/deployment/node_rule.h"
#include "node/roles/roles.h"
#include "protocol/base/result.h"

namespace soliton {

// Wall time only: the fault rules, and the links between this node and each of its peers.
struct NodeFaults {
  FaultPlan plan;
  NodeRoutes routes;
};

struct NodeAssignment {
  Deployment deployment;
  NodeFaults faults;
  NodeRules rules;  // what happens to the node
};

// Writes the assignment to a new memfd and returns its descriptor (close-on-exec). Error:
// kEnvironment.
Result<int> write_assignment(const NodeAssignment& assignment);
// Maps and reads it. Error: kInvalid if the bytes are not an assignment or its role is not one of
// `kinds`.
Result<NodeAssignment> read_assignment(int descriptor,
                                       std::span<const RoleKind* const> kinds = kRoleKinds);

}  // namespace soliton
