// The page of a comparison, of the parts of which reports of runs are made.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/experiment/compare_results.h"
#include "cluster/report/chart.h"
#include "cluster/report/distribution.h"
#include "cluster/report/html.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

std::string verdict(const ComparedPoint& point) {
  const ComparedNumber* mean = point.find("latency_us.mean");
  if (mean == nullptr) return "";
  if (mean->difference() == 0) return "The mean latency is the same.";
  const std::optional<double> share = mean->relative();
  if (!share) return "";
  const std::string noise = noise_words(mean->beyond_noise);
  return fmt::format("The mean latency of B is {} us, {} % {} that of A, {} us{}.",
                     significant(mean->other.mean, 4), significant(std::abs(100 * *share), 3),
                     *share < 0 ? "below" : "above", significant(mean->one.mean, 4),
                     noise.empty() ? "" : ": " + noise);
}

// The latencies at which a distribution is drawn.
std::vector<Duration> drawn(const std::vector<Duration>& sorted) {
  std::vector<Duration> out;
  for (const std::size_t rank : drawn_ranks(sorted.size(), kDistributionPoints / 2))
    out.push_back(sorted[rank - 1]);
  return out;
}

// The share of requests that took at most so long; nothing outside of what was measured.
std::optional<double> share_within(const std::vector<Duration>& sorted, Duration latency) {
  const auto rank =
      static_cast<std::size_t>(std::ranges::upper_bound(sorted, latency) - sorted.begin());
  if (rank == 0 || latency > sorted.back()) return std::nullopt;
  return share_at_rank(rank, sorted.size());
}

double in_unit(Duration latency, const TimeUnit& unit) {
  return static_cast<double>(latency.count()) / static_cast<double>(unit.size.count());
}

void mark_percentiles(const char* side, const std::vector<Duration>& sorted, const TimeUnit& unit,
                      Chart& chart) {
  for (const auto& [name, permille] : {std::pair{"p50", 500}, {"p99", 990}, {"p99.9", 999}}) {
    const std::size_t rank = rank_at(sorted.size(), static_cast<std::size_t>(permille));
    chart.marks.push_back({fmt::format("{} of {}: {}", name, side, spell_time(sorted[rank - 1])),
                           MarkKind::kPoint, in_unit(sorted[rank - 1], unit),
                           share_at_rank(rank, sorted.size())});
  }
}

// Both in one chart, each at its own latencies and at those of the other.
std::string distributions(const ComparedPoint& point) {
  const std::vector<Duration>&one = point.one->latencies, &other = point.other->latencies;
  if (one.empty() || other.empty()) return "";
  if (one.front() == one.back() && other.front() == other.back())
    return html_paragraph(fmt::format("All requests of A took {}, all of B {}.",
                                      spell_time(one.front()), spell_time(other.front())));
  std::vector<Duration> at = drawn(one);
  std::ranges::copy(drawn(other), std::back_inserter(at));
  std::ranges::sort(at);
  at.erase(std::ranges::unique(at).begin(), at.end());
  const TimeUnit unit = TimeUnit::fitting(one[one.size() / 2]);
  Chart chart{.title = "How many requests took how long",
              .x_label = fmt::format("latency ({})", unit.name),
              .y_label = "share of requests",
              .x = AxisKind::kLog,
              .y = AxisKind::kTail,
              .words =
                  "The share of requests that took at most so long; each further nine of it takes "
                  "as much room as the one before."};
  chart.columns = {{.name = "A", .kind = ColumnKind::kStep, .values = {}},
                   {.name = "B", .kind = ColumnKind::kStep, .values = {}}};
  for (const Duration latency : at) {
    chart.xs.push_back(in_unit(latency, unit));
    chart.columns[0].values.push_back(share_within(one, latency));
    chart.columns[1].values.push_back(share_within(other, latency));
  }
  mark_percentiles("A", one, unit, chart);
  mark_percentiles("B", other, unit, chart);
  return chart_figure(chart);
}

// Of the points of two sweeps.
std::string means(const ComparedSides& c) {
  if (c.points.size() < 2) return "";
  Chart chart{.title = "Mean latency of each point",
              .x_label = "point, in the order below",
              .y_label = "mean latency (us)"};
  chart.columns = {{.name = "A", .kind = ColumnKind::kPoints, .values = {}},
                   {.name = "B", .kind = ColumnKind::kPoints, .values = {}}};
  for (const ComparedPoint& point : c.points) {
    const ComparedNumber* mean = point.find("latency_us.mean");
    chart.xs.push_back(static_cast<double>(chart.xs.size() + 1));
    chart.columns[0].values.push_back(mean ? std::optional(mean->one.mean) : std::nullopt);
    chart.columns[1].values.push_back(mean ? std::optional(mean->other.mean) : std::nullopt);
  }
  return html_section("All points", chart_figure(chart));
}

std::string figures(const ComparedPoint& point) {
  std::vector<std::vector<SortCell>> first, rest;
  const auto plain = [](double value) { return fmt::format("{}", value); };
  for (const ComparedNumber& n : point.numbers)
    (is_shown_always(n.key) ? first : rest)
        .push_back({{n.key, ""},
                    {mean_words(n.one), plain(n.one.mean)},
                    {mean_words(n.other), plain(n.other.mean)},
                    {difference_words(n), plain(n.difference())},
                    {share_words(n), plain(n.relative().value_or(0))},
                    {noise_words(n.beyond_noise), ""}});
  for (const ComparedText& text : point.texts)
    rest.push_back(
        {{text.key, ""}, {text.one, ""}, {text.other, ""}, {"differs", ""}, {"", ""}, {"", ""}});
  const std::vector<std::string> head = {"figure", "A", "B", "B - A", "of A", "noise"};
  std::string out = html_sort_table(head, first);
  if (!rest.empty())
    out += fmt::format("<details><summary>{} more figures</summary>\n{}</details>\n", rest.size(),
                       html_sort_table(head, rest));
  return out;
}

}  // namespace

std::string comparison_page(const ComparedSides& c) {
  std::string body = "<h1>A and B</h1>\n";
  body +=
      html_paragraph("A: " + c.one->path, "soft") + html_paragraph("B: " + c.other->path, "soft");
  if (c.points.size() == 1) body += html_paragraph(verdict(c.points.front()));
  for (const std::string& note : comparison_notes(c)) body += html_paragraph(note);
  body += means(c);
  for (const ComparedPoint& point : c.points)
    body += html_section(point.name.empty() ? "Figures" : point.name,
                         (c.points.size() > 1 ? html_paragraph(verdict(point)) : "") +
                             distributions(point) + figures(point));
  return html_page("A and B · soliton", body);
}

}  // namespace soliton
