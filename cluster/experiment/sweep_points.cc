#include "cluster/experiment/sweep_points.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/experiment/axis_value.h"
#include "cluster/yaml/yaml_tree.h"

namespace soliton {
namespace {

Json scalars_json(const Scalars& scalars) {
  Json out = Json::object();
  for (const Scalar& scalar : scalars) out[scalar.key] = scalar_json(scalar);
  return out;
}

void set_scalar(Scalars& out, const std::string& key, const std::string& value) {
  const auto known = std::ranges::find(out, key, &Scalar::key);
  Scalar& scalar = known == out.end() ? out.emplace_back() : *known;
  scalar = scalar_of_text(key, value);
}

void add_overrides(const Overrides& overrides, Scalars& out) {
  for (const std::string& text : overrides) {
    const std::size_t end = std::min(text.find('='), text.size());
    const std::string key = text.substr(0, end);
    std::string value = text.substr(std::min(end + 1, text.size()));
    // Quotes are YAML's, not the value's; lists and maps stay as they are written.
    const Checked<YamlValue> read = parse_yaml(value, key);
    if (read && read->kind == YamlValue::Kind::kScalar) value = read->text;
    set_scalar(out, key, value);
  }
}

}  // namespace

Scalars settings(const ExperimentPoint& point, const Overrides& more) {
  Scalars out;
  for (const auto& [key, value] : point.shown) set_scalar(out, key, value);
  if (point.shown.empty()) add_overrides(point.overrides, out);
  add_overrides(more, out);
  return out;
}

std::string SweepPoints::folder_of_point(Place place) {
  const SweepSeries& series = sweep_.series[place.series];
  const SweepPoint& point = series.points[place.point];
  if (point.label.empty()) return folders_.next(series.series.name, point.x);
  return folders_.next(fmt::format("{}-{}{}", series.series.name, folder_word(point.label),
                                   point.seed ? fmt::format("-seed{}", *point.seed) : ""));
}

// As seen from the sweep's folder, which may be renamed.
std::string SweepPoints::short_name(const std::string& folder) const {
  return folder.substr(options_.folder.size() + 1);
}

std::optional<SweepPoints::Ready> SweepPoints::look(Place place) {
  SweepPoint& point = point_at(place);
  Ready ready{
      place, folder_of_point(place),
      read_cluster(experiment_.cluster,
                   sweep_.series[place.series].series.points[place.point].overrides, options_.data),
      std::nullopt};
  if (ready.spec) ready.identity = cluster_identity(*ready.spec, options_.build, digests_);
  if (ready.identity)
    point.numbers = kept_point(ready.folder, store_.find(short_name(ready.folder)), *ready.spec,
                               *ready.identity, digests_);
  if (!point.numbers) return ready;
  point.kept = true;
  ++sweep_.kept;
  judge(point);
  return std::nullopt;
}

Status SweepPoints::begin(const Ready& ready) {
  if (const Status ours = lock_.check(); !ours) return ours;
  if (const Status cleared = clear_point(ready.folder); !cleared) return cleared;
  return store_.forget(short_name(ready.folder));
}

Status SweepPoints::end(const Ready& ready, const Checked<PointOutcome>& outcome) {
  SweepPoint& point = point_at(ready.place);
  if (!outcome) {
    if (const Status failed = fail(point, outcome.error()); !failed) return failed;
    return store(ready, std::nullopt);
  }
  Result<PointNumbers> numbers = parse_point(outcome->results);
  if (!numbers) return tl::unexpected<Error>(numbers.error());
  point.numbers = std::move(*numbers);
  if (const Status ours = lock_.check(); !ours) return ours;
  const Result<std::string> written = write_results(ready.folder, outcome->results);
  if (!written) return tl::unexpected<Error>(written.error());
  if (outcome->error && outcome->error->code == ErrorCode::kNotWritten)
    return tl::unexpected<Error>(*outcome->error);
  if (outcome->error)
    end_early(point, outcome->error->code, outcome->error->message);
  else if (!outcome->complete)
    end_early(point, ErrorCode::kBroken,
              outcome->why.empty() ? "stopped before the end" : outcome->why);
  else
    judge(point);
  return store(ready, record_of(ready, *outcome, *written));
}

// Unset when it is not known what the point was made from, or it has not ended: it will be run again.
std::optional<PointRecord> SweepPoints::record_of(const Ready& ready, const PointOutcome& outcome,
                                                  std::string digest) {
  if (!ready.identity || outcome.error || !outcome.complete) return std::nullopt;
  std::optional<std::vector<RecordedFile>> files =
      record_files(*ready.spec, outcome.files, digests_);
  if (!files) return std::nullopt;
  return PointRecord{*ready.identity, std::move(*files), std::move(digest)};
}

Status SweepPoints::store(const Ready& ready, const std::optional<PointRecord>& record) {
  if (const Status ours = lock_.check(); !ours) return ours;
  const SweepSeries& series = sweep_.series[ready.place.series];
  const SweepPoint& point = series.points[ready.place.point];
  return store_.put({short_name(ready.folder), series.series.name, point.x_words(), point.seed,
                     state_name(point), point.error, record,
                     json_text(scalars_json(point.set), JsonLayout::kLine),
                     json_text(scalars_json(point.numbers ? point.numbers->scalars : Scalars{}),
                               JsonLayout::kLine)});
}

// Before anything was measured.
Status SweepPoints::fail(SweepPoint& point, const Diagnostics& why) {
  const ErrorCode code = why.empty() ? ErrorCode::kBroken : why.errors.front().code;
  if (code == ErrorCode::kNotWritten) return tl::unexpected<Error>(why.errors.front());
  end_early(point, code, why.text());
  return {};
}

// A point that ended because the user asked for it did not fail.
void SweepPoints::end_early(SweepPoint& point, ErrorCode code, const std::string& why) {
  point.interrupted = must_stop();
  sweep_.interrupted = sweep_.interrupted || point.interrupted;
  set_error(point, why, point.interrupted ? std::nullopt : std::optional(code));
}

void SweepPoints::judge(SweepPoint& point) {
  if (point.numbers->failed > 0)
    set_error(point, "requests failed", ErrorCode::kCheckFailed);
  else if (point.numbers->mismatched > 0)
    set_error(point, "outputs differ from an unsharded device", ErrorCode::kCheckFailed);
}

void SweepPoints::set_error(SweepPoint& point, std::string why, std::optional<ErrorCode> code) {
  while (why.ends_with('\n')) why.pop_back();
  point.error = std::move(why);
  if (searching_ && code) return;
  sweep_.complete = false;
  // What a point of axes fails with is one row's; the sweep as a whole has a check that failed.
  if (code && sweep_.has_axes) code = ErrorCode::kCheckFailed;
  if (code && !sweep_.first_failure) sweep_.first_failure = code;
}

void SweepPoints::stop_for(Place place, const Error& why) {
  set_error(point_at(place), why.message, std::nullopt);
  sweep_.not_written = why;
}

}  // namespace soliton
