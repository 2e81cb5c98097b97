// What a node needs to know before a run, as values. The controller makes one deployment for each
// node and hands it over as bytes (node/runtime/deployment_codec.h) or, where nodes are packed into
// its own process, as it is.
//
//   deployment.h      Deployment: who the node is, whom it talks to, and what it does
//   role_spec.h       what it does: a kind of role and its options
//   wall_options.h    how its packets go in wall time
//   time_base.h       which clock it lives by
//   records.h         what it reports while the run goes on
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fabric/ltl/identity.h"
#include "fabric/ltl/options.h"
#include "node/deployment/role_spec.h"
#include "node/deployment/time_base.h"
#include "node/deployment/wall_options.h"

namespace soliton {

struct Deployment {
  std::string node;
  NodeId id{};
  TimeBase time = TimeBase::kEmulated;
  // Every `functional_every`-th request (0, k, 2k, ...) computes values; 0: none does; 1: all do.
  std::uint32_t functional_every = 1;
  std::uint32_t trace_requests = 0;  // the first N requests, or messages of each flow, are traced
  std::uint32_t trace_events = 0;    // limit of the trace buffer
  LtlOptions ltl;
  LtlIdentity identity;
  WallOptions wall;
  std::vector<LtlConnection> connections;
  // Names of all nodes of a run, indexed by NodeId. Never null; shared by all deployments.
  std::shared_ptr<const std::vector<std::string>> node_names =
      std::make_shared<const std::vector<std::string>>();
  RoleSpec role;
};

// The nodes it has connections to, each once, in the order of its connection table.
std::vector<NodeId> peers_of(const Deployment& deployment);

}  // namespace soliton
