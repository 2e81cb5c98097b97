// The files that a run leaves in its folder when it has ended, and what its summary tells.
#pragma once

#include <string>
#include <vector>

#include "cluster/engine/profile.h"
#include "cluster/report/summary.h"
#include "cluster/results/critical_path.h"
#include "cluster/results/run_folder.h"
#include "cluster/run/run.h"

namespace soliton {

// Communication alone has none.
bool has_plan(const PreparedRun& run);
SummaryContext summary_context(const PreparedRun& run, const std::vector<CriticalPath>& paths,
                               const std::string& folder);
// Every file is tried; returns the first failure. `profiler` may be null.
Status write_run_files(const RunFolder& folder, const PreparedRun& run, FinishedRun& finished,
                       const SummaryContext& context, const Profiler* profiler);

}  // namespace soliton
