// Explains why a run did not finish, in whole sentences with the names of nodes, links and faults.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/engine/cluster_run.h"

namespace soliton {

// Number of requests or messages that the workload asks of all nodes together.
Asked requests_of(const std::vector<NodeAssignment>& nodes);

// If requests are open and `outcome` has no error yet, adds one (exit status 5) that says what each
// node waits for.
void explain_stall(bool time_limit, const Asked& asked, ClusterOutcome& outcome);

// If requests are open because a node has lost a peer, adds an error (exit status 4): who gave up
// whom, when and why, and which fault was in force between them, earliest first.
void explain_lost_peers(const FabricInputs& fabric, const Asked& asked, ClusterOutcome& outcome);

// If requests are open because the resource manager has given the run up, adds an error (exit status 4):
// whose place nobody has taken, and what had happened to it.
void explain_recovery(const FabricInputs& fabric, const Asked& asked, ClusterOutcome& outcome);

// Adds to an error of no progress the faults that dropped packets, and those of nodes.
void explain_faults(const FabricInputs& fabric, ClusterOutcome& outcome);

}  // namespace soliton
