#include "cluster/experiment/measured_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cluster/report/run_requests.h"
#include "cluster/results/file_io.h"
#include "cluster/results/results.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

// "" if this version wrote it.
std::string other_version(const std::string& version) {
  const std::string ours = RunResults{}.version;
  if (version == ours) return "";
  return fmt::format("was written by soliton {}, and this is soliton {}", printable(version), ours);
}

Result<Scalars> results_of(const std::string& file) {
  const Result<std::string> text = read_whole_file(file);
  if (!text) return tl::unexpected<Error>(text.error());
  Result<Scalars> read = read_scalars(*text);
  if (!read) return invalid(fmt::format("{} is damaged: it is not JSON", printable(file)));
  const Scalar* version = find_scalar(*read, "soliton");
  if (version == nullptr) return invalid(fmt::format("{} is not that of a run", printable(file)));
  if (const std::string other = other_version(version->text); !other.empty())
    return invalid(fmt::format("{} {}", printable(file), other));
  return read;
}

// A value of sweep.json as a scalar of results.json.
Scalar scalar_of(const std::string& key, const Json& value) {
  if (value.is_number()) return {key, Scalar::Kind::kNumber, value.dump()};
  if (value.is_boolean()) return {key, Scalar::Kind::kBoolean, value.dump()};
  if (value.is_string()) return {key, Scalar::Kind::kText, value.get<std::string>()};
  return {key, Scalar::Kind::kNull, ""};
}

std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// Those that are not done are left out.
void add_point(const Json& series, const Json& point, MeasuredSide& out) {
  const auto results = point.find("results");
  if (text_in(point, "state") != "done" || results == point.end() || !results->is_object()) {
    out.complete = false;
    return;
  }
  const std::string name = fmt::format("{} {} {}", text_in(series, "title"),
                                       text_in(series, "axis"), text_in(point, "x"));
  auto found = std::ranges::find(out.points, name, &MeasuredPoint::name);
  if (found == out.points.end())
    found = out.points.insert(out.points.end(), MeasuredPoint{name, {}, {}});
  Scalars& scalars = found->runs.emplace_back();
  for (const auto& [key, value] : results->items()) scalars.push_back(scalar_of(key, value));
}

Result<MeasuredSide> sweep_side(const std::string& path) {
  const std::string file = path + "/sweep.json";
  const Result<std::string> text = read_whole_file(file);
  if (!text) return tl::unexpected<Error>(text.error());
  const Json json = Json::parse(*text, nullptr, false);
  if (json.is_discarded())
    return invalid(fmt::format("{} is damaged: it is not JSON", printable(file)));
  if (!json.is_object() || !json.contains("soliton") || !json.contains("series") ||
      !json["series"].is_array())
    return invalid(fmt::format("{} is not that of a sweep", printable(file)));
  if (const std::string other = other_version(text_in(json, "soliton")); !other.empty())
    return invalid(fmt::format("{} {}", printable(file), other));
  MeasuredSide out{.path = path, .kind = MeasuredSide::Kind::kSweep, .points = {}};
  for (const Json& series : json["series"]) {
    if (!series.is_object() || !series.contains("points")) continue;
    for (const Json& point : series["points"])
      if (point.is_object()) add_point(series, point, out);
  }
  if (out.points.empty())
    return invalid(fmt::format("{} has no point that is done", printable(file)));
  return out;
}

Status add_run(const std::string& file, bool with_latencies, MeasuredSide& out) {
  Result<Scalars> run = results_of(file);
  if (!run) return tl::unexpected<Error>(run.error());
  const Scalar* complete = find_scalar(*run, "complete");
  out.complete = out.complete && complete != nullptr && complete->text == "true";
  MeasuredPoint& point = out.points.front();
  point.runs.push_back(std::move(*run));
  if (!with_latencies) return {};
  // A run whose requests cannot be read is compared all the same, by its figures.
  if (const auto csv = read_whole_file((fs::path(file).parent_path() / "requests.csv").string()))
    for (const ReportRequest& request : read_requests(*csv).completed)
      point.latencies.push_back(request.latency());
  return {};
}

// Files of results in folders of that folder, by name.
std::vector<std::string> files_below(const std::string& path) {
  std::vector<std::string> out;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error))
    if (fs::exists(entry.path() / "results.json", error))
      out.push_back((entry.path() / "results.json").string());
  std::ranges::sort(out);
  return out;
}

}  // namespace

std::size_t MeasuredSide::least_runs() const {
  std::size_t out = SIZE_MAX;
  for (const MeasuredPoint& point : points) out = std::min(out, point.runs.size());
  return out;
}

Result<MeasuredSide> measured_in(const std::string& path, bool with_latencies) {
  std::error_code error;
  std::vector<std::string> files;
  if (fs::is_regular_file(path, error)) {
    files.push_back(path);
  } else if (!fs::is_directory(path, error)) {
    return invalid(
        fmt::format("no run or sweep in \"{}\"; soliton run and soliton sweep leave "
                    "them in runs/",
                    printable(path)));
  } else if (fs::exists(path + "/sweep.json", error)) {
    return sweep_side(path);
  } else if (fs::exists(path + "/results.json", error)) {
    files.push_back(path + "/results.json");
  } else {
    files = files_below(path);
  }
  if (files.empty())
    return invalid(
        fmt::format("{} holds no results of a run or a sweep: neither results.json nor "
                    "sweep.json, nor folders with results.json",
                    printable(path)));
  MeasuredSide out{.path = path, .points = {MeasuredPoint{}}};
  for (const std::string& file : files)
    if (const Status added = add_run(file, with_latencies, out); !added)
      return tl::unexpected<Error>(added.error());
  std::ranges::sort(out.points.front().latencies);
  return out;
}

}  // namespace soliton
