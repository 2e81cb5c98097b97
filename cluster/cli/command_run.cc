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
#include "cluster/engine/profile.h"
#include "cluster/report/report_html.h"
#include "cluster/report/summary.h"
#include "cluster/results/columns.h"
#include "cluster/results/critical_path.h"
#include "cluster/results/file_io.h"
#include "cluster/results/junit.h"
#include "cluster/results/run_folder.h"
#include "cluster/results/trace_units.h"
#include "cluster/run/firings.h"
#include "cluster/run/live_results.h"
#include "cluster/run/run.h"
#include "node/runtime/log.h"
#include "partition/plan/explain.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

std::string layout_words(const ClusterSpec& spec) {
  if (spec.time == TimeMode::kWall || spec.processes == ProcessMode::kPerNode)
    return "a process per node";
  if (spec.fidelity == Fidelity::kMessage) return "messages without packets, in one process";
  return "packed in one process";
}

// Communication alone has none.
bool has_plan(const PreparedRun& run) { return has_model(run.spec); }

std::string precision_of(const PreparedRun& run) {
  if (!has_plan(run)) return "";
  if (run.graph && !run.graph->on_fpgas()) return "fp32";
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

// What the run is about: its model, or its workloads.
std::string subject_of(const PreparedRun& run) {
  return has_plan(run) ? run.plan.model : workload_words(run.spec);
}

SummaryContext summary_context(const PreparedRun& run, const std::vector<CriticalPath>& paths,
                               const std::string& folder) {
  SummaryContext context;
  context.paths = paths;
  context.model = subject_of(run);
  context.topology = run.topology.name;
  context.precision = precision_of(run);
  context.layout = layout_words(run.spec);
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
    for (const PreparedRun* service : services_of(run))
      for (const CopyPlace& copy : service->copies)
        for (const Shard& shard : service->plan.shards)
          if (copy.node(shard.node) == node.name)
            for (const Chain& chain : shard.program.chains) chains.push_back(chain.label);
  }
  for (const TopologyLink& link : run.topology.links) names.links.push_back(link.name);
  for (const FaultRule& rule : run.faults.rules) names.fault_rules.push_back(rule.id);
  return names;
}

bool has_product(const Chain& chain) {
  return std::ranges::any_of(chain.instructions,
                             [](const Instruction& it) { return it.opcode == Opcode::kMvMul; });
}

ChainProducts chain_products(const PreparedRun& run) {
  ChainProducts out(run.spec.nodes.size());
  for (std::size_t node = 0; node < out.size(); ++node)
    for (const Shard& shard : run.plan.shards)
      if (shard.node == run.spec.nodes[node].name)
        for (const Chain& chain : shard.program.chains) out[node].push_back(has_product(chain));
  return out;
}

// Of several outputs each has a file, called after it as far as a file can be.
std::string outputs_file(const std::string& output, std::size_t of) {
  if (of == 1) return "outputs.npy";
  std::string name = output;
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_';
    if (!plain) c = '-';
  }
  return fmt::format("outputs-{}.npy", name);
}

// The types of the CSV files that the run leaves.
std::string columns_of(const PreparedRun& run, const RunResults& results) {
  std::vector<CsvFile> files{csv_file(
      "requests.csv", results.tells_of_services ? service_requests_columns() : requests_columns())};
  if (leaves_firings(run)) files.push_back(firings_columns());
  if (results.links) files.push_back(csv_file("links.csv", kLinkFields));
  if (results.series) files.push_back(csv_file("links_series.csv", series_columns()));
  return columns_json(files);
}

// Keeps what the report is made of.
class FolderWriter {
 public:
  explicit FolderWriter(const RunFolder& folder) : folder_(folder) {}
  // Every file is tried; the first failure is kept.
  std::string write(const std::string& name, std::string content) {
    const Status written = folder_.write(name, content);
    if (!written && all_) all_ = written;
    return content;
  }
  const Status& all() const { return all_; }

 private:
  const RunFolder& folder_;
  Status all_;
};

// Measurements are written first, so that a disk that fills up costs only pictures.
Status write_all(const RunFolder& folder, const PreparedRun& run, FinishedRun& finished,
                 const SummaryContext& context, const Profiler* profiler) {
  RunResults& results = finished.results;
  FolderWriter files(folder);
  ReportInput report;
  report.texts.requests = files.write("requests.csv", requests_csv(results));
  if (profiler != nullptr) results.wall.profile = profiler->profile();
  report.texts.results = files.write("results.json", results_json(results, context.paths));
  if (results.links) files.write("links.csv", links_csv(results));
  if (results.series)
    report.texts.links_series = files.write("links_series.csv", links_series_csv(*results.series));
  files.write("columns.json", columns_of(run, results));
  for (const auto& [name, array] : finished.outputs)
    files.write(outputs_file(name, finished.outputs.size()), format_npy(array));
  files.write("summary.txt", summary_text(results, context));
  report.texts.trace =
      files.write("trace.json", trace_json(finished.trace, trace_names(run), chain_products(run),
                                           results.series ? &*results.series : nullptr));
  if (has_plan(run)) report.texts.plan = files.write("plan.json", plan_json(run.plan));
  // It has grown during the run; without one nothing is marked.
  if (Result<std::string> events = read_whole_file(folder.current_path() + "/events.csv"))
    report.texts.events = std::move(*events);
  describe_cluster(run.spec, run.topology, report);
  files.write("report.html", report_page(report).html);
  return files.all();
}

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
  out.written =
      write_all(folder, run, out.finished, summary_context(run, out.paths, folder.current_path()),
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
