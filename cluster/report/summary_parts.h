// The parts of a summary, each of which adds its lines. Inside cluster/report only.
#pragma once

#include <string>

#include "cluster/report/summary.h"
#include "cluster/results/statistics.h"

namespace soliton {

// Of faults, warnings and the like; the rest is in results.json.
inline constexpr std::size_t kSummaryListLimit = 8;

enum class Ink : std::uint8_t { kPlain, kBold, kGreen, kYellow, kRed };

// A summary as far as it is written, and what it is written from, which outlives it.
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

// The title, and where the plan puts the model.
void add_title(SummaryText& s);
void add_plan(SummaryText& s);
// How long it took and how much was done.
void add_run(SummaryText& s);
void add_carrier(SummaryText& s);
void add_latency(SummaryText& s);
void add_breakdown(SummaryText& s);
void add_rate(SummaryText& s);
void add_goodput(SummaryText& s, const TrafficResult& traffic);
// Whether what came out is right.
void add_contents(SummaryText& s);
void add_outputs(SummaryText& s);
// What went wrong or was made to.
void add_pauses(SummaryText& s, const PauseResult& pauses);
void add_faults(SummaryText& s);
void add_refused(SummaryText& s);
void add_warnings(SummaryText& s);

}  // namespace soliton
