#include "cluster/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "cluster/report/html.h"
#include "cluster/report/words.h"
#include "protocol/base/check.h"
#include "protocol/math/math.h"

namespace soliton {
namespace {

constexpr double kWidth = 560, kHeight = 320;
constexpr double kLeft = 62, kRight = 18, kTop = 14, kBottom = 44;
constexpr std::size_t kColours = 6;
constexpr int kTicks = 5;
constexpr std::size_t kBins = 40;
constexpr double kLegendRow = 18;

// A value range on a stretch of pixels.
struct Scale {
  double low = 0, high = 1;
  double from = 0, to = 1;
  bool logarithmic = false;

  double operator()(double value) const {
    const double share =
        logarithmic ? (math::log2(value) - math::log2(low)) / (math::log2(high) - math::log2(low))
                    : (value - low) / (high - low);
    return from + share * (to - from);
  }
};

// Low and high apart, so that a single value sits in the middle.
Scale widened(Scale scale) {
  if (scale.high > scale.low) return scale;
  if (scale.logarithmic) {
    scale.low /= 2;
    scale.high *= 2;
  } else {
    scale.low -= 1;
    scale.high += 1;
  }
  return scale;
}

std::string figure(const std::string& title, double height, const std::string& content) {
  return fmt::format(
      "<figure><figcaption>{}</figcaption>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-label=\"{}\">\n{}</svg></figure>\n",
      html_escape(title), kWidth, height, html_escape(title), content);
}

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     html_escape(text));
}

std::string line_between(const char* kind, double x1, double y1, double x2, double y2) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kind, x1,
      y1, x2, y2);
}

std::string marker(std::size_t series, double x, double y) {
  const auto colour = fmt::format("class=\"f{}\"", series % kColours);
  // Four shapes and four dashes beside six colours, so that series differ in print and for readers
  // who cannot tell colours apart.
  switch (series % 4) {
    case 0:
      return fmt::format("<circle {} cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"", colour, x, y);
    case 1:
      return fmt::format("<rect {} x=\"{:.1f}\" y=\"{:.1f}\" width=\"7\" height=\"7\"", colour,
                         x - 3.5, y - 3.5);
    case 2:
      return fmt::format("<path {} d=\"M{:.1f} {:.1f}l5 9h-10z\"", colour, x, y - 5);
    default:
      return fmt::format("<path {} d=\"M{:.1f} {:.1f}l5 5l-5 5l-5-5z\"", colour, x, y - 5);
  }
}

const char* dash(std::size_t series) {
  static constexpr const char* kDashes[] = {"", "6 3", "2 3", "9 3 2 3"};
  return kDashes[series % 4];
}

std::string y_axis(const Scale& y, const std::vector<double>& ticks, const std::string& label) {
  std::string out;
  for (const double tick : ticks) {
    out += line_between("grid", kLeft, y(tick), kWidth - kRight, y(tick));
    out += text_at(kLeft - 6, y(tick) + 4, "end", brief(tick, 3));
  }
  out += line_between("axis", kLeft, kTop, kLeft, kHeight - kBottom);
  return out + fmt::format(
                   "<text x=\"14\" y=\"{0:.1f}\" text-anchor=\"middle\" transform=\"rotate(-90 14 "
                   "{0:.1f})\">{1}</text>\n",
                   (kTop + kHeight - kBottom) / 2, html_escape(label));
}

std::string x_axis(const Scale& x, const std::vector<double>& ticks, const std::string& label) {
  std::string out =
      line_between("axis", kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom);
  for (const double tick : ticks)
    out += text_at(x(tick), kHeight - kBottom + 17, "middle", brief(tick, 4));
  return out + text_at((kLeft + kWidth - kRight) / 2, kHeight - 8, "middle", label);
}

// 1, 2, 5 times powers of ten that lie in [low, high]; whole powers alone when the range is wide.
std::vector<double> log_ticks(double low, double high) {
  const bool wide = high / low > 3000;
  std::vector<double> out;
  for (double power = math::pow(10, std::floor(math::log10(low))); power <= high; power *= 10)
    for (const double step : {1.0, 2.0, 5.0})
      if ((step == 1 || !wide) && power * step >= low * 0.999 && power * step <= high * 1.001)
        out.push_back(power * step);
  return out;
}

bool usable(const LineChart& chart, double x, double y) {
  return std::isfinite(x) && std::isfinite(y) && (!chart.log_y || y > 0);
}

struct Extent {
  std::set<double> xs;
  double low = std::numeric_limits<double>::infinity();
  double high = 0;
};

Extent extent_of(const LineChart& chart) {
  Extent out;
  for (const ChartSeries& series : chart.series)
    for (const auto& [x, y] : series.points) {
      if (!usable(chart, x, y)) continue;
      SOLITON_CHECK(!chart.log_x || x > 0);
      out.xs.insert(x);
      out.low = std::min(out.low, y);
      out.high = std::max(out.high, y);
    }
  return out;
}

std::string stairs(const LineChart& chart, std::size_t number, const Scale& x, const Scale& y) {
  std::string line;
  for (const auto& [px, py] : chart.series[number].points) {
    if (!usable(chart, px, py)) continue;
    line += line.empty() ? fmt::format("M{:.1f} {:.1f}", x(px), y(py))
                         : fmt::format("H{:.1f}V{:.1f}", x(px), y(py));
  }
  if (line.empty()) return "";
  return fmt::format(
      "<path class=\"curve c{}\" stroke-dasharray=\"{}\" d=\"{}\"><title>{}</title></path>\n",
      number % kColours, dash(number), line, html_escape(chart.series[number].name));
}

std::string curve(const LineChart& chart, std::size_t number, const Scale& x, const Scale& y) {
  if (chart.steps) return stairs(chart, number, x, y);
  const ChartSeries& series = chart.series[number];
  std::string line, marks;
  for (const auto& [px, py] : series.points) {
    if (!usable(chart, px, py)) continue;
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", x(px), y(py));
    marks += marker(number, x(px), y(py)) + fmt::format("><title>{}: {} at {} {}</title></{}>\n",
                                                        html_escape(series.name), brief(py, 4),
                                                        brief(px, 4), html_escape(chart.x_label),
                                                        number % 4 == 0   ? "circle"
                                                        : number % 4 == 1 ? "rect"
                                                                          : "path");
  }
  if (line.empty()) return "";
  return fmt::format("<path class=\"curve c{}\" stroke-dasharray=\"{}\" d=\"{}\"/>\n{}",
                     number % kColours, dash(number), line, marks);
}

std::string legend(const LineChart& chart) {
  std::string out;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const double y = kHeight + 4 + kLegendRow * static_cast<double>(i);
    out +=
        fmt::format("<path class=\"curve c{}\" stroke-dasharray=\"{}\" d=\"M{:.1f} {:.1f}h26\"/>\n",
                    i % kColours, dash(i), kLeft, y);
    if (!chart.steps) out += marker(i, kLeft + 13, y) + "/>\n";
    out += text_at(kLeft + 34, y + 4, "start", chart.series[i].name);
  }
  return out;
}

std::vector<std::size_t> counts_by_bin(const std::vector<Duration>& sorted, std::size_t bins) {
  std::vector<std::size_t> counts(bins);
  const double low = in_us(sorted.front()), width = in_us(sorted.back() - sorted.front());
  for (const Duration d : sorted) {
    const double share = width > 0 ? (in_us(d) - low) / width : 0;
    ++counts[std::min(bins - 1, static_cast<std::size_t>(share * static_cast<double>(bins)))];
  }
  return counts;
}

std::string histogram_bars(const std::vector<std::size_t>& counts, const Scale& x, const Scale& y) {
  std::string out;
  const double step = (x.high - x.low) / static_cast<double>(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const double left = x.low + step * static_cast<double>(i),
                 top = y(static_cast<double>(counts[i]));
    out += fmt::format(
        "<rect class=\"f0\" opacity=\"0.75\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\">"
        "<title>{} requests from {} to {} us</title></rect>\n",
        x(left), top, std::max(1.0, x(left + step) - x(left) - 1), y(0) - top, counts[i],
        brief(left, 4), brief(left + step, 4));
  }
  return out;
}

std::string cumulative_curve(const std::vector<Duration>& sorted, const Scale& x) {
  const Scale share{0, 1, kHeight - kBottom, kTop, false};
  constexpr std::size_t kPoints = 200;
  std::string line = fmt::format("M{:.1f} {:.1f}", x(in_us(sorted.front())), share(0));
  const std::size_t steps = std::min(kPoints, sorted.size());
  for (std::size_t i = 1; i <= steps; ++i) {
    const std::size_t rank = sorted.size() * i / steps;
    line += fmt::format("L{:.1f} {:.1f}", x(in_us(sorted[rank - 1])),
                        share(static_cast<double>(rank) / static_cast<double>(sorted.size())));
  }
  return fmt::format("<path class=\"curve c1\" d=\"{}\"/>\n", line) +
         text_at(kWidth - kRight, kTop - 3, "end", "line: share of requests, 0 to 100 %");
}

}  // namespace

std::vector<double> round_ticks(double highest, int count) {
  if (!(highest > 0) || !std::isfinite(highest)) return {0, 1};
  const double rough = highest / count;
  const double power = math::pow(10, std::floor(math::log10(rough)));
  const double factor = rough / power;
  const double step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
  std::vector<double> out;
  // The highest value may miss its tick by a rounding error only.
  for (int i = 0; out.empty() || out.back() < highest * (1 - 1e-9); ++i) out.push_back(step * i);
  return out;
}

std::string line_chart(const LineChart& chart) {
  const Extent extent = extent_of(chart);
  if (extent.xs.empty()) return "";
  const Scale x = widened(
      {*extent.xs.begin(), *extent.xs.rbegin(), kLeft + 20, kWidth - kRight - 14, chart.log_x});
  std::vector<double> ticks = round_ticks(extent.high, kTicks);
  Scale y{0, ticks.back(), kHeight - kBottom, kTop, false};
  if (chart.log_y) {
    y = widened({extent.low / 1.25, extent.high * 1.25, kHeight - kBottom, kTop, true});
    ticks = log_ticks(y.low, y.high);
  }
  std::vector<double> below(extent.xs.begin(), extent.xs.end());
  if (chart.steps) {
    below = round_ticks(x.high, kTicks);
    std::erase_if(below, [&x](double tick) { return tick < x.low || tick > x.high; });
  }
  std::string content = y_axis(y, ticks, chart.y_label) + x_axis(x, below, chart.x_label);
  for (std::size_t i = 0; i < chart.series.size(); ++i) content += curve(chart, i, x, y);
  return figure(chart.title, kHeight + kLegendRow * static_cast<double>(chart.series.size()),
                content + legend(chart));
}

std::string distribution_chart(const std::string& title, const std::vector<Duration>& sorted) {
  SOLITON_CHECK(!sorted.empty());
  const bool flat = sorted.front() == sorted.back();
  const std::vector<std::size_t> counts = counts_by_bin(sorted, flat ? 1 : kBins);
  const Scale x =
      widened({in_us(sorted.front()), in_us(sorted.back()), kLeft + 8, kWidth - kRight - 8, false});
  const std::vector<double> ticks =
      round_ticks(static_cast<double>(*std::max_element(counts.begin(), counts.end())), kTicks);
  const Scale y{0, ticks.back(), kHeight - kBottom, kTop, false};
  std::vector<double> x_ticks = {in_us(sorted.front())};
  if (!flat) x_ticks = {x.low, (x.low + x.high) / 2, x.high};
  return figure(title, kHeight,
                y_axis(y, ticks, "requests") + x_axis(x, x_ticks, "latency in us") +
                    histogram_bars(counts, x, y) + (flat ? "" : cumulative_curve(sorted, x)));
}

std::string share_bar(const std::vector<BarPart>& parts) {
  constexpr double kBarWidth = 1000, kBarHeight = 26;
  std::string bars, names;
  double left = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const BarPart& part = parts[i];
    if (!(part.share > 0)) continue;
    const double width = std::min(part.share, 1.0) * kBarWidth;
    bars += fmt::format(
        "<rect class=\"f{}\" x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" "
        "height=\"{}\"><title>{}</title></rect>\n",
        i % kColours, left, width, kBarHeight, html_escape(part.name + " " + part.value));
    left += width;
    names += fmt::format(
        "<span><svg width=\"12\" height=\"12\" style=\"display:inline-block\"><rect class=\"f{}\" "
        "width=\"12\" "
        "height=\"12\"/></svg> {} {} ({})</span>&emsp;",
        i % kColours, html_escape(part.name), html_escape(part.value), percent(part.share));
  }
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" style=\"width:100%;height:26px\" "
      "role=\"img\" "
      "aria-label=\"shares of the mean latency\">\n{}</svg>\n<p>{}</p>\n",
      kBarWidth, kBarHeight, bars, names);
}

}  // namespace soliton
