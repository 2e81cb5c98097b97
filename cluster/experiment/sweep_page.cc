#include <fmt/format.h>

#include <algorithm>

#include "cluster/experiment/sweep.h"
#include "cluster/report/chart.h"
#include "cluster/report/html.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

// Larger than this between the series, and small ones would lie on the axis.
constexpr double kLinearRange = 20;

using Measure = std::optional<double> (*)(const SweepSeries&, std::size_t);

template <std::optional<double> PointNumbers::*member>
std::optional<double> plain(const SweepSeries& series, std::size_t i) {
  const auto& numbers = series.points[i].numbers;
  return numbers ? (*numbers).*member : std::nullopt;
}

std::optional<double> as_percent(std::optional<double> share) {
  return share ? std::optional<double>(100 * *share) : std::nullopt;
}

std::optional<double> efficiency(const SweepSeries& series, std::size_t i) {
  return as_percent(scaled(series, i).efficiency);
}

std::optional<double> network_share(const SweepSeries& series, std::size_t i) {
  const auto& numbers = series.points[i].numbers;
  return numbers ? as_percent(numbers->network_share()) : std::nullopt;
}

std::optional<double> utilization(const SweepSeries& series, std::size_t i) {
  const auto& numbers = series.points[i].numbers;
  return numbers ? as_percent(numbers->utilization) : std::nullopt;
}

std::vector<std::string> axes_of(const Sweep& sweep) {
  std::vector<std::string> axes;
  for (const SweepSeries& series : sweep.series)
    if (std::find(axes.begin(), axes.end(), series.series.axis) == axes.end())
      axes.push_back(series.series.axis);
  return axes;
}

struct ChartText {
  const char* title;
  const char* y_label;
  Measure measure;
  bool may_be_logarithmic = false;
  bool ideal = false;  // what the first point would be at each other x if nothing were lost
};

// Of the first point that has a value: the mean latency stays with weak scaling, and shrinks as the axis
// grows with strong scaling.
std::optional<double> ideal_latency(const SweepSeries& series, std::size_t i) {
  if (series.series.scaling == Scaling::kNone) return std::nullopt;
  for (const SweepPoint& first : series.points) {
    if (!first.numbers || !first.numbers->latency_mean_us) continue;
    const double least = *first.numbers->latency_mean_us;
    if (series.series.scaling == Scaling::kWeak) return least;
    return least * static_cast<double>(first.x) / static_cast<double>(series.points[i].x);
  }
  return std::nullopt;
}

// All x of the series over one axis, ascending.
std::vector<std::int64_t> xs_of(const Sweep& sweep, const std::string& axis) {
  std::vector<std::int64_t> out;
  for (const SweepSeries& series : sweep.series)
    if (series.series.axis == axis)
      for (const SweepPoint& point : series.points) out.push_back(point.x);
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

class CurvesOf {
 public:
  CurvesOf(const Sweep& sweep, const std::string& axis)
      : sweep_(sweep), axis_(axis), xs_(xs_of(sweep, axis)) {}

  std::string figure(const ChartText& text) const {
    Chart chart{.title = text.title, .x_label = axis_, .y_label = text.y_label};
    if (xs_.size() > 2 && xs_.front() > 0 && xs_.back() >= kWideRange * xs_.front())
      chart.x = AxisKind::kLog;
    for (const std::int64_t x : xs_) chart.xs.push_back(static_cast<double>(x));
    for (const SweepSeries& series : sweep_.series) {
      if (series.series.axis != axis_) continue;
      const auto measured = [&](const SweepSeries& of, std::size_t i) {
        const auto& numbers = of.points[i].numbers;
        return numbers && numbers->complete ? text.measure(of, i) : std::nullopt;
      };
      add(chart, series, series.series.title, ColumnKind::kPoints, measured);
      if (text.ideal)
        add(chart, series, series.series.title + ", ideal", ColumnKind::kIdeal, ideal_latency);
      mark_failed(chart, series);
    }
    if (text.may_be_logarithmic && is_wide(chart)) chart.y = AxisKind::kLog;
    return chart_figure(chart);
  }

 private:
  static constexpr std::int64_t kWideRange = 4;

  // A column without a value is left out.
  template <typename Of>
  void add(Chart& chart, const SweepSeries& series, const std::string& name, ColumnKind kind,
           Of value) const {
    ChartColumn column{name, kind, std::vector<std::optional<double>>(xs_.size())};
    for (std::size_t i = 0; i < series.points.size(); ++i)
      column.values[static_cast<std::size_t>(std::ranges::lower_bound(xs_, series.points[i].x) -
                                             xs_.begin())] = value(series, i);
    if (std::ranges::any_of(column.values, [](const auto& it) { return it.has_value(); }))
      chart.columns.push_back(std::move(column));
  }

  static void mark_failed(Chart& chart, const SweepSeries& series) {
    for (const SweepPoint& point : series.points)
      if (!point.error.empty())
        chart.marks.push_back(
            {fmt::format("{} at {}: {}", series.series.title, point.x, state_name(point)),
             MarkKind::kFailed,
             static_cast<double>(point.x),
             {}});
  }

  static bool is_wide(const Chart& chart) {
    double low = 0, high = 0;
    for (const ChartColumn& column : chart.columns)
      for (const std::optional<double>& value : column.values) {
        if (!value || *value <= 0) continue;
        low = low > 0 ? std::min(low, *value) : *value;
        high = std::max(high, *value);
      }
    return low > 0 && high / low > kLinearRange;
  }

  const Sweep& sweep_;
  std::string axis_;
  std::vector<std::int64_t> xs_;
};

constexpr ChartText kCharts[] = {
    {"Mean latency", "mean latency (us)", plain<&PointNumbers::latency_mean_us>, true, true},
    {"Latency that 99 of 100 requests keep", "p99 latency (us)",
     plain<&PointNumbers::latency_p99_us>, true},
    {"Throughput", "throughput (requests/s)", plain<&PointNumbers::throughput_rps>, true},
    {"Share of the peak that is used", "share of the peak (%)", utilization},
    {"Efficiency", "efficiency (%)", efficiency},
    {"Network share of the latency", "share of the mean latency (%)", network_share},
};

std::string cell(const std::optional<double>& value, int digits) {
  return value ? significant(*value, digits) : "-";
}

std::string share_cell(const std::optional<double>& share) { return share ? percent(*share) : "-"; }

std::vector<std::string> table_row(const SweepSeries& series, std::size_t i) {
  const SweepPoint& point = series.points[i];
  const PointNumbers n = point.numbers.value_or(PointNumbers{});
  const Scaled s = scaled(series, i);
  const bool scales = series.series.scaling != Scaling::kNone;
  return {std::to_string(point.x),
          point.numbers ? std::to_string(n.nodes_used) : "-",
          cell(n.latency_mean_us, 5),
          cell(n.latency_p99_us, 5),
          cell(n.throughput_rps, 4),
          cell(n.effective_tflops, 3),
          scales ? cell(s.speedup, 3) : share_cell(n.utilization),
          share_cell(scales ? s.efficiency : n.queue_share()),
          share_cell(n.network_share()),
          cell(n.moved_bytes_per_request(), 4),
          !point.error.empty() ? point.error
          : point.numbers      ? ""
                               : "not run"};
}

std::string series_section(const SweepSeries& series) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < series.points.size(); ++i) rows.push_back(table_row(series, i));
  constexpr const char* kHow[] = {
      "Used: share of the devices' peak. Waiting: share of the mean latency, for a batch to fill "
      "or for a busy device.",
      "Strong scaling: the work stays; efficiency is x1 t1 / (xn tn) of the mean latency.",
      "Weak scaling: the work grows with the axis; efficiency is t1 / tn of the mean latency."};
  const std::string how = kHow[static_cast<std::size_t>(series.series.scaling)];
  const bool scales = series.series.scaling != Scaling::kNone;
  return html_section(
      series.series.title,
      "<p class=\"soft\">" + html_escape(how) + "</p>\n" +
          html_table({series.series.axis, "nodes used", "mean us", "p99 us", "requests/s", "TFLOPS",
                      scales ? "speed-up" : "used", scales ? "efficiency" : "waiting", "network",
                      "B/request", ""},
                     rows, 0));
}

}  // namespace

std::string sweep_page(const Sweep& sweep) {
  std::string body = fmt::format("<h1>{}</h1>\n<p class=\"soft\">{}</p>\n", html_escape(sweep.name),
                                 html_escape(sweep.description));
  if (!sweep.complete)
    body += fmt::format("<p class=\"banner\">This sweep is not complete: {}</p>\n",
                        sweep.not_written   ? "results could not be written"
                        : sweep.interrupted ? "it was interrupted; run it again to finish it"
                                            : "points failed");
  std::string curves;
  for (const std::string& axis : axes_of(sweep)) {
    const CurvesOf of(sweep, axis);
    for (const ChartText& text : kCharts) curves += of.figure(text);
  }
  body += html_section("Curves", "<div class=\"charts\">\n" + curves + "</div>\n");
  for (const SweepSeries& series : sweep.series) body += series_section(series);
  return html_page(sweep.name + " · soliton", body);
}

}  // namespace soliton
