#include "fabric/faults/fault_times.h"

#include <fmt/format.h>

#include <algorithm>

namespace soliton {
namespace {

std::string time_of(Instant at) { return to_string(at - kRunStart); }

Duration drawn(const Random& chance, std::uint64_t number, Duration below) {
  if (below <= Duration{}) return {};
  return Duration{
      static_cast<std::int64_t>(chance.below(number, static_cast<std::uint64_t>(below.count())))};
}

}  // namespace

FaultWindow FaultSchedule::from_trigger(Instant at) const {
  const Instant begin = std::max(at, from);
  return {begin, length > Duration{} ? std::min(later(begin, length), until) : until};
}

FaultTimes::FaultTimes(const FaultSchedule& schedule, const Random& chance)
    : schedule_(schedule), chance_(chance.child(hash_bytes("times"))) {}

Instant FaultTimes::begin_of(std::uint64_t number) {
  const FaultSchedule& s = schedule_;
  if (s.every > Duration{}) {
    const __int128 offset = static_cast<__int128>(s.every.count()) * number;
    if (offset >= (kNever - s.from).count()) return kNever;
    return later(
        s.from, sum(Duration{static_cast<std::int64_t>(offset)}, drawn(chance_, number, s.jitter)));
  }
  while (drawn_.size() <= number) {
    const double mean = static_cast<double>(s.poisson.count());
    const double step = std::max(1.0, chance_.exponential(drawn_.size()) * mean);
    const Instant last = drawn_.empty() ? s.from : drawn_.back();
    if (last >= s.until) return kNever;
    const bool beyond = step >= static_cast<double>((kNever - last).count());
    drawn_.push_back(beyond ? kNever : later(last, Duration{static_cast<std::int64_t>(step)}));
  }
  return drawn_[number];
}

FaultWindow FaultTimes::cut_off(Instant begin) const {
  return {begin, std::min(later(begin, schedule_.length), schedule_.until)};
}

std::optional<FaultWindow> FaultTimes::window(std::uint64_t number) {
  const FaultSchedule& s = schedule_;
  if (s.trigger != FaultTrigger::kNone || (s.limit > 0 && number >= s.limit)) return std::nullopt;
  if (!s.repeats()) {
    if (number > 0) return std::nullopt;
    return FaultWindow{s.from, s.until};
  }
  const Instant begin = begin_of(number);
  if (begin == kNever || begin >= s.until) return std::nullopt;
  return cut_off(begin);
}

std::optional<FaultWindow> FaultTimes::last_begun(Instant at) {
  const FaultSchedule& s = schedule_;
  if (at < s.from || s.trigger != FaultTrigger::kNone) return std::nullopt;
  if (!s.repeats()) return FaultWindow{s.from, s.until};
  std::uint64_t begun = 0;  // windows that have begun
  if (s.every > Duration{}) {
    // Jitter is below `every`, so the window of this number may not have begun yet, the one before has.
    begun = static_cast<std::uint64_t>((at - s.from).count() / s.every.count()) + 1;
    if (begin_of(begun - 1) > at) --begun;
  } else {
    while (begin_of(drawn_.empty() ? 0 : drawn_.size() - 1) <= at)
      if (begin_of(drawn_.size()) == kNever) break;
    begun = static_cast<std::uint64_t>(std::upper_bound(drawn_.begin(), drawn_.end(), at) -
                                       drawn_.begin());
  }
  if (s.limit > 0) begun = std::min(begun, s.limit);
  for (; begun > 0; --begun)
    if (const auto its = window(begun - 1)) return its;
  return std::nullopt;
}

std::string spell(const FaultSchedule& s) {
  std::string out;
  if (s.trigger == FaultTrigger::kPacket) out = fmt::format("from packet {} on", s.count);
  if (s.trigger == FaultTrigger::kMessageDelivered)
    out = fmt::format("from message {} on", s.count);
  if (s.trigger == FaultTrigger::kFailoverStarted)
    out = fmt::format("from failover {} on", s.count);
  if (s.every > Duration{}) out = fmt::format("every {}", to_string(s.every));
  if (s.poisson > Duration{}) out = fmt::format("about every {}", to_string(s.poisson));
  if (s.length > Duration{} && !out.empty()) out += " for " + to_string(s.length);
  if (s.jitter > Duration{}) out += fmt::format(", up to {} later", to_string(s.jitter));
  if (s.limit > 0) out += fmt::format(", {} times at most", s.limit);
  const bool always = s.from == kRunStart && s.until == kNever;
  if (always) return out.empty() ? "throughout the run" : out;
  if (!out.empty()) out += ", ";
  if (s.until == kNever) return out + "from " + time_of(s.from) + " on";
  return out + fmt::format("from {} to {}", time_of(s.from), time_of(s.until));
}

}  // namespace soliton
