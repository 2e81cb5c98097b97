#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/prepared.h"
#include "cluster/cli/private_files.h"
#include "cluster/cli/progress.h"
#include "cluster/cli/sweep_manifest.h"
#include "cluster/cli/sweep_parts.h"
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
  std::string part, emit;  // "": not asked for
  bool list = false, collect = false;
};
const std::vector<std::string> kEmitted = {"slurm", "parallel", "kubernetes"};
constexpr std::size_t kPartsUnasked = 4;
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

std::string folder_of(const CommandLine& line, const Experiment& experiment) {
  return line.out.empty() ? "runs/" + experiment.name : line.out;
}

SweepOptions sweep_options(const CommandLine& line, const Experiment& experiment,
                           PointWorkers* workers, ControlLoop& loop, ProgressLine& live) {
  SweepOptions options;
  // Without --out the same experiment finds its finished points again.
  options.folder = folder_of(line, experiment);
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

std::size_t points_of(const Experiment& experiment) {
  std::size_t points = 0;
  for (const ExperimentSeries& series : experiment.series) points += series.points.size();
  return points;
}

// One row a point, with its part if it is known how many there are.
int list(const CommandLine& line, const Experiment& experiment, std::size_t parts) {
  SweepOptions options;
  options.folder = folder_of(line, experiment);
  options.overrides = line.overrides();
  options.data = data_root();
  options.build = build_of_programs();
  const Result<std::vector<ListedPoint>> points = list_points(experiment, options);
  if (!points) return report_error(points.error());
  return line.json ? printed(print_json(listed_json(*points, parts)))
                   : printed(print_lines(listed_text(*points, parts)));
}

// What the parts of an emitted script get beside their number.
std::vector<std::string> options_of(const CommandLine& line, const SweepWishes& own) {
  std::vector<std::string> out;
  const auto add = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out.insert(out.end(), {name, value});
  };
  for (const std::string& set : line.set) add("--set", set);
  if (line.seed) add("--seed", std::to_string(*line.seed));
  add("--time", line.time);
  add("--processes", line.processes);
  add("--engine", line.engine);
  if (own.yes) out.emplace_back("--yes");
  if (own.shared) out.emplace_back("--shared");
  return out;
}

int emit(const CommandLine& line, const SweepWishes& own, const Experiment& experiment,
         std::size_t parts) {
  std::error_code error;
  EmittedSweep sweep;
  sweep.name = experiment.name;
  sweep.program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  sweep.file = std::filesystem::absolute(line.inputs.front(), error).lexically_normal().string();
  sweep.folder = std::filesystem::absolute(folder_of(line, experiment), error).string();
  sweep.options = options_of(line, own);
  sweep.parts =
      parts > 0 ? parts : std::clamp<std::size_t>(points_of(experiment), 1, kPartsUnasked);
  if (own.emit == "slurm") return printed(print_raw(slurm_script(sweep)));
  if (own.emit == "parallel") return printed(print_raw(parallel_commands(sweep)));
  const Checked<std::string> manifest = sweep_manifest(sweep, experiment, data_root());
  return manifest ? printed(print_raw(*manifest)) : report_errors(manifest.error());
}

// What is due after all points have ended: files and words.
int conclude(const CommandLine& line, const SweepWishes& own, const SweepOptions& options,
             const Sweep& all, int status) {
  if (!options.progress) list_failures(all);
  if (!own.junit.empty())
    if (const Status written = write_junit(all, own.junit, options.seconds()); !written) {
      const int not_written = report_error(written.error());
      status = status == 0 ? not_written : status;
    }
  if (line.json) return printed(print_json(sweep_json(all)), status);
  // The table is also in the folder, so a closed pipe loses nothing and does not change the status.
  if (!line.quiet && !options.part)
    static_cast<void>(print_lines(
        fmt::format("{}wrote  {}/   open report.html for the curves, sweep.csv for the numbers\n",
                    sweep_table(all), options.folder)));
  return status;
}

// 5 if points are missing, else 1 if some have failed.
int collect(const CommandLine& line, const SweepWishes& own, const Experiment& experiment) {
  ControlLoop loop;
  loop.keep_results();
  ProgressLine live(!line.quiet && !line.json);
  const SweepOptions options = sweep_options(line, experiment, nullptr, loop, live);
  const Result<Sweep> all = collect_sweep(experiment, options);
  live.clear();
  if (!all) return report_error(all.error());
  int status = all->first_failure ? exit_status(ErrorCode::kCheckFailed) : 0;
  if (all->not_written) {
    status = report_error(*all->not_written);
  } else if (all->missing > 0) {
    message("{} of {} points are missing: no part has finished them\n", all->missing,
            points_of(experiment));
    status = exit_status(ErrorCode::kNoProgress);
  }
  return conclude(line, own, options, *all, status);
}

int play(const CommandLine& line, const SweepWishes& own, const Experiment& experiment,
         const std::optional<SweepPart>& part) {
  const std::unique_ptr<PointWorkers> workers = workers_for(line, own, experiment);
  ControlLoop loop;
  loop.keep_results();
  ProgressLine live(!line.quiet && !line.json);
  SweepOptions options = sweep_options(line, experiment, workers.get(), loop, live);
  options.part = part;
  options.wait = [] { std::this_thread::sleep_for(std::chrono::seconds(1)); };
  if (part && !line.quiet)
    message("part {}/{}: points {}, {}, ... of {}\n", part->index, part->count, part->index,
            part->index + part->count, points_of(experiment));
  const PointRunner runner = [&](const ClusterSpec& spec) { return run_point(line, spec, loop); };
  const Result<Sweep> all =
      part ? play_part(experiment, runner, options) : run_sweep(experiment, runner, options);
  live.clear();
  if (!all) return report_error(all.error());
  if (all->elsewhere > 0)
    message("{} points of this part are played by other processes\n", all->elsewhere);
  return conclude(line, own, options, *all, verdict(*all, loop.signal()));
}

int sweep(const CommandLine& line, const SweepWishes& own) {
  const Checked<Experiment> experiment =
      read_experiment(line.inputs.front(), {.allow_many = own.yes});
  if (!experiment) return report_errors(experiment.error());
  if (own.list + own.collect + !own.emit.empty() > 1)
    return report_error({ErrorCode::kInvalid, "--list, --collect and --emit exclude each other"});
  const bool divides = own.list || !own.emit.empty();
  const Environment environment = [divides](const char* name) -> const char* {
    // A list or a script is of all parts, and needs only their number.
    return divides ? (std::string_view(name) == "JOB_COMPLETION_INDEX" ? "0" : nullptr)
                   : std::getenv(name);
  };
  const Result<std::optional<SweepPart>> part = sweep_part(own.part, environment);
  if (!part) return report_error(part.error());
  const std::size_t parts = *part ? (*part)->count : 0;
  if (own.list) return list(line, *experiment, parts);
  if (!own.emit.empty()) return emit(line, own, *experiment, parts);
  if (const Status kept = keep_private(folder_of(line, *experiment), own.shared); !kept)
    return report_error(kept.error());
  return own.collect ? collect(line, own, *experiment) : play(line, own, *experiment, *part);
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<SweepWishes>();
  options.inputs("file", "experiment file");
  options.number("--jobs", "N", own->jobs, 0, kJobsMost,
                 "points that run side by side, as far as memory allows (0, the default: one for "
                 "each processor)");
  options.flag("--yes", own->yes, "play experiments of more than 100,000 runs, too");
  options.text("--junit", "FILE", own->junit, "also write each point as a case of JUnit's XML");
  options.text(
      "--part", "I/N", own->part,
      "play only the points I, I + N, I + 2N ..., beside processes that play the others in "
      "the same folder; /N: I by SLURM_ARRAY_TASK_ID, OMPI_COMM_WORLD_RANK or "
      "JOB_COMPLETION_INDEX. The first two, with their counts, are the default");
  options.flag("--list", own->list, "list the points and what has become of them, and play none");
  options.flag("--collect", own->collect,
               "make the tables of what parts have left: 0 all, 1 some failed, 5 some are missing");
  options.text("--emit", own->emit,
               "print what has the parts played: slurm a script for sbatch, parallel commands, "
               "kubernetes a manifest; --part /N says how many parts (default 4)",
               kEmitted);
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
