// The lines about work done, its rate, and where the time went.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "cluster/report/plan_words.h"
#include "cluster/report/summary_parts.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

void add_part(SummaryText& s, std::vector<std::string>& parts, const char* name, Duration value) {
  const TimeUnit unit = TimeUnit::fitting(s.latency.mean);
  const double whole = static_cast<double>(s.latency.mean.count());
  parts.push_back(fmt::format("{} {} {} {:.0f} %", name, unit.spell(value), unit.name,
                              whole > 0 ? 100 * static_cast<double>(value.count()) / whole : 0.0));
}

std::string busy_words(const SummaryText& s) {
  double sum = 0;
  int count = 0;
  for (const NodeResult& node : s.results.nodes) {
    if (node.role != "npu" || std::isnan(node.busy_fraction)) continue;
    sum += node.busy_fraction;
    ++count;
  }
  return count == 0 ? "" : fmt::format("devices busy {} of the time", percent(sum / count));
}

// Below a thousandth of the latency a part is not worth a word.
bool is_worth_a_word(const CriticalPath& path, const PathPart& part) {
  return part.time * 1000 >= path.latency;
}

// "request 3, 57.7 us: host0 20.1 us, …".
std::string path_words(const CriticalPath& path) {
  constexpr std::size_t kMost = 4;
  std::vector<std::string> parts;
  Duration rest = path.latency;
  for (const PathPart& part : path.parts) {
    if (parts.size() == kMost || !is_worth_a_word(path, part)) break;
    parts.push_back(fmt::format("{}{} {}", part.where, part.what == "queue" ? " waits" : "",
                                spell_time(part.time)));
    rest -= part.time;
  }
  if (rest * 1000 >= path.latency) parts.push_back("others " + spell_time(rest));
  return fmt::format("request {}, {}: {}", path.request, spell_time(path.latency),
                     fmt::join(parts, ", "));
}

// The paths of the median and of the tail; of runs whose requests are alike they are one, and on one device
// there is no way to tell of.
void add_paths(SummaryText& s) {
  const std::vector<CriticalPath>& paths = s.context.paths;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (i > 0 && paths[i].request == paths.front().request) continue;
    if (paths[i].parts.size() < 2 || !is_worth_a_word(paths[i], paths[i].parts[1])) continue;
    s.line(i == 0 ? "path" : "", fmt::format("{} {}", paths[i].which, path_words(paths[i])));
  }
}

std::string batch_words(const SummaryText& s) {
  if (!s.context.plan || s.context.plan->batch == 1) return "";
  return fmt::format(", batches of up to {}", s.context.plan->batch);
}

}  // namespace

void add_run(SummaryText& s) {
  const std::int64_t completed = s.latency.completed + s.results.warm_up;
  std::string text = group_thousands(completed) + " " +
                     (s.results.traffic           ? s.results.traffic->records
                      : s.results.partition.known ? "requests"
                                                  : "messages and rounds");
  if (completed < s.results.sent) text += " of " + group_thousands(s.results.sent);
  if (s.results.failed > 0)
    text += s.ink(Ink::kRed, fmt::format(", {} failed", group_thousands(s.results.failed)));
  if (s.results.duplicated > 0)
    text += s.ink(Ink::kRed, fmt::format(", {} duplicated", group_thousands(s.results.duplicated)));
  const std::string wall = significant(s.results.wall.seconds, 2) + " s";
  const std::string run_time =
      spell_time(std::max(s.results.last_completed - kRunStart, Duration{}));
  text += s.results.time == "virtual" ? fmt::format(" · {} emulated in {}", run_time, wall)
                                      : fmt::format(" · {} in real time", run_time);
  text += fmt::format(" · {} process{}", s.results.wall.processes,
                      s.results.wall.processes == 1 ? "" : "es");
  s.line("run",
         text + fmt::format(" · {} packets",
                            group_thousands(static_cast<std::int64_t>(s.results.fabric.packets))));
}

void add_carrier(SummaryText& s) {
  if (is_open_to_forgery(s.results)) s.line("", s.ink(Ink::kYellow, kForgeryWarning));
  if (!s.results.ltl.listen.empty() && !s.results.ltl.listen.starts_with("127."))
    s.line("", fmt::format("sockets on {}, packets encrypted", s.results.ltl.listen));
}

void add_latency(SummaryText& s) {
  if (s.latency.completed == 0) return s.line("latency", "no request was completed");
  const TimeUnit unit = TimeUnit::fitting(s.latency.mean);
  const Duration predicted = s.results.partition.predicted_latency;
  const Duration bound = s.results.partition.lower_bound;
  std::string text = fmt::format("min {}   mean {}   p50 {}   p99 {}   p99.9 {}   max {} {}",
                                 unit.spell(s.latency.min), unit.spell(s.latency.mean),
                                 unit.spell(s.latency.p50), unit.spell(s.latency.p99),
                                 unit.spell(s.latency.p99_9), unit.spell(s.latency.max), unit.name);
  if (predicted.count() > 0)
    text += fmt::format("      predicted {} {}", unit.spell(predicted), unit.name);
  if (bound.count() > 0) text += fmt::format("   bound {} {}", unit.spell(bound), unit.name);
  s.line("latency", text);
  if (s.results.device && s.results.device->count() > 0)
    s.line("", fmt::format("modelled devices alone: mean {}   p99 {}   max {} {}",
                           unit.spell(s.results.device->mean()),
                           unit.spell(s.results.device->quantile(0.99)),
                           unit.spell(s.results.device->max()), unit.name));
}

void add_breakdown(SummaryText& s) {
  if (s.latency.completed == 0) return;
  const Breakdown mean = mean_breakdown(s.results);
  std::vector<std::string> parts;
  add_part(s, parts, "compute", mean.compute);
  add_part(s, parts, "network", mean.network);
  add_part(s, parts, "queue", mean.queue);
  add_part(s, parts, "host", mean.host);
  s.line("where", fmt::format("{}", fmt::join(parts, "   ")));
  add_paths(s);
}

namespace {

// How far the times can be trusted, and the energy that follows from them.
void add_trust(SummaryText& s) {
  if (!s.results.calibration) return;
  const CalibrationResult& it = *s.results.calibration;
  std::string text = it.extent == "calibrated" ? "" : it.extent;
  if (it.error_percent)
    text += fmt::format("{}± {:g} %", text.empty() ? "" : ", ", *it.error_percent);
  if (!it.scope.empty()) text += fmt::format("{}{}", text.empty() ? "" : ", ", it.scope);
  if (s.results.energy_uj)
    text += fmt::format("   about {} uJ a request by the boards' power",
                        significant(*s.results.energy_uj, 3));
  if (!text.empty()) s.line("times", text);
}

}  // namespace

void add_rate(SummaryText& s) {
  if (s.latency.completed == 0) return;
  std::string text =
      fmt::format("{} requests/s ({}, {} client{}{})", significant(throughput_rps(s.results), 3),
                  s.context.arrival == "closed" ? "closed loop" : s.context.arrival + " arrivals",
                  s.context.clients, s.context.clients == 1 ? "" : "s", batch_words(s));
  text += fmt::format("   {} TFLOPS", significant(effective_tflops(s.results), 3));
  // Of hosts the peak is what their stated model says, as `utilization` does.
  if (s.context.plan && !s.context.plan->shards.empty())
    text += " of " + peak_words(*s.context.plan);
  if (std::isfinite(utilization(s.results)))
    text += fmt::format(", {} used", percent(utilization(s.results)));
  const std::string why = s.context.remark.empty() ? busy_words(s) : s.context.remark;
  s.line("rate", why.empty() ? text : text + ": " + why);
  add_trust(s);
}

// A line for each of several workloads.
void add_workloads(SummaryText& s) {
  for (const WorkloadResult& w : s.results.workloads) {
    const LatencyStatistics latency = latency_statistics(w.latencies);
    std::string text =
        fmt::format("{} · {} {}", w.title, group_thousands(latency.completed), w.traffic.records);
    if (latency.completed < w.sent) text += " of " + group_thousands(w.sent);
    if (latency.completed > 0)
      text += fmt::format("   mean {}   p99 {}   {} Gb/s   time {}", spell_time(latency.mean),
                          spell_time(latency.p99), significant(w.traffic.goodput_gbps, 4),
                          spell_time(w.traffic.time));
    if (w.traffic.bound) text += "   bound " + spell_time(*w.traffic.bound);
    if (w.mismatched > 0)
      text += s.ink(Ink::kRed, fmt::format("   {} damaged", group_thousands(w.mismatched)));
    s.line(w.name, text);
  }
  if (const auto& background = s.results.background)
    s.line("background",
           fmt::format("{} messages, {}",
                       group_thousands(static_cast<std::int64_t>(background->messages)),
                       describe(Bytes{static_cast<std::int64_t>(background->bytes)})));
}

void add_goodput(SummaryText& s, const TrafficResult& t) {
  if (s.latency.completed == 0) return;
  std::string text = fmt::format("{} Gb/s of payload", significant(t.goodput_gbps, 4));
  if (t.line_share)
    text += fmt::format("   with headers {} of a {} Gb/s line", percent(*t.line_share),
                        significant(*t.line_gbps, 3));
  if (t.fairness) text += "   fairness " + significant(*t.fairness, 3);
  if (t.kind == "incast")
    text +=
        "   longest queue " +
        describe(Bytes{static_cast<std::int64_t>(s.results.fabric.queue_bytes_max.value_or(0))});
  if (t.fairness_settled) text += ", after 5 ms " + significant(*t.fairness_settled, 3);
  s.line("goodput", text);
  if (t.bound)
    s.line("time", fmt::format("{}   bound {}", spell_time(t.time), spell_time(*t.bound)));
}

void add_profile(SummaryText& s) {
  if (!s.results.wall.profile) return;
  const RunProfile& p = *s.results.wall.profile;
  const std::pair<const char*, double> parts[] = {
      {"network", p.network}, {"transport", p.transport},
      {"roles", p.roles},     {"waiting for processes", p.waiting},
      {"launch", p.launch},   {"checks", p.checks},
      {"results", p.results}, {"rest", p.other}};
  std::string text;
  for (const auto& [name, share] : parts)
    if (share > 0) text += fmt::format("{}{} {}", text.empty() ? "" : "   ", name, percent(share));
  if (s.results.wall.processes > 1)
    text += fmt::format("   CPU of the node processes {} s", significant(p.nodes_cpu_seconds, 2));
  s.line("profile", text);
}

}  // namespace soliton
