// Why a run did not finish, in whole sentences: nodes, links and faults by their names.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/engine/cluster_run.h"

namespace soliton {

// What the workload asks of all nodes together.
Asked requests_of(const std::vector<NodeAssignment>& nodes);

// If requests are open and nothing else explains it, makes the error from what the nodes say they
// wait for. Status 5.
void explain_stall(bool time_limit, const Asked& asked, ClusterOutcome& outcome);

// If requests are open because a node has lost a peer, makes the error: who gave up whom, when and
// why, and which fault was in force between them; the first one first. Status 4.
void explain_lost_peers(const FabricInputs& fabric, const Asked& asked, ClusterOutcome& outcome);

// To an error of no progress adds the faults that took packets.
void explain_faults(const FabricInputs& fabric, ClusterOutcome& outcome);

}  // namespace soliton
