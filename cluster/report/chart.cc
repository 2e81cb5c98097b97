#include "cluster/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/report/html.h"
#include "cluster/report/words.h"
#include "protocol/math/math.h"

namespace soliton {
namespace {

constexpr std::size_t kColours = 6;
constexpr int kDigitsX = 9, kDigitsY = 6;

constexpr const char* kAxisNames[] = {"linear", "log", "tail"};
constexpr const char* kColumnNames[] = {"line", "points", "step", "low", "high", "ideal"};
constexpr const char* kMarkNames[] = {"window", "point", "tick", "failed", "line"};
// As the page's script draws them, column by column.
constexpr const char* kDashes[] = {"", "7 4", "2 3", "10 4 2 4", "4 4", "12 3"};

std::string name_of(AxisKind kind) { return kAxisNames[static_cast<std::size_t>(kind)]; }
std::string name_of(ColumnKind kind) { return kColumnNames[static_cast<std::size_t>(kind)]; }
std::string name_of(MarkKind kind) { return kMarkNames[static_cast<std::size_t>(kind)]; }

bool usable(AxisKind kind, double value) {
  return std::isfinite(value) && (kind != AxisKind::kLog || value > 0) &&
         (kind != AxisKind::kTail || value < 1);
}

// "" where there is nothing to draw.
std::string cell(AxisKind kind, const std::optional<double>& value, int digits) {
  return value && usable(kind, *value) ? brief(*value, digits) : "";
}

bool has_values(const Chart& chart, const ChartColumn& column) {
  return std::ranges::any_of(column.values,
                             [&](const auto& value) { return value && usable(chart.y, *value); });
}

std::string data_table(const Chart& chart) {
  std::string out = fmt::format("<table class=\"data\">\n<thead><tr><th class=\"n\">{}</th>",
                                html_escape(chart.x_label));
  for (const ChartColumn& column : chart.columns)
    out += fmt::format("<th class=\"n\" data-kind=\"{}\">{}</th>", name_of(column.kind),
                       html_escape(column.name));
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < chart.xs.size(); ++i) {
    if (!usable(chart.x, chart.xs[i])) continue;
    out += fmt::format("<tr><td class=\"n\">{}</td>", brief(chart.xs[i], kDigitsX));
    for (const ChartColumn& column : chart.columns)
      out += fmt::format("<td class=\"n\">{}</td>", cell(chart.y, column.values[i], kDigitsY));
    out += "</tr>\n";
  }
  return out + "</tbody></table>\n";
}

std::string mark_table(const Chart& chart) {
  if (chart.marks.empty()) return "";
  const bool points = std::ranges::all_of(
      chart.marks, [](const ChartMark& mark) { return mark.kind == MarkKind::kPoint; });
  std::string out = fmt::format(
      "<table class=\"marks\">\n<thead><tr><th>marked</th><th class=\"n\">at, {}</th>"
      "<th class=\"n\">{}</th></tr></thead>\n<tbody>\n",
      html_escape(chart.x_label), points ? html_escape(chart.y_label) : "until");
  for (const ChartMark& mark : chart.marks)
    out += fmt::format(
        "<tr data-kind=\"{}\"><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
        name_of(mark.kind), html_escape(mark.label), brief(mark.at, kDigitsX),
        mark.other ? brief(*mark.other, kDigitsX) : "");
  return out + "</tbody></table>\n";
}

// Which column is drawn. The script shows the one that is chosen.
std::string choice(const Chart& chart) {
  std::string out =
      fmt::format("<p class=\"choose\"><label>{} <select>", html_escape(chart.choose));
  for (const ChartColumn& column : chart.columns)
    out += fmt::format("<option>{}</option>", html_escape(column.name));
  return out + "</select></label></p>\n";
}

// A stroke as the script draws it, and the name.
std::string keys(const Chart& chart) {
  std::string out = "<div class=\"keys\">";
  for (std::size_t i = 0; i < chart.columns.size(); ++i) {
    const ChartColumn& column = chart.columns[i];
    const bool edge = column.kind == ColumnKind::kLow || column.kind == ColumnKind::kHigh;
    out += fmt::format(
        "<span><svg width=\"28\" height=\"10\" aria-hidden=\"true\"><path class=\"c{}\" d=\"M0 "
        "5h28\" "
        "stroke-width=\"2\" stroke-dasharray=\"{}\"/></svg> {}</span>",
        (edge ? 0 : i) % kColours,
        column.kind == ColumnKind::kIdeal ? "3 5" : kDashes[i % kColours],
        html_escape(column.name));
  }
  return out + "</div>\n";
}

}  // namespace

std::string chart_figure(const Chart& chart) {
  if (std::ranges::none_of(chart.columns,
                           [&](const ChartColumn& column) { return has_values(chart, column); }))
    return "";
  std::string out = fmt::format(
      "<figure class=\"chart\" data-x=\"{}\" data-y=\"{}\" data-x-label=\"{}\" "
      "data-y-label=\"{}\"{}>\n<figcaption>{}</figcaption>\n",
      name_of(chart.x), name_of(chart.y), html_escape(chart.x_label), html_escape(chart.y_label),
      chart.group.empty() ? "" : fmt::format(" data-group=\"{}\"", html_escape(chart.group)),
      html_escape(chart.title));
  if (!chart.words.empty())
    out += fmt::format("<p class=\"soft\">{}</p>\n", html_escape(chart.words));
  if (!chart.choose.empty()) out += choice(chart);
  out += fmt::format(
      "<div class=\"plot\" tabindex=\"0\" role=\"img\" aria-label=\"{}: {} over {}. Arrow keys "
      "read "
      "the points, + and - zoom, Escape shows all; the table below has the same numbers.\"></div>\n"
      "<div class=\"readout\"></div>\n",
      html_escape(chart.title), html_escape(chart.y_label), html_escape(chart.x_label));
  if (chart.columns.size() > 1 && chart.choose.empty()) out += keys(chart);
  return out + fmt::format(
                   "<details><summary>These {} points as a table</summary>\n<div class=\"wide\" "
                   "tabindex=\"0\">{}{}</div></details></figure>\n",
                   chart.xs.size(), mark_table(chart), data_table(chart));
}

std::string share_bar(const std::vector<BarPart>& parts, const std::string& label) {
  constexpr double kWidth = 1000, kHeight = 22;
  std::string bars;
  double left = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!(parts[i].share > 0)) continue;
    const double width = std::min(parts[i].share, 1.0) * kWidth;
    bars += fmt::format(
        "<rect class=\"f{}\" x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" height=\"{}\">"
        "<title>{} {}</title></rect>\n",
        i % kColours, left, width, kHeight, html_escape(parts[i].name), percent(parts[i].share));
    left += width;
  }
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">\n{}"
      "</svg>",
      kWidth, kHeight, html_escape(label), bars);
}

std::string bar_keys(const std::vector<std::string>& names) {
  std::string out = "<div class=\"keys\">";
  for (std::size_t i = 0; i < names.size(); ++i)
    out += fmt::format(
        "<span><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect class=\"f{}\" "
        "width=\"12\" height=\"12\"/></svg> {}</span>",
        i % kColours, html_escape(names[i]));
  return out + "</div>\n";
}

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

}  // namespace soliton
