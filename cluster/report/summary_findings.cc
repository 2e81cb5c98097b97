// The lines about the correctness of outputs, about faults and about warnings.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/report/plan_words.h"
#include "cluster/report/recovery_words.h"
#include "cluster/report/summary_parts.h"
#include "cluster/report/words.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

// Only when there were any.
void arithmetic_errors(SummaryText& s) {
  std::vector<std::string> parts;
  std::size_t left_out = 0;
  for (const NodeResult& node : s.results.nodes) {
    std::vector<std::string> causes;
    const auto add = [&](std::uint64_t count, const char* what) {
      if (count > 0)
        causes.push_back(group_thousands(static_cast<std::int64_t>(count)) + " " + what);
    };
    add(node.npu.poisoned_blocks, "blocks with NaN or infinity");
    add(node.npu.fp16_overflows, "fp16 overflows");
    if (causes.empty()) continue;
    if (parts.size() < kSummaryListLimit)
      parts.push_back(fmt::format("{} {}", node.name, fmt::join(causes, " and ")));
    else
      ++left_out;
  }
  if (left_out > 0) parts.push_back(fmt::format("and {} more nodes", left_out));
  if (!parts.empty())
    s.line("",
           s.ink(Ink::kYellow, fmt::format("errors of arithmetic: {}", fmt::join(parts, "; "))));
}

std::string accuracy_words(double accuracy, const std::optional<double>& fp32) {
  const std::string ours = fmt::format("{:.1f} %", 100 * accuracy);
  return fp32 ? fmt::format("{} (fp32 {:.1f} %)", ours, 100 * *fp32) : ours;
}

}  // namespace

void add_contents(SummaryText& s) {
  const OutputSummary& o = s.results.outputs;
  if (o.checked == 0) return s.line("contents", "not checked");
  s.line("contents",
         o.mismatched == 0
             ? group_thousands(o.checked) + " checked, all as sent"
             : s.ink(Ink::kRed, fmt::format("{} checked, {} DAMAGED", group_thousands(o.checked),
                                            group_thousands(o.mismatched))));
}

void add_outputs(SummaryText& s) {
  if (s.context.compute == "timing") return s.line("outputs", "none computed (compute: timing)");
  const OutputSummary& o = s.results.outputs;
  std::string text = "not checked";
  if (o.checked > 0 && o.mismatched == 0)
    text = fmt::format("{} checked, all bit-identical to {}", group_thousands(o.checked),
                       reference_words(s.context.plan));
  if (o.mismatched > 0)
    text = s.ink(Ink::kRed,
                 fmt::format("{} checked, {} DIFFER from {}", group_thousands(o.checked),
                             group_thousands(o.mismatched), reference_words(s.context.plan)));
  if (o.accuracy) text += " · accuracy " + accuracy_words(*o.accuracy, o.accuracy_fp32);
  if (o.accuracy_per_step) text += " of all steps";
  if (o.max_abs_error) text += " · largest error against fp32 " + significant(*o.max_abs_error, 2);
  s.line("outputs", text);
  arithmetic_errors(s);
}

void add_pauses(SummaryText& s, const PauseResult& p) {
  const auto longest = std::max_element(
      p.ports.begin(), p.ports.end(),
      [](const PauseResult::Port& a, const PauseResult::Port& b) { return a.paused < b.paused; });
  std::string text =
      group_thousands(static_cast<std::int64_t>(s.results.fabric.pauses.value_or(0)));
  if (s.results.fabric.pauses.value_or(0) > 0)
    text += fmt::format("   longest in all {}: {}   a switch held at most {} of it", longest->name,
                        spell_time(longest->paused), describe(longest->held_max));
  s.line("pauses", text);
  if (p.watchdogs > 0)
    s.line("", s.ink(Ink::kRed, fmt::format("ports emptied by the watchdog: {}, {} packets",
                                            p.watchdogs, p.watchdog_drops)));
  for (std::size_t i = 0; i < std::min(p.deadlocks.size(), kSummaryListLimit); ++i)
    s.line("", s.ink(Ink::kRed, fmt::format("ports that waited for each other at {}: {}",
                                            spell_time(p.deadlocks[i].found - kRunStart),
                                            fmt::join(p.deadlocks[i].ports, ", "))));
}

void add_faults(SummaryText& s) {
  const char* label = "faults";
  for (std::size_t i = 0; i < std::min(s.results.faults.size(), kSummaryListLimit); ++i) {
    const FaultResult& fault = s.results.faults[i];
    s.line(label, fmt::format("{} on {} at {}: {}", fault.kind, escaped(fault.target),
                              spell_time(fault.at - kRunStart), effect_words(fault.counters)));
    label = "";
  }
  if (s.results.faults.size() > kSummaryListLimit)
    s.line("",
           fmt::format("and {} more in results.json", s.results.faults.size() - kSummaryListLimit));
  if (!s.results.faults.empty() || s.results.ltl.retransmitted > 0 || s.results.fabric.dropped > 0)
    s.line(label, fmt::format("{} packets dropped, {} retransmitted, {} timeouts",
                              s.results.fabric.dropped, s.results.ltl.retransmitted,
                              s.results.ltl.timeouts));
}

void add_recovery(SummaryText& s) {
  if (!s.results.recovery) return;
  const RecoveryResult& r = *s.results.recovery;
  const char* label = "recovery";
  for (std::size_t i = 0; i < std::min(r.steps.size(), kSummaryListLimit); ++i) {
    s.line(label, fmt::format("{}: {}", spell_time(r.steps[i].at - kRunStart),
                              escaped(recovery_words(r.steps[i]))));
    label = "";
  }
  if (r.steps.size() > kSummaryListLimit)
    s.line("", fmt::format("and {} more in results.json", r.steps.size() - kSummaryListLimit));
  if (r.steps.empty()) s.line(label, "nothing was to recover from");
}

void add_expectations(SummaryText& s) {
  const char* label = "expected";
  for (const ExpectResult& e : s.results.expectations) {
    const std::string text = fmt::format("{} {}: {}", e.key, e.said, e.measured);
    s.line(label, e.met ? text + ", met" : s.ink(Ink::kRed, text + ", not met"));
    label = "";
  }
}

void add_refused(SummaryText& s) {
  std::vector<std::string> causes;
  for (const RefusedPackets& refused : refused_packets(s.results.ltl))
    if (refused.count > 0) causes.push_back(fmt::format("{} {}", refused.count, refused.cause));
  if (!causes.empty()) s.line("refused", fmt::format("packets: {}", fmt::join(causes, ", ")));
}

void add_warnings(SummaryText& s) {
  const char* label = "warning";
  for (std::size_t i = 0; i < std::min(s.results.warnings.size(), kSummaryListLimit); ++i) {
    s.line(label, s.ink(Ink::kYellow, escaped(s.results.warnings[i].text)));
    label = "";
  }
  if (s.results.warnings.size() > kSummaryListLimit)
    s.line("", fmt::format("and {} more in results.json",
                           s.results.warnings.size() - kSummaryListLimit));
}

}  // namespace soliton
