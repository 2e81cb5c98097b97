// What several commands do with a cluster that is prepared.
#pragma once

#include "cluster/cli/command.h"
#include "cluster/run/run.h"

namespace soliton {

// -v: what was read and found, to standard error; twice: every file.
void say_prepared(const CommandLine& line, const PreparedRun& run);

// Points of an experiment have no folder to save outputs to.
Diagnostics refuse_saved_outputs(const ClusterSpec& spec);

}  // namespace soliton
