// Charts as inline SVG for the pages of html.h: colours come from the page, there is no script, and
// tooltips give the numbers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "protocol/base/time.h"

namespace soliton {

struct ChartSeries {
  std::string name;
  std::vector<std::pair<double, double>>
      points;  // (x, y), x ascending; points that are not finite are left out
};

struct LineChart {
  std::string title, x_label, y_label;
  bool log_x = false;  // to base 2. REQUIRES: every x > 0
  bool log_y = false;  // to base 10; points with y <= 0 are left out
  std::vector<ChartSeries> series;
  bool steps = false;  // each value holds until the next x: no markers, round values below the axis
};

// A <figure>; "" if no series has a point. Six colours, then repeated; dash and marker differ as
// well.
std::string line_chart(const LineChart& chart);

// Latencies as a histogram with the cumulative share drawn over it. REQUIRES: `sorted` is ascending
// and not empty.
std::string distribution_chart(const std::string& title, const std::vector<Duration>& sorted);

// One horizontal bar divided by shares, with a legend below. Parts without a positive share are
// left out.
struct BarPart {
  std::string name, value;
  double share = 0;  // of one
};
std::string share_bar(const std::vector<BarPart>& parts);

// About `count` round values (1, 2 or 5 times a power of ten apart) from 0 to at least `highest`.
std::vector<double> round_ticks(double highest, int count);

}  // namespace soliton
