// What every node does in a run of a model, by its plan, and who talks with whom.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cluster/run/run.h"
#include "node/deployment/role_spec.h"
#include "partition/cost/connections.h"

namespace soliton {

struct ModelRoles {
  std::vector<RoleSpec> roles;    // by node; idle where the plan has nothing for it
  std::set<NodePair> pairs;       // that exchange messages
  std::set<std::uint32_t> hosts;  // CPU hosts
};

ModelRoles model_roles(const PreparedRun& run);

// REQUIRES: there is such a node.
std::uint32_t node_number(const ClusterSpec& spec, const std::string& name);

}  // namespace soliton
