// The run over time: latencies, rate and open requests, with what faults did, and the load of links
// below, all on one axis.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/report/chart.h"
#include "cluster/report/html.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

constexpr std::size_t kRequestsPerBin = 10;
constexpr std::size_t kFewest = 20;  // requests; fewer have no course
constexpr std::size_t kTicks = 400;
constexpr const char* kGroup = "time";

double in_unit(Duration time, TimeUnit unit) {
  return static_cast<double>(time.count()) / static_cast<double>(unit.size.count());
}

// Requests by the instant of their answer.
struct Bins {
  Duration from{}, width{};
  std::vector<std::vector<Duration>> latencies;  // each sorted
  std::vector<std::int64_t> open;                // most at once in the bin

  std::size_t at(Duration time) const {
    return std::min(latencies.size() - 1,
                    static_cast<std::size_t>(std::max<std::int64_t>(0, (time - from) / width)));
  }
  Duration middle(std::size_t bin) const {
    return from + static_cast<std::int64_t>(bin) * width + width / 2;
  }
};

void count_open(const std::vector<ReportRequest>& requests, Bins& bins) {
  std::vector<std::pair<Duration, int>> changes;
  for (const ReportRequest& it : requests) {
    changes.emplace_back(it.sent, 1);
    changes.emplace_back(it.completed, -1);
  }
  std::ranges::sort(changes);  // at one instant those answered come first
  std::int64_t now = 0;
  std::size_t bin = 0;
  for (const auto& [when, change] : changes) {
    for (const std::size_t to = bins.at(when); bin < to;) bins.open[++bin] = now;
    now += change;
    bins.open[bin] = std::max(bins.open[bin], now);
  }
}

Bins bins_of(const std::vector<ReportRequest>& requests) {
  Bins out;
  out.from = std::ranges::min(requests, {}, &ReportRequest::sent).sent;
  const Duration to = std::ranges::max(requests, {}, &ReportRequest::completed).completed;
  const auto count = static_cast<std::int64_t>(
      std::clamp<std::size_t>(requests.size() / kRequestsPerBin, 1, kTimeBins));
  out.width = std::max(Duration{1}, (to - out.from) / count + Duration{1});
  out.latencies.resize(static_cast<std::size_t>(count));
  out.open.resize(out.latencies.size());
  for (const ReportRequest& it : requests)
    out.latencies[out.at(it.completed)].push_back(it.latency());
  for (auto& bin : out.latencies) std::ranges::sort(bin);
  count_open(requests, out);
  return out;
}

void mark_faults(const RunReport& run, TimeUnit unit, Chart& chart) {
  for (const Json* fault : items_at(run.results, "faults")) {
    const std::optional<Duration> at = time_at(*fault, "at_us");
    if (!at || !flag_at(*fault, "armed").value_or(true)) continue;
    std::optional<double> until;
    if (const auto healed = time_at(*fault, "healed_us")) until = in_unit(*healed, unit);
    chart.marks.push_back({fmt::format("{}: {}", text_at(*fault, "id"), text_at(*fault, "kind")),
                           MarkKind::kWindow, in_unit(*at, unit), until});
    for (const auto& [key, words] : {std::pair("first_us", "first hit"), {"last_us", "last hit"}})
      if (const auto hit = time_at(*fault, key))
        chart.marks.push_back({fmt::format("{}, {}", text_at(*fault, "id"), words),
                               MarkKind::kTick,
                               in_unit(*hit, unit),
                               {}});
  }
  const std::size_t every = run.firings.size() / kTicks + 1;
  for (std::size_t i = 0; i < run.firings.size(); i += every)
    chart.marks.push_back(
        {run.firings[i].rule, MarkKind::kTick, in_unit(run.firings[i].at, unit), {}});
}

Chart latency_chart(const Bins& bins, TimeUnit unit) {
  const TimeUnit scale =
      TimeUnit::fitting(bins.latencies[0].empty() ? Duration{} : bins.latencies[0].back());
  Chart chart{.title = "Latency over time",
              .x_label = fmt::format("time ({})", unit.name),
              .y_label = fmt::format("latency ({})", scale.name),
              .words = fmt::format("A point stands for the requests answered in {}; none is left "
                                   "out, the slowest of each are the upper edge.",
                                   spell_time(bins.width)),
              .group = kGroup};
  chart.columns = {{"min", ColumnKind::kLow, {}},
                   {"p50", ColumnKind::kLine, {}},
                   {"p99", ColumnKind::kLine, {}},
                   {"max", ColumnKind::kHigh, {}}};
  Duration low = Duration::max(), high{};
  for (std::size_t i = 0; i < bins.latencies.size(); ++i) {
    const std::vector<Duration>& all = bins.latencies[i];
    chart.xs.push_back(in_unit(bins.middle(i), unit));
    const auto add = [&](std::size_t column, std::size_t permille) {
      std::optional<double> value;
      if (!all.empty())
        value =
            in_unit(all[std::max<std::size_t>(1, (all.size() * permille + 999) / 1000) - 1], scale);
      chart.columns[column].values.push_back(value);
    };
    add(0, 0), add(1, 500), add(2, 990), add(3, 1000);
    if (all.empty()) continue;
    low = std::min(low, all.front());
    high = std::max(high, all.back());
  }
  constexpr std::int64_t kLinearRange = 5;
  if (low.count() > 0 && high > kLinearRange * low) chart.y = AxisKind::kLog;
  return chart;
}

Chart count_chart(const Bins& bins, TimeUnit unit, bool rate) {
  Chart chart{.title = rate ? "Requests answered" : "Requests open",
              .x_label = fmt::format("time ({})", unit.name),
              .y_label = rate ? "requests a second" : "most at once",
              .group = kGroup};
  chart.columns = {{chart.y_label, ColumnKind::kStep, {}}};
  for (std::size_t i = 0; i < bins.latencies.size(); ++i) {
    chart.xs.push_back(in_unit(bins.from + static_cast<std::int64_t>(i) * bins.width, unit));
    const double answered = static_cast<double>(bins.latencies[i].size());
    chart.columns[0].values.emplace_back(rate ? answered * 1e12 /
                                                    static_cast<double>(bins.width.count())
                                              : static_cast<double>(bins.open[i]));
  }
  // The last value holds until the end.
  chart.xs.push_back(
      in_unit(bins.from + static_cast<std::int64_t>(bins.latencies.size()) * bins.width, unit));
  chart.columns[0].values.push_back(chart.columns[0].values.back());
  return chart;
}

bool varies(const std::vector<std::int64_t>& values) {
  return std::ranges::adjacent_find(values, std::ranges::not_equal_to()) != values.end();
}

}  // namespace

std::string time_html(const RunReport& run) {
  const std::vector<ReportRequest>& requests = run.requests.completed;
  std::string body;
  if (requests.size() >= kFewest) {
    const Bins bins = bins_of(requests);
    const TimeUnit unit = TimeUnit::fitting(bins.middle(bins.latencies.size() - 1));
    const bool flat = run.sorted.front()->latency() == run.sorted.back()->latency();
    if (!flat || !items_at(run.results, "faults").empty()) {
      Chart latency = latency_chart(bins, unit);
      mark_faults(run, unit, latency);
      body += chart_figure(latency);
      Chart rate = count_chart(bins, unit, true);
      mark_faults(run, unit, rate);
      body += "<div class=\"charts\">\n" + chart_figure(rate);
      if (varies(bins.open)) body += chart_figure(count_chart(bins, unit, false));
      body += "</div>\n";
    } else {
      body +=
          html_paragraph("Nothing changed over time: every request took as long as the others.");
    }
  }
  return html_section("Over time", body + series_html(run));
}

}  // namespace soliton
