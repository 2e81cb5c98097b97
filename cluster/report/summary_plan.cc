// The title of a summary, and where the plan places the model.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/report/plan_words.h"
#include "cluster/report/summary_parts.h"
#include "cluster/report/words.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

constexpr int kBarCells = 20;
constexpr std::size_t kBarsPerLine = 4;
constexpr std::size_t kBarsLimit = 16;  // more nodes are summed up in a line
constexpr double kFullWarning = 0.95;

std::string bar_text(double share) {
  // Rounding must not make a memory in use look empty, or one with room left look full.
  int cells = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kBarCells));
  if (share > 0) cells = std::max(cells, 1);
  if (share < 1) cells = std::min(cells, kBarCells - 1);
  std::string out;
  for (int i = 0; i < kBarCells; ++i) out += i < cells ? "█" : "░";
  return out;
}

std::string bar(const SummaryText& s, const Fullness& f) {
  const double share = f.share();
  const Ink colour = share > kFullWarning ? Ink::kYellow : Ink::kGreen;
  const std::string what = f.memory == "MatrixRf" || f.memory.empty() ? "" : " " + f.memory;
  return fmt::format("{} {} {}{}", f.node, s.ink(colour, bar_text(share)), full_percent(f), what);
}

void bars(SummaryText& s, const std::vector<Fullness>& all) {
  for (std::size_t first = 0; first < all.size(); first += kBarsPerLine) {
    std::vector<std::string> row;
    for (std::size_t i = first; i < std::min(all.size(), first + kBarsPerLine); ++i)
      row.push_back(bar(s, all[i]));
    s.line("", fmt::format("{}", fmt::join(row, "   ")));
  }
}

std::string many_bars(const SummaryText& s, const std::vector<Fullness>& all) {
  const auto [emptiest, fullest] = std::minmax_element(
      all.begin(), all.end(),
      [](const Fullness& a, const Fullness& b) { return a.share() < b.share(); });
  return fmt::format("{} nodes · fullest {} · emptiest {}", all.size(), bar(s, *fullest),
                     bar(s, *emptiest));
}

}  // namespace

void add_title(SummaryText& s) {
  std::string time = s.results.time + " time";
  if (!s.context.layout.empty()) time += ", " + s.context.layout;
  std::vector<std::string> parts = {
      escaped(s.results.name), escaped(s.context.model) + " on " + cluster_words(s.results.nodes)};
  for (const std::string& part : {s.context.topology, s.context.precision, time})
    if (!part.empty()) parts.push_back(part);
  s.out += fmt::format("{} · seed {}\n\n", fmt::join(parts, " · "), s.results.seed);
}

void add_plan(SummaryText& s) {
  s.line("plan",
         placement_words(*s.context.plan) + " · " + verdict_words(s.context.plan->certificate));
  const std::vector<Fullness> all = fullness(*s.context.plan);
  if (all.size() > kBarsLimit)
    s.line("", many_bars(s, all));
  else
    bars(s, all);
  if (!s.context.plan->one_device.empty()) s.line("", s.context.plan->one_device);
  if (const std::string step = step_words(*s.context.plan); !step.empty()) s.line("step", step);
}

}  // namespace soliton
