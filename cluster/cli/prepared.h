// Functions on a prepared cluster that several commands share.
#pragma once

#include "cluster/cli/command.h"
#include "cluster/run/run.h"

namespace soliton {

// With -v, prints what was read and found to standard error; with -vv, also every file.
void say_prepared(const CommandLine& line, const PreparedRun& run);

// Refuses `outputs: {save: all}` for an experiment, whose points have no folder for outputs.
Diagnostics refuse_saved_outputs(const ClusterSpec& spec);

}  // namespace soliton
