#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "cluster/experiment/sweep.h"
#include "cluster/report/words.h"
#include "cluster/results/columns.h"
#include "cluster/results/text.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

std::string cell(const std::optional<double>& value, int digits) {
  return value ? significant(*value, digits) : "-";
}

std::string exact(const std::optional<double>& value) { return value ? spell_number(*value) : ""; }

std::string note(const SweepPoint& point) {
  if (!point.error.empty()) return escaped(point.error);
  return point.numbers ? "" : "not run";
}

std::string share_cell(const std::optional<double>& share) { return share ? percent(*share) : "-"; }

// The two columns that show the gain from x.
struct Gain {
  std::string first, second;
};

Gain gain_names(Scaling scaling) {
  if (scaling == Scaling::kNone) return {"used", "waiting"};
  return {"speed-up", "efficiency"};
}

Gain gain_of(const SweepSeries& series, std::size_t i) {
  const PointNumbers& n = *series.points[i].numbers;
  if (series.series.scaling == Scaling::kNone)
    return {share_cell(n.utilization), share_cell(n.queue_share())};
  const Scaled s = scaled(series, i);
  return {cell(s.speedup, 3), share_cell(s.efficiency)};
}

// Of the column of x.
std::size_t axis_width(const SweepSeries& series) {
  return std::max<std::size_t>(8, escaped(series.series.axis).size());
}

std::string table_row(const SweepSeries& series, std::size_t i) {
  const SweepPoint& point = series.points[i];
  const std::size_t width = axis_width(series);
  if (!point.numbers) return fmt::format("{:>{}}  {}\n", point.x, width, note(point));
  const PointNumbers& n = *point.numbers;
  const Gain gain = gain_of(series, i);
  std::string out =
      fmt::format("{:>{}} {:>11} {:>11} {:>12} {:>8} {:>9} {:>11} {:>9} {:>12}", point.x, width,
                  cell(n.latency_mean_us, 5), cell(n.latency_p99_us, 5), cell(n.throughput_rps, 4),
                  cell(n.effective_tflops, 3), gain.first, gain.second,
                  share_cell(n.network_share()), cell(n.moved_bytes_per_request(), 4));
  const std::string remark = note(point);
  return remark.empty() ? out + "\n" : out + "  " + remark + "\n";
}

// Of a point without results everything is unset.
const PointNumbers& numbers_of(const SweepPoint& point) {
  static const PointNumbers kNone;
  return point.numbers ? *point.numbers : kNone;
}

// The columns beside those of the table.
struct Columns {
  std::vector<std::string> set, results;
};

// Names of columns that the table has already, with the same value.
bool is_in_front(const std::string& key) {
  return key == "throughput_rps" || key == "effective_tflops" || key == "utilization";
}

// Those that some point has: in the order of results.json, and what is not known there at the end.
Columns columns_of(const Sweep& sweep) {
  Columns out;
  const auto add = [](std::vector<std::string>& to, const std::string& key) {
    if (std::ranges::find(to, key) == to.end()) to.push_back(key);
  };
  std::vector<std::string> keys = result_keys();
  std::set<std::string> found;
  for (const SweepSeries& series : sweep.series)
    for (const SweepPoint& point : series.points) {
      for (const Scalar& scalar : point.set) add(out.set, scalar.key);
      for (const Scalar& scalar : numbers_of(point).scalars)
        if (found.insert(scalar.key).second) add(keys, scalar.key);
    }
  for (const std::string& key : keys)
    if (found.contains(key) && !is_in_front(key)) out.results.push_back(key);
  return out;
}

std::string csv_value(const Scalars& scalars, const std::string& key) {
  const Scalar* scalar = find_scalar(scalars, key);
  return scalar ? csv_text(*scalar) : "";
}

// A point of a series, for the columns in front.
struct Row {
  const SweepSeries& series;
  std::size_t i = 0;

  const SweepPoint& point() const { return series.points[i]; }
  const PointNumbers& numbers() const { return numbers_of(point()); }
  // What results.json has under `key`.
  std::string measured(const char* key) const { return csv_value(numbers().scalars, key); }
};

constexpr CsvColumn<Row> kFrontColumns[] = {
    {"series", "Name of the series.",
     [](const Row& row, std::string& line) { line += csv_cell(row.series.series.name); },
     CsvType::kText},
    {"axis", "What x counts.",
     [](const Row& row, std::string& line) { line += csv_cell(row.series.series.axis); },
     CsvType::kText},
    {"x", "Position on the axis.",
     [](const Row& row, std::string& line) {
       // Numbers are numbers; quantities and names are texts.
       line += csv_text(scalar_of_text("x", row.point().x_words()));
     }},
    {"nodes_used", "NPUs of the plan.",
     [](const Row& row, std::string& line) { line += row.measured("partition.nodes_used"); },
     CsvType::kInteger},
    {"requests", "Requests that were completed.",
     [](const Row& row, std::string& line) { line += row.measured("requests.completed"); },
     CsvType::kInteger},
    {"latency_mean_us", "Mean latency.",
     [](const Row& row, std::string& line) { line += row.measured("latency_us.mean"); }},
    {"latency_p99_us", "99th percentile.",
     [](const Row& row, std::string& line) { line += row.measured("latency_us.p99"); }},
    {"predicted_latency_us", "What the plan says.",
     [](const Row& row, std::string& line) {
       line += row.measured("partition.predicted_latency_us");
     }},
    {"throughput_rps", "Requests a second.",
     [](const Row& row, std::string& line) { line += row.measured("throughput_rps"); }},
    {"effective_tflops", "10^12 operations of the unpadded model a second.",
     [](const Row& row, std::string& line) { line += row.measured("effective_tflops"); }},
    {"utilization", "Of them, share of the devices' peak.",
     [](const Row& row, std::string& line) { line += row.measured("utilization"); }},
    {"speedup", "Against the first point of the series, as in the table.",
     [](const Row& row, std::string& line) { line += exact(scaled(row.series, row.i).speedup); }},
    {"efficiency", "The same, for each device.",
     [](const Row& row, std::string& line) {
       line += exact(scaled(row.series, row.i).efficiency);
     }},
    {"network_share", "Share of the mean latency between nodes.",
     [](const Row& row, std::string& line) { line += exact(row.numbers().network_share()); }},
    {"queue_share", "Share of the mean latency spent waiting.",
     [](const Row& row, std::string& line) { line += exact(row.numbers().queue_share()); }},
    {"moved_bytes_per_request", "Bytes on the fabric, all overheads included.",
     [](const Row& row, std::string& line) {
       line += exact(row.numbers().moved_bytes_per_request());
     }},
    {"cut_bytes_per_request", "Tensor bytes between nodes, as planned.",
     [](const Row& row, std::string& line) {
       line += row.measured("partition.cut_bytes_per_request");
     }},
    {"note", "Why a point failed or is not complete.",
     [](const Row& row, std::string& line) { line += csv_cell(note(row.point())); },
     CsvType::kText},
};

std::string csv_row(const SweepSeries& series, std::size_t i, const Columns& columns) {
  const Row row{series, i};
  std::string out = csv_line<Row>(kFrontColumns, row);
  out.pop_back();
  for (const std::string& key : columns.set) out += "," + csv_value(row.point().set, key);
  for (const std::string& key : columns.results) out += "," + row.measured(key.c_str());
  return out + "\n";
}

// Of what users set, which is theirs to choose.
CsvType type_of_all(std::span<const Scalar> scalars) {
  bool whole = true, numbers = true, truths = true;
  for (const Scalar& scalar : scalars) {
    if (scalar.kind == Scalar::Kind::kNull) continue;
    const bool number = scalar.kind == Scalar::Kind::kNumber;
    numbers = numbers && number;
    whole = whole && number && scalar.text.find_first_not_of("-0123456789") == std::string::npos;
    truths = truths && scalar.kind == Scalar::Kind::kBoolean;
  }
  return whole     ? CsvType::kInteger
         : numbers ? CsvType::kNumber
         : truths  ? CsvType::kTruth
                   : CsvType::kText;
}

CsvType set_type(const Sweep& sweep, const std::string& key) {
  Scalars all;
  for (const SweepSeries& series : sweep.series)
    for (const SweepPoint& point : series.points)
      if (const Scalar* const scalar = find_scalar(point.set, key)) all.push_back(*scalar);
  return type_of_all(all);
}

CsvType x_type(const Sweep& sweep) {
  Scalars all;
  for (const SweepSeries& series : sweep.series)
    for (const SweepPoint& point : series.points)
      all.push_back(scalar_of_text("x", point.x_words()));
  return type_of_all(all);
}

// All numbers of results are numbers, as one that is whole here is not everywhere.
CsvType result_type(const Sweep& sweep, const std::string& key) {
  for (const SweepSeries& series : sweep.series)
    for (const SweepPoint& point : series.points) {
      const Scalar* const scalar = find_scalar(numbers_of(point).scalars, key);
      if (scalar == nullptr || scalar->kind == Scalar::Kind::kNull) continue;
      if (key == "seed") return CsvType::kInteger;  // has more digits than a double
      return scalar->kind == Scalar::Kind::kText      ? CsvType::kText
             : scalar->kind == Scalar::Kind::kBoolean ? CsvType::kTruth
                                                      : CsvType::kNumber;
    }
  return CsvType::kNumber;
}

Json scalars_json(const Scalars& scalars) {
  Json out = Json::object();
  for (const Scalar& scalar : scalars) out[scalar.key] = scalar_json(scalar);
  return out;
}

Json point_json(const SweepSeries& series, std::size_t i) {
  const SweepPoint& point = series.points[i];
  const PointNumbers& n = numbers_of(point);
  const Scaled s = scaled(series, i);
  Json out{{"x", scalar_json(scalar_of_text("x", point.x_words()))}};
  if (point.seed) out["seed"] = *point.seed;
  out["state"] = state_name(point);
  if (!point.error.empty()) out["error"] = point.error;
  out["nodes_used"] = n.nodes_used;
  out["latency_mean_us"] = json_or_null(n.latency_mean_us);
  out["latency_p99_us"] = json_or_null(n.latency_p99_us);
  out["predicted_latency_us"] = json_or_null(n.predicted_latency_us);
  out["throughput_rps"] = json_or_null(n.throughput_rps);
  out["effective_tflops"] = json_or_null(n.effective_tflops);
  out["utilization"] = json_or_null(n.utilization);
  out["speedup"] = json_or_null(s.speedup);
  out["efficiency"] = json_or_null(s.efficiency);
  out["network_share"] = json_or_null(n.network_share());
  out["queue_share"] = json_or_null(n.queue_share());
  out["moved_bytes_per_request"] = json_or_null(n.moved_bytes_per_request());
  out["cut_bytes_per_request"] = n.cut_bytes_per_request;
  out["set"] = scalars_json(point.set);
  out["results"] = scalars_json(n.scalars);
  return out;
}

const char* partial_words(const Sweep& sweep) {
  if (sweep.not_written) return " · PARTIAL: results could not be written";
  if (sweep.interrupted) return " · PARTIAL: interrupted";
  return sweep.complete ? "" : " · NOT COMPLETE";
}

}  // namespace

std::string sweep_table(const Sweep& sweep) {
  std::string out = escaped(sweep.name) + partial_words(sweep) + "\n";
  if (!sweep.description.empty()) out += escaped(sweep.description) + "\n";
  if (sweep.has_axes) return out + axes_table(sweep);
  for (const SweepSeries& series : sweep.series) {
    const Scaling scaling = series.series.scaling;
    out += "\n" + escaped(series.series.title);
    out += scaling == Scaling::kNone ? "\n"
                                     : fmt::format(" ({} scaling)\n", spelling(kScalings, scaling));
    const Gain gain = gain_names(scaling);
    out += fmt::format("{:>{}} {:>11} {:>11} {:>12} {:>8} {:>9} {:>11} {:>9} {:>12}\n",
                       escaped(series.series.axis), axis_width(series), "mean us", "p99 us",
                       "requests/s", "TFLOPS", gain.first, gain.second, "network", "B/request");
    for (std::size_t i = 0; i < series.points.size(); ++i) out += table_row(series, i);
  }
  return out;
}

std::string sweep_csv(const Sweep& sweep) {
  const Columns columns = columns_of(sweep);
  std::string out = csv_head<Row>(kFrontColumns);
  out.pop_back();
  for (const std::string& key : columns.set) out += "," + csv_cell("set." + key);
  for (const std::string& key : columns.results) out += "," + csv_cell(key);
  out += "\n";
  for (const SweepSeries& series : sweep.series)
    for (std::size_t i = 0; i < series.points.size(); ++i) out += csv_row(series, i, columns);
  return out;
}

std::string sweep_json(const Sweep& sweep) {
  Json all = Json::array();
  for (const SweepSeries& series : sweep.series) {
    Json points = Json::array();
    for (std::size_t i = 0; i < series.points.size(); ++i) points.push_back(point_json(series, i));
    Json one{{"name", series.series.name},
             {"title", series.series.title},
             {"axis", series.series.axis},
             {"scaling", std::string(spelling(kScalings, series.series.scaling))}};
    const Json summary = axes_summary(sweep, series);
    for (const auto& [key, value] : summary.items()) one[key] = value;
    one["points"] = std::move(points);
    all.push_back(std::move(one));
  }
  const Json out{{"soliton", RunResults{}.version},
                 {"name", sweep.name},
                 {"complete", sweep.complete},
                 {"interrupted", sweep.interrupted},
                 {"series", std::move(all)}};
  return json_text(out, JsonLayout::kRows) + "\n";
}

std::string sweep_columns_json(const Sweep& sweep) {
  CsvFile file = csv_file<Row>("sweep.csv", kFrontColumns);
  for (auto& column : file.columns)
    if (column.name == "x") column.type = x_type(sweep);
  const Columns columns = columns_of(sweep);
  for (const std::string& key : columns.set)
    file.columns.push_back({"set." + key, "What was set for the point.", set_type(sweep, key)});
  for (const std::string& key : columns.results)
    file.columns.push_back({key, "As in results.json.", result_type(sweep, key)});
  return columns_json({file});
}

std::string sweep_columns_page() { return csv_page<Row>(kFrontColumns); }

}  // namespace soliton
