#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cluster/experiment/sweep.h"
#include "cluster/report/words.h"
#include "cluster/results/json.h"
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

// The two columns that say what x buys.
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

std::vector<std::string> table_cells(const SweepSeries& series, std::size_t i) {
  const SweepPoint& point = series.points[i];
  const PointNumbers& n = numbers_of(point);
  const auto measured = [&](const char* key) { return csv_value(n.scalars, key); };
  const Scaled s = scaled(series, i);
  return {csv_cell(series.series.name),
          csv_cell(series.series.axis),
          std::to_string(point.x),
          measured("partition.nodes_used"),
          measured("requests.completed"),
          measured("latency_us.mean"),
          measured("latency_us.p99"),
          measured("partition.predicted_latency_us"),
          measured("throughput_rps"),
          measured("effective_tflops"),
          measured("utilization"),
          exact(s.speedup),
          exact(s.efficiency),
          exact(n.network_share()),
          exact(n.queue_share()),
          exact(n.moved_bytes_per_request()),
          measured("partition.cut_bytes_per_request"),
          csv_cell(note(point))};
}

std::string csv_row(const SweepSeries& series, std::size_t i, const Columns& columns) {
  const SweepPoint& point = series.points[i];
  std::vector<std::string> cells = table_cells(series, i);
  for (const std::string& key : columns.set) cells.push_back(csv_value(point.set, key));
  for (const std::string& key : columns.results)
    cells.push_back(csv_value(numbers_of(point).scalars, key));
  return fmt::format("{}\n", fmt::join(cells, ","));
}

void json_number(JsonWriter& json, const char* key, const std::optional<double>& value) {
  json.key(key);
  json.number(value);
}

void json_text(JsonWriter& json, const char* key, const std::string& value) {
  json.key(key);
  json.string(value);
}

void json_scalars(JsonWriter& json, const char* key, const Scalars& scalars) {
  json.key(key);
  json.open('{');
  for (const Scalar& scalar : scalars) {
    json.key(scalar.key);
    write_scalar(json, scalar);
  }
  json.close();
}

void json_point(JsonWriter& json, const SweepSeries& series, std::size_t i) {
  const SweepPoint& point = series.points[i];
  const PointNumbers& n = numbers_of(point);
  const Scaled s = scaled(series, i);
  json.open('{');
  json.key("x");
  json.integer(point.x);
  json_text(json, "state", state_name(point));
  if (!point.error.empty()) json_text(json, "error", point.error);
  json.key("nodes_used");
  json.integer(n.nodes_used);
  json_number(json, "latency_mean_us", n.latency_mean_us);
  json_number(json, "latency_p99_us", n.latency_p99_us);
  json_number(json, "predicted_latency_us", n.predicted_latency_us);
  json_number(json, "throughput_rps", n.throughput_rps);
  json_number(json, "effective_tflops", n.effective_tflops);
  json_number(json, "utilization", n.utilization);
  json_number(json, "speedup", s.speedup);
  json_number(json, "efficiency", s.efficiency);
  json_number(json, "network_share", n.network_share());
  json_number(json, "queue_share", n.queue_share());
  json_number(json, "moved_bytes_per_request", n.moved_bytes_per_request());
  json.key("cut_bytes_per_request");
  json.integer(n.cut_bytes_per_request);
  json_scalars(json, "set", point.set);
  json_scalars(json, "results", n.scalars);
  json.close();
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
  std::string out =
      "series,axis,x,nodes_used,requests,latency_mean_us,latency_p99_us,predicted_latency_us,"
      "throughput_rps,effective_tflops,utilization,speedup,efficiency,network_share,queue_share,"
      "moved_bytes_per_request,cut_bytes_per_request,note";
  for (const std::string& key : columns.set) out += "," + csv_cell("set." + key);
  for (const std::string& key : columns.results) out += "," + csv_cell(key);
  out += "\n";
  for (const SweepSeries& series : sweep.series)
    for (std::size_t i = 0; i < series.points.size(); ++i) out += csv_row(series, i, columns);
  return out;
}

std::string sweep_json(const Sweep& sweep) {
  JsonWriter json;
  json.open('{', JsonWriter::Layout::kLines);
  json_text(json, "soliton", RunResults{}.version);
  json_text(json, "name", sweep.name);
  json.key("complete");
  json.boolean(sweep.complete);
  json.key("interrupted");
  json.boolean(sweep.interrupted);
  json.key("series");
  json.open('[', JsonWriter::Layout::kLines);
  for (const SweepSeries& series : sweep.series) {
    json.open('{', JsonWriter::Layout::kLines);
    json_text(json, "name", series.series.name);
    json_text(json, "title", series.series.title);
    json_text(json, "axis", series.series.axis);
    json_text(json, "scaling", std::string(spelling(kScalings, series.series.scaling)));
    json.key("points");
    json.open('[', JsonWriter::Layout::kLines);
    for (std::size_t i = 0; i < series.points.size(); ++i) json_point(json, series, i);
    json.close();
    json.close();
  }
  json.close();
  json.close();
  return json.take() + "\n";
}

}  // namespace soliton
