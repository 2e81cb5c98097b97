#include "cluster/experiment/sweep_points.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/experiment/axis_value.h"
#include "cluster/experiment/stored_outcome.h"
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

std::string folder_of_point(PointFolders& names, const SweepSeries& series,
                            const SweepPoint& point) {
  if (point.label.empty()) return names.next(series.series.name, point.x);
  return names.next(fmt::format("{}-{}{}", series.series.name, folder_word(point.label),
                                point.seed ? fmt::format("-seed{}", *point.seed) : ""));
}

SweepPoints::SweepPoints(Sweep& sweep, const Experiment& experiment, const SweepOptions& options,
                         std::unique_ptr<PointKeeping> keeping)
    : sweep_(sweep),
      experiment_(experiment),
      options_(options),
      keeping_(std::move(keeping)),
      names_(options.folder) {
  name_folders();
}

// A search adds points while it runs; those that there are keep their names.
void SweepPoints::name_folders() {
  folders_.resize(sweep_.series.size());
  for (std::size_t s = 0; s < folders_.size(); ++s) {
    const SweepSeries& series = sweep_.series[s];
    while (folders_[s].size() < series.points.size()) {
      const SweepPoint& point = series.points[folders_[s].size()];
      folders_[s].push_back(folder_of_point(names_, series, point));
    }
  }
}

// As seen from the sweep's folder, which may be renamed.
std::string SweepPoints::short_name(const std::string& folder) const {
  return folder.substr(options_.folder.size() + 1);
}

std::optional<SweepPoints::Ready> SweepPoints::look(Place place) {
  name_folders();
  Ready ready{
      place, folders_[place.series][place.point],
      read_cluster(experiment_.cluster,
                   sweep_.series[place.series].series.points[place.point].overrides, options_.data),
      std::nullopt};
  if (ready.spec) ready.identity = cluster_identity(*ready.spec, options_.build, digests_);
  if (!is_kept(ready)) return ready;
  return std::nullopt;
}

bool SweepPoints::is_kept(const Ready& ready) {
  if (!ready.identity) return false;
  const std::string name = short_name(ready.folder);
  const std::optional<PointRecord> record = keeping_->find(name);
  SweepPoint& point = point_at(ready.place);
  point.numbers = kept_point(ready.folder, record, *ready.spec, *ready.identity, digests_);
  if (!point.numbers) return false;
  point.kept = true;
  ++sweep_.kept;
  judge(point);
  if (!keeping_->lacks(name)) return true;
  if (const Status stored = store(ready, record, nullptr); !stored)
    stop_for(ready.place, stored.error());
  return true;
}

Result<SweepPoints::Begun> SweepPoints::begin(const Ready& ready) {
  const std::string name = short_name(ready.folder);
  const Result<bool> ours = keeping_->claim(name);
  if (!ours) return tl::unexpected<Error>(ours.error());
  if (!*ours) return Begun::kBusy;
  if (options_.part && is_kept(ready)) {
    keeping_->release(name);
    return Begun::kKept;
  }
  Status good = keeping_->check(name);
  if (good) good = clear_point(ready.folder);
  if (good) good = keeping_->forget(name);
  if (!good) return tl::unexpected<Error>(good.error());
  return Begun::kPlay;
}

std::optional<Checked<PointOutcome>> SweepPoints::left_by_part(const Ready& ready) const {
  // The file is at fault, which every part would say alike.
  if (!ready.spec) return tl::unexpected<Diagnostics>(ready.spec.error());
  std::optional<StoredOutcome> left = read_outcome(ready.folder);
  if (!left || left->record || !ready.identity || left->identity != *ready.identity)
    return std::nullopt;
  return std::move(left->outcome);
}

Status SweepPoints::end(const Ready& ready, const Checked<PointOutcome>& outcome) {
  const Status stored = finish(ready, outcome);
  keeping_->release(short_name(ready.folder));
  return stored;
}

Status SweepPoints::finish(const Ready& ready, const Checked<PointOutcome>& outcome) {
  SweepPoint& point = point_at(ready.place);
  if (!outcome) {
    if (const Status failed = fail(point, outcome.error()); !failed) return failed;
    return store(ready, std::nullopt, &outcome);
  }
  Result<PointNumbers> numbers = parse_point(outcome->results);
  if (!numbers) return tl::unexpected<Error>(numbers.error());
  point.numbers = std::move(*numbers);
  if (const Status ours = keeping_->check(short_name(ready.folder)); !ours) return ours;
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
  return store(ready, record_of(ready, *outcome, *written), &outcome);
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

Status SweepPoints::store(const Ready& ready, const std::optional<PointRecord>& record,
                          const Checked<PointOutcome>* outcome) {
  const std::string name = short_name(ready.folder);
  if (const Status ours = keeping_->check(name); !ours) return ours;
  const SweepSeries& series = sweep_.series[ready.place.series];
  const SweepPoint& point = series.points[ready.place.point];
  const StoredPoint row{name,
                        series.series.name,
                        point.x_words(),
                        point.seed,
                        state_name(point),
                        point.error,
                        record,
                        json_text(scalars_json(point.set), JsonLayout::kLine),
                        json_text(scalars_json(point.numbers ? point.numbers->scalars : Scalars{}),
                                  JsonLayout::kLine)};
  return keeping_->put(row, ready.identity, outcome);
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
