// How one process tells another that there is something to do: a counter in shared memory, with a
// futex behind it for a waiter that sleeps. One process rings, one waits.
#pragma once

#include <atomic>
#include <cstdint>

#include "protocol/base/time.h"

namespace soliton {

enum class WaitEnd : std::uint8_t { kRung, kTimeout, kInterrupted };

// Lies in the shared memory; zero is never rung. What is said along with a ring belongs beside it,
// in the same cache line: a waiter that spins then gets all of it in one transfer between cores.
struct Doorbell {
  std::atomic<std::uint32_t> count{0};
  std::atomic<std::uint32_t> sleepers{0};

  // Publishes all writes before it. Costs a system call only when the other side sleeps.
  void ring();
  // Until count differs from `seen`: looks `spin` times, then sleeps at most `slice` of wall time
  // (zero: for ever). kInterrupted: a signal handler ran.
  WaitEnd wait(std::uint32_t seen, std::uint32_t spin, Duration slice);
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace soliton
