#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/prepared.h"
#include "cluster/cli/private_files.h"
#include "cluster/cli/progress.h"
#include "cluster/cli/report_input.h"
#include "cluster/cli/run_files.h"
#include "cluster/engine/profile.h"
#include "cluster/report/summary.h"
#include "cluster/results/critical_path.h"
#include "cluster/results/junit.h"
#include "cluster/results/run_folder.h"
#include "cluster/run/firings.h"
#include "cluster/run/live_results.h"
#include "cluster/run/run.h"
#include "node/runtime/log.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

// The controller's own log; the nodes write theirs beside it.
void log_begin(Log& log, const CommandLine& line, const PreparedRun& run) {
  log.info("soliton run {}", line.inputs.front());
  for (const std::string& one : line.overrides()) log.info("  --set {}", one);
  log.info("{}: {} nodes, {} requests asked", run.spec.name, run.spec.nodes.size(),
           asked_of(run.spec));
  log.flush();  // a process that is killed leaves it behind
}

void log_end(Log& log, const FinishedRun& finished) {
  const WallSummary& wall = finished.results.wall;
  log.set_time(finished.results.last_completed);
  log.info("{} requests answered; {} processes up in {:.3f} s, {:.3f} s in all",
           finished.results.requests.size(), wall.processes, wall.launch_seconds, wall.seconds);
  for (const RunWarning& warning : finished.results.warnings)
    log.warn("{}: {}", warning.id, warning.text);
  if (finished.error) log.error("{}", finished.error->message);
  if (finished.interrupted_by != 0) log.error("interrupted by signal {}", finished.interrupted_by);
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
                      asked_of(run.spec)));
    return status;
  }
  const auto ended_as_expected = [](const ExpectResult& e) { return e.key == "end" && e.met; };
  const bool expected = std::ranges::any_of(results.expectations, ended_as_expected);
  if (finished.error && expected)
    message("ended as expected: {}\n", finished.error->message);
  else if (finished.error)
    cause(exit_status(finished.error->code), finished.error->message);
  for (const ExpectResult& e : results.expectations)
    if (!e.met) cause(1, fmt::format("expected {} {}, but measured {}", e.key, e.said, e.measured));
  const bool may_differ = std::ranges::any_of(
      results.expectations, [](const ExpectResult& e) { return e.key == "mismatched" && e.met; });
  if (results.outputs.mismatched > 0 && !may_differ)
    cause(1, fmt::format("{} of {} {}", results.outputs.mismatched, results.outputs.checked,
                         has_plan(run) ? "outputs differ from the unsharded run"
                                       : "messages are not what was sent"));
  for (const ServiceResult& service : results.services)
    for (const ServiceResult::Promise& promise : service.sla)
      if (!promise.met)
        cause(1, fmt::format("SLA{} missed: {} is {}, promised {}",
                             service.name.empty() ? "" : " of " + service.name, promise.key,
                             promise.measured, promise.said));
  return status;
}

// A case for each thing that a run is held to.
std::vector<JunitCase> junit_cases(const PreparedRun& run, const FinishedRun& finished) {
  const RunResults& results = finished.results;
  std::vector<JunitCase> out;
  const auto ended_as_expected = [](const ExpectResult& e) { return e.key == "end" && e.met; };
  const bool expected = std::ranges::any_of(results.expectations, ended_as_expected);
  out.push_back({"completes", finished.error && !expected    ? finished.error->message
                              : finished.interrupted_by != 0 ? "interrupted"
                                                             : ""});
  for (const ExpectResult& e : results.expectations)
    out.push_back(
        {fmt::format("{} {}", e.key, e.said), e.met ? "" : fmt::format("measured {}", e.measured)});
  const bool may_differ = std::ranges::any_of(
      results.expectations, [](const ExpectResult& e) { return e.key == "mismatched" && e.met; });
  if (results.outputs.known && results.outputs.checked > 0 && !may_differ)
    out.push_back({"outputs", results.outputs.mismatched == 0
                                  ? ""
                                  : fmt::format("{} of {} differ", results.outputs.mismatched,
                                                results.outputs.checked)});
  const Duration sla = run.spec.service.sla_p99;
  const double p99 = latency_summary(results).p99;
  if (sla.count() > 0)
    out.push_back({fmt::format("sla p99 {}", to_string(sla)),
                   p99 <= in_us(sla) ? "" : fmt::format("measured {:.3f} us", p99)});
  return out;
}

constexpr std::size_t kLogTail = 10;  // lines of a dead node's log that are shown

// The command's own options.
struct RunOptions {
  std::int64_t threads = 1;
  bool profile = false;
  bool shared = false;
  std::string junit;
};
constexpr std::int64_t kThreadsMost = 64;

// Whether the nodes of the run can be played by several threads.
Status check_threads(const RunOptions& own, const ClusterSpec& spec) {
  const Layout layout = layout_of(spec, "");
  if (own.threads == 1 || (layout.packed && !layout.messages)) return {};
  if (layout.messages)
    return invalid("--threads belongs to fidelity: packet; messages are played on one thread");
  return invalid(
      fmt::format("--threads {} needs nodes that are packed into one process (--time virtual "
                  "--processes packed); here each is a process of its own",
                  own.threads));
}

RunControl control_of(const CommandLine& line, const RunOptions& own, const PreparedRun& run,
                      const RunFolder& folder, ControlLoop& loop, RunObserver& observer) {
  RunControl control;
  control.profile = own.profile;
  control.threads = static_cast<std::uint32_t>(own.threads);
  control.loop = &loop;
  control.time_limit = run.spec.time_limit;
  control.silence = std::chrono::ceil<std::chrono::milliseconds>(run.spec.silence);
  control.logs.open = [&folder](const std::string& node) {
    Result<FileHandle> log = folder.open_log(node);
    return log ? log->release() : -1;
  };
  control.logs.last_lines = [&folder](const std::string& node) {
    return folder.last_log_lines(node, kLogTail);
  };
  control.node_program = node_program();
  if (!line.engine.empty()) control.engine = line.engine;
  control.observer = &observer;
  return control;
}

// What a run left: results, and whether all of them could be written.
struct Driven {
  FinishedRun finished;
  std::vector<CriticalPath> paths;
  Status written;
};

// Drives the run and writes its folder. kNotWritten: not even its beginning could be, and nothing
// was started.
Result<Driven> drive(const CommandLine& line, const RunOptions& own, const PreparedRun& run,
                     RunFolder& folder, ControlLoop& loop) {
  // If the log cannot be opened, its lines are lost, as on a full disk.
  const Result<FileHandle> log_file = folder.open_log("soliton");
  Log log(log_file ? log_file->get() : -1);
  log_begin(log, line, run);
  ProgressLine progress(!line.quiet && !line.json);
  Result<std::unique_ptr<LiveResults>> live =
      LiveResults::start(run, folder, loop, [&](const RunProgress& now) { progress.show(now); });
  if (!live) return tl::unexpected<Error>(live.error());
  Driven out;
  std::optional<Profiler> profiler;
  if (own.profile) profiler.emplace();
  out.finished = execute_run(run, control_of(line, own, run, folder, loop, **live));
  (*live)->stop();
  progress.clear();
  const Doing doing(Activity::kResults);
  out.paths = critical_paths(out.finished.results, out.finished.trace, path_nodes(run.spec));
  out.written = write_run_files(folder, run, out.finished,
                                summary_context(run, out.paths, folder.current_path()),
                                profiler ? &*profiler : nullptr);
  log_end(log, out.finished);
  (*live)->finish(out.finished.results.complete);
  return out;
}

int run_cluster(const CommandLine& line, const RunOptions& own) {
  ControlLoop loop;
  const Checked<std::unique_ptr<PreparedRun>> prepared =
      prepare(line.inputs.front(), line.overrides(), data_root());
  if (!prepared) return report_errors(prepared.error());
  const PreparedRun& run = **prepared;
  const ClusterSpec& spec = run.spec;
  if (const Status threads = check_threads(own, spec); !threads)
    return report_error(threads.error());
  say_prepared(line, run);
  // Before there is a folder, so that none is left without results.
  loop.keep_results();
  RunFolderOptions where{spec.name, run_stamp(std::time(nullptr)), line.out};
  const std::string below = line.out.empty() ? where.base + "/run" : line.out;
  if (const Status kept = keep_private(below, own.shared); !kept) return report_error(kept.error());
  Result<RunFolder> folder = RunFolder::open(where);
  if (!folder) return report_error(folder.error());
  const Status spec_written = folder->write("cluster.yaml", write_cluster(spec, folder->path()));
  if (!spec_written) return report_error(spec_written.error());
  const Result<Driven> driven = drive(line, own, run, *folder, loop);
  if (!driven) return report_error(driven.error());
  const RunResults& results = driven->finished.results;
  Status said;
  if (line.json) {
    said = print_json(results_json(results, driven->paths));
  } else if (!line.quiet) {
    // The summary is also in the folder, so a closed pipe loses nothing and does not change the
    // status.
    SummaryContext context = summary_context(run, driven->paths, folder->current_path());
    context.terminal = colours_wanted(stdout);
    static_cast<void>(print_raw(summary_text(results, context)));
  }
  int status = verdict(run, driven->finished);
  if (!own.junit.empty())
    if (const Status written = write_file(
            own.junit,
            junit_xml(results.name, junit_cases(run, driven->finished), results.wall.seconds));
        !written) {
      const int not_written = report_error(written.error());
      if (status == 0) status = not_written;
    }
  if (!driven->written) {
    const int not_written = report_error(driven->written.error());
    if (status == 0) status = not_written;
  }
  return printed(said, status);
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<RunOptions>();
  options.inputs("file", "cluster file");
  options.number("--threads", "N", own->threads, 1, kThreadsMost,
                 "threads that play packed nodes side by side, with the same bytes");
  options.flag("--profile", own->profile,
               "says where the wall time went: network, transport, roles, waiting for processes");
  options.text("--junit", "FILE", own->junit,
               "also write what the run is held to as cases of JUnit's XML");
  define_shared(options, own->shared);
  return [own](const CommandLine& line) { return run_cluster(line, *own); };
}

}  // namespace

const CliCommand kRunCommand = {
    .name = "run",
    .what =
        "Partitions the model, launches the cluster, drives the workload, checks outputs, writes "
        "the run folder",
    .example = "soliton run configs/quickstart.yaml --set workload.requests=100 --time wall",
    .takes_cluster = true,
    .finds_files = true,
    .out = "folder to write (default runs/NAME-STAMP)",
    .define = define};

}  // namespace soliton
