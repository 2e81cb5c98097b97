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
#include "cluster/yaml/yaml_tree.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

// The files that a sweep writes, and those that an interrupted write may leave.
bool is_sweep_entry(const std::string& name) {
  const std::string whole = name.substr(0, name.find(".part-"));
  return whole == "points" || whole == "table.txt" || whole == "sweep.csv" ||
         whole == "sweep.json" || whole == "columns.json" || whole == "report.html" ||
         whole == "lock";
}

// A folder with other files is not ours to use, unless it also has a sweep's results.
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

// The keys that are set, each with what stands last for it.
Scalars settings(const Overrides& overrides) {
  Scalars out;
  for (const std::string& text : overrides) {
    const std::size_t end = std::min(text.find('='), text.size());
    const std::string key = text.substr(0, end);
    std::string value = text.substr(std::min(end + 1, text.size()));
    // Quotes are YAML's, not the value's; lists and maps stay as they are written.
    const Checked<YamlValue> read = parse_yaml(value, key);
    if (read && read->kind == YamlValue::Kind::kScalar) value = read->text;
    const auto known = std::ranges::find(out, key, &Scalar::key);
    Scalar& scalar = known == out.end() ? out.emplace_back() : *known;
    scalar = scalar_of_text(key, value);
  }
  return out;
}

// Tries to write every file, because on a full disk the smaller ones may fit. Returns the first
// error.
Status write_tables(const Sweep& sweep, const std::string& folder, const FolderLock& lock) {
  if (Status ours = lock.check(); !ours) return ours;
  const std::vector<std::pair<const char*, std::string>> files = {
      {"sweep.csv", sweep_csv(sweep)},
      {"columns.json", sweep_columns_json(sweep)},
      {"sweep.json", sweep_json(sweep)},
      {"table.txt", sweep_table(sweep)},
      {"report.html", sweep_page(sweep)}};
  Status all;
  for (const auto& [name, content] : files) {
    const Status written = write_file(folder + "/" + name, content);
    if (all && !written) all = written;
  }
  return all;
}

class Sweeper {
 public:
  Sweeper(const Experiment& experiment, const PointRunner& runner, const SweepOptions& options,
          const FolderLock& lock)
      : experiment_(experiment),
        runner_(runner),
        options_(options),
        lock_(lock),
        folders_(options.folder) {
    sweep_.name = experiment.name;
    sweep_.description = experiment.description;
    for (const ExperimentSeries& series : experiment.series) add_series(series);
  }

  Sweep run() {
    for (SweepSeries& series : sweep_.series)
      for (std::size_t i = 0; i < series.points.size() && !sweep_.not_written; ++i)
        one_point(series, i);
    const Status written = write_tables(sweep_, options_.folder, lock_);
    if (!written && !sweep_.not_written) sweep_.not_written = written.error();
    return std::move(sweep_);
  }

 private:
  void add_series(const ExperimentSeries& series) {
    SweepSeries& out = sweep_.series.emplace_back(SweepSeries{series, {}});
    for (ExperimentPoint& point : out.series.points) {
      point.overrides.insert(point.overrides.end(), options_.overrides.begin(),
                             options_.overrides.end());
      out.points.push_back({.x = point.x, .set = settings(point.overrides)});
    }
  }

  void one_point(SweepSeries& series, std::size_t i) {
    SweepPoint& point = series.points[i];
    const std::string folder = folders_.next(series.series.name, point.x);
    const Checked<ClusterSpec> spec =
        read_cluster(experiment_.cluster, series.series.points[i].overrides, options_.data);
    const std::optional<std::string> identity =
        spec ? cluster_identity(*spec, options_.build, digests_) : std::nullopt;
    if (identity) point.numbers = kept_point(folder, *spec, *identity, digests_);
    if (point.numbers) {
      point.kept = true;
      ++sweep_.kept;
      judge(point);
    } else if (must_stop()) {
      sweep_.interrupted = true;
      sweep_.complete = false;
      return;
    } else {
      ++sweep_.ran;
      const Status written = run_point(spec, folder, identity, point);
      if (!written) return end(point, written.error());
    }
    say(series.series, point);
  }

  bool must_stop() const { return sweep_.interrupted || (options_.stop && options_.stop()); }

  // kNotWritten: no further results could be stored.
  Status run_point(const Checked<ClusterSpec>& spec, const std::string& folder,
                   const std::optional<std::string>& identity, SweepPoint& point) {
    if (const Status ours = lock_.check(); !ours) return ours;
    if (const Status cleared = clear_point(folder); !cleared) return cleared;
    if (!spec) return fail(point, spec.error());
    const Checked<PointRun> run = runner_(*spec);
    if (!run) return fail(point, run.error());
    const RunResults& results = run->results;
    // Written and read back, so that a new point is treated exactly as a kept one.
    point.numbers = parse_point(results_json(results)).value();
    if (const Status ours = lock_.check(); !ours) return ours;
    const Status stored =
        store_point(folder, results, run->error ? std::nullopt : record(*spec, *run, identity));
    if (!stored) return stored;
    if (run->error && run->error->code == ErrorCode::kNotWritten)
      return tl::unexpected<Error>(*run->error);
    if (run->error)
      end_early(point, run->error->code, run->error->message);
    else if (!results.complete)
      end_early(point, ErrorCode::kBroken,
                results.error.empty() ? "stopped before the end" : results.error);
    else
      judge(point);
    return {};
  }

  // Unset when it is not known what the point was made from: it will be run again.
  std::optional<PointRecord> record(const ClusterSpec& spec, const PointRun& run,
                                    const std::optional<std::string>& identity) {
    if (!identity) return std::nullopt;
    std::optional<std::vector<RecordedFile>> files = record_files(spec, run.files, digests_);
    if (!files) return std::nullopt;
    return PointRecord{*identity, std::move(*files), ""};
  }

  // Before anything was measured.
  Status fail(SweepPoint& point, const Diagnostics& why) {
    const ErrorCode code = why.empty() ? ErrorCode::kBroken : why.errors.front().code;
    if (code == ErrorCode::kNotWritten) return tl::unexpected<Error>(why.errors.front());
    end_early(point, code, why.text());
    return {};
  }

  // A point that ended because the user asked for it did not fail.
  void end_early(SweepPoint& point, ErrorCode code, const std::string& why) {
    sweep_.interrupted = point.interrupted = must_stop();
    set_error(point, why, point.interrupted ? std::nullopt : std::optional(code));
  }

  void judge(SweepPoint& point) {
    if (point.numbers->failed > 0)
      set_error(point, "requests failed", ErrorCode::kCheckFailed);
    else if (point.numbers->mismatched > 0)
      set_error(point, "outputs differ from an unsharded device", ErrorCode::kCheckFailed);
  }

  void set_error(SweepPoint& point, std::string why, std::optional<ErrorCode> code) {
    while (why.ends_with('\n')) why.pop_back();
    point.error = std::move(why);
    sweep_.complete = false;
    if (code && !sweep_.first_failure) sweep_.first_failure = code;
  }

  void end(SweepPoint& point, const Error& why) {
    set_error(point, why.message, std::nullopt);
    sweep_.not_written = why;
  }

  void say(const ExperimentSeries& series, const SweepPoint& point) const {
    if (!options_.progress) return;
    std::string text = fmt::format("{} {} {}: {}", series.name, series.axis, point.x,
                                   point.kept ? "kept" : state_name(point));
    if (point.numbers && point.numbers->latency_mean_us)
      text += fmt::format(", mean {} us", significant(*point.numbers->latency_mean_us, 4));
    if (!point.error.empty()) text += ": " + point.error;
    options_.progress(text);
  }

  const Experiment& experiment_;
  const PointRunner& runner_;
  const SweepOptions& options_;
  const FolderLock& lock_;
  PointFolders folders_;
  FileDigests digests_;
  Sweep sweep_;
};

}  // namespace

const char* state_name(const SweepPoint& point) {
  if (point.interrupted) return "interrupted";
  if (!point.error.empty()) return "failed";
  return point.numbers ? "done" : "not run";
}

Scaled scaled(const SweepSeries& series, std::size_t point) {
  if (series.series.scaling == Scaling::kNone) return {};
  const auto latency = [](const SweepPoint& p) {
    return p.numbers && p.numbers->complete && p.numbers->latency_mean_us &&
                   *p.numbers->latency_mean_us > 0
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
  if (Status made = make_folders(options.folder); !made) return tl::unexpected<Error>(made.error());
  if (Status ours = check_folder(options.folder); !ours) return tl::unexpected<Error>(ours.error());
  Result<FolderLock> lock = FolderLock::take(options.folder);
  if (!lock) return tl::unexpected<Error>(lock.error());
  const std::shared_ptr<void> lease = options.keep_lease ? options.keep_lease(*lock) : nullptr;
  return Sweeper(experiment, runner, options, *lock).run();
}

}  // namespace soliton
