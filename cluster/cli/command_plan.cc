// soliton plan: the partition without a run, of a cluster or of a priced graph.
#include <fmt/format.h>

#include <memory>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/plan_graph.h"
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

// Keys of a cluster file have no meaning for a graph, and a graph no place beside a cluster file.
std::string misuse(const CommandLine& line, const GraphPlanOptions& options, bool objective_given) {
  if (options.graph.empty()) {
    if (objective_given)
      return "--objective is for --graph; a cluster file has partition.objective (--set "
             "partition.objective=latency)";
    return line.inputs.empty() ? "needs a cluster file, or --graph FILE.json" : "";
  }
  if (!line.inputs.empty()) return fmt::format("either --graph or \"{}\"", line.inputs.front());
  return line.overrides().empty() && line.engine.empty()
             ? ""
             : "--set, --seed, --time, --processes and --engine are for cluster files";
}

RunCommand define(OptionSet& options, CommandLine&) {
  auto own = std::make_shared<GraphPlanOptions>();
  auto objective = std::make_shared<std::string>();
  options.optional_input("file", "cluster file");
  options.text("--graph", "FILE.json", own->graph,
               "plans a graph of operators with known times in place of a cluster");
  options.text("--objective", *objective, "of --graph: throughput (default) | latency",
               {"throughput", "latency"});
  return [own, objective](const CommandLine& line) {
    if (const std::string wrong = misuse(line, *own, !objective->empty()); !wrong.empty())
      return report_error(
          {ErrorCode::kInvalid, fmt::format("soliton plan: {} (soliton plan --help)", wrong)});
    if (!objective->empty()) own->objective = *objective;
    return own->graph.empty() ? plan(line) : plan_graph(line, *own);
  };
}

}  // namespace

const CliCommand kPlanCommand = {
    .name = "plan",
    .what =
        "Partitions only: where each shard goes, memory per node, what crosses the network, "
        "predicted latency",
    .example =
        "soliton plan configs/quickstart.yaml --set partition.max_nodes=4\n"
        "  soliton plan --graph configs/graphs/two-branches.json --objective latency",
    .takes_cluster = true,
    .finds_files = true,
    .out =
        "folder to write plan.json, plan.txt, plan.svg and cluster.yaml to, of --graph only "
        "plan.json (default none)",
    .define = define};

}  // namespace soliton
