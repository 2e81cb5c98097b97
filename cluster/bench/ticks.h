// The cheapest steady clock of this machine: the processor's own counter where it has one,
// calibrated once against the steady clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

#include "protocol/base/time.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace soliton {

inline std::uint64_t ticks() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

class TickClock {
 public:
  TickClock() {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point from = Clock::now();
    const std::uint64_t first = ticks();
    while (Clock::now() - from < std::chrono::milliseconds(20)) {
    }
    const std::uint64_t span = ticks() - first;
    const auto ns = std::chrono::duration<double, std::nano>(Clock::now() - from).count();
    ns_per_tick_ = ns / static_cast<double>(span);
    ps_scaled_ = static_cast<std::uint64_t>(ns_per_tick_ * 1000 * kScale);
    start_ = ticks();
  }
  double nanoseconds(std::uint64_t span) const { return static_cast<double>(span) * ns_per_tick_; }
  Instant now() const {
    const auto ps = static_cast<unsigned __int128>(ticks() - start_) * ps_scaled_ >> kShift;
    return kRunStart + Duration{static_cast<std::int64_t>(ps)};
  }

 private:
  static constexpr int kShift = 20;
  static constexpr double kScale = 1 << kShift;
  double ns_per_tick_ = 1;
  std::uint64_t ps_scaled_ = 0;
  std::uint64_t start_ = 0;
};

}  // namespace soliton
