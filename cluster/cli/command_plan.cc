// soliton plan: the partition without a run.
#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/prepared.h"
#include "cluster/results/run_folder.h"
#include "partition/plan/explain.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

// The plan as values, words and picture, and the cluster it is for.
Status write_plan(const std::string& out, const PreparedRun& run) {
  const Result<RunFolder> folder = RunFolder::open({run.spec.name, "", out});
  if (!folder) return tl::unexpected<Error>(folder.error());
  const std::pair<const char*, std::string> files[] = {
      {"plan.json", plan_json(run.plan)},
      {"plan.txt", explain(run.plan, run.topology)},
      {"plan.svg", plan_svg(run.plan)},
      {"cluster.yaml", write_cluster(run.spec, folder->path())}};
  for (const auto& [name, content] : files)
    if (const Status written = folder->write(name, content); !written) return written;
  return {};
}

int plan(const CommandLine& line) {
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(
      line.inputs.front(), line.overrides(), data_root(), {.plan_only = true, .weights = false});
  if (!prepared) return report_errors(prepared.error());
  const PreparedRun& run = **prepared;
  say_prepared(line, run);
  if (!line.out.empty())
    if (const Status written = write_plan(line.out, run); !written)
      return report_error(written.error());
  const int status = run.plan.missed.empty() ? 0 : 1;
  if (status != 0 && (line.json || line.quiet)) message("{}\n", run.plan.missed);
  if (line.json) return printed(print_json(plan_json(run.plan)), status);
  return line.quiet ? status : printed(print_lines(explain(run.plan, run.topology)), status);
}

RunCommand define(OptionSet& options, CommandLine&) {
  options.inputs("file", "cluster file");
  return plan;
}

}  // namespace

const CliCommand kPlanCommand = {
    .name = "plan",
    .what =
        "Partitions only: where each shard goes, memory per node, what crosses the network, "
        "predicted latency",
    .example = "soliton plan configs/quickstart.yaml --set partition.max_nodes=4",
    .takes_cluster = true,
    .finds_files = true,
    .out = "folder to write plan.json, plan.txt, plan.svg and cluster.yaml to (default none)",
    .define = define};

}  // namespace soliton
