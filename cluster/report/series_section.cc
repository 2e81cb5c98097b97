// Load and queues of the busiest links over time, from links_series.csv.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "cluster/report/chart.h"
#include "cluster/report/facts.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

constexpr std::size_t kLinksDrawn = 4;
// Of these the reader chooses one: more would make the page large.
constexpr std::size_t kLinksChosen = 40;
constexpr std::int64_t kChosenSteps = 250;

struct Interval {
  double busy = 0;  // sum of shares, later their mean
  double queue = 0;
};
using Intervals = std::map<std::int64_t, Interval>;  // by number

struct Series {
  Duration interval{};
  std::int64_t last = 0;  // number of the last interval of any link
  std::map<std::string, Intervals, std::less<>> links;
  std::vector<std::string> order;  // of the file
};

double plain_number(std::string_view cell) {
  const Json value = Json::parse(cell, nullptr, false);
  return value.is_number() ? value.get<double>() : 0;
}

std::size_t column_of(const std::vector<std::string_view>& head, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(head, name) - head.begin());
}

Series series_of(std::string_view csv, Duration interval) {
  Series out{.interval = interval, .links = {}, .order = {}};
  const std::vector<std::string_view> head = csv_cells(next_line(csv));
  const std::size_t at = column_of(head, "at_us"), link = column_of(head, "link"),
                    busy = column_of(head, "busy_fraction"),
                    queue = column_of(head, "queue_bytes_max");
  const std::size_t most = std::max({at, link, busy, queue});
  if (most >= head.size() || interval.count() <= 0) return out;
  while (csv.find('\n') != std::string_view::npos) {
    const std::vector<std::string_view> cells = csv_cells(next_line(csv));
    if (cells.size() <= most) continue;
    const std::optional<Duration> when = csv_us(cells[at]);
    if (!when) continue;
    const std::int64_t number = *when / interval;
    out.last = std::max(out.last, number);
    auto found = out.links.find(cells[link]);
    if (found == out.links.end()) {
      found = out.links.emplace(std::string(cells[link]), Intervals{}).first;
      out.order.emplace_back(cells[link]);
    }
    found->second[number] = {plain_number(cells[busy]), plain_number(cells[queue])};
  }
  return out;
}

double busy_sum(const Intervals& intervals) {
  double out = 0;
  for (const auto& [number, it] : intervals) out += it.busy;
  return out;
}

std::vector<std::string> busiest(const Series& series, std::size_t most) {
  std::vector<std::string> out = series.order;
  std::ranges::stable_sort(out, std::ranges::greater(), [&](const std::string& link) {
    return busy_sum(series.links.at(link));
  });
  if (out.size() > most) out.resize(most);
  return out;
}

// The mean load, and the longest queue, of so many intervals each.
ChartColumn column(const Series& series, const std::string& link, std::int64_t every, bool load) {
  std::vector<double> values(static_cast<std::size_t>(series.last / every + 1));
  for (const auto& [number, it] : series.links.at(link)) {
    double& value = values[static_cast<std::size_t>(number / every)];
    value = load ? value + 100 * it.busy / static_cast<double>(every)
                 : std::max(value, it.queue / 1024);
  }
  return {link, ColumnKind::kStep, {values.begin(), values.end()}};
}

// One link after the other, as it is chosen from the list or in the picture of the network.
Chart chosen_link(const Series& series) {
  const std::int64_t every = series.last / kChosenSteps + 1;
  const TimeUnit unit = TimeUnit::fitting((series.last + 1) * series.interval);
  Chart out{.title = "Load of one link",
            .x_label = fmt::format("time ({})", unit.name),
            .y_label = "share of the line (%)",
            .words = fmt::format("Choose it here, or in the picture below. A step stands for {}.",
                                 spell_time(every * series.interval)),
            .choose = "link",
            .group = "time"};
  for (std::int64_t step = 0; step <= series.last / every; ++step)
    out.xs.push_back(static_cast<double>((step * every * series.interval).count()) /
                     static_cast<double>(unit.size.count()));
  for (const std::string& link : busiest(series, kLinksChosen))
    out.columns.push_back(column(series, link, every, true));
  return out;
}

}  // namespace

std::string series_html(const RunReport& run) {
  const std::optional<Duration> interval = time_at(run.results, "links_series.interval_us");
  if (!interval || run.input.texts.links_series.empty()) return "";
  const Series series = series_of(run.input.texts.links_series, *interval);
  if (series.links.empty()) return "";
  const auto every = series.last / static_cast<std::int64_t>(kTimeBins) + 1;
  const TimeUnit unit = TimeUnit::fitting((series.last + 1) * series.interval);
  const std::string time = fmt::format("time ({})", unit.name);
  const std::string words =
      fmt::format("A step stands for {}; links_series.csv has all {} directions of cables.",
                  spell_time(every * series.interval), series.links.size());
  Chart load{.title = "Load of the busiest links",
             .x_label = time,
             .y_label = "share of the line (%)",
             .words = words,
             .group = "time"};
  Chart queue{.title = "Their longest queues",
              .x_label = time,
              .y_label = "queue (KiB)",
              .words = words,
              .group = "time"};
  for (std::int64_t step = 0; step <= series.last / every; ++step) {
    const double at = static_cast<double>((step * every * series.interval).count()) /
                      static_cast<double>(unit.size.count());
    load.xs.push_back(at);
    queue.xs.push_back(at);
  }
  for (const std::string& link : busiest(series, kLinksDrawn)) {
    load.columns.push_back(column(series, link, every, true));
    queue.columns.push_back(column(series, link, every, false));
  }
  return "<h3>Links over time</h3>\n<div class=\"charts\">\n" + chart_figure(load) +
         chart_figure(queue) + chart_figure(chosen_link(series)) + "</div>\n";
}

}  // namespace soliton
