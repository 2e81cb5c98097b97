// soliton plan --graph: nodes for the operators of a priced graph (docs/planner.md).
#pragma once

#include <string>

#include "cluster/cli/command.h"

namespace soliton {

struct GraphPlanOptions {
  std::string graph;  // file; "": a cluster is planned
  std::string objective = "throughput";
};

// Returns the exit status.
int plan_graph(const CommandLine& line, const GraphPlanOptions& options);

}  // namespace soliton
