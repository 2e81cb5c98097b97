// Deployments to and from the memfd a node process inherits (control.capnp). Both ends are the same
// build.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fabric/faults/interceptor.h"
#include "node/deployment/deployment.h"
#include "node/roles/roles.h"
#include "protocol/base/result.h"

namespace soliton {

// Wall time only: the rules, and the links between this node and each peer.
struct NodeFaults {
  FaultPlan plan;
  NodeRoutes routes;
};

struct NodeAssignment {
  Deployment deployment;
  NodeFaults faults;
};

// Writes the assignment to a new sealed memfd and returns its descriptor (close-on-exec), or
// kEnvironment.
Result<int> write_assignment(const NodeAssignment& assignment);
// Maps and reads it. kInvalid if the bytes are not an assignment, or its role is of none of
// `kinds`.
Result<NodeAssignment> read_assignment(int descriptor,
                                       std::span<const RoleKind* const> kinds = kRoleKinds);

}  // namespace soliton
