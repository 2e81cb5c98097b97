// Signals from one process to another that there is something to do: a counter in shared memory,
// with a futex for a waiter that sleeps. One process rings, one waits.
#pragma once

#include <atomic>
#include <cstdint>

#include "protocol/base/time.h"

namespace soliton {

enum class WaitEnd : std::uint8_t { kRung, kTimeout, kInterrupted };

// Lies in the shared memory; zero means never rung. Data that accompanies a ring belongs in the
// same cache line: a spinning waiter then gets all of it in one transfer between cores.
struct Doorbell {
  std::atomic<std::uint32_t> count{0};
  std::atomic<std::uint32_t> sleepers{0};

  // Publishes all earlier writes. Costs a system call only if the other side sleeps.
  void ring();
  // Waits until `count` differs from `seen`: polls `spin` times, then sleeps for at most `slice` of
  // wall time (zero: no limit). kInterrupted: a signal handler ran.
  WaitEnd wait(std::uint32_t seen, std::uint32_t spin, Duration slice);
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace soliton
