#include "cluster/experiment/sweeper.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "cluster/experiment/axis_value.h"
#include "cluster/report/words.h"
#include "cluster/results/folder_lock.h"

namespace soliton {
namespace {

// A point that another process still has after that has an owner who renews its lease.
constexpr int kTriesLater = static_cast<int>(kLeaseLimit.count() + kLeaseRenewal.count());

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

}  // namespace

// A point of the experiment, which gets the overrides of the command line behind its own.
SweepPoint sweep_point(ExperimentPoint& point, const Overrides& more) {
  SweepPoint out{.x = point.x, .set = settings(point, more)};
  out.label = point.label;
  out.at = point.at;
  out.seed = point.seed;
  point.overrides.insert(point.overrides.end(), more.begin(), more.end());
  return out;
}

Sweeper::Sweeper(Sweep& sweep, const Experiment& experiment, const PointRunner& runner,
                 const SweepOptions& options, SweepPoints points)
    : sweep_(sweep),
      experiment_(experiment),
      runner_(runner),
      options_(options),
      points_(std::move(points)) {
  now_.all = places().size();
}

// Every point gets its folder, whoever plays it, so that all parts name them alike.
std::vector<SweepPoints::Place> Sweeper::places() const {
  std::vector<Place> out;
  std::size_t number = 0;
  for (std::size_t s = 0; s < sweep_.series.size(); ++s)
    for (std::size_t i = 0; i < sweep_.series[s].points.size(); ++i)
      if (!options_.part || options_.part->has(number++)) out.push_back({s, i});
  return out;
}

void Sweeper::run() {
  for (const Place place : places())
    if (!sweep_.not_written) one_point(place);
  drain();
  play_later();
  if (!experiment_.find) return;
  points_.set_searching(true);
  for (std::size_t s = 0; s < sweep_.series.size() && !has_ended(); ++s) search(s);
}

void Sweeper::collect() {
  for (const Place place : places()) {
    if (sweep_.not_written) return;
    const std::optional<Ready> ready = points_.look(place);
    if (sweep_.not_written) return;
    if (!ready) {
      say(place);
      continue;
    }
    std::optional<Checked<PointOutcome>> left = points_.left_by_part(*ready);
    if (left) {
      finish(*ready, *left);
      continue;
    }
    ++sweep_.missing;
    sweep_.complete = false;
    say(place);
  }
}

void Sweeper::one_point(Place place) {
  std::optional<Ready> ready = points_.look(place);
  if (sweep_.not_written) return;
  if (!ready) return say(place);
  const bool beside = is_beside_others(*ready);
  while (!pending_.empty() && !sweep_.not_written && !has_room(beside)) take();
  if (sweep_.not_written) return;
  if (points_.must_stop()) {
    sweep_.interrupted = true;
    sweep_.complete = false;
    return;
  }
  play(std::move(*ready), beside);
}

void Sweeper::play(Ready ready, bool beside) {
  const Result<SweepPoints::Begun> begun = points_.begin(ready);
  if (!begun) return points_.stop_for(ready.place, begun.error());
  if (*begun == SweepPoints::Begun::kBusy) return later_.push_back(ready.place);
  if (*begun == SweepPoints::Begun::kKept) return say(ready.place);
  ++sweep_.ran;
  if (!ready.spec)
    finish(ready, tl::unexpected<Diagnostics>(ready.spec.error()));
  else if (beside && options_.workers->size() > 0)
    start(std::move(ready));
  else
    finish(ready, run_here(*ready.spec));
}

// Points whose owners may have died with their hosts: their leases end in a minute.
void Sweeper::play_later() {
  for (int tries = 0; tries < kTriesLater && !later_.empty() && !has_ended(); ++tries) {
    if (options_.wait) options_.wait();
    for (const Place place : std::exchange(later_, {}))
      if (!has_ended()) one_point(place);
    drain();
  }
  sweep_.elsewhere = later_.size();
}

bool Sweeper::is_beside_others(const Ready& ready) const {
  return options_.workers != nullptr && ready.spec &&
         !(options_.runs_alone && options_.runs_alone(*ready.spec));
}

void Sweeper::start(Ready ready) {
  const Place place = ready.place;
  options_.workers->start(started_, experiment_.cluster,
                          sweep_.series[place.series].series.points[place.point].overrides);
  pending_.emplace(started_++, std::move(ready));
}

Checked<PointOutcome> Sweeper::run_here(const ClusterSpec& spec) {
  const Checked<PointRun> run = runner_(spec);
  if (!run) return tl::unexpected<Diagnostics>(run.error());
  return outcome_of(*run);
}

void Sweeper::take() {
  PointWorkers::Ended ended = options_.workers->take(options_.signal);
  const auto at = pending_.find(ended.number);
  const Ready ready = std::move(at->second);
  pending_.erase(at);
  finish(ready, ended.outcome);
}

void Sweeper::drain() {
  while (!pending_.empty() && !sweep_.not_written) take();
}

void Sweeper::finish(const Ready& ready, const Checked<PointOutcome>& outcome) {
  if (const Status stored = points_.end(ready, outcome); !stored)
    return points_.stop_for(ready.place, stored.error());
  say(ready.place);
}

void Sweeper::search(std::size_t s) {
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

std::size_t Sweeper::add_value(std::size_t s, const FindSpec& find, std::int64_t value) {
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

void Sweeper::say(Place place) {
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

}  // namespace soliton
