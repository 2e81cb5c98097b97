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

std::string axis_of(const Sweep& sweep) {
  std::vector<std::string> axes;
  for (const SweepSeries& series : sweep.series)
    if (std::find(axes.begin(), axes.end(), series.series.axis) == axes.end())
      axes.push_back(series.series.axis);
  return fmt::format("{}", fmt::join(axes, ", "));
}

struct ChartText {
  const char* title;
  const char* y_label;
  bool may_be_logarithmic;
};

std::string chart(const Sweep& sweep, const ChartText& text, Measure measure) {
  LineChart out{text.title, axis_of(sweep), text.y_label, true, false, {}};
  double low = 0, high = 0;
  for (const SweepSeries& series : sweep.series) {
    ChartSeries curve{series.series.title, {}};
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const std::optional<double> y = measure(series, i);
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

std::vector<std::string> table_row(const SweepSeries& series, std::size_t i) {
  const SweepPoint& point = series.points[i];
  const PointNumbers n = point.numbers.value_or(PointNumbers{});
  const Scaled s = scaled(series, i);
  return {std::to_string(point.x),
          point.numbers ? std::to_string(n.nodes_used) : "-",
          cell(n.latency_mean_us, 5),
          cell(n.latency_p99_us, 5),
          cell(n.throughput_rps, 4),
          cell(n.effective_tflops, 3),
          cell(s.speedup, 3),
          s.efficiency ? percent(*s.efficiency) : "-",
          n.network_share() ? percent(*n.network_share()) : "-",
          cell(n.moved_bytes_per_request(), 4),
          !point.error.empty() ? point.error
          : point.numbers      ? ""
                               : "not run"};
}

std::string series_section(const SweepSeries& series) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < series.points.size(); ++i) rows.push_back(table_row(series, i));
  const bool weak = series.series.scaling == Scaling::kWeak;
  const std::string how =
      weak
          ? "Weak scaling: the work grows with the axis; efficiency is t1 / tn of the mean latency."
          : "Strong scaling: the work stays; efficiency is x1 t1 / (xn tn) of the mean latency.";
  return html_section(
      series.series.title,
      "<p class=\"soft\">" + html_escape(how) + "</p>\n" +
          html_table({series.series.axis, "nodes used", "mean us", "p99 us", "requests/s", "TFLOPS",
                      "speed-up", "efficiency", "network", "B/request", ""},
                     rows, 0));
}

}  // namespace

std::string sweep_page(const Sweep& sweep) {
  std::string body = fmt::format("<h1>{}</h1>\n<p class=\"soft\">{}</p>\n", html_escape(sweep.name),
                                 html_escape(sweep.description));
  if (!sweep.complete)
    body += fmt::format(
        "<p class=\"banner\">This sweep is not complete: {}</p>\n",
        sweep.interrupted ? "it was interrupted; run it again to finish it" : "points failed");
  body += "<section>\n<h2>Curves</h2>\n<div class=\"charts\">\n";
  body += chart(sweep, {"Mean latency", "us", true}, plain<&PointNumbers::latency_mean_us>);
  body += chart(sweep, {"Throughput", "requests/s", true}, plain<&PointNumbers::throughput_rps>);
  body += chart(sweep, {"Efficiency", "%", false}, efficiency);
  body += chart(sweep, {"Network share of the latency", "%", false}, network_share);
  body += "</div>\n</section>\n";
  for (const SweepSeries& series : sweep.series) body += series_section(series);
  return html_page(sweep.name + " · soliton", body);
}

}  // namespace soliton
