// events.csv: every decision of a fault rule that had an effect, as lines that a fault of kind `events`
// reads back.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cluster/results/columns.h"
#include "fabric/faults/fault_action.h"
#include "fabric/faults/fault_plan.h"
#include "topologies/topology.h"

namespace soliton {

// The columns of the file.
CsvFile firings_columns();

// The first lines of the file: the names of the columns, and as comments by how much the packets of each rule
// may be late and where, because the timers of a run know that beforehand, whether the rule ever fires or not.
std::string firings_head(const FaultPlan& plan, const Topology& topology);

// A line for each, in their order.
std::string firing_lines(const FaultPlan& plan, const Topology& topology,
                         std::span<const FaultFiring> firings);
// The same of what happened to nodes: the node stands in place of the link, and `node` for the direction.
std::string trouble_lines(const FaultPlan& plan, const Topology& topology,
                          std::span<const NodeFiring> firings);

}  // namespace soliton
