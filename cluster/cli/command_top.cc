// soliton top: how far runs are that go on.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cluster/cli/commands.h"
#include "cluster/cli/output.h"
#include "cluster/cli/top.h"

namespace soliton {
namespace {

constexpr std::chrono::seconds kEvery{1};

Result<std::vector<RunGlance>> look(const CommandLine& line) {
  std::vector<RunGlance> out;
  for (const std::string& folder : line.inputs.empty() ? running_folders("runs") : line.inputs) {
    Result<RunGlance> run = glance_at(folder);
    // One of those that were found may be gone again.
    if (!run && line.inputs.empty()) continue;
    if (!run) return tl::unexpected<Error>(run.error());
    out.push_back(std::move(*run));
  }
  return out;
}

bool any_goes_on(const std::vector<RunGlance>& runs) {
  return std::ranges::any_of(
      runs, [](const RunGlance& run) { return run.goes_on() && !run.is_silent(); });
}

// On a terminal the table is drawn anew every second, over the one before, until all runs have ended
// or a signal ends the program.
int watch(const CommandLine& line) {
  std::size_t drawn = 0;
  for (;;) {
    const Result<std::vector<RunGlance>> runs = look(line);
    if (!runs) return report_error(runs.error());
    const std::string table = glances_text(*runs);
    const std::string up = drawn == 0 ? "" : fmt::format("\033[{}A\033[J", drawn);
    if (const Status shown = print_raw(up + table); !shown) return report_error(shown.error());
    if (!any_goes_on(*runs)) return 0;
    drawn = static_cast<std::size_t>(std::ranges::count(table, '\n'));
    std::this_thread::sleep_for(kEvery);
  }
}

int top(const CommandLine& line) {
  const Result<std::vector<RunGlance>> runs = look(line);
  if (!runs) return report_error(runs.error());
  if (line.json) return printed(print_json(glances_json(*runs)));
  if (line.quiet) return 0;
  if (runs->empty()) return printed(print_raw("no run below runs/ goes on\n"));
  if (isatty(STDOUT_FILENO) == 0 || !any_goes_on(*runs))
    return printed(print_raw(glances_text(*runs)));
  return watch(line);
}

RunCommand define(OptionSet& options, CommandLine&) {
  options.optional_inputs("folders", "of runs (default those below runs/ that go on)");
  return top;
}

}  // namespace

const CliCommand kTopCommand = {
    .name = "top",
    .what = "Shows how far runs are that go on; on a terminal until all have ended, else once",
    .example = "soliton top runs/quickstart-20261122-071204",
    .many_inputs = true,
    .define = define};

}  // namespace soliton
