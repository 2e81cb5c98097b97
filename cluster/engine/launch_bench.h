// Measures the fixed cost of a cluster: starting its processes, keeping them idle and ending them.
#pragma once

#include <string>

#include "protocol/base/result.h"

namespace soliton {

struct LaunchFigures {
  double ready_seconds = 0;   // from the first start until all are ready
  double gone_seconds = 0;    // from the order to end until the last process is reaped
  double first_ready_ms = 0;  // one process alone, start to ready
  double idle_cpu_ms = 0;     // CPU time of all nodes together in one idle second
  double node_mib = 0;        // largest private memory of a node
};

// Starts `nodes` processes without shards, under virtual time. kEnvironment or kBroken if they do
// not start.
Result<LaunchFigures> measure_launch(const std::string& node_program, int nodes);

}  // namespace soliton
