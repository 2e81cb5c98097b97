#include "cluster/report/summary.h"

#include <fmt/format.h>

#include "cluster/report/summary_parts.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

std::string stopped_words(const RunResults& results) {
  return fmt::format("{}; what was measured until then follows",
                     results.error.empty()
                         ? "before the end"
                         : escaped(results.error.substr(0, results.error.find('\n'))));
}

void add_folder(SummaryText& s) {
  const std::string& folder = s.context.folder;
  if (folder.empty()) return;
  s.line("wrote", escaped(folder) + (folder.ends_with('/') ? "" : "/") +
                      "   open report.html, or trace.json in Perfetto");
}

}  // namespace

std::string SummaryText::ink(Ink colour, const std::string& text) const {
  if (!context.terminal || colour == Ink::kPlain) return text;
  static constexpr const char* kCodes[] = {"", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
  return kCodes[static_cast<int>(colour)] + text + "\x1b[0m";
}

void SummaryText::line(const std::string& label, const std::string& text) {
  out += ink(Ink::kBold, fmt::format("{:<9} ", label)) + text + "\n";
}

bool is_open_to_forgery(const RunResults& results) {
  return results.ltl.carrier == "udp" && results.ltl.auth == "none";
}

std::string summary_text(const RunResults& results, const SummaryContext& context) {
  SummaryText s{results, context, latency_statistics(results), {}};
  add_title(s);
  if (context.plan) add_plan(s);
  if (!results.complete) s.line("stopped", s.ink(Ink::kRed, stopped_words(results)));
  add_run(s);
  add_carrier(s);
  add_latency(s);
  if (results.traffic) add_goodput(s, *results.traffic);
  if (results.partition.known) {
    add_breakdown(s);
    add_rate(s);
    add_outputs(s);
  } else {
    add_contents(s);
  }
  add_services(s);
  add_workloads(s);
  if (results.pauses) add_pauses(s, *results.pauses);
  add_faults(s);
  add_recovery(s);
  add_expectations(s);
  add_refused(s);
  add_warnings(s);
  add_profile(s);
  add_folder(s);
  return std::move(s.out);
}

}  // namespace soliton
