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

// Charts of the series whose x is not an amount of hardware.
std::optional<double> p99(const SweepSeries& series, std::size_t i) {
  const auto& numbers = series.points[i].numbers;
  return numbers && series.series.scaling == Scaling::kNone ? numbers->latency_p99_us
                                                            : std::nullopt;
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
  bool may_be_logarithmic;
};

// Of the series over one axis.
std::string chart(const Sweep& sweep, const std::string& axis, const ChartText& text,
                  Measure measure) {
  LineChart out{text.title, axis, text.y_label, true, false, {}};
  double low = 0, high = 0;
  for (const SweepSeries& series : sweep.series) {
    if (series.series.axis != axis) continue;
    ChartSeries curve{series.series.title, {}};
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const std::optional<PointNumbers>& numbers = series.points[i].numbers;
      const std::optional<double> y =
          numbers && numbers->complete ? measure(series, i) : std::nullopt;
      if (!y) continue;
      curve.points.emplace_back(static_cast<double>(series.points[i].x), *y);
      high = std::max(high, *y);
      if (*y > 0) low = low > 0 ? std::min(low, *y) : *y;
    }
    out.series.push_back(std::move(curve));
  }
  out.log_y = text.may_be_logarithmic && low > 0 && high / low > kLinearRange;
  return line_chart(out);
}

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
  body += "<section>\n<h2>Curves</h2>\n<div class=\"charts\">\n";
  for (const std::string& axis : axes_of(sweep)) {
    body += chart(sweep, axis, {"Mean latency", "us", true}, plain<&PointNumbers::latency_mean_us>);
    body += chart(sweep, axis, {"Latency of 99 of 100 requests", "us", true}, p99);
    body += chart(sweep, axis, {"Throughput", "requests/s", true},
                  plain<&PointNumbers::throughput_rps>);
    body += chart(sweep, axis, {"Share of the peak that is used", "%", false}, utilization);
    body += chart(sweep, axis, {"Efficiency", "%", false}, efficiency);
    body += chart(sweep, axis, {"Network share of the latency", "%", false}, network_share);
  }
  body += "</div>\n</section>\n";
  for (const SweepSeries& series : sweep.series) body += series_section(series);
  return html_page(sweep.name + " · soliton", body);
}

}  // namespace soliton
