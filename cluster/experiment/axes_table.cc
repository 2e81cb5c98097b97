// The table of an experiment with axes: a row for each x, over its seeds.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/experiment/sweep.h"
#include "cluster/report/words.h"
#include "cluster/results/spread.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

constexpr const char* kUsualColumns[] = {"latency_us.mean", "latency_us.p99", "latency_us.p99_9",
                                         "throughput_rps"};
constexpr int kDigits = 5;

std::vector<std::string> columns_of(const Sweep& sweep) {
  if (!sweep.columns.empty()) return sweep.columns;
  return {std::begin(kUsualColumns), std::end(kUsualColumns)};
}

// The mean with half its 95 % interval, or how far the runs lie apart where they are too few for one.
std::string spread_cell(const std::vector<double>& values) {
  if (values.empty()) return "-";
  const Spread s = spread_of(values);
  std::string out = significant(s.mean, kDigits);
  if (s.count == 1 || s.least == s.most) return out;
  if (s.half_width) return out + " ± " + significant(*s.half_width, 2);
  return fmt::format("{} ({} to {})", out, significant(s.least, kDigits),
                     significant(s.most, kDigits));
}

// Texts and booleans, if all runs have the same.
std::string cell(const SweepSeries& series, const PointRuns& point, const std::string& key) {
  const std::vector<double> values = values_of(series, point, key);
  if (!values.empty()) return spread_cell(values);
  std::string out = "-";
  for (const std::size_t run : point.runs) {
    const auto& numbers = series.points[run].numbers;
    const Scalar* found = numbers ? find_scalar(numbers->scalars, key) : nullptr;
    if (found != nullptr && !found->text.empty()) out = escaped(found->text);
  }
  return out;
}

// Why runs of a point have no numbers.
std::string note(const SweepSeries& series, const PointRuns& point) {
  std::size_t missing = 0;
  std::string why;
  for (const std::size_t run : point.runs) {
    const SweepPoint& one = series.points[run];
    if (one.error.empty() && one.numbers) continue;
    ++missing;
    if (why.empty()) why = one.error.empty() ? "not run" : escaped(one.error);
  }
  if (missing == 0 || point.runs.size() == 1) return why;
  return fmt::format("{} of {} runs: {}", missing, point.runs.size(), why);
}

std::optional<double> mean_scaled(const SweepSeries& series, const PointRuns& point,
                                  std::optional<double> Scaled::*member) {
  std::vector<double> all;
  for (const std::size_t run : point.runs)
    if (const std::optional<double> one = scaled(series, run).*member) all.push_back(*one);
  return all.empty() ? std::nullopt : std::optional(spread_of(all).mean);
}

std::vector<std::string> row_of(const Sweep& sweep, const SweepSeries& series,
                                const PointRuns& point) {
  std::vector<std::string> out{escaped(series.points[point.runs.front()].x_words())};
  for (const std::string& key : columns_of(sweep)) out.push_back(cell(series, point, key));
  if (series.series.baseline) {
    const auto speedup = mean_scaled(series, point, &Scaled::speedup);
    const auto efficiency = mean_scaled(series, point, &Scaled::efficiency);
    out.push_back(speedup ? significant(*speedup, 3) : "-");
    out.push_back(efficiency ? percent(*efficiency) : "-");
  }
  return out;
}

std::string law_words(const ScalingLaw& law) {
  std::string out = fmt::format(
      "scaling law: {} a second for one, {} of the work queues, {} a pair to agree; off by {} (at "
      "most {})",
      significant(law.lambda, 4), percent(law.sigma), percent(law.kappa), percent(law.residual),
      percent(law.worst));
  return out + (law.knee ? fmt::format("; highest at {}", significant(*law.knee, 3))
                         : "; no highest point within twice what was measured");
}

std::string rows_text(const std::vector<std::vector<std::string>>& rows,
                      const std::vector<std::string>& notes) {
  std::vector<std::size_t> width;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      width.resize(std::max(width.size(), i + 1));
      width[i] = std::max(width[i], character_count(row[i]));
    }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      const std::string blanks(width[i] - character_count(rows[r][i]), ' ');
      out += i == 0 ? rows[r][i] + (rows[r].size() > 1 ? blanks : "") : "  " + blanks + rows[r][i];
    }
    out += (notes[r].empty() ? "" : "  " + notes[r]) + "\n";
  }
  return out;
}

std::string series_text(const Sweep& sweep, const SweepSeries& series) {
  std::vector<std::vector<std::string>> rows{{escaped(series.series.axis)}};
  std::vector<std::string> notes{""};
  for (const std::string& key : columns_of(sweep)) rows[0].push_back(key);
  if (series.series.baseline) {
    rows[0].push_back("speed-up");
    rows[0].push_back("efficiency");
  }
  for (const PointRuns& point : runs_by_x(series)) {
    rows.push_back(row_of(sweep, series, point));
    notes.push_back(note(series, point));
  }
  std::string out = rows_text(rows, notes);
  if (const auto law = scaling_law_of(series)) out += law_words(*law) + "\n";
  if (const std::string found = find_words(sweep, series); !found.empty())
    out += escaped(found) + "\n";
  return out;
}

Json spread_json(const std::vector<double>& values) {
  if (values.empty()) return nullptr;
  const Spread s = spread_of(values);
  Json out{{"runs", s.count}, {"mean", s.mean}, {"min", s.least}, {"max", s.most}};
  out["deviation"] = json_or_null(s.deviation, s.count > 1);
  out["ci95"] =
      s.half_width ? Json::array({s.mean - *s.half_width, s.mean + *s.half_width}) : Json();
  return out;
}

Json law_json(const ScalingLaw& law) {
  return {{"lambda", law.lambda},          {"sigma", law.sigma},       {"kappa", law.kappa},
          {"points", law.points},          {"residual", law.residual}, {"worst", law.worst},
          {"knee", json_or_null(law.knee)}};
}

Json found_json(const FindSpec& find, const FindResult& found) {
  Json conditions = Json::array();
  for (const FindCondition& condition : find.conditions) conditions.push_back(condition.said);
  return {{"key", find.key},
          {"wanted", find.maximize ? "max" : "min"},
          {"subject_to", std::move(conditions)},
          {"value", json_or_null(found.value)},
          {"beyond", json_or_null(found.beyond)},
          {"nearest_miss", found.best.empty() ? Json() : Json(found.best)},
          {"tried", found.tried},
          {"ran_out", found.ran_out},
          {"not_monotone", json_or_null(found.out_of_order)}};
}

}  // namespace

std::string axes_table(const Sweep& sweep) {
  std::string out;
  for (const SweepSeries& series : sweep.series) {
    out += "\n";
    if (series.series.title != sweep.name) out += escaped(series.series.title) + "\n";
    out += series_text(sweep, series);
  }
  return out;
}

Json axes_summary(const Sweep& sweep, const SweepSeries& series) {
  Json out = Json::object();
  if (sweep.has_axes) {
    Json points = Json::array();
    for (const PointRuns& point : runs_by_x(series)) {
      Json one{{"x", series.points[point.runs.front()].x_words()}, {"runs", point.runs.size()}};
      for (const std::string& key : columns_of(sweep))
        one[key] = spread_json(values_of(series, point, key));
      if (series.series.baseline) {
        one["speedup"] = json_or_null(mean_scaled(series, point, &Scaled::speedup));
        one["efficiency"] = json_or_null(mean_scaled(series, point, &Scaled::efficiency));
      }
      points.push_back(std::move(one));
    }
    out["summary"] = std::move(points);
  }
  if (const auto law = scaling_law_of(series)) out["scaling_law"] = law_json(*law);
  if (sweep.find && series.found) out["find"] = found_json(*sweep.find, *series.found);
  return out;
}

}  // namespace soliton
