// soliton chaos: a cluster under random faults, seed after seed, and what must hold all the same.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <memory>

#include "cluster/chaos/campaign.h"
#include "cluster/chaos/repro.h"
#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/progress.h"
#include "cluster/engine/control_loop.h"
#include "cluster/engine/elapsed.h"
#include "cluster/report/words.h"
#include "protocol/base/message.h"
#include "protocol/base/text.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

// More would be the same one again.
constexpr std::size_t kFindingsMost = 20;
constexpr double kShownEvery = 0.1;  // seconds

struct Own {
  std::string seeds = "1..100";
  std::int64_t jobs = 1;
};

std::optional<ChaosSeeds> seeds_of(const std::string& text) {
  const std::size_t dots = text.find("..");
  const Result<std::uint64_t> first = parse_unsigned(text.substr(0, dots));
  const Result<std::uint64_t> last =
      dots == std::string::npos ? first : parse_unsigned(text.substr(dots + 2));
  if (!first || !last || *last < *first) return std::nullopt;
  return ChaosSeeds{*first, *last};
}

std::string count(std::uint64_t value) { return group_thousands(static_cast<std::int64_t>(value)); }

std::string counted(std::uint64_t number, const char* what) {
  return fmt::format("{} {}{}", count(number), what, number == 1 ? "" : "s");
}

// Number of the signal that asked for the end; 0: none.
volatile std::sig_atomic_t asked_to_end = 0;

// There is no loop for signals: trials are forked, so that this process may have no other thread.
void end_on_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
    action.sa_handler = [](int which) { asked_to_end = which; };
    sigaction(number, &action, nullptr);
  }
}

// A schedule is made smaller for no longer than this.
constexpr std::chrono::seconds kShrinkMost{600};

// All that the command has found.
struct Found {
  std::string file;
  ChaosTally tally;
  double seconds = 0;
  std::optional<SmallerSchedule> smaller;  // of the first violation
  std::string repro;                       // the file that shows it
  bool fails_alone = false;

  double seeds_per_second() const { return static_cast<double>(tally.seeds) / seconds; }
};

Json json_of(const Found& found) {
  const ChaosTally& tally = found.tally;
  Json kinds = Json::object(), pairs = Json::array(), violations = Json::array(), repro = nullptr;
  for (const auto& [kind, firings] : tally.by_kind) kinds[kind] = firings;
  for (const auto& [one, other] : tally.never_met()) pairs.push_back(one + " + " + other);
  for (const ChaosFinding& finding : tally.findings)
    violations.push_back(Json{{"seed", finding.seed},
                              {"invariant", finding.violation.invariant},
                              {"what", finding.violation.what}});
  if (found.smaller) {
    const ChaosSchedule& schedule = found.smaller->schedule;
    repro = Json{{"file", found.repro},
                 {"rules", schedule.rules.size()},
                 {"firings", schedule.events.size()},
                 {"requests", schedule.requests},
                 {"trials", found.smaller->tries},
                 {"fails_alone", found.fails_alone}};
  }
  return {{"file", found.file},
          {"seeds", tally.seeds},
          {"played_twice", tally.twice},
          {"packets", tally.packets},
          {"firings", tally.fired},
          {"firings_by_kind", std::move(kinds)},
          {"pairs_never_met", std::move(pairs)},
          {"violations", std::move(violations)},
          {"repro", std::move(repro)},
          {"interrupted", tally.interrupted},
          {"wall", {{"seconds", found.seconds}, {"seeds_per_second", found.seeds_per_second()}}}};
}

std::string kinds_text(const ChaosTally& tally) {
  std::vector<std::string> all;
  for (const std::string& kind : tally.kinds) {
    const auto fired = tally.by_kind.find(kind);
    all.push_back(
        fmt::format("{} {}", kind, fired == tally.by_kind.end() ? "0" : count(fired->second)));
  }
  return fmt::format("{}", fmt::join(all, " · "));
}

std::string pairs_text(const ChaosTally& tally) {
  std::vector<std::string> all;
  for (const auto& [one, other] : tally.never_met()) all.push_back(one + " + " + other);
  return fmt::format("pairs of kinds that never met  {}\n",
                     all.empty() ? "none" : fmt::format("{}", fmt::join(all, " · ")));
}

std::string repro_text(const Found& found) {
  const ChaosSchedule& schedule = found.smaller->schedule;
  const std::string parts = schedule.events.empty() ? counted(schedule.rules.size(), "rule")
                                                    : counted(schedule.events.size(), "firing");
  std::string out =
      fmt::format("smaller     {}{} violates {} as well: {}\n", parts,
                  schedule.requests > 0
                      ? " and " + counted(static_cast<std::uint64_t>(schedule.requests), "request")
                      : "",
                  found.smaller->violation.invariant, found.smaller->violation.what);
  out += fmt::format("wrote       {}   {}\n", found.repro,
                     found.fails_alone ? fmt::format("soliton run {} fails alike", found.repro)
                                       : "a run of it does not show it: only chaos sees it");
  return out;
}

std::string text_of(const Found& found, int verbosity) {
  const ChaosTally& tally = found.tally;
  std::string out =
      fmt::format("seeds       {}, {} of them twice, in {:.1f} s: {:.0f} a second\n",
                  count(tally.seeds), count(tally.twice), found.seconds, found.seeds_per_second());
  out += fmt::format("packets     {}\n", count(tally.packets));
  out += fmt::format("firings     {}: {}\n", count(tally.fired), kinds_text(tally));
  if (verbosity > 0) out += pairs_text(tally);
  out += fmt::format("violations  {}\n",
                     tally.findings.empty() ? "none" : count(tally.findings.size()));
  for (const ChaosFinding& finding : tally.findings)
    out += fmt::format("  seed {}: {}: {}\n", finding.seed, finding.violation.invariant,
                       finding.violation.what);
  if (found.smaller) out += repro_text(found);
  return out;
}

// Makes the first finding smaller and writes it.
Status explain(ChaosStage& stage, const CommandLine& line, Found& found) {
  const ChaosFinding& first = found.tally.findings.front();
  if (!line.quiet && !line.json)
    message("seed {} violates {}; looking for a smaller schedule\n", first.seed,
            first.violation.invariant);
  SmallerOptions options;
  const Clock::time_point until = Clock::now() + kShrinkMost;
  options.enough = [until] { return asked_to_end != 0 || Clock::now() > until; };
  Result<SmallerSchedule> smaller = smaller_schedule(stage, chaos_rules(first.seed, stage.ground()),
                                                     first.violation.invariant, options);
  if (!smaller) return tl::unexpected<Error>(smaller.error());
  const std::string folder = line.out.empty() ? "chaos" : line.out;
  if (const Status written = write_repro(stage, *smaller, first.seed, folder); !written)
    return written;
  found.smaller = std::move(*smaller);
  found.repro = folder + "/repro.yaml";
  found.fails_alone = fails_alone(found.repro, data_root(), std::chrono::seconds(60));
  return {};
}

int print_found(const CommandLine& line, const Found& found) {
  const bool good = found.tally.findings.empty();
  int status = good ? 0 : exit_status(ErrorCode::kCheckFailed);
  if (found.tally.interrupted) {
    message("interrupted after {} seeds\n", found.tally.seeds);
    status = signal_status(asked_to_end);
  }
  if (line.json)
    return printed(print_json(json_text(json_of(found), JsonLayout::kRows) + "\n"), status);
  return line.quiet ? status : printed(print_lines(text_of(found, line.verbosity)), status);
}

int chaos(const CommandLine& line, const Own& own) {
  const std::optional<ChaosSeeds> seeds = seeds_of(own.seeds);
  if (!seeds)
    return report_error({ErrorCode::kInvalid,
                         fmt::format("--seeds: \"{}\" is not A..B with A up to B", own.seeds)});
  const std::string& file = line.inputs.front();
  Checked<std::unique_ptr<ChaosStage>> stage =
      ChaosStage::open(file, line.overrides(), data_root());
  if (!stage) return report_errors(stage.error());
  end_on_signals();
  if (const Status clean = measure_gauge(**stage); !clean) return report_error(clean.error());
  ProgressLine progress(!line.quiet && !line.json);
  const Clock::time_point started = Clock::now();
  double shown = 0;
  ChaosOptions options{.seeds = *seeds, .jobs = static_cast<std::size_t>(own.jobs)};
  options.findings_most = kFindingsMost;
  options.stop = &asked_to_end;
  options.each = [&](const ChaosTally& so_far) {
    const double now = seconds_since(started);
    if (now - shown < kShownEvery) return;
    shown = now;
    progress.show(fmt::format("{}/{} seeds · {:.0f}/s · {} firings · {} violations",
                              count(so_far.seeds), count(seeds->last - seeds->first + 1),
                              static_cast<double>(so_far.seeds) / now, count(so_far.fired),
                              so_far.findings.size()));
  };
  Result<ChaosTally> tally = play_seeds(**stage, options);
  progress.clear();
  if (!tally) return report_error(tally.error());
  Found found{.file = file, .tally = std::move(*tally), .seconds = seconds_since(started)};
  if (!found.tally.findings.empty() && !found.tally.interrupted)
    if (const Status explained = explain(**stage, line, found); !explained)
      report_error(explained.error());
  return print_found(line, found);
}

RunCommand define(OptionSet& options, CommandLine&) {
  const auto own = std::make_shared<Own>();
  options.inputs("file", "cluster file");
  options.text("--seeds", "A..B", own->seeds, "which schedules of faults (default 1..100)");
  options.number("--jobs", "N", own->jobs, 1, 1'024, "trials side by side (default 1)");
  return [own](const CommandLine& line) { return chaos(line, *own); };
}

}  // namespace

const CliCommand kChaosCommand = {
    .name = "chaos",
    .what =
        "Plays a cluster under random faults, one schedule a seed, checks what must hold all the "
        "same, and makes a schedule that breaks it small",
    .example = "soliton chaos configs/quickstart.yaml --seeds 1..100 --set workload.requests=20",
    .takes_cluster = true,
    .finds_files = true,
    .out = "folder for repro.yaml (default chaos)",
    .define = define};

}  // namespace soliton
