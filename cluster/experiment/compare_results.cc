#include "cluster/experiment/compare_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "cluster/report/words.h"
#include "cluster/results/file_io.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kShown[] = {
    "requests.completed", "requests.failed",   "latency_us.mean",      "latency_us.p50",
    "latency_us.p90",     "latency_us.p99",    "latency_us.p99_9",     "latency_us.max",
    "throughput_rps",     "utilization",       "breakdown_us.compute", "breakdown_us.network",
    "breakdown_us.queue", "breakdown_us.host", "fabric.bytes",         "fabric.dropped",
    "ltl.retransmitted",  "outputs.accuracy"};

std::optional<double> number_of(const Scalar& scalar) {
  double value = 0;
  const char* end = scalar.text.data() + scalar.text.size();
  if (scalar.kind != Scalar::Kind::kNumber ||
      std::from_chars(scalar.text.data(), end, value).ptr != end)
    return std::nullopt;
  return value;
}

Result<Scalars> results_of(const std::string& file) {
  const Result<std::string> text = read_whole_file(file);
  if (!text) return tl::unexpected<Error>(text.error());
  Result<Scalars> read = read_scalars(*text);
  if (!read || find_scalar(*read, "soliton") == nullptr)
    return invalid(fmt::format("{} is not a results.json", printable(file)));
  return read;
}

// A value of sweep.json as a scalar of results.json.
Scalar scalar_of(const std::string& key, const Json& value) {
  if (value.is_number()) return {key, Scalar::Kind::kNumber, value.dump()};
  return {key, Scalar::Kind::kText, value.is_string() ? value.get<std::string>() : ""};
}

std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// Points of a sweep; those that are not done are left out.
Result<MeasuredSide> sweep_side(const std::string& path) {
  const Result<std::string> text = read_whole_file(path + "/sweep.json");
  if (!text) return tl::unexpected<Error>(text.error());
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("series") || !json["series"].is_array())
    return invalid(fmt::format("{}/sweep.json is not that of a sweep", printable(path)));
  MeasuredSide out{path, {}};
  for (const Json& series : json["series"])
    if (series.is_object())
      for (const Json& point : series.value("points", Json::array())) {
        const auto results = point.find("results");
        if (text_in(point, "state") != "done" || results == point.end()) continue;
        const std::string name = fmt::format("{} {} {}", text_in(series, "title"),
                                             text_in(series, "axis"), text_in(point, "x"));
        if (out.points.empty() || out.points.back().name != name) out.points.push_back({name, {}});
        Scalars scalars;
        for (const auto& [key, value] : results->items()) scalars.push_back(scalar_of(key, value));
        out.points.back().runs.push_back(std::move(scalars));
      }
  return out;
}

Result<MeasuredSide> folder_side(const std::string& path) {
  MeasuredSide out{path, {{"", {}}}};
  std::vector<std::string> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error))
    if (fs::exists(entry.path() / "results.json", error))
      files.push_back((entry.path() / "results.json").string());
  std::ranges::sort(files);
  for (const std::string& file : files) {
    Result<Scalars> run = results_of(file);
    if (!run) return tl::unexpected<Error>(run.error());
    out.points.front().runs.push_back(std::move(*run));
  }
  if (files.empty())
    return invalid(fmt::format("{} holds no results of a run or a sweep", printable(path)));
  return out;
}

std::vector<double> values_of(const MeasuredPoint& point, const std::string& key) {
  std::vector<double> out;
  for (const Scalars& run : point.runs)
    if (const Scalar* found = find_scalar(run, key))
      if (const std::optional<double> value = number_of(*found)) out.push_back(*value);
  return out;
}

ComparedPoint compare_points(const MeasuredPoint& one, const MeasuredPoint& other) {
  ComparedPoint out{one.name, {}};
  if (one.runs.empty()) return out;
  for (const Scalar& scalar : one.runs.front()) {
    if (scalar.key.starts_with("wall.") || scalar.key == "seed") continue;
    const std::vector<double> a = values_of(one, scalar.key), b = values_of(other, scalar.key);
    if (a.empty() || b.empty()) continue;
    ComparedNumber number{scalar.key, spread_of(a), spread_of(b), {}};
    number.beyond_noise = differs_beyond_noise(number.one, number.other);
    out.numbers.push_back(std::move(number));
  }
  return out;
}

std::string mean_words(const Spread& s) {
  const std::string mean = significant(s.mean, 5);
  return s.count > 1 ? fmt::format("{} ± {}", mean, significant(s.deviation, 2)) : mean;
}

std::string signed_percent(const std::optional<double>& share) {
  if (!share) return "-";
  return (*share < 0 ? "-" : "+") + significant(std::abs(100 * *share), 3) + " %";
}

std::string noise_words(const std::optional<bool>& beyond) {
  if (!beyond) return "";
  return *beyond ? "beyond noise" : "within noise";
}

std::string rows_text(const ComparedPoint& point) {
  std::string out;
  for (const ComparedNumber& number : point.numbers) {
    if (std::ranges::find(kShown, number.key) == std::end(kShown)) continue;
    const std::string difference =
        number.difference() == 0 ? "same" : signed_percent(number.relative());
    std::string line =
        fmt::format("{:<22} {:>20} {:>20} {:>12}  {}", number.key, mean_words(number.one),
                    mean_words(number.other), difference, noise_words(number.beyond_noise));
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

Json spread_json(const Spread& s) {
  return {{"runs", s.count},
          {"mean", s.mean},
          {"min", s.least},
          {"max", s.most},
          {"deviation", json_or_null(s.deviation, s.count > 1)}};
}

std::size_t least_runs(const MeasuredSide& side) {
  std::size_t out = SIZE_MAX;
  for (const MeasuredPoint& point : side.points) out = std::min(out, point.runs.size());
  return out;
}

}  // namespace

std::optional<double> ComparedNumber::relative() const {
  if (one.mean == 0) return std::nullopt;
  return difference() / std::abs(one.mean);
}

Result<MeasuredSide> measured_in(const std::string& path) {
  std::error_code error;
  const std::string file = fs::is_directory(path, error) ? path + "/results.json" : path;
  if (fs::is_regular_file(file, error)) {
    Result<Scalars> run = results_of(file);
    if (!run) return tl::unexpected<Error>(run.error());
    return MeasuredSide{path, {{"", {std::move(*run)}}}};
  }
  if (!fs::is_directory(path, error))
    return invalid(fmt::format("no run or sweep in {}", printable(path)));
  return fs::exists(path + "/sweep.json", error) ? sweep_side(path) : folder_side(path);
}

std::vector<ComparedPoint> compare_sides(const MeasuredSide& one, const MeasuredSide& other) {
  std::vector<ComparedPoint> out;
  if (one.points.size() == 1 && other.points.size() == 1)
    return {compare_points(one.points.front(), other.points.front())};
  for (const MeasuredPoint& point : one.points) {
    const auto same = std::ranges::find(other.points, point.name, &MeasuredPoint::name);
    if (same != other.points.end()) out.push_back(compare_points(point, *same));
  }
  return out;
}

std::string comparison_text(const MeasuredSide& one, const MeasuredSide& other,
                            const std::vector<ComparedPoint>& points) {
  std::string out = fmt::format("A  {}\nB  {}\n", escaped(one.path), escaped(other.path));
  for (const ComparedPoint& point : points) {
    out += fmt::format("\n{:<22} {:>20} {:>20} {:>12}\n", escaped(point.name), "A", "B", "B to A");
    out += rows_text(point);
  }
  if (points.empty()) return out + "\nno point is in both\n";
  if (std::min(least_runs(one), least_runs(other)) < kNoiseLeast)
    out += fmt::format(
        "\nThese are the differences of these runs. Whether they are more than noise can be "
        "said from {} seeds on each side on.\n",
        kNoiseLeast);
  return out;
}

std::string comparison_json(const MeasuredSide& one, const MeasuredSide& other,
                            const std::vector<ComparedPoint>& points) {
  Json all = Json::array();
  for (const ComparedPoint& point : points) {
    Json numbers = Json::object();
    for (const ComparedNumber& n : point.numbers)
      numbers[n.key] = {{"a", spread_json(n.one)},
                        {"b", spread_json(n.other)},
                        {"difference", n.difference()},
                        {"relative", json_or_null(n.relative())},
                        {"beyond_noise", json_or_null(n.beyond_noise)}};
    all.push_back({{"point", point.name}, {"numbers", std::move(numbers)}});
  }
  const Json out{{"a", one.path}, {"b", other.path}, {"points", std::move(all)}};
  return json_text(out, JsonLayout::kRows) + "\n";
}

}  // namespace soliton
