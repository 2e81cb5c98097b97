// soliton why: what a run's time is spent on, and what it would gain from.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/report_input.h"
#include "cluster/experiment/point_workers.h"
#include "cluster/file/shipped.h"
#include "cluster/why/answer.h"
#include "cluster/why/what_if.h"

namespace soliton {
namespace {

// The events of a node are limited, so that of a long run the first requests are traced.
constexpr const char* kTraceMany = "trace.requests=1000000";

// Times do not depend on arithmetic or layout, which cost only the machine's.
Overrides for_times(const CommandLine& line) {
  Overrides out = line.overrides();
  for (const char* one : {"time=virtual", "processes=packed", "compute=timing", "trace.requests=0",
                          "outputs={save: none}", "expect="})
    out.push_back(one);
  return out;
}

FinishedRun play(const PreparedRun& run, ControlLoop& loop) {
  RunControl control;
  control.loop = &loop;
  control.time_limit = run.spec.time_limit;
  control.node_program = node_program();
  return execute_run(run, control);
}

// Of all changes, the one with that number.
Checked<PointOutcome> play_change(const std::string& file, const Overrides& set, std::size_t number,
                                  ControlLoop& loop) {
  const Checked<ClusterSpec> spec = read_cluster(file, set, data_root());
  if (!spec) return tl::unexpected<Diagnostics>(spec.error());
  const auto run = prepare_what_if(what_ifs()[number], *spec);
  if (!run) return tl::unexpected<Diagnostics>(run.error());
  FinishedRun finished = play(**run, loop);
  return outcome_of({std::move(finished.results), {}, finished.error});
}

// A process that plays changes, each with its number as the last override.
PointWorkers::Play worker_play() {
  const auto loop = std::make_shared<ControlLoop>();
  loop->keep_results();
  return [loop](const std::string& cluster, const Overrides& overrides) {
    const Overrides own(overrides.begin(), overrides.end() - 1);
    return play_change(cluster, own, std::stoul(overrides.back()), *loop);
  };
}

std::vector<Gain> play_changes(PointWorkers& workers, const std::string& file, const Overrides& set,
                               double mean_us, ControlLoop& loop) {
  std::vector<std::optional<Gain>> played(what_ifs().size());
  const auto keep = [&](std::size_t number, const Checked<PointOutcome>& outcome) {
    played[number] = gain_of(what_ifs()[number].name, outcome, mean_us);
  };
  const auto take = [&] {
    const PointWorkers::Ended ended = workers.take([&loop] { return loop.signal().load(); });
    keep(ended.number, ended.outcome);
  };
  for (std::size_t i = 0; i < played.size() && loop.signal() == 0; ++i) {
    while (workers.running() > 0 && !workers.has_room()) take();
    if (workers.size() == 0) {
      keep(i, play_change(file, set, i, loop));
      continue;
    }
    Overrides with_number = set;
    with_number.push_back(std::to_string(i));
    workers.start(i, file, with_number);
  }
  while (workers.running() > 0) take();
  std::vector<Gain> out;
  for (std::optional<Gain>& gain : played)
    if (gain) out.push_back(std::move(*gain));
  rank(out);
  return out;
}

// The cluster file of a folder, or the file itself, which may be a shipped one.
Result<std::string> cluster_file(const std::string& input) {
  std::error_code error;
  if (!std::filesystem::is_directory(input, error)) return find_input(input, data_root());
  const std::string file = input + "/cluster.yaml";
  if (!std::filesystem::is_regular_file(file, error))
    return invalid(fmt::format("{} is not the folder of a run: it has no cluster.yaml", input));
  return file;
}

int why(const CommandLine& line) {
  const Result<std::string> file = cluster_file(line.inputs.front());
  if (!file) return report_error(file.error());
  const Overrides set = for_times(line);
  Overrides traced = set;
  traced.push_back(kTraceMany);
  const Checked<ClusterSpec> spec = read_cluster(*file, traced, data_root());
  if (!spec) return report_errors(spec.error());
  PointWorkers workers(
      std::min<std::size_t>(what_ifs().size(), std::max(1U, std::thread::hardware_concurrency())),
      worker_play);
  ControlLoop loop;
  const Checked<std::unique_ptr<PreparedRun>> run = prepare(*spec);
  if (!run) return report_errors(run.error());
  const FinishedRun finished = play(**run, loop);
  if (finished.error) return report_error(*finished.error);
  loop.keep_results();
  Answer answer = answer_of(finished.results,
                            critical_paths(finished.results, finished.trace, path_nodes(*spec)));
  answer.file = *file;
  answer.gains = play_changes(workers, *file, set, answer.latency.mean, loop);
  if (loop.signal() != 0) return signal_status(loop.signal());
  if (line.json) return printed(print_json(answer_json(answer)));
  return printed(print_lines(answer_text(answer)));
}

RunCommand define(OptionSet& options, CommandLine&) {
  options.inputs("run", "folder of a run, or a cluster file");
  return why;
}

}  // namespace

const CliCommand kWhyCommand = {
    .name = "why",
    .what =
        "Says where a run's time goes, plays it with one thing changed at a time, and ranks what "
        "that gains",
    .example = "soliton why configs/quickstart.yaml",
    .takes_cluster = true,
    .define = define};

}  // namespace soliton
