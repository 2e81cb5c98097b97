// A fault plan as people look it over before a run: what each rule is, where, and when (`soliton check
// --expand`).
#pragma once

#include <string>

#include "fabric/faults/fault_plan.h"
#include "topologies/topology.h"

namespace soliton {

// Lines that each begin with "# "; "" without rules. Equal plans on equal networks have equal hashes, and
// others different ones.
std::string fault_plan_text(const FaultPlan& plan, const Topology& topology);

}  // namespace soliton
