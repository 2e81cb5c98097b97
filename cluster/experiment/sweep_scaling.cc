// What the points of a series say together: runs of one x, speed-up, the scaling law, what was found.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "cluster/experiment/sweep.h"
#include "cluster/report/words.h"
#include "cluster/results/spread.h"

namespace soliton {
namespace {

bool is_good(const SweepPoint& point) {
  return point.numbers && point.numbers->complete && point.error.empty();
}

std::optional<double> latency_of(const SweepPoint& point) {
  const bool known = point.numbers && point.numbers->complete && point.numbers->latency_mean_us;
  return known && *point.numbers->latency_mean_us > 0 ? point.numbers->latency_mean_us
                                                      : std::nullopt;
}

std::optional<double> throughput_of(const SweepPoint& point) {
  return is_good(point) ? point.numbers->throughput_rps : std::nullopt;
}

// By the mean latency, against the first point.
Scaled scaled_by_latency(const SweepSeries& series, const SweepPoint& point) {
  const auto first = std::ranges::find_if(
      series.points, [](const SweepPoint& p) { return latency_of(p).has_value(); });
  const std::optional<double> now = latency_of(point);
  if (first == series.points.end() || !now) return {};
  const double faster = *latency_of(*first) / *now;
  const double larger = static_cast<double>(point.x) / static_cast<double>(first->x);
  if (series.series.scaling == Scaling::kWeak) return {faster * larger, faster};
  return {faster, faster / larger};
}

// By throughput, against the mean of the runs of the baseline.
Scaled scaled_by_throughput(const SweepSeries& series, const SweepPoint& point) {
  double sum = 0, count = 0;
  std::optional<double> at;
  for (const SweepPoint& p : series.points)
    if (p.label == *series.series.baseline && throughput_of(p)) {
      sum += *throughput_of(p);
      count += 1;
      at = p.at;
    }
  const std::optional<double> now = throughput_of(point);
  if (!now || !(sum > 0)) return {};
  Scaled out{*now / (sum / count), {}};
  if (at && *at > 0 && point.at && *point.at > 0) out.efficiency = *out.speedup / (*point.at / *at);
  return out;
}

// Whether x counts something of which twice as much should give twice the throughput.
bool is_scaling(const SweepSeries& series) {
  return series.series.baseline || series.series.scaling == Scaling::kStrong;
}

}  // namespace

Scaled scaled(const SweepSeries& series, std::size_t point) {
  if (series.series.baseline) return scaled_by_throughput(series, series.points[point]);
  if (series.series.scaling == Scaling::kNone) return {};
  return scaled_by_latency(series, series.points[point]);
}

std::vector<PointRuns> runs_by_x(const SweepSeries& series) {
  std::vector<PointRuns> out;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const auto [at, added] = known.emplace(series.points[i].x_words(), out.size());
    if (added) out.emplace_back();
    out[at->second].runs.push_back(i);
  }
  return out;
}

std::vector<double> values_of(const SweepSeries& series, const PointRuns& point,
                              std::string_view key) {
  std::vector<double> out;
  for (const std::size_t run : point.runs) {
    const SweepPoint& one = series.points[run];
    const Scalar* found = is_good(one) ? find_scalar(one.numbers->scalars, key) : nullptr;
    double value = 0;
    if (found == nullptr || found->kind != Scalar::Kind::kNumber) continue;
    std::from_chars(found->text.data(), found->text.data() + found->text.size(), value);
    out.push_back(value);
  }
  return out;
}

std::optional<ScalingLaw> scaling_law_of(const SweepSeries& series) {
  if (!is_scaling(series)) return std::nullopt;
  std::vector<ScalingPoint> points;
  for (const PointRuns& one : runs_by_x(series)) {
    const SweepPoint& point = series.points[one.runs.front()];
    const std::vector<double> rates = values_of(series, one, "throughput_rps");
    const std::optional<double> n =
        point.label.empty() ? std::optional(static_cast<double>(point.x)) : point.at;
    if (n && !rates.empty()) points.push_back({*n, spread_of(rates).mean});
  }
  return fit_scaling_law(points);
}

std::string find_words(const Sweep& sweep, const SweepSeries& series) {
  if (!sweep.find || !series.found) return "";
  const FindResult& found = *series.found;
  const FindSpec& find = *sweep.find;
  std::string conditions;
  for (const FindCondition& condition : find.conditions)
    conditions += (conditions.empty() ? "" : " and ") + condition.said;
  const std::string tried = fmt::format("{} values tried", found.tried);
  if (!found.value)
    return fmt::format("none of them meets {} ({}){}", conditions, tried,
                       found.best.empty() ? "" : "; nearest is " + found.best);
  std::string out = fmt::format("{} {} with {}: {} ({}", find.maximize ? "largest" : "smallest",
                                find.key, conditions, *found.value, tried);
  if (found.beyond)
    out += fmt::format("; {} does not meet it", *found.beyond);
  else
    out += fmt::format("; the search ends at {}",
                       find.spelled(find.maximize ? find.most : find.least));
  if (found.ran_out) out += "; stopped by runs before the tolerance was reached";
  out += ")";
  if (found.out_of_order)
    out += fmt::format("; not monotone: {} does not meet it either", *found.out_of_order);
  return out;
}

}  // namespace soliton
