// Measures what a cluster costs before it does anything: processes up, idle, and gone.
#pragma once

#include <string>

#include "protocol/base/result.h"

namespace soliton {

struct LaunchFigures {
  double ready_seconds = 0;   // from the first start to all ready
  double gone_seconds = 0;    // from the order to end until the last process is reaped
  double first_ready_ms = 0;  // one process alone, start to ready
  double idle_cpu_ms = 0;     // CPU time of all nodes together in one second of doing nothing
  double node_mib = 0;        // largest private memory of a node
};

// `nodes` processes without shards, under virtual time. kEnvironment or kBroken when they do not
// come up.
Result<LaunchFigures> measure_launch(const std::string& node_program, int nodes);

}  // namespace soliton
