// Charts for the pages of html.h: a figure whose table is what is drawn. The page's script reads the
// table, so the picture and its text are the same numbers; without script the table remains.
//
//   Chart chart{.title = "Latency over time", .x_label = "time (ms)", .y_label = "latency (us)"};
//   chart.xs = {0, 1, 2};
//   chart.columns = {{"p50", ColumnKind::kLine, {31.8, 31.9, 32.0}}};
//   body += chart_figure(chart);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/time.h"

namespace soliton {

// How an axis runs. kTail is for shares below one: each further nine takes as much room.
enum class AxisKind : std::uint8_t { kLinear, kLog, kTail };

// kLow and kHigh are the edges of a band; kStep holds each value until the next; kIdeal is what
// could be, in place of what was.
enum class ColumnKind : std::uint8_t { kLine, kPoints, kStep, kLow, kHigh, kIdeal };

struct ChartColumn {
  std::string name;
  ColumnKind kind = ColumnKind::kLine;
  std::vector<std::optional<double>>
      values;  // one for each x; those that are not finite are left out
};

// kWindow: a shaded stretch from `at` to `other`, or to the end; kPoint: a dot at (at, other);
// kTick: a short line on the x axis; kFailed: a cross on it; kLine: a line from bottom to top.
enum class MarkKind : std::uint8_t { kWindow, kPoint, kTick, kFailed, kLine };

struct ChartMark {
  std::string label;
  MarkKind kind = MarkKind::kLine;
  double at = 0;
  std::optional<double> other;
};

struct Chart {
  std::string title;
  std::string x_label, y_label;  // quantity and unit: "latency (us)"
  AxisKind x = AxisKind::kLinear, y = AxisKind::kLinear;
  std::string words;  // a sentence below the title; may be ""
  std::string
      choose;         // what a column stands for ("cable"): the reader picks one; "": all are drawn
  std::string group;  // charts of a group share their cursor; "": none
  std::vector<double> xs;  // ascending
  std::vector<ChartColumn> columns;
  std::vector<ChartMark> marks;
};

// Chart axes have no more points than this.
inline constexpr std::size_t kDistributionPoints = 2'000;
inline constexpr std::size_t kTimeBins = 1'000;

// A <figure>; "" if no column has a value.
std::string chart_figure(const Chart& chart);

// One horizontal bar divided by shares. Parts without a positive share are left out; colours go by
// position.
struct BarPart {
  std::string name;
  double share = 0;  // of one
};
std::string share_bar(const std::vector<BarPart>& parts, const std::string& label);
// What the colours of such bars mean.
std::string bar_keys(const std::vector<std::string>& names);

// About `count` round values (1, 2 or 5 times a power of ten apart) from 0 to at least `highest`.
std::vector<double> round_ticks(double highest, int count);

}  // namespace soliton
