#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/experiment/sweep.h"
#include "cluster/manager/run.h"
#include "cluster/results/sha256.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

// One point: a whole run without a folder of its own; its results go to the sweep.
Checked<RunResults> run_point(const std::string& file, const Overrides& overrides,
                              const std::atomic<int>& signal) {
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(file, overrides, data_root());
  if (!prepared) return tl::unexpected<Diagnostics>(prepared.error());
  RunControl control;
  control.signal = &signal;
  control.time_limit = (*prepared)->spec.time_limit;
  control.node_program = node_program();
  FinishedRun finished = execute_run(**prepared, control);
  if (!finished.error) return std::move(finished.results);
  Diagnostics problems;
  problems.add(*finished.error);
  return tl::unexpected<Diagnostics>(std::move(problems));
}

void add_file(const std::string& path, Sha256& digest) {
  std::ifstream file(path, std::ios::binary);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  digest.update(path);
  digest.update(content);
}

void add_folder(const std::string& folder, Sha256& digest) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) add_file(file, digest);
}

// What the points depend on beside the experiment and its base file: shipped devices and
// topologies, and the model.
std::string inputs_digest(const Experiment& experiment) {
  Sha256 digest;
  add_folder(data_root().path + "/configs/devices", digest);
  add_folder(data_root().path + "/topologies", digest);
  const Checked<ClusterSpec> base = read_cluster(experiment.cluster, {}, data_root());
  if (base && !base->model.rnn) add_file(base->model.onnx, digest);
  return digest.hex();
}

SweepOptions sweep_options(const CommandLine& line, const Experiment& experiment,
                           const std::atomic<int>& signal) {
  SweepOptions options;
  // Without --out the same experiment finds its finished points again.
  options.folder = line.out.empty() ? "runs/" + experiment.name : line.out;
  options.overrides = overrides_of(line);
  options.inputs = inputs_digest(experiment);
  options.stop = [&signal] { return signal != 0; };
  if (!line.quiet && !line.json)
    options.progress = [](const std::string& text) { message("{}\n", text); };
  return options;
}

}  // namespace

int command_sweep(const CommandLine& line) {
  const Checked<Experiment> experiment = read_experiment(line.inputs.front());
  if (!experiment) return report_errors(experiment.error());
  const std::atomic<int>& signal = watch_signals();
  const SweepOptions options = sweep_options(line, *experiment, signal);
  const Result<Sweep> sweep = run_sweep(
      *experiment,
      [&signal](const std::string& file, const Overrides& overrides) {
        return run_point(file, overrides, signal);
      },
      options);
  if (!sweep) return report_error(sweep.error());
  int status = sweep->first_failure ? exit_status(*sweep->first_failure) : 0;
  if (signal != 0) status = signal_status(signal);
  if (line.json) return printed(print_json(sweep_json(*sweep)), status);
  // The table is in the folder: nothing is lost with it, so a closed pipe changes no status.
  if (!line.quiet)
    static_cast<void>(print_lines(
        fmt::format("{}wrote  {}/   open report.html for the curves, sweep.csv for the numbers\n",
                    sweep_table(*sweep), options.folder)));
  return status;
}

}  // namespace soliton
