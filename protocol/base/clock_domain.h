// One clock domain: exact conversion between ticks (a fixed fraction of a cycle) and picoseconds.
//
// A 300 MHz cycle is not a whole number of picoseconds and a tile engine's share of a tile is not a
// whole number of cycles, so device code counts ticks as integers and converts once, here.
#pragma once

#include <algorithm>
#include <cstdint>

#include "protocol/base/check.h"
#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

using Ticks = std::int64_t;

// Where ticks end, as times do at kLongestTime: kTicksEnd is no earlier than any other tick, and
// its time is kLongestTime. The sum of two numbers of ticks up to it does not overflow.
inline constexpr Ticks kTicksEnd = (Ticks{1} << 62) - 1;

// At most kTicksEnd. REQUIRES: both between 0 and kTicksEnd.
constexpr Ticks add_ticks(Ticks a, Ticks b) { return std::min(a + b, kTicksEnd); }
constexpr Ticks ticks_up_to_end(__int128 ticks) {
  return static_cast<Ticks>(std::min<__int128>(ticks, kTicksEnd));
}
constexpr Ticks times_ticks(Ticks ticks, std::int64_t count) {
  return ticks_up_to_end(static_cast<__int128>(ticks) * count);
}

class ClockDomain {
 public:
  // REQUIRES: frequency > 0, ticks_per_cycle > 0.
  ClockDomain(Frequency frequency, std::int64_t ticks_per_cycle)
      : ticks_per_second_(static_cast<__int128>(frequency.hertz) * ticks_per_cycle),
        ticks_per_cycle_(ticks_per_cycle) {
    SOLITON_CHECK(ticks_per_second_ > 0);
  }

  std::int64_t ticks_per_cycle() const { return ticks_per_cycle_; }
  Ticks cycles(std::int64_t count) const { return count * ticks_per_cycle_; }

  // Rounded up: a result is never available before the hardware could have it. REQUIRES: ticks >=
  // 0.
  Duration duration(Ticks ticks) const {
    if (ticks >= kTicksEnd) return kLongestTime;
    const __int128 scaled = static_cast<__int128>(ticks) * kPicosecondsPerSecond;
    const __int128 time = (scaled + ticks_per_second_ - 1) / ticks_per_second_;
    return Duration{static_cast<std::int64_t>(std::min<__int128>(time, kLongestTime.count()))};
  }
  // First tick whose duration() is at least `elapsed`, so ticks(duration(k)) == k below the ends.
  // REQUIRES: elapsed >= 0.
  Ticks ticks(Duration elapsed) const {
    if (elapsed.count() == 0) return 0;
    const __int128 scaled = static_cast<__int128>(elapsed.count() - 1) * ticks_per_second_;
    return ticks_up_to_end(scaled / kPicosecondsPerSecond + 1);
  }

 private:
  static constexpr __int128 kPicosecondsPerSecond = 1'000'000'000'000;
  __int128 ticks_per_second_;
  std::int64_t ticks_per_cycle_;
};

}  // namespace soliton
