#include "cluster/chaos/repro.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cluster/chaos/forked_trials.h"
#include "cluster/engine/control_loop.h"
#include "cluster/results/run_folder.h"
#include "cluster/results/write_file.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

// What a run of the file is to say of itself.
std::string expect_of(const ChaosStage& stage, const SmallerSchedule& found) {
  std::string out = "{delivery: exactly_once_in_order";
  if (stage.gauge().checked > 0) out += ", outputs: bit_identical";
  if (found.violation.invariant == "liveness")
    out += fmt::format(", completes_within: {}", spell(found.allowed));
  return out + "}";
}

std::string head_of(const SmallerSchedule& found, std::uint64_t seed) {
  return fmt::format(
      "# Schedule {} of soliton chaos, made smaller in {} trials. It violates {}:\n# {}\n", seed,
      found.tries, found.violation.invariant,
      printable(found.violation.what.substr(0, found.violation.what.find('\n'))));
}

// As `soliton run` judges, in this process.
Result<ChaosTrial> run_of(const std::string& file, const DataRoot& data) {
  const Checked<std::unique_ptr<PreparedRun>> run = prepare(file, {}, data);
  if (!run) return invalid(run.error().text());
  (*run)->spec.processes = ProcessMode::kPacked;
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = (*run)->spec.time_limit;
  const FinishedRun finished = execute_run(**run, control);
  ChaosTrial trial;
  if (finished.error) trial.violations.push_back({"run", finished.error->message});
  for (const ExpectResult& expected : finished.results.expectations)
    if (!expected.met) trial.violations.push_back({"run", expected.key});
  return trial;
}

}  // namespace

Status write_repro(const ChaosStage& stage, const SmallerSchedule& found, std::uint64_t seed,
                   const std::string& folder) {
  if (Status made = make_folders(folder); !made) return made;
  const ChaosSchedule& schedule = found.schedule;
  if (!schedule.events.empty()) {
    const std::string lines =
        fmt::format("{}{}", schedule.events_head, fmt::join(schedule.events, ""));
    if (Status written = write_file(folder + "/events.csv", lines); !written) return written;
  }
  std::error_code problem;
  const std::string path = std::filesystem::absolute(folder, problem).string();
  const Result<std::string> text = stage.file_with(schedule, expect_of(stage, found), path);
  if (!text) return tl::unexpected<Error>(text.error());
  return write_file(folder + "/repro.yaml", head_of(found, seed) + *text);
}

bool fails_alone(const std::string& file, const DataRoot& data, std::chrono::seconds longest) {
  const Result<ChaosTrial> trial = play_forked([&] { return run_of(file, data); }, longest);
  return trial && !trial->violations.empty();
}

}  // namespace soliton
