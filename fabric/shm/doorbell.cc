#include "fabric/shm/doorbell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

#include "fabric/shm/relax.h"

namespace soliton {
namespace {

// Not FUTEX_PRIVATE: the word is shared between processes.
long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* timeout) {
  return syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, timeout,
                 nullptr, 0);
}

}  // namespace

// Both orders of (count, sleepers) must not be seen at once, or the wake-up is lost: hence
// sequential consistency.
void Doorbell::ring() {
  count.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers.load(std::memory_order_seq_cst) != 0) futex(count, FUTEX_WAKE, INT_MAX, nullptr);
}

WaitEnd Doorbell::wait(std::uint32_t seen, std::uint32_t spin, Duration slice) {
  for (std::uint32_t i = 0; i <= spin; ++i) {
    if (count.load(std::memory_order_acquire) != seen) return WaitEnd::kRung;
    if (i < spin) relax();
  }
  constexpr std::int64_t kSecond = 1'000'000'000'000;
  const timespec timeout{.tv_sec = slice.count() / kSecond,
                         .tv_nsec = slice.count() % kSecond / 1000};
  sleepers.store(1, std::memory_order_seq_cst);
  long slept = 0;
  int reason = 0;
  if (count.load(std::memory_order_seq_cst) == seen) {
    slept = futex(count, FUTEX_WAIT, seen, slice == Duration{} ? nullptr : &timeout);
    reason = errno;
  }
  sleepers.store(0, std::memory_order_relaxed);
  if (count.load(std::memory_order_acquire) != seen) return WaitEnd::kRung;
  if (slept == 0)
    return WaitEnd::kInterrupted;  // woken for nothing: the caller looks at everything again
  return reason == ETIMEDOUT ? WaitEnd::kTimeout : WaitEnd::kInterrupted;
}

}  // namespace soliton
