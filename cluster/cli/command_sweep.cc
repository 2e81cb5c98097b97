#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/prepared.h"
#include "cluster/cli/private_files.h"
#include "cluster/cli/progress.h"
#include "cluster/engine/elapsed.h"
#include "cluster/engine/launcher.h"
#include "cluster/experiment/sweep.h"
#include "cluster/results/build_id.h"
#include "cluster/results/junit.h"
#include "cluster/run/run.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

// One point: a whole run without a folder of its own; its results go to the sweep.
Checked<PointRun> run_point(const CommandLine& line, const ClusterSpec& spec, ControlLoop& loop) {
  if (Diagnostics saved = refuse_saved_outputs(spec); !saved.empty())
    return tl::unexpected<Diagnostics>(std::move(saved));
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(spec);
  if (!prepared) return tl::unexpected<Diagnostics>(prepared.error());
  RunControl control;
  control.loop = &loop;
  control.time_limit = spec.time_limit;
  control.silence = std::chrono::ceil<std::chrono::milliseconds>(spec.silence);
  control.node_program = node_program();
  if (!line.engine.empty()) control.engine = line.engine;
  FinishedRun finished = execute_run(**prepared, control);
  if (finished.error && finished.results.sent == 0)
    return tl::unexpected<Diagnostics>(Diagnostics{{*finished.error}});
  return PointRun{std::move(finished.results), (*prepared)->spec.files_read, finished.error};
}

// The command's own options.
struct SweepWishes {
  std::int64_t jobs = 0;  // 0: as many as there are processors
  bool yes = false;
  bool shared = false;
  std::string junit;
};
constexpr std::int64_t kJobsMost = 1'024;

// Points run in a process with a loop of its own, so that a signal ends each of them in order.
PointWorkers::Play worker_play(const CommandLine& line) {
  const auto loop = std::make_shared<ControlLoop>();
  loop->keep_results();
  return [&line, loop](const std::string& cluster,
                       const Overrides& overrides) -> Checked<PointOutcome> {
    const Checked<ClusterSpec> spec = read_cluster(cluster, overrides, data_root());
    if (!spec) return tl::unexpected<Diagnostics>(spec.error());
    const Checked<PointRun> run = run_point(line, *spec, *loop);
    if (!run) return tl::unexpected<Diagnostics>(run.error());
    return outcome_of(*run);
  };
}

// Runs that are known before the start, or those of one value of a search.
std::size_t runs_at_once(const Experiment& experiment) {
  std::size_t runs = experiment.find ? experiment.seeds.size() : 0;
  for (const ExperimentSeries& series : experiment.series) runs += series.points.size();
  return runs;
}

// nullptr if one after the other is all there is to do. REQUIRES: no thread was started.
std::unique_ptr<PointWorkers> workers_for(const CommandLine& line, const SweepWishes& own,
                                          const Experiment& experiment) {
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t wanted = own.jobs > 0 ? static_cast<std::size_t>(own.jobs) : cores;
  const std::size_t count = std::min(wanted, runs_at_once(experiment));
  if (count < 2) return nullptr;
  return std::make_unique<PointWorkers>(count, [&line] { return worker_play(line); });
}

// Of the two programs that make results; "": one cannot be read.
std::string build_of_programs() {
  const std::string own = build_id(), node = build_id(node_program());
  return own.empty() || node.empty() ? "" : own + " " + node;
}

// In wall time, or with a process per node, a run takes what processors there are.
bool runs_alone(const CommandLine& line, const ClusterSpec& spec) {
  return !layout_of(spec, line.engine).packed;
}

SweepOptions sweep_options(const CommandLine& line, const Experiment& experiment,
                           PointWorkers* workers, ControlLoop& loop, ProgressLine& live) {
  SweepOptions options;
  // Without --out the same experiment finds its finished points again.
  options.folder = line.out.empty() ? "runs/" + experiment.name : line.out;
  options.overrides = line.overrides();
  options.data = data_root();
  options.build = build_of_programs();
  options.stop = [&loop] { return loop.signal() != 0; };
  options.signal = [&loop] { return loop.signal().load(); };
  options.workers = workers;
  options.runs_alone = [&line](const ClusterSpec& spec) { return runs_alone(line, spec); };
  options.seconds = [start = std::chrono::steady_clock::now()] { return seconds_since(start); };
  // A lost lease is found by the next check before something is written.
  options.keep_lease = [&loop](FolderLock& lock) {
    return std::make_shared<ControlLoop::Repeating>(loop, std::chrono::seconds(1), [&lock] {
      static_cast<void>(lock.renew(std::chrono::steady_clock::now()));
    });
  };
  if (!line.quiet && !line.json)
    options.progress = [&live](const std::string& text) {
      live.clear();
      message("{}\n", text);
    };
  options.live = [&live](const SweepProgress& now) { live.show(now); };
  return options;
}

// Lists the points that did not finish and why, if no progress was shown.
void list_failures(const Sweep& sweep) {
  for (const SweepSeries& series : sweep.series)
    for (const SweepPoint& point : series.points)
      if (!point.error.empty() && !(sweep.not_written && sweep.not_written->message == point.error))
        message("{} {} {}: {}\n", series.series.name, series.series.axis, point.x_words(),
                point.error);
}

std::size_t finished_points(const Sweep& sweep) {
  std::size_t count = 0;
  for (const SweepSeries& series : sweep.series)
    for (const SweepPoint& point : series.points)
      if (point.numbers && point.numbers->complete) ++count;
  return count;
}

// The status, with a message for what is no point's failure.
int verdict(const Sweep& sweep, int signal) {
  if (sweep.not_written) return report_error(*sweep.not_written);
  if (sweep.interrupted) {
    message("interrupted: {} finished points are kept; run it again for the others\n",
            finished_points(sweep));
    return signal_status(signal);
  }
  return sweep.first_failure ? exit_status(*sweep.first_failure) : 0;
}

// A case for each run, and for each search.
Status write_junit(const Sweep& sweep, const std::string& file, double seconds) {
  std::vector<JunitCase> cases;
  for (const SweepSeries& series : sweep.series) {
    for (const SweepPoint& point : series.points)
      cases.push_back(
          {fmt::format("{} {} {}{}", series.series.name, series.series.axis, point.x_words(),
                       point.seed ? fmt::format(" seed {}", *point.seed) : ""),
           point.error, !point.numbers && point.error.empty()});
    if (series.found)
      cases.push_back({fmt::format("{} find", series.series.name),
                       series.found->value ? "" : find_words(sweep, series), false});
  }
  return write_file(file, junit_xml(sweep.name, cases, seconds));
}

int sweep(const CommandLine& line, const SweepWishes& own) {
  const Checked<Experiment> experiment =
      read_experiment(line.inputs.front(), {.allow_many = own.yes});
  if (!experiment) return report_errors(experiment.error());
  const std::string folder = line.out.empty() ? "runs/" + experiment->name : line.out;
  if (const Status kept = keep_private(folder, own.shared); !kept)
    return report_error(kept.error());
  const std::unique_ptr<PointWorkers> workers = workers_for(line, own, *experiment);
  ControlLoop loop;
  loop.keep_results();
  ProgressLine live(!line.quiet && !line.json);
  const SweepOptions options = sweep_options(line, *experiment, workers.get(), loop, live);
  const Result<Sweep> all = run_sweep(
      *experiment, [&](const ClusterSpec& spec) { return run_point(line, spec, loop); }, options);
  live.clear();
  if (!all) return report_error(all.error());
  if (!options.progress) list_failures(*all);
  int status = verdict(*all, loop.signal());
  if (!own.junit.empty())
    if (const Status written = write_junit(*all, own.junit, options.seconds()); !written) {
      const int not_written = report_error(written.error());
      status = status == 0 ? not_written : status;
    }
  if (line.json) return printed(print_json(sweep_json(*all)), status);
  // The table is also in the folder, so a closed pipe loses nothing and does not change the status.
  if (!line.quiet)
    static_cast<void>(print_lines(
        fmt::format("{}wrote  {}/   open report.html for the curves, sweep.csv for the numbers\n",
                    sweep_table(*all), options.folder)));
  return status;
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<SweepWishes>();
  options.inputs("file", "experiment file");
  options.number("--jobs", "N", own->jobs, 0, kJobsMost,
                 "points that run side by side, as far as memory allows (0, the default: one for "
                 "each processor)");
  options.flag("--yes", own->yes, "play experiments of more than 100,000 runs, too");
  options.text("--junit", "FILE", own->junit, "also write each point as a case of JUnit's XML");
  define_shared(options, own->shared);
  return [own](const CommandLine& line) { return sweep(line, *own); };
}

}  // namespace

const CliCommand kSweepCommand = {
    .name = "sweep",
    .what =
        "Runs the points of an experiment, keeps finished ones, makes a table, a CSV file and a "
        "page of curves",
    .example = "soliton sweep configs/experiments/strong-scaling.yaml --out runs/scaling",
    .takes_cluster = true,
    .finds_files = true,
    .out = "folder to write (default runs/NAME)",
    .define = define};

}  // namespace soliton
