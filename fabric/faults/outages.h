// What a fault plan says beforehand about links that carry nothing: what packets are led around.
#pragma once

#include <vector>

#include "fabric/faults/fault_plan.h"
#include "topologies/routes.h"

namespace soliton {

// One for each window within the run of each rule that cuts links for all packets.
std::vector<Outage> outages_of(const FaultPlan& plan);

}  // namespace soliton
