#include "cluster/experiment/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "cluster/report/words.h"
#include "cluster/results/file_io.h"
#include "cluster/results/folder_lock.h"
#include "cluster/results/run_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

// What a sweep writes, with what a cut-off write of it may leave.
bool is_sweep_entry(const std::string& name) {
  const std::string whole = name.substr(0, name.find(".part-"));
  return whole == "points" || whole == "table.txt" || whole == "sweep.csv" ||
         whole == "sweep.json" || whole == "report.html" || whole == "lock";
}

// A folder with other things in it is somebody else's, unless a sweep's results are there as well.
Status check_folder(const std::string& folder) {
  std::error_code error;
  if (fs::exists(folder + "/points", error) || fs::exists(folder + "/sweep.json", error)) return {};
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (!is_sweep_entry(entry.path().filename().string()))
      return invalid(
          fmt::format("{} holds files that no sweep wrote; name an empty or a new folder", folder));
  if (error) return not_written(folder, "list", error.value());
  return {};
}

class Sweeper {
 public:
  Sweeper(const Experiment& experiment, const PointRunner& runner, const SweepOptions& options,
          std::string base)
      : experiment_(experiment), runner_(runner), options_(options), base_(std::move(base)) {
    sweep_.name = experiment.name;
    sweep_.description = experiment.description;
  }

  Result<Sweep> run() {
    for (ExperimentSeries series : experiment_.series) {
      for (ExperimentPoint& point : series.points)
        point.overrides.insert(point.overrides.end(), options_.overrides.begin(),
                               options_.overrides.end());
      sweep_.series.push_back({series, {}});
      for (const ExperimentPoint& point : series.points)
        if (Status status = one_point(series, point); !status)
          return tl::unexpected<Error>(status.error());
    }
    if (Status written = write_tables(); !written) return tl::unexpected<Error>(written.error());
    return sweep_;
  }

 private:
  Status one_point(const ExperimentSeries& series, const ExperimentPoint& point) {
    SweepPoint out;
    out.x = point.x;
    const std::string folder = point_folder(options_.folder, series, point);
    const std::string fingerprint = point_fingerprint(base_, point.overrides, options_.inputs);
    out.numbers = kept_point(folder, fingerprint);
    out.kept = out.numbers.has_value();
    Status status;
    if (out.kept) {
      ++sweep_.kept;
      judge(out);
      say(series, out, out.error.empty() ? "kept" : "kept, " + out.error);
    } else if (must_stop()) {
      sweep_.interrupted = true;
      sweep_.complete = false;
    } else {
      status = run_point(series, point, folder, fingerprint, out);
    }
    sweep_.series.back().points.push_back(std::move(out));
    return status;
  }

  bool must_stop() const { return sweep_.interrupted || (options_.stop && options_.stop()); }

  Status run_point(const ExperimentSeries& series, const ExperimentPoint& point,
                   const std::string& folder, const std::string& fingerprint, SweepPoint& out) {
    const Checked<RunResults> results = runner_(experiment_.cluster, point.overrides);
    ++sweep_.ran;
    if (!results) {
      end_early(out, results.error().empty() ? ErrorCode::kBroken : results.error().errors[0].code,
                results.error().text());
      say(series, out, "failed: " + out.error);
      return {};
    }
    if (Status stored = store_point(folder, fingerprint, *results); !stored) return stored;
    // Read back from what was written, so that a kept point and a new one go the same way.
    out.numbers = parse_point(results_json(*results)).value();
    if (results->complete)
      judge(out);
    else
      end_early(out, ErrorCode::kBroken,
                results->error.empty() ? "stopped before the end" : results->error);
    say(series, out, out.error.empty() ? "done" : out.error);
    return {};
  }

  // A point that ended because the user asked for it did not fail.
  void end_early(SweepPoint& out, ErrorCode code, const std::string& why) {
    sweep_.interrupted = must_stop();
    fail(out, why, sweep_.interrupted ? std::nullopt : std::optional(code));
  }

  void judge(SweepPoint& out) {
    if (out.numbers->failed > 0)
      fail(out, "requests failed", ErrorCode::kCheckFailed);
    else if (out.numbers->mismatched > 0)
      fail(out, "outputs differ from an unsharded device", ErrorCode::kCheckFailed);
  }

  void fail(SweepPoint& out, std::string why, std::optional<ErrorCode> code) {
    while (why.ends_with('\n')) why.pop_back();
    out.error = std::move(why);
    sweep_.complete = false;
    if (code && !sweep_.first_failure) sweep_.first_failure = code;
  }

  void say(const ExperimentSeries& series, const SweepPoint& point, const std::string& how) const {
    if (!options_.progress) return;
    std::string text = fmt::format("{} {} {}: {}", series.name, series.axis, point.x, how);
    if (point.numbers && point.numbers->latency_mean_us)
      text += fmt::format(", mean {} us", significant(*point.numbers->latency_mean_us, 4));
    options_.progress(text);
  }

  Status write_tables() const {
    const std::vector<std::pair<const char*, std::string>> files = {
        {"table.txt", sweep_table(sweep_)},
        {"sweep.csv", sweep_csv(sweep_)},
        {"sweep.json", sweep_json(sweep_)},
        {"report.html", sweep_page(sweep_)}};
    for (const auto& [name, content] : files)
      if (Status written = write_file(options_.folder + "/" + name, content); !written)
        return written;
    return {};
  }

  const Experiment& experiment_;
  const PointRunner& runner_;
  const SweepOptions& options_;
  std::string base_;
  Sweep sweep_;
};

}  // namespace

Scaled scaled(const SweepSeries& series, std::size_t point) {
  if (series.series.scaling == Scaling::kNone) return {};
  const auto latency = [](const SweepPoint& p) {
    return p.numbers && p.numbers->latency_mean_us && *p.numbers->latency_mean_us > 0
               ? p.numbers->latency_mean_us
               : std::nullopt;
  };
  const auto first = std::find_if(series.points.begin(), series.points.end(),
                                  [&](const SweepPoint& p) { return latency(p).has_value(); });
  const std::optional<double> now = latency(series.points[point]);
  if (first == series.points.end() || !now) return {};
  const double faster = *latency(*first) / *now;
  const double larger = static_cast<double>(series.points[point].x) / static_cast<double>(first->x);
  if (series.series.scaling == Scaling::kWeak) return {faster * larger, faster};
  return {faster, faster / larger};
}

Result<Sweep> run_sweep(const Experiment& experiment, const PointRunner& runner,
                        const SweepOptions& options) {
  Result<std::string> base = read_whole_file(experiment.cluster);
  if (!base) return tl::unexpected<Error>(base.error());
  if (Status made = make_folders(options.folder); !made) return tl::unexpected<Error>(made.error());
  if (Status ours = check_folder(options.folder); !ours) return tl::unexpected<Error>(ours.error());
  const Result<FolderLock> lock = FolderLock::take(options.folder);
  if (!lock) return tl::unexpected<Error>(lock.error());
  return Sweeper(experiment, runner, options, std::move(*base)).run();
}

}  // namespace soliton
