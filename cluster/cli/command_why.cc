// soliton why: what a run's time is spent on, and what it would gain from.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/cli/what_if.h"
#include "cluster/experiment/point_workers.h"
#include "cluster/report/words.h"
#include "cluster/results/statistics.h"
#include "protocol/base/text.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

struct Gain {
  std::string change;
  std::string refused;  // why it does not apply, or could not be played
  double mean_us = 0, p99_us = 0, throughput = 0;
  double gain = 0;  // of the mean latency, as a share of the run's
};

// One request of the run: the one at a percentile.
struct Shown {
  std::string name;
  RequestRecord request;
};

struct Answer {
  std::string file, name;
  LatencySummary latency;
  double throughput = 0;
  Breakdown mean;
  std::vector<Shown> requests;
  std::vector<NodeResult> nodes;  // busiest first
  std::vector<LinkResult> links;
  std::vector<Gain> gains;  // best first; those that do not apply last
};

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

// Of all changes, the one that `set` names by number.
Checked<PointOutcome> play_change(const std::string& file, const Overrides& set, std::size_t number,
                                  ControlLoop& loop) {
  const Checked<ClusterSpec> spec = read_cluster(file, set, data_root());
  if (!spec) return tl::unexpected<Diagnostics>(spec.error());
  const auto run = prepare_what_if(what_ifs()[number], *spec);
  if (!run) return tl::unexpected<Diagnostics>(run.error());
  FinishedRun finished = play(**run, loop);
  return outcome_of({std::move(finished.results), {}, finished.error});
}

double number_in(const Scalars& scalars, std::string_view key) {
  const Scalar* found = find_scalar(scalars, key);
  return found == nullptr || found->text.empty() ? 0 : std::strtod(found->text.c_str(), nullptr);
}

Gain gain_of(const char* name, const Checked<PointOutcome>& outcome, double mean_us) {
  Gain out{.change = name};
  if (!outcome || outcome->error || !outcome->complete) {
    out.refused = !outcome         ? outcome.error().text()
                  : outcome->error ? outcome->error->message
                                   : "it did not come to its end";
    while (out.refused.ends_with('\n')) out.refused.pop_back();
    return out;
  }
  const Result<Scalars> scalars = read_scalars(outcome->results);
  if (!scalars) return out;
  out.mean_us = number_in(*scalars, "latency_us.mean");
  out.p99_us = number_in(*scalars, "latency_us.p99");
  out.throughput = number_in(*scalars, "throughput_rps");
  out.gain = mean_us > 0 ? 1 - out.mean_us / mean_us : 0;
  return out;
}

std::vector<Gain> play_changes(PointWorkers& workers, const std::string& file, const Overrides& set,
                               double mean_us, ControlLoop& loop) {
  std::vector<Gain> out;
  const auto take = [&] {
    const PointWorkers::Ended ended = workers.take([&loop] { return loop.signal().load(); });
    out.push_back(gain_of(what_ifs()[ended.number].name, ended.outcome, mean_us));
  };
  for (std::size_t i = 0; i < what_ifs().size() && loop.signal() == 0; ++i) {
    while (workers.running() > 0 && !workers.has_room()) take();
    if (workers.size() == 0) {
      out.push_back(gain_of(what_ifs()[i].name, play_change(file, set, i, loop), mean_us));
      continue;
    }
    Overrides with_number = set;
    with_number.push_back(std::to_string(i));
    workers.start(i, file, with_number);
  }
  while (workers.running() > 0) take();
  std::ranges::stable_sort(out, [](const Gain& a, const Gain& b) {
    return a.refused.empty() != b.refused.empty() ? a.refused.empty() : a.gain > b.gain;
  });
  return out;
}

// The request whose latency is that percentile.
std::optional<Shown> request_at(const RunResults& results, const char* name,
                                std::int64_t permille) {
  const std::vector<Duration> sorted = sorted_latencies(results);
  if (sorted.empty()) return std::nullopt;
  const Duration wanted = nearest_rank(sorted, permille);
  for (const RequestRecord& r : results.requests)
    if (!r.failed && r.completed - r.sent == wanted) return Shown{name, r};
  return std::nullopt;
}

Answer answer_of(const RunResults& results) {
  Answer out;
  out.name = results.name;
  out.latency = latency_summary(results);
  out.throughput = throughput_rps(results);
  out.mean = mean_breakdown(results);
  for (const auto& [name, permille] : {std::pair{"median", 500}, {"99.9 of 100", 999}})
    if (auto shown = request_at(results, name, permille)) out.requests.push_back(std::move(*shown));
  out.nodes = results.nodes;
  std::ranges::stable_sort(out.nodes, std::ranges::greater(), &NodeResult::busy_fraction);
  if (results.links) out.links = *results.links;
  return out;
}

std::string parts_row(const std::string& name, Duration whole, const Breakdown& parts) {
  const auto us = [](Duration d) { return significant(in_us(d), 4); };
  return fmt::format("{:<34} {:>10} {:>10} {:>10} {:>10} {:>10}\n", name, us(whole),
                     us(parts.compute), us(parts.network), us(parts.queue), us(parts.host));
}

constexpr std::size_t kBusiest = 3;

std::string busiest_text(const Answer& answer) {
  std::string out = "busy   ";
  for (std::size_t i = 0; i < std::min(kBusiest, answer.nodes.size()); ++i)
    out += fmt::format("{} {}   ", answer.nodes[i].name, percent(answer.nodes[i].busy_fraction));
  for (std::size_t i = 0; i < std::min(kBusiest, answer.links.size()); ++i)
    out += fmt::format("{} {}   ", answer.links[i].name, percent(answer.links[i].busy_fraction));
  while (out.ends_with(' ')) out.pop_back();
  return out + "\n";
}

std::string answer_text(const Answer& answer) {
  std::string out =
      fmt::format("{} · mean {} us · p99 {} us · {} requests/s\n\n", escaped(answer.name),
                  significant(answer.latency.mean, 4), significant(answer.latency.p99, 4),
                  significant(answer.throughput, 4));
  out += fmt::format("{:<34} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "where the time goes, us",
                     "whole", "compute", "network", "queue", "host");
  out += parts_row("mean", answer.mean.total(), answer.mean);
  for (const Shown& shown : answer.requests)
    out += parts_row(fmt::format("{} (request {})", shown.name, index(shown.request.request)),
                     shown.request.completed - shown.request.sent, shown.request.path);
  out += busiest_text(answer) + "\n";
  out += fmt::format("{:<34} {:>10} {:>10} {:>12} {:>10}\n", "with one thing changed", "mean us",
                     "p99 us", "requests/s", "gain");
  for (const Gain& gain : answer.gains)
    out += gain.refused.empty()
               ? fmt::format("{:<34} {:>10} {:>10} {:>12} {:>10}\n", gain.change,
                             significant(gain.mean_us, 4), significant(gain.p99_us, 4),
                             significant(gain.throughput, 4),
                             (gain.gain < 0 ? "-" : "") + percent(std::abs(gain.gain)))
               : fmt::format("{:<34} {}\n", gain.change, escaped(gain.refused));
  return out;
}

Json parts_json(const Breakdown& parts) {
  return {{"compute", in_us(parts.compute)},
          {"network", in_us(parts.network)},
          {"queue", in_us(parts.queue)},
          {"host", in_us(parts.host)}};
}

std::string answer_json(const Answer& answer) {
  Json requests = Json::array(), gains = Json::array();
  for (const Shown& shown : answer.requests)
    requests.push_back({{"which", shown.name},
                        {"request", index(shown.request.request)},
                        {"latency_us", in_us(shown.request.completed - shown.request.sent)},
                        {"breakdown_us", parts_json(shown.request.path)}});
  for (const Gain& gain : answer.gains) {
    const bool known = gain.refused.empty();
    gains.push_back({{"change", gain.change},
                     {"mean_us", json_or_null(gain.mean_us, known)},
                     {"p99_us", json_or_null(gain.p99_us, known)},
                     {"throughput_rps", json_or_null(gain.throughput, known)},
                     {"gain", json_or_null(gain.gain, known)},
                     {"refused", json_or_null(gain.refused, !known)}});
  }
  const Json out{{"file", answer.file},
                 {"name", answer.name},
                 {"mean_us", answer.latency.mean},
                 {"p99_us", answer.latency.p99},
                 {"throughput_rps", answer.throughput},
                 {"breakdown_us", parts_json(answer.mean)},
                 {"requests", std::move(requests)},
                 {"gains", std::move(gains)}};
  return json_text(out, JsonLayout::kRows) + "\n";
}

int why(const CommandLine& line) {
  std::string file = line.inputs.front();
  if (std::filesystem::is_directory(file)) file += "/cluster.yaml";
  const Overrides set = for_times(line);
  const Checked<ClusterSpec> spec = read_cluster(file, set, data_root());
  if (!spec) return report_errors(spec.error());
  const auto in_worker = [] {
    const auto loop = std::make_shared<ControlLoop>();
    loop->keep_results();
    return [loop](const std::string& cluster, const Overrides& overrides) {
      const Overrides own(overrides.begin(), overrides.end() - 1);
      return play_change(cluster, own, std::stoul(overrides.back()), *loop);
    };
  };
  PointWorkers workers(std::max(1U, std::thread::hardware_concurrency()), in_worker);
  ControlLoop loop;
  const Checked<std::unique_ptr<PreparedRun>> run = prepare(*spec);
  if (!run) return report_errors(run.error());
  const FinishedRun finished = play(**run, loop);
  if (finished.error) return report_error(*finished.error);
  loop.keep_results();
  Answer answer = answer_of(finished.results);
  answer.file = file;
  answer.gains = play_changes(workers, file, set, answer.latency.mean, loop);
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
