#include "cluster/cli/prepared.h"

#include <fmt/format.h>

#include "protocol/base/message.h"

namespace soliton {

void say_prepared(const CommandLine& line, const PreparedRun& run) {
  if (line.verbosity == 0) return;
  message("{}: {} nodes, {} links; {} files read\n", run.spec.name, run.spec.nodes.size(),
          run.topology.links.size(), run.spec.files_read.files().size());
  if (line.verbosity > 1)
    for (const FilesRead::File& file : run.spec.files_read.files()) message("  {}\n", file.path);
  if (!run.plan.shards.empty())
    message("plan: {} on {} of the nodes, {} ({})\n", run.plan.model, run.plan.nodes_used,
            run.plan.certificate.verdict, run.plan.certificate.method);
}

Diagnostics refuse_saved_outputs(const ClusterSpec& spec) {
  Diagnostics problems;
  if (spec.save_outputs)
    problems.add(ErrorCode::kInvalid,
                 fmt::format("{}: outputs: save: all writes into a run's folder, and the points of "
                             "an experiment have none; allowed is none",
                             spec.file));
  return problems;
}

}  // namespace soliton
