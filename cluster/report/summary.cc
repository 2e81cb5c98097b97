#include "cluster/report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/report/plan_words.h"
#include "cluster/report/words.h"
#include "cluster/results/statistics.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

constexpr int kBarCells = 20;
constexpr std::size_t kBarsPerLine = 4;
constexpr std::size_t kBarsLimit = 16;   // more nodes are summed up in a line
constexpr std::size_t kFaultsLimit = 8;  // more are in results.json
constexpr double kFullWarning = 0.95;

enum class Ink { kPlain, kBold, kGreen, kYellow, kRed };

std::string bar_text(double share) {
  // A memory in use never looks empty, one with room left never looks full.
  int cells = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kBarCells));
  if (share > 0) cells = std::max(cells, 1);
  if (share < 1) cells = std::min(cells, kBarCells - 1);
  std::string out;
  for (int i = 0; i < kBarCells; ++i) out += i < cells ? "█" : "░";
  return out;
}

Duration from_us(double us) { return Duration{std::isfinite(us) ? std::llround(us * 1e6) : 0}; }

class Summary {
 public:
  Summary(const RunResults& results, const SummaryContext& context)
      : r_(results), c_(context), latency_(latency_statistics(results)) {}

  std::string text() {
    title();
    if (c_.plan) plan();
    if (!r_.complete) line("stopped", ink(Ink::kRed, stopped_words()));
    run();
    carrier();
    latency();
    if (r_.traffic) {
      goodput(*r_.traffic);
      contents();
    } else {
      where();
      rate();
      outputs();
    }
    if (r_.pauses) pauses(*r_.pauses);
    faults();
    refused();
    warnings();
    if (!c_.folder.empty())
      line("wrote", escaped(c_.folder) + (c_.folder.ends_with('/') ? "" : "/") +
                        "   open report.html, or trace.json in Perfetto");
    return out_;
  }

 private:
  std::string ink(Ink ink, const std::string& text) const {
    if (!c_.terminal || ink == Ink::kPlain) return text;
    static constexpr const char* kCodes[] = {"", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
    return kCodes[static_cast<int>(ink)] + text + "\x1b[0m";
  }

  void line(const std::string& label, const std::string& text) {
    out_ += ink(Ink::kBold, fmt::format("{:<10}", label)) + text + "\n";
  }

  void title() {
    std::string time = r_.time + " time";
    if (!c_.layout.empty()) time += ", " + c_.layout;
    std::vector<std::string> parts = {escaped(r_.name),
                                      escaped(c_.model) + " on " + cluster_words(r_.nodes)};
    for (const std::string& part : {c_.topology, c_.precision, time})
      if (!part.empty()) parts.push_back(part);
    out_ += fmt::format("{} · seed {}\n\n", fmt::join(parts, " · "), r_.seed);
  }

  void plan() {
    line("plan", placement_words(*c_.plan) + " · " + verdict_words(c_.plan->certificate));
    const std::vector<Fullness> all = fullness(*c_.plan);
    if (all.size() > kBarsLimit)
      line("", many_bars(all));
    else
      bars(all);
    if (!c_.plan->one_device.empty()) line("", c_.plan->one_device);
    if (const std::string step = step_words(*c_.plan); !step.empty()) line("step", step);
  }

  std::string bar(const Fullness& f) const {
    const double share = f.share();
    const Ink colour = share > kFullWarning ? Ink::kYellow : Ink::kGreen;
    const std::string what = f.memory == "MatrixRf" || f.memory.empty() ? "" : " " + f.memory;
    return fmt::format("{} {} {}{}", f.node, ink(colour, bar_text(share)), full_percent(f), what);
  }

  void bars(const std::vector<Fullness>& all) {
    for (std::size_t first = 0; first < all.size(); first += kBarsPerLine) {
      std::vector<std::string> row;
      for (std::size_t i = first; i < std::min(all.size(), first + kBarsPerLine); ++i)
        row.push_back(bar(all[i]));
      line("", fmt::format("{}", fmt::join(row, "   ")));
    }
  }

  std::string many_bars(const std::vector<Fullness>& all) const {
    const auto [emptiest, fullest] = std::minmax_element(
        all.begin(), all.end(),
        [](const Fullness& a, const Fullness& b) { return a.share() < b.share(); });
    return fmt::format("{} nodes · fullest {} · emptiest {}", all.size(), bar(*fullest),
                       bar(*emptiest));
  }

  std::string stopped_words() const {
    return fmt::format(
        "{}; what was measured until then follows",
        r_.error.empty() ? "before the end" : escaped(r_.error.substr(0, r_.error.find('\n'))));
  }

  void run() {
    std::string text =
        group_thousands(latency_.completed) + " " + (r_.traffic ? r_.traffic->records : "requests");
    if (latency_.completed < r_.sent) text += " of " + group_thousands(r_.sent);
    if (r_.failed > 0)
      text += ink(Ink::kRed, fmt::format(", {} failed", group_thousands(r_.failed)));
    if (r_.duplicated > 0)
      text += ink(Ink::kRed, fmt::format(", {} duplicated", group_thousands(r_.duplicated)));
    const std::string wall = significant(r_.wall.seconds, 2) + " s";
    const std::string run_time = spell_time(std::max(r_.last_completed - kRunStart, Duration{}));
    text += r_.time == "virtual" ? fmt::format(" · {} emulated in {}", run_time, wall)
                                 : fmt::format(" · {} in real time", run_time);
    text += fmt::format(" · {} process{}", r_.wall.processes, r_.wall.processes == 1 ? "" : "es");
    line("run", text + fmt::format(" · {} packets",
                                   group_thousands(static_cast<std::int64_t>(r_.fabric.packets))));
  }

  void carrier() {
    if (is_open_to_forgery(r_)) line("", ink(Ink::kYellow, kForgeryWarning));
    if (!r_.ltl.listen.empty() && !r_.ltl.listen.starts_with("127."))
      line("", fmt::format("sockets on {}, packets encrypted", r_.ltl.listen));
  }

  void latency() {
    if (latency_.completed == 0) return line("latency", "no request was completed");
    const TimeUnit unit = TimeUnit::fitting(latency_.mean);
    const Duration predicted = from_us(r_.partition.predicted_latency_us);
    const Duration bound = from_us(r_.partition.lower_bound_us);
    std::string text = fmt::format("min {}   mean {}   p50 {}   p99 {}   p99.9 {}   max {} {}",
                                   unit.spell(latency_.min), unit.spell(latency_.mean),
                                   unit.spell(latency_.p50), unit.spell(latency_.p99),
                                   unit.spell(latency_.p99_9), unit.spell(latency_.max), unit.name);
    if (predicted.count() > 0)
      text += fmt::format("      predicted {} {}", unit.spell(predicted), unit.name);
    if (bound.count() > 0) text += fmt::format("   bound {} {}", unit.spell(bound), unit.name);
    line("latency", text);
    if (r_.device && r_.device->count() > 0)
      line("", fmt::format("modelled devices alone: mean {}   p99 {}   max {} {}",
                           unit.spell(r_.device->mean()), unit.spell(r_.device->quantile(0.99)),
                           unit.spell(r_.device->max()), unit.name));
  }

  void where() {
    if (latency_.completed == 0) return;
    const Breakdown mean = mean_breakdown(r_);
    std::vector<std::string> parts;
    add_part(parts, "compute", mean.compute);
    add_part(parts, "network", mean.network);
    add_part(parts, "queue", mean.queue);
    add_part(parts, "host", mean.host);
    line("where", fmt::format("{}", fmt::join(parts, "   ")));
  }

  void add_part(std::vector<std::string>& parts, const char* name, Duration value) const {
    const TimeUnit unit = TimeUnit::fitting(latency_.mean);
    const double whole = static_cast<double>(latency_.mean.count());
    parts.push_back(
        fmt::format("{} {} {} {:.0f} %", name, unit.spell(value), unit.name,
                    whole > 0 ? 100 * static_cast<double>(value.count()) / whole : 0.0));
  }

  std::string busy_words() const {
    double sum = 0;
    int count = 0;
    for (const NodeResult& node : r_.nodes) {
      if (node.role != "npu" || std::isnan(node.busy_fraction)) continue;
      sum += node.busy_fraction;
      ++count;
    }
    return count == 0 ? "" : fmt::format("devices busy {} of the time", percent(sum / count));
  }

  std::string batch_words() const {
    if (!c_.plan || c_.plan->batch == 1) return "";
    return fmt::format(", batches of up to {}", c_.plan->batch);
  }

  void rate() {
    if (latency_.completed == 0) return;
    std::string text =
        fmt::format("{} requests/s ({}, {} client{}{})", significant(throughput_rps(r_), 3),
                    c_.arrival == "closed" ? "closed loop" : c_.arrival + " arrivals", c_.clients,
                    c_.clients == 1 ? "" : "s", batch_words());
    text += fmt::format("   {} TFLOPS", significant(effective_tflops(r_), 3));
    if (c_.plan) text += " of " + peak_words(*c_.plan);
    if (std::isfinite(utilization(r_))) text += fmt::format(", {} used", percent(utilization(r_)));
    const std::string why = c_.remark.empty() ? busy_words() : c_.remark;
    line("rate", why.empty() ? text : text + ": " + why);
  }

  void goodput(const TrafficResult& t) {
    if (latency_.completed == 0) return;
    std::string text = fmt::format("{} Gb/s of payload", significant(t.goodput_gbps, 4));
    if (t.line_share)
      text += fmt::format("   with headers {} of a {} Gb/s line", percent(*t.line_share),
                          significant(*t.line_gbps, 3));
    if (t.fairness) text += "   fairness " + significant(*t.fairness, 3);
    if (t.kind == "incast")
      text += "   longest queue " +
              describe(Bytes{static_cast<std::int64_t>(r_.fabric.queue_bytes_max)});
    if (t.fairness_settled) text += ", after 5 ms " + significant(*t.fairness_settled, 3);
    line("goodput", text);
  }

  void contents() {
    const OutputSummary& o = r_.outputs;
    if (o.checked == 0) return line("contents", "not checked");
    line("contents",
         o.mismatched == 0
             ? group_thousands(o.checked) + " checked, all as sent"
             : ink(Ink::kRed, fmt::format("{} checked, {} DAMAGED", group_thousands(o.checked),
                                          group_thousands(o.mismatched))));
  }

  void outputs() {
    if (c_.compute == "timing") return line("outputs", "none computed (compute: timing)");
    const OutputSummary& o = r_.outputs;
    std::string text = "not checked";
    if (o.checked > 0 && o.mismatched == 0)
      text = group_thousands(o.checked) + " checked, all bit-identical to one unsharded device";
    if (o.mismatched > 0)
      text = ink(Ink::kRed, fmt::format("{} checked, {} DIFFER from one unsharded device",
                                        group_thousands(o.checked), group_thousands(o.mismatched)));
    if (o.accuracy) text += " · accuracy " + accuracy_words(*o.accuracy, o.accuracy_fp32);
    if (o.accuracy_per_step) text += " of all steps";
    if (o.max_abs_error)
      text += " · largest error against fp32 " + significant(*o.max_abs_error, 2);
    line("outputs", text);
    arithmetic_errors();
  }

  // Only when there were any.
  void arithmetic_errors() {
    std::vector<std::string> parts;
    std::size_t left_out = 0;
    for (const NodeResult& node : r_.nodes) {
      std::vector<std::string> causes;
      const auto add = [&](std::uint64_t count, const char* what) {
        if (count > 0)
          causes.push_back(group_thousands(static_cast<std::int64_t>(count)) + " " + what);
      };
      add(node.poisoned_blocks, "blocks with NaN or infinity");
      add(node.fp16_overflows, "fp16 overflows");
      if (causes.empty()) continue;
      if (parts.size() < kFaultsLimit)
        parts.push_back(fmt::format("{} {}", node.name, fmt::join(causes, " and ")));
      else
        ++left_out;
    }
    if (left_out > 0) parts.push_back(fmt::format("and {} more nodes", left_out));
    if (!parts.empty())
      line("", ink(Ink::kYellow, fmt::format("errors of arithmetic: {}", fmt::join(parts, "; "))));
  }

  static std::string accuracy_words(double accuracy, const std::optional<double>& fp32) {
    const std::string ours = fmt::format("{:.1f} %", 100 * accuracy);
    return fp32 ? fmt::format("{} (fp32 {:.1f} %)", ours, 100 * *fp32) : ours;
  }

  void pauses(const PauseResult& p) {
    const auto longest = std::max_element(
        p.ports.begin(), p.ports.end(),
        [](const PauseResult::Port& a, const PauseResult::Port& b) { return a.paused < b.paused; });
    std::string text = group_thousands(static_cast<std::int64_t>(r_.fabric.pauses));
    if (r_.fabric.pauses > 0)
      text += fmt::format("   longest in all {}: {}   a switch held at most {} of it",
                          longest->name, spell_time(longest->paused), describe(longest->held_max));
    line("pauses", text);
    if (p.watchdogs > 0)
      line("", ink(Ink::kRed, fmt::format("ports emptied by the watchdog: {}, {} packets",
                                          p.watchdogs, p.watchdog_drops)));
    for (std::size_t i = 0; i < std::min(p.deadlocks.size(), kFaultsLimit); ++i)
      line("", ink(Ink::kRed, fmt::format("ports that waited for each other at {}: {}",
                                          spell_time(p.deadlocks[i].found - kRunStart),
                                          fmt::join(p.deadlocks[i].ports, ", "))));
  }

  void faults() {
    const char* label = "faults";
    for (std::size_t i = 0; i < std::min(r_.faults.size(), kFaultsLimit); ++i) {
      const FaultResult& fault = r_.faults[i];
      line(label, fmt::format("{} on {} at {}: {}", fault.kind, escaped(fault.target),
                              spell_time(fault.at - kRunStart), escaped(fault.effect)));
      label = "";
    }
    if (r_.faults.size() > kFaultsLimit)
      line("", fmt::format("and {} more in results.json", r_.faults.size() - kFaultsLimit));
    if (!r_.faults.empty() || r_.ltl.retransmitted > 0 || r_.fabric.dropped > 0)
      line(label, fmt::format("{} packets dropped, {} retransmitted, {} timeouts",
                              r_.fabric.dropped, r_.ltl.retransmitted, r_.ltl.timeouts));
  }

  void refused() {
    const RefusedPackets& refused = r_.ltl.refused;
    if (refused.total() == 0) return;
    std::vector<std::string> causes;
    for (const auto& [count, cause] : {std::pair{refused.stranger, "from strangers"},
                                       {refused.stale, "stale"},
                                       {refused.forged, "forged"},
                                       {refused.replayed, "replayed"},
                                       {refused.checksum, "with a wrong checksum"},
                                       {refused.malformed, "malformed"}})
      if (count > 0) causes.push_back(fmt::format("{} {}", count, cause));
    line("refused", fmt::format("packets: {}", fmt::join(causes, ", ")));
  }

  void warnings() {
    const char* label = "warning";
    for (std::size_t i = 0; i < std::min(r_.warnings.size(), kFaultsLimit); ++i) {
      line(label, ink(Ink::kYellow, escaped(r_.warnings[i].text)));
      label = "";
    }
    if (r_.warnings.size() > kFaultsLimit)
      line("", fmt::format("and {} more in results.json", r_.warnings.size() - kFaultsLimit));
  }

  const RunResults& r_;
  const SummaryContext& c_;
  LatencyStatistics latency_;
  std::string out_;
};

}  // namespace

bool is_open_to_forgery(const RunResults& results) {
  return results.ltl.carrier == "udp" && results.ltl.auth == "none";
}

std::string summary_text(const RunResults& results, const SummaryContext& context) {
  return Summary(results, context).text();
}

}  // namespace soliton
