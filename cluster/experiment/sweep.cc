#include "cluster/experiment/sweep.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "cluster/experiment/stored_outcome.h"
#include "cluster/experiment/sweep_points.h"
#include "cluster/experiment/sweeper.h"
#include "cluster/results/file_io.h"
#include "cluster/results/folder_lock.h"
#include "cluster/results/run_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

// A lock that is held for a moment, while parts are collected, is no reason to give up.
constexpr std::chrono::seconds kPartPatience{10};

// The files that a sweep writes, and those that an interrupted write may leave.
bool is_sweep_entry(const std::string& name) {
  const std::string whole = name.substr(0, name.find(".part-"));
  return whole == "points" || whole == "table.txt" || whole == "sweep.csv" ||
         whole == "sweep.json" || whole == "columns.json" || whole == "report.html" ||
         whole == "lock" || whole == "sweep.db" || whole == "sweep.db-journal";
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

// The sweep before anything is played.
Sweep sweep_of(const Experiment& experiment, const SweepOptions& options) {
  Sweep out;
  out.name = experiment.name;
  out.description = experiment.description;
  out.has_axes = experiment.has_axes;
  out.columns = experiment.columns;
  out.x = experiment.x;
  out.find = experiment.find;
  for (const ExperimentSeries& series : experiment.series) {
    SweepSeries& added = out.series.emplace_back(SweepSeries{series, {}});
    for (ExperimentPoint& point : added.series.points)
      added.points.push_back(sweep_point(point, options.overrides));
  }
  return out;
}

// Of a point that may be played by another process just now.
std::string state_of_part(const std::string& folder, const Checked<ClusterSpec>& spec,
                          const std::optional<std::string>& identity, FileDigests& digests) {
  std::error_code error;
  if (!spec) return "failed";
  const std::optional<StoredOutcome> left = read_outcome(folder);
  if (left && identity && left->identity == *identity) {
    if (!left->record) return "failed";
    if (kept_point(folder, left->record, *spec, *identity, digests)) return "done";
  }
  return fs::exists(folder + "/lock", error) ? "running" : "missing";
}

}  // namespace

const char* state_name(const SweepPoint& point) {
  if (point.interrupted) return "interrupted";
  if (!point.error.empty()) return "failed";
  return point.numbers ? "done" : "not run";
}

namespace {

// What differs between a whole sweep and the collection of its parts.
Result<Sweep> write_sweep(const Experiment& experiment, const SweepOptions& options,
                          const PointRunner& runner, void (Sweeper::*how)()) {
  if (Status made = make_folders(options.folder); !made) return tl::unexpected<Error>(made.error());
  if (Status ours = check_folder(options.folder); !ours) return tl::unexpected<Error>(ours.error());
  Result<FolderLock> lock = FolderLock::take(options.folder);
  if (!lock) return tl::unexpected<Error>(lock.error());
  const std::shared_ptr<void> lease = options.keep_lease ? options.keep_lease(*lock) : nullptr;
  Sweep sweep = sweep_of(experiment, options);
  Result<PointStore> store = PointStore::open(options.folder);
  if (store) {
    Sweeper sweeper(sweep, experiment, runner, options,
                    SweepPoints(sweep, experiment, options,
                                keep_in_database(std::move(*store), *lock, options.folder)));
    (sweeper.*how)();
  } else if (store.error().code == ErrorCode::kNotWritten) {
    sweep.not_written = store.error();
  } else {
    return tl::unexpected<Error>(store.error());
  }
  const Status written = write_tables(sweep, options.folder, *lock);
  if (!written && !sweep.not_written) sweep.not_written = written.error();
  return sweep;
}

tl::unexpected<Error> not_divided(const Experiment& experiment) {
  return invalid(fmt::format(
      "{}: find: a search is not played in parts, because which value comes next depends "
      "on those before",
      experiment.file));
}

// A sweep in one go has the folder to itself. A lock that its owner has left behind is removed.
Status nobody_has(const std::string& folder) {
  std::error_code error;
  if (!fs::exists(folder + "/lock", error)) return {};
  const Result<FolderLock> lock = FolderLock::take(folder, kPartPatience);
  return lock ? Status{} : tl::unexpected<Error>(lock.error());
}

}  // namespace

Result<Sweep> run_sweep(const Experiment& experiment, const PointRunner& runner,
                        const SweepOptions& options) {
  return write_sweep(experiment, options, runner, &Sweeper::run);
}

Result<Sweep> collect_sweep(const Experiment& experiment, const SweepOptions& options) {
  if (experiment.find) return not_divided(experiment);
  return write_sweep(experiment, options, {}, &Sweeper::collect);
}

Result<Sweep> play_part(const Experiment& experiment, const PointRunner& runner,
                        const SweepOptions& options) {
  if (experiment.find) return not_divided(experiment);
  if (Status made = make_folders(options.folder); !made) return tl::unexpected<Error>(made.error());
  if (Status ours = check_folder(options.folder); !ours) return tl::unexpected<Error>(ours.error());
  if (Status free = nobody_has(options.folder); !free) return tl::unexpected<Error>(free.error());
  Sweep sweep = sweep_of(experiment, options);
  Sweeper(sweep, experiment, runner, options,
          SweepPoints(sweep, experiment, options,
                      keep_beside_points(options.folder, options.keep_lease)))
      .run();
  return sweep;
}

Result<std::vector<ListedPoint>> list_points(const Experiment& experiment,
                                             const SweepOptions& options) {
  if (experiment.find) return not_divided(experiment);
  std::vector<ListedPoint> out;
  PointFolders names(options.folder);
  FileDigests digests;
  for (const SweepSeries& series : sweep_of(experiment, options).series)
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const std::string folder = folder_of_point(names, series, series.points[i]);
      const Checked<ClusterSpec> spec =
          read_cluster(experiment.cluster, series.series.points[i].overrides, options.data);
      std::optional<std::string> identity;
      if (spec) identity = cluster_identity(*spec, options.build, digests);
      out.push_back({folder.substr(options.folder.size() + 1), series.points[i].set,
                     state_of_part(folder, spec, identity, digests)});
    }
  return out;
}

}  // namespace soliton
