#include "cluster/experiment/sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <system_error>

#include "cluster/experiment/axis_value.h"
#include "cluster/experiment/sweep_points.h"
#include "cluster/report/words.h"
#include "cluster/results/file_io.h"
#include "cluster/results/folder_lock.h"
#include "cluster/results/run_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

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

// A point of the experiment, which gets the overrides of the command line behind its own.
SweepPoint sweep_point(ExperimentPoint& point, const Overrides& more) {
  SweepPoint out{.x = point.x, .set = settings(point, more)};
  out.label = point.label;
  out.at = point.at;
  out.seed = point.seed;
  point.overrides.insert(point.overrides.end(), more.begin(), more.end());
  return out;
}

std::string point_words(const SweepSeries& series, const SweepPoint& point, bool has_axes) {
  std::string name =
      has_axes ? fmt::format("{}: {} {}", series.series.title, series.series.axis, point.x_words())
               : fmt::format("{} {} {}", series.series.name, series.series.axis, point.x);
  if (point.seed) name += fmt::format(" seed {}", *point.seed);
  std::string text = fmt::format("{}: {}", name, point.kept ? "kept" : state_name(point));
  if (point.numbers && point.numbers->latency_mean_us)
    text += fmt::format(", mean {} us", significant(*point.numbers->latency_mean_us, 4));
  if (!point.error.empty()) text += ": " + point.error;
  return text;
}

bool is_good(const SweepPoint& point) {
  return point.numbers && point.numbers->complete && point.error.empty();
}

// Whether the runs from `first` on, one for each seed, meet all conditions.
bool fulfils(const FindSpec& find, const SweepSeries& series, std::size_t first) {
  for (std::size_t i = first; i < series.points.size(); ++i) {
    const SweepPoint& point = series.points[i];
    if (!is_good(point)) return false;
    for (const FindCondition& condition : find.conditions)
      if (!condition.met_by(point.numbers->scalars)) return false;
  }
  return true;
}

// The run that misses the conditions by least, with what it measured.
std::string nearest_miss(const FindSpec& find, const SweepSeries& series) {
  double least = std::numeric_limits<double>::infinity();
  std::string out;
  for (const SweepPoint& point : series.points) {
    if (!is_good(point)) continue;
    double worst = -std::numeric_limits<double>::infinity();
    std::vector<std::string> measured;
    for (const FindCondition& condition : find.conditions) {
      worst = std::max(worst, condition.badness(point.numbers->scalars));
      measured.push_back(
          fmt::format("{} {}", condition.key,
                      significant(condition.measured(point.numbers->scalars).value_or(0), 4)));
    }
    if (worst >= least) continue;
    least = worst;
    out = fmt::format("{} with {}", point.label, fmt::join(measured, ", "));
  }
  return out;
}

FindResult find_result(const FindSpec& find, const FindSearch& search, const SweepSeries& series) {
  FindResult out{.tried = search.tried(), .ran_out = search.ran_out()};
  const auto spelled = [&](const std::optional<std::int64_t>& value) {
    return value ? std::optional(find.spelled(*value)) : std::nullopt;
  };
  out.value = spelled(search.found());
  out.beyond = spelled(search.beyond());
  out.out_of_order = spelled(search.out_of_order());
  if (!out.value) out.best = nearest_miss(find, series);
  return out;
}

// The order in which a search has tried values is no order for a table or a curve.
void sort_by_x(SweepSeries& series) {
  std::vector<std::size_t> order(series.points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return series.points[i].x; });
  SweepSeries sorted = series;
  for (std::size_t i = 0; i < order.size(); ++i) {
    sorted.points[i] = series.points[order[i]];
    sorted.series.points[i] = series.series.points[order[i]];
  }
  series = std::move(sorted);
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

void take_measures(const SweepPoint& point, SweepProgress& now) {
  now.p50_us.reset();
  now.p99_us.reset();
  if (!point.numbers) return;
  now.p50_us = number_in(point.numbers->scalars, "latency_us.p50");
  now.p99_us = point.numbers->latency_p99_us;
}

// " (12 of 200, 3.1/s, 61 s left)"
std::string pace_words(const SweepProgress& now) {
  if (!(now.per_second() > 0)) return "";
  return fmt::format(" ({} of {}, {}/s, {:.0f} s left)", now.ended, now.all,
                     significant(now.per_second(), 2), std::ceil(now.seconds_left()));
}

// Decides what is played when: points in their order, side by side where that is possible.
class Sweeper {
 public:
  Sweeper(Sweep& sweep, const Experiment& experiment, const PointRunner& runner,
          const SweepOptions& options, SweepPoints points)
      : sweep_(sweep),
        experiment_(experiment),
        runner_(runner),
        options_(options),
        points_(std::move(points)) {
    for (const SweepSeries& series : sweep_.series) now_.all += series.points.size();
  }

  void run() {
    for (std::size_t s = 0; s < sweep_.series.size(); ++s)
      for (std::size_t i = 0; i < sweep_.series[s].points.size() && !sweep_.not_written; ++i)
        one_point({s, i});
    drain();
    if (!experiment_.find) return;
    points_.set_searching(true);
    for (std::size_t s = 0; s < sweep_.series.size() && !has_ended(); ++s) search(s);
  }

 private:
  using Place = SweepPoints::Place;
  using Ready = SweepPoints::Ready;

  bool has_ended() const { return sweep_.not_written || sweep_.interrupted; }

  void one_point(Place place) {
    std::optional<Ready> ready = points_.look(place);
    if (!ready) return say(place);
    const bool beside = is_beside_others(*ready);
    while (!pending_.empty() && !sweep_.not_written && !has_room(beside)) take();
    if (sweep_.not_written) return;
    if (points_.must_stop()) {
      sweep_.interrupted = true;
      sweep_.complete = false;
      return;
    }
    ++sweep_.ran;
    if (const Status begun = points_.begin(*ready); !begun)
      return points_.stop_for(place, begun.error());
    if (!ready->spec)
      finish(*ready, tl::unexpected<Diagnostics>(ready->spec.error()));
    else if (beside && options_.workers->size() > 0)
      start(std::move(*ready));
    else
      finish(*ready, run_here(*ready->spec));
  }

  bool is_beside_others(const Ready& ready) const {
    return options_.workers != nullptr && ready.spec &&
           !(options_.runs_alone && options_.runs_alone(*ready.spec));
  }
  // Alone: when nothing else runs.
  bool has_room(bool beside) const { return beside && options_.workers->has_room(); }

  void start(Ready ready) {
    const Place place = ready.place;
    options_.workers->start(started_, experiment_.cluster,
                            sweep_.series[place.series].series.points[place.point].overrides);
    pending_.emplace(started_++, std::move(ready));
  }

  Checked<PointOutcome> run_here(const ClusterSpec& spec) {
    const Checked<PointRun> run = runner_(spec);
    if (!run) return tl::unexpected<Diagnostics>(run.error());
    return outcome_of(*run);
  }

  void take() {
    PointWorkers::Ended ended = options_.workers->take(options_.signal);
    const auto at = pending_.find(ended.number);
    const Ready ready = std::move(at->second);
    pending_.erase(at);
    finish(ready, ended.outcome);
  }
  // Once results cannot be written, what still runs is left to itself.
  void drain() {
    while (!pending_.empty() && !sweep_.not_written) take();
  }

  void finish(const Ready& ready, const Checked<PointOutcome>& outcome) {
    if (const Status stored = points_.end(ready, outcome); !stored)
      return points_.stop_for(ready.place, stored.error());
    say(ready.place);
  }

  void search(std::size_t s) {
    const FindSpec& find = *experiment_.find;
    FindSearch search(find);
    while (const std::optional<std::int64_t> value = search.next()) {
      const std::size_t first = add_value(s, find, *value);
      const std::size_t end = sweep_.series[s].points.size();
      for (std::size_t i = first; i < end && !sweep_.not_written; ++i) one_point({s, i});
      drain();
      if (has_ended()) return;
      search.tell(*value, fulfils(find, sweep_.series[s], first));
    }
    SweepSeries& series = sweep_.series[s];
    series.found = find_result(find, search, series);
    sort_by_x(series);
    if (series.found->value) return;
    sweep_.complete = false;
    if (!sweep_.first_failure) sweep_.first_failure = ErrorCode::kCheckFailed;
  }

  // Its points, one for each seed; returns the first.
  std::size_t add_value(std::size_t s, const FindSpec& find, std::int64_t value) {
    SweepSeries& series = sweep_.series[s];
    const std::size_t first = series.points.size();
    std::vector<std::optional<std::uint64_t>> seeds(experiment_.seeds.begin(),
                                                    experiment_.seeds.end());
    if (seeds.empty()) seeds.emplace_back();
    for (const std::optional<std::uint64_t>& seed : seeds) {
      series.series.points.push_back(axis_point(series.series, find_value(find, value), seed));
      series.series.points.back().x = value;
      series.points.push_back(sweep_point(series.series.points.back(), options_.overrides));
    }
    now_.all += seeds.size();
    return first;
  }

  void say(Place place) {
    ++now_.ended;
    const SweepSeries& series = sweep_.series[place.series];
    const SweepPoint& point = series.points[place.point];
    if (!point.error.empty()) ++now_.failed;
    take_measures(point, now_);
    // Points that were kept took no time.
    if (options_.seconds && sweep_.ran > 0) now_.seconds = options_.seconds();
    if (options_.progress)
      options_.progress(point_words(series, point, sweep_.has_axes) + pace_words(now_));
    if (options_.live) options_.live(now_);
  }

  Sweep& sweep_;
  const Experiment& experiment_;
  const PointRunner& runner_;
  const SweepOptions& options_;
  SweepPoints points_;
  std::map<std::size_t, Ready> pending_;  // with workers
  std::size_t started_ = 0;
  SweepProgress now_;
};

}  // namespace

const char* state_name(const SweepPoint& point) {
  if (point.interrupted) return "interrupted";
  if (!point.error.empty()) return "failed";
  return point.numbers ? "done" : "not run";
}

Result<Sweep> run_sweep(const Experiment& experiment, const PointRunner& runner,
                        const SweepOptions& options) {
  if (Status made = make_folders(options.folder); !made) return tl::unexpected<Error>(made.error());
  if (Status ours = check_folder(options.folder); !ours) return tl::unexpected<Error>(ours.error());
  Result<FolderLock> lock = FolderLock::take(options.folder);
  if (!lock) return tl::unexpected<Error>(lock.error());
  const std::shared_ptr<void> lease = options.keep_lease ? options.keep_lease(*lock) : nullptr;
  Sweep sweep = sweep_of(experiment, options);
  Result<PointStore> store = PointStore::open(options.folder);
  if (store)
    Sweeper(sweep, experiment, runner, options,
            SweepPoints(sweep, experiment, options, *lock, std::move(*store)))
        .run();
  else if (store.error().code == ErrorCode::kNotWritten)
    sweep.not_written = store.error();
  else
    return tl::unexpected<Error>(store.error());
  const Status written = write_tables(sweep, options.folder, *lock);
  if (!written && !sweep.not_written) sweep.not_written = written.error();
  return sweep;
}

}  // namespace soliton
