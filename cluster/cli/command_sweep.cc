#include <fmt/format.h>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/prepared.h"
#include "cluster/cli/private_files.h"
#include "cluster/experiment/sweep.h"
#include "cluster/results/build_id.h"
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

// Of the two programs that make results; "": one cannot be read.
std::string build_of_programs() {
  const std::string own = build_id(), node = build_id(node_program());
  return own.empty() || node.empty() ? "" : own + " " + node;
}

SweepOptions sweep_options(const CommandLine& line, const Experiment& experiment,
                           ControlLoop& loop) {
  SweepOptions options;
  // Without --out the same experiment finds its finished points again.
  options.folder = line.out.empty() ? "runs/" + experiment.name : line.out;
  options.overrides = line.overrides();
  options.data = data_root();
  options.build = build_of_programs();
  options.stop = [&loop] { return loop.signal() != 0; };
  // A lost lease is found by the next check before something is written.
  options.keep_lease = [&loop](FolderLock& lock) {
    return std::make_shared<ControlLoop::Repeating>(loop, std::chrono::seconds(1), [&lock] {
      static_cast<void>(lock.renew(std::chrono::steady_clock::now()));
    });
  };
  if (!line.quiet && !line.json)
    options.progress = [](const std::string& text) { message("{}\n", text); };
  return options;
}

// Lists the points that did not finish and why, if no progress was shown.
void list_failures(const Sweep& sweep) {
  for (const SweepSeries& series : sweep.series)
    for (const SweepPoint& point : series.points)
      if (!point.error.empty() && !(sweep.not_written && sweep.not_written->message == point.error))
        message("{} {} {}: {}\n", series.series.name, series.series.axis, point.x, point.error);
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

int sweep(const CommandLine& line, bool shared) {
  const Checked<Experiment> experiment = read_experiment(line.inputs.front());
  if (!experiment) return report_errors(experiment.error());
  ControlLoop loop;
  loop.keep_results();
  const SweepOptions options = sweep_options(line, *experiment, loop);
  if (const Status kept = keep_private(options.folder, shared); !kept)
    return report_error(kept.error());
  const Result<Sweep> all = run_sweep(
      *experiment, [&](const ClusterSpec& spec) { return run_point(line, spec, loop); }, options);
  if (!all) return report_error(all.error());
  if (!options.progress) list_failures(*all);
  const int status = verdict(*all, loop.signal());
  if (line.json) return printed(print_json(sweep_json(*all)), status);
  // The table is also in the folder, so a closed pipe loses nothing and does not change the status.
  if (!line.quiet)
    static_cast<void>(print_lines(
        fmt::format("{}wrote  {}/   open report.html for the curves, sweep.csv for the numbers\n",
                    sweep_table(*all), options.folder)));
  return status;
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto shared = std::make_shared<bool>(false);
  options.inputs("file", "experiment file");
  define_shared(options, *shared);
  return [shared](const CommandLine& line) { return sweep(line, *shared); };
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
