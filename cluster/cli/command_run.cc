#include <fmt/format.h>

#include <ctime>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/manager/run.h"
#include "cluster/report/report_html.h"
#include "cluster/report/summary.h"
#include "cluster/results/run_folder.h"
#include "partition/plan/explain.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

std::string layout_of(const ClusterSpec& spec) {
  if (spec.time == TimeMode::kWall || spec.processes == ProcessMode::kPerNode)
    return "a process per node";
  return "packed in one process";
}

// A communication workload has none.
bool has_plan(const PreparedRun& run) { return !run.spec.workload.traffic; }

std::string precision_of(const PreparedRun& run) {
  if (!has_plan(run)) return "";
  return run.spec.model.precision.empty() ? run.plan.shards.front().format.name
                                          : run.spec.model.precision;
}

const char* compute_name(ComputeKind kind) {
  switch (kind) {
    case ComputeKind::kFunctional:
      return "functional";
    case ComputeKind::kTiming:
      return "timing";
    case ComputeKind::kSampled:
      return "sampled";
  }
  return "";
}

std::string traffic_words(const Traffic& traffic) {
  std::string text = traffic_kind_name(traffic.kind);
  if (traffic.kind == TrafficKind::kAllGather)
    text += fmt::format(" ({})", gather_schedule_name(traffic.schedule));
  if (traffic.kind == TrafficKind::kIncast) text += fmt::format(" {} : 1", traffic.senders.size());
  return text + fmt::format(" of {}", spell(Bytes{static_cast<std::int64_t>(traffic.bytes)}));
}

// What the run is asked for: requests, or messages and rounds.
std::uint64_t asked_of(const PreparedRun& run) {
  const WorkloadSpec& workload = run.spec.workload;
  return workload.traffic ? expected_records(*workload.traffic)
                          : static_cast<std::uint64_t>(workload.requests);
}

SummaryContext summary_context(const PreparedRun& run, const std::string& folder) {
  SummaryContext context;
  context.model = has_plan(run) ? run.model.name : traffic_words(*run.spec.workload.traffic);
  context.topology = run.topology.name;
  context.precision = precision_of(run);
  context.layout = layout_of(run.spec);
  context.arrival = run.spec.workload.arrival;
  context.clients = run.spec.workload.clients;
  context.compute = compute_name(run.spec.compute);
  if (has_plan(run)) context.plan = &run.plan;
  context.folder = folder;
  return context;
}

TraceNames trace_names(const PreparedRun& run) {
  TraceNames names;
  for (const NodeSpec& node : run.spec.nodes) {
    names.nodes.push_back(node.name);
    std::vector<std::string>& chains = names.chains.emplace_back();
    for (const Shard& shard : run.plan.shards)
      if (shard.node == node.name)
        for (const Chain& chain : shard.program.chains) chains.push_back(chain.label);
  }
  for (const TopologyLink& link : run.topology.links) names.links.push_back(link.name);
  for (const FaultRule& rule : run.faults.rules) names.fault_rules.push_back(rule.id);
  return names;
}

Status write_all(const RunFolder& folder, const PreparedRun& run, const FinishedRun& finished,
                 const SummaryContext& context) {
  const RunResults& results = finished.results;
  const std::pair<const char*, std::string> files[] = {
      {"results.json", results_json(results)},
      {"requests.csv", requests_csv(results)},
      {"summary.txt", summary_text(results, context)},
      {"trace.json", trace_json(finished.trace, trace_names(run))},
      {"report.html", report_html(results, context, has_plan(run) ? plan_svg(run.plan) : "")},
  };
  for (const auto& [name, content] : files)
    if (Status written = folder.write(name, content); !written) return written;
  return {};
}

// The controller's own log; the nodes write theirs beside it.
std::string log_text(const CommandLine& line, const PreparedRun& run, const FinishedRun& finished) {
  const WallSummary& wall = finished.results.wall;
  std::string text = fmt::format("soliton run {}\n", line.inputs.front());
  for (const std::string& override_text : overrides_of(line))
    text += fmt::format("  --set {}\n", override_text);
  text += fmt::format(
      "{}: {} nodes, {} requests asked, {} answered; {} processes up in {:.3f} s, {:.3f} s in "
      "all\n",
      run.spec.name, run.spec.nodes.size(), asked_of(run), finished.results.requests.size(),
      wall.processes, wall.launch_seconds, wall.seconds);
  if (finished.error) text += fmt::format("error: {}\n", finished.error->message);
  if (finished.interrupted_by != 0)
    text += fmt::format("interrupted by signal {}\n", finished.interrupted_by);
  return text;
}

// First cause wins; the others are listed.
int verdict(const PreparedRun& run, const FinishedRun& finished) {
  const RunResults& results = finished.results;
  int status = 0;
  const auto cause = [&status](int code, const std::string& text) {
    message("{}\n", text);
    if (status == 0) status = code;
  };
  if (finished.interrupted_by != 0) {
    cause(signal_status(finished.interrupted_by),
          fmt::format("interrupted: {} of {} requests are kept", results.requests.size(),
                      asked_of(run)));
    return status;
  }
  if (finished.error) cause(exit_status(finished.error->code), finished.error->message);
  if (results.outputs.mismatched > 0)
    cause(1, fmt::format("{} of {} {}", results.outputs.mismatched, results.outputs.checked,
                         has_plan(run) ? "outputs differ from the unsharded run"
                                       : "messages are not what was sent"));
  const double p99 = latency_summary(results).p99;
  if (run.spec.service.sla_p99.count() > 0 && p99 > in_us(run.spec.service.sla_p99))
    cause(1, fmt::format("SLA missed: p99 is {:.3f} us, promised {}", p99,
                         to_string(run.spec.service.sla_p99)));
  return status;
}

RunControl control_of(const CommandLine& line, const PreparedRun& run, const RunFolder& folder,
                      ProgressLine& progress) {
  RunControl control;
  control.signal = &watch_signals();
  control.time_limit = run.spec.time_limit;
  control.log_folder = folder.log_folder();
  control.node_program = node_program();
  const auto requests = static_cast<std::size_t>(asked_of(run));
  if (!line.quiet && !line.json)
    control.progress = [&progress, requests](std::size_t completed, Instant now) {
      progress.show(
          fmt::format("{} of {} requests, {}", completed, requests, to_string(now - kRunStart)),
          completed, requests);
    };
  return control;
}

}  // namespace

int command_run(const CommandLine& line) {
  const Checked<std::unique_ptr<PreparedRun>> prepared =
      prepare(line.inputs.front(), overrides_of(line), data_root());
  if (!prepared) return report_errors(prepared.error());
  const PreparedRun& run = **prepared;
  const ClusterSpec& spec = run.spec;
  const Result<RunFolder> folder =
      RunFolder::open({spec.name, run_stamp(std::time(nullptr)), line.out});
  if (!folder) return report_error(folder.error());
  const Status spec_written = folder->write("cluster.yaml", write_cluster(spec, folder->path()));
  if (!spec_written) return report_error(spec_written.error());
  ProgressLine progress(!line.quiet && !line.json);
  const FinishedRun finished = execute_run(run, control_of(line, run, *folder, progress));
  progress.clear();
  SummaryContext context = summary_context(run, folder->path());
  Status written = write_all(*folder, run, finished, context);
  if (written) written = folder->write("log/soliton.log", log_text(line, run, finished));
  Status said;
  if (line.json) {
    said = print_json(results_json(finished.results));
  } else if (!line.quiet) {
    // The summary is in the folder: nothing is lost with it, so a closed pipe changes no status.
    context.terminal = colours_wanted(stdout);
    static_cast<void>(print_raw(summary_text(finished.results, context)));
  }
  int status = verdict(run, finished);
  if (!written) {
    const int not_written = report_error(written.error());
    if (status == 0) status = not_written;
  }
  return printed(said, status);
}

}  // namespace soliton
