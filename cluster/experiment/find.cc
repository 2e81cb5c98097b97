#include "cluster/experiment/find.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "protocol/base/quantity.h"
#include "protocol/base/suggestion.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

// Names of `expect:`, and what they are in results.json.
struct ShortName {
  std::string_view name, key;
};
constexpr ShortName kShortNames[] = {
    {"mean", "latency_us.mean"},      {"p50", "latency_us.p50"},       {"p90", "latency_us.p90"},
    {"p99", "latency_us.p99"},        {"p99_9", "latency_us.p99_9"},   {"max", "latency_us.max"},
    {"throughput", "throughput_rps"}, {"accuracy", "outputs.accuracy"}};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<double> real_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_time(std::string_view key) {
  return key.find("_us.") != std::string_view::npos || key.ends_with("_us");
}

// A bound in the unit of results.json: times in microseconds, shares of one.
Result<double> bound_of(std::string_view key, std::string_view text) {
  if (const std::optional<double> plain = real_of(text); plain && !is_time(key)) return *plain;
  if (is_time(key)) {
    const Result<Duration> time = parse_duration(text);
    if (!time) return tl::unexpected<Error>(time.error());
    return static_cast<double>(time->count()) / 1e6;
  }
  if (const Result<Probability> share = parse_probability(text))
    return static_cast<double>(share->parts_per_billion) / 1e9;
  if (const Result<EventRate> rate = parse_event_rate(text))
    return static_cast<double>(rate->per_second);
  return invalid(fmt::format("\"{}\" is not a number, a share (5 %) or a rate (20 k/s)", text));
}

Result<std::string> result_key(const std::string& name) {
  for (const ShortName& known : kShortNames)
    if (known.name == name) return std::string(known.key);
  std::vector<std::string> keys = result_keys();
  if (std::ranges::find(keys, name) != keys.end()) return name;
  for (const ShortName& known : kShortNames) keys.emplace_back(known.name);
  return invalid(fmt::format("results have no \"{}\"{}", name, did_you_mean(name, keys)));
}

bool is_upper(Comparison how) { return how == Comparison::kLess || how == Comparison::kAtMost; }

}  // namespace

std::optional<double> FindCondition::measured(const Scalars& results) const {
  const Scalar* found = find_scalar(results, key);
  if (found == nullptr || found->kind != Scalar::Kind::kNumber) return std::nullopt;
  return real_of(found->text);
}

bool FindCondition::met_by(const Scalars& results) const {
  const std::optional<double> value = measured(results);
  return value && Threshold{how, bound}.met_by(*value);
}

double FindCondition::badness(const Scalars& results) const {
  const std::optional<double> value = measured(results);
  if (!value) return std::numeric_limits<double>::infinity();
  const double beyond = is_upper(how) ? *value - bound : bound - *value;
  return bound != 0 ? beyond / std::abs(bound) : beyond;
}

Result<FindCondition> parse_condition(const std::string& text) {
  FindCondition out;
  out.said = text;
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string::npos)
    return invalid(fmt::format("\"{}\" is no condition; write \"p99 < 2 ms\"", printable(text)));
  const bool equal = text.substr(at + 1).starts_with("=");
  out.how = text[at] == '<' ? (equal ? Comparison::kAtMost : Comparison::kLess)
                            : (equal ? Comparison::kAtLeast : Comparison::kMore);
  const Result<std::string> key = result_key(std::string(trimmed(text.substr(0, at))));
  if (!key) return tl::unexpected<Error>(key.error());
  out.key = *key;
  const Result<double> bound =
      bound_of(out.key, trimmed(std::string_view(text).substr(at + 1 + (equal ? 1 : 0))));
  if (!bound) return tl::unexpected<Error>(bound.error());
  out.bound = *bound;
  return out;
}

std::string FindSpec::spelled(std::int64_t value) const {
  return spell_value(Field{.key = key, .type = type}, FieldValue{value});
}

FindSearch::FindSearch(const FindSpec& spec) : spec_(spec) {}

void FindSearch::tell(std::int64_t value, bool met) { told_[value] = met; }

std::optional<std::int64_t> FindSearch::found() const {
  std::optional<std::int64_t> out;
  for (const auto& [value, met] : told_)
    if (met && (!out || is_better(value, *out))) out = value;
  return out;
}

std::optional<std::int64_t> FindSearch::beyond() const {
  const std::optional<std::int64_t> best = found();
  std::optional<std::int64_t> out;
  for (const auto& [value, met] : told_)
    if (!met && (!best || is_better(value, *best)) && (!out || is_better(*out, value))) out = value;
  return out;
}

std::optional<std::int64_t> FindSearch::out_of_order() const {
  const std::optional<std::int64_t> best = found();
  if (best)
    for (const auto& [value, met] : told_)
      if (!met && is_better(*best, value)) return value;
  return std::nullopt;
}

// nullopt if it has been played.
std::optional<std::int64_t> FindSearch::limited(std::int64_t value) const {
  value = std::clamp(value, spec_.least, spec_.most);
  return told_.contains(value) ? std::nullopt : std::optional(value);
}

// Away from what was tried: to worse values as long as none fulfils the conditions, else to better ones.
std::optional<std::int64_t> FindSearch::gallop() const {
  const std::optional<std::int64_t> best = found();
  if (best && beyond()) return std::nullopt;
  const bool up = best.has_value() == spec_.maximize;
  const std::int64_t edge = up ? told_.rbegin()->first : told_.begin()->first;
  if (!up) return limited(edge / 2);
  return limited(edge > spec_.most / 2 ? spec_.most : std::max(2 * edge, edge + 1));
}

std::optional<std::int64_t> FindSearch::bisect() const {
  const std::optional<std::int64_t> good = found(), bad = beyond();
  if (!good || !bad) return std::nullopt;
  const auto share = static_cast<double>(spec_.tolerance.parts_per_billion) / 1e9;
  const auto near = static_cast<std::int64_t>(share * static_cast<double>(std::abs(*good)));
  if (std::abs(*bad - *good) <= std::max<std::int64_t>(1, near)) return std::nullopt;
  return limited(*good + (*bad - *good) / 2);
}

// Values that show whether the key acts in one direction only: one beyond all that fail, and two where
// the conditions should be fulfilled, at a third and two thirds of the way from the worst that was tried.
std::optional<std::int64_t> FindSearch::check() const {
  const std::optional<std::int64_t> best = found(), bad = beyond();
  if (!best) return std::nullopt;
  const bool is_alone =
      bad && (spec_.maximize ? told_.rbegin()->first / 2 < *bad : told_.begin()->first > *bad / 2);
  if (is_alone)
    if (const auto out = limited(spec_.maximize ? 2 * *bad : *bad / 2)) return out;
  const std::int64_t worst = spec_.maximize ? std::min(spec_.from, told_.begin()->first)
                                            : std::max(spec_.from, told_.rbegin()->first);
  const std::int64_t way = *best - worst;
  for (const std::int64_t thirds : {1, 2}) {
    const std::int64_t value = worst + way / 3 * thirds;
    const auto next = told_.lower_bound(value);
    const bool is_known = next != told_.end() && next->first - value <= std::abs(way) / 12;
    const bool was_known =
        next != told_.begin() && value - std::prev(next)->first <= std::abs(way) / 12;
    if (value == worst || value == *best || is_known || was_known) continue;
    if (const auto out = limited(value)) return out;
  }
  return std::nullopt;
}

std::optional<std::int64_t> FindSearch::next() {
  if (told_.empty()) return std::clamp(spec_.from, spec_.least, spec_.most);
  std::optional<std::int64_t> value = gallop();
  if (!value) value = bisect();
  const bool has_answer = !value;
  if (!value) value = check();
  if (value && told_.size() >= static_cast<std::size_t>(spec_.runs)) {
    ran_out_ = !has_answer;
    return std::nullopt;
  }
  return value;
}

}  // namespace soliton
