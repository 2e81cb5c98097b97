#include "cluster/engine/thread_team.h"

#include <sched.h>

#include <algorithm>

namespace soliton {
namespace {

constexpr int kLooks = 200;   // at a value, before a waiting thread yields its core
constexpr int kYields = 200;  // before it sleeps

// Waits until the value is no longer `old`.
std::uint32_t await_change(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  for (int i = 0; i < kLooks + kYields; ++i) {
    const std::uint32_t now = value.load(std::memory_order_acquire);
    if (now != old) return now;
    if (i >= kLooks) sched_yield();
  }
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

}  // namespace

ThreadTeam::ThreadTeam(std::size_t size) : size_(std::max<std::size_t>(size, 1)) {
  for (std::size_t self = 1; self < size_; ++self)
    threads_.emplace_back([this, self] { serve(self); });
}

ThreadTeam::~ThreadTeam() {
  over_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::run(std::size_t count, const std::function<void(std::size_t)>& task) {
  task_ = &task;
  count_ = count;
  busy_.store(static_cast<std::uint32_t>(threads_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  work(0);
  for (std::uint32_t busy = busy_.load(std::memory_order_acquire); busy != 0;)
    busy = await_change(busy_, busy);
}

void ThreadTeam::serve(std::size_t self) {
  for (std::uint32_t round = 0;;) {
    round = await_change(round_, round);
    if (over_) return;
    work(self);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

// A hub is always played by the same thread, whose cache knows it.
void ThreadTeam::work(std::size_t self) const {
  for (std::size_t i = self; i < count_; i += size_) (*task_)(i);
}

}  // namespace soliton
