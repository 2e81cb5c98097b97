// The parts of a summary; each adds its lines. Private to cluster/report.
#pragma once

#include <string>

#include "cluster/report/summary.h"
#include "cluster/results/statistics.h"

namespace soliton {

// Most lines for faults, warnings and the like; the rest is in results.json.
inline constexpr std::size_t kSummaryListLimit = 8;

enum class Ink : std::uint8_t { kPlain, kBold, kGreen, kYellow, kRed };

// A summary under construction and its sources, which must outlive it.
struct SummaryText {
  const RunResults& results;
  const SummaryContext& context;
  LatencyStatistics latency;
  std::string out;

  // Coloured if the summary is for a terminal.
  std::string ink(Ink colour, const std::string& text) const;
  // A line below `label`; the following lines of a part have the label "".
  void line(const std::string& label, const std::string& text);
};

// The title, and where the plan places the model.
void add_title(SummaryText& s);
void add_plan(SummaryText& s);
// How long it took and how much was done.
void add_run(SummaryText& s);
void add_carrier(SummaryText& s);
void add_latency(SummaryText& s);
void add_breakdown(SummaryText& s);
void add_rate(SummaryText& s);
void add_services(SummaryText& s);
void add_workloads(SummaryText& s);  // a line for each of several
void add_goodput(SummaryText& s, const TrafficResult& traffic);
// Whether the outputs are correct.
void add_contents(SummaryText& s);
void add_outputs(SummaryText& s);
// Faults, whether injected or not, and warnings.
void add_pauses(SummaryText& s, const PauseResult& pauses);
void add_faults(SummaryText& s);
void add_recovery(SummaryText& s);
void add_expectations(SummaryText& s);
void add_refused(SummaryText& s);
void add_warnings(SummaryText& s);
// Where the wall time went, if it was asked for.
void add_profile(SummaryText& s);

}  // namespace soliton
