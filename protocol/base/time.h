// Run time: integer picoseconds since the start of a run, in emulated or in wall time.
//
// Values only. Nothing here reads a clock: every state machine is told `now` by its driver, so the
// same object file runs under virtual time and over real sockets. Cycles are not time; see
// clock_domain.h.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

namespace soliton {

using Duration = std::chrono::duration<std::int64_t, std::pico>;

// The clock of one run. It has no now(), on purpose.
struct RunClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<RunClock, Duration>;
  static constexpr bool is_steady = true;
};
using Instant = RunClock::time_point;

inline constexpr Instant kRunStart{};
// "No such instant": later than any event.
inline constexpr Instant kNever = Instant::max();

constexpr Duration picoseconds(std::int64_t count) { return Duration{count}; }
constexpr Duration nanoseconds(std::int64_t count) { return std::chrono::nanoseconds{count}; }
constexpr Duration microseconds(std::int64_t count) { return std::chrono::microseconds{count}; }
constexpr Duration milliseconds(std::int64_t count) { return std::chrono::milliseconds{count}; }

constexpr double in_us(Duration d) { return static_cast<double>(d.count()) * 1e-6; }
constexpr double in_us(Instant t) { return in_us(t.time_since_epoch()); }

// The end of time: no limit of a run lies beyond it, and sums of times saturate here instead of
// wrapping. It is less than half of what 64 bits hold, so adding two times never overflows. An
// engine processes nothing at or after the end of its run, so a saturated time is never a result.
inline constexpr Duration kLongestTime = std::chrono::hours{50 * 24};
inline constexpr Instant kRunEnd = kRunStart + kLongestTime;

// a + b, at most kRunEnd; kNever stays kNever.
constexpr Instant later(Instant a, Duration b) {
  return a >= kRunEnd ? a : b >= kRunEnd - a ? kRunEnd : a + b;
}

// a + b and a * count, at most kLongestTime. REQUIRES: each of a and b at most kLongestTime and not
// below -kLongestTime; count >= 0.
constexpr Duration sum(Duration a, Duration b) { return std::min(a + b, kLongestTime); }
constexpr Duration times(Duration a, std::int64_t count) {
  const __int128 product = static_cast<__int128>(a.count()) * count;
  const __int128 most = kLongestTime.count();
  return Duration{static_cast<std::int64_t>(std::clamp(product, -most, most))};
}

// "2.88 us", in the largest unit (ps, ns, us, ms, s) that leaves at least 1 before the point.
std::string to_string(Duration d);

}  // namespace soliton
