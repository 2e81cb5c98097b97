// A run whose requests come from outside (node/cpu/request_source.h): emulated time, all nodes in this process.
#pragma once

#include <vector>

#include "cluster/engine/cluster_run.h"

namespace soliton {

class RequestSource;

// As a launcher's run (launcher.h), until `source` is over. Signals do not end it: who gets one closes the
// source. REQUIRES: the clients of one service at one host, and no resource manager.
ClusterOutcome run_served(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                          const RunControl& control, RequestSource& source);

}  // namespace soliton
