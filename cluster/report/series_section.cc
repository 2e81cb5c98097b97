// Load and queues of the busiest links over time.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/report/chart.h"
#include "cluster/report/html.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"
#include "cluster/results/links_series.h"

namespace soliton {
namespace {

constexpr std::size_t kLinksDrawn = 4;
constexpr std::size_t kSteps = 240;  // of a curve, which is some 480 pixels wide

using Value = double (*)(const SeriesInterval& values, Duration interval);

ChartSeries curve_of(const SeriesResult::Link& link, Duration interval, std::size_t every,
                     TimeUnit unit, Value value) {
  ChartSeries out{link.name, {}};
  const Duration step = static_cast<std::int64_t>(every) * interval;
  double at = 0;
  for (const SeriesInterval& values : join_intervals(link.intervals, every)) {
    out.points.emplace_back(at, value(values, step));
    at += static_cast<double>(step.count()) / static_cast<double>(unit.size.count());
  }
  out.points.emplace_back(at, 0);
  return out;
}

}  // namespace

std::string series_html(const RunResults& r) {
  if (!r.series || r.series->links.empty()) return "";
  const SeriesResult& series = *r.series;
  const auto busiest = busiest_links(series, kLinksDrawn);
  std::size_t longest = 1;
  for (const SeriesResult::Link* link : busiest)
    longest = std::max(longest, link->intervals.size());
  const std::size_t every = (longest + kSteps - 1) / kSteps;
  const TimeUnit unit = TimeUnit::fitting(static_cast<std::int64_t>(longest) * series.interval);
  const std::string time = fmt::format("time in {}", unit.name);
  LineChart load{.title = "load of the busiest links",
                 .x_label = time,
                 .y_label = "% of the line",
                 .series = {},
                 .steps = true};
  LineChart queue{.title = "their longest queues",
                  .x_label = time,
                  .y_label = "KiB",
                  .series = {},
                  .steps = true};
  for (const SeriesResult::Link* link : busiest) {
    load.series.push_back(curve_of(*link, series.interval, every, unit,
                                   [](const SeriesInterval& values, Duration interval) {
                                     return 100 * busy_share(values, interval);
                                   }));
    queue.series.push_back(
        curve_of(*link, series.interval, every, unit, [](const SeriesInterval& values, Duration) {
          return static_cast<double>(values.queue_max.count) / 1024;
        }));
  }
  const std::string words = fmt::format(
      "<p>A step stands for {}; links_series.csv has all {} directions of cables, every {}.</p>\n",
      html_escape(spell_time(static_cast<std::int64_t>(every) * series.interval)),
      series.links.size(), html_escape(spell_time(series.interval)));
  return html_section("Links over time", words + "<div class=\"charts\">\n" + line_chart(load) +
                                             line_chart(queue) + "</div>\n");
}

}  // namespace soliton
