// The product of axes.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/experiment/axes.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

template <typename T>
void append(T& to, const T& more) {
  to.insert(to.end(), more.begin(), more.end());
}

void add_points(const Axis& x, const Experiment& experiment, ExperimentSeries& series) {
  std::vector<std::optional<std::uint64_t>> seeds(experiment.seeds.begin(), experiment.seeds.end());
  if (seeds.empty()) seeds.emplace_back();
  // Curves need positions above 0: numbers of their own, or else their places in the list.
  const bool counted = std::ranges::all_of(
      x.values, [](const AxisValue& value) { return whole_number(value.label).value_or(0) > 0; });
  std::int64_t number = 0;
  for (const AxisValue& value : x.values) {
    ++number;
    for (const std::optional<std::uint64_t>& seed : seeds) {
      series.points.push_back(axis_point(series, value, seed));
      if (!counted) series.points.back().x = number;
    }
  }
}

// A series for each combination of the values of the axes from `at` on.
void add_series(const std::vector<Axis>& axes, std::size_t at, const Axis& x,
                ExperimentSeries series, Experiment& experiment) {
  if (at < axes.size()) {
    for (const AxisValue& value : axes[at].values) {
      ExperimentSeries next = series;
      append(next.common, value.overrides);
      append(next.common_shown, value.shown);
      const std::string word = folder_word(value.label);
      next.name += (next.name.empty() || word.empty() ? "" : "-") + word;
      next.title += (next.title.empty() ? "" : ", ") + axes[at].key + " " + value.label;
      add_series(axes, at + 1, x, std::move(next), experiment);
    }
    return;
  }
  if (series.name.empty()) series.name = folder_word(experiment.x);
  if (series.title.empty()) series.title = experiment.name;
  series.baseline = experiment.baseline;
  add_points(x, experiment, series);
  experiment.series.push_back(std::move(series));
}

}  // namespace

Status check_runs(const std::vector<Axis>& axes, std::size_t seeds, bool allow_many) {
  std::uint64_t runs = std::max<std::size_t>(seeds, 1);
  for (const Axis& axis : axes) runs = std::min(runs * axis.values.size(), kRunsMost + 1);
  if (runs > kRunsMost)
    return invalid(fmt::format("the experiment has more than {} runs", group_thousands(kRunsMost)));
  if (runs > kRunsUnasked && !allow_many)
    return invalid(fmt::format("the experiment has {} runs; say --yes to play more than {}",
                               group_thousands(static_cast<std::int64_t>(runs)),
                               group_thousands(kRunsUnasked)));
  return {};
}

void expand_axes(std::vector<Axis> axes, Experiment& experiment) {
  const auto at = std::ranges::find(axes, experiment.x, &Axis::key);
  Axis x;
  if (at != axes.end()) {
    x = std::move(*at);
    axes.erase(at);
  }
  add_series(axes, 0, x, ExperimentSeries{.axis = experiment.x, .scaling = Scaling::kNone},
             experiment);
}

}  // namespace soliton
