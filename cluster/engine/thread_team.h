// A team of threads that plays hubs side by side (fabric/sim/team.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "fabric/sim/team.h"

namespace soliton {

// The caller of run() is one of the team. Threads that have nothing to do look for work for a few
// microseconds, yield the core for a while, and then sleep until they are woken: a team may have more
// threads than the machine has cores.
class ThreadTeam : public Team {
 public:
  // `size` threads, the caller's among them; at least 1.
  explicit ThreadTeam(std::size_t size);
  ~ThreadTeam() override;
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  void run(std::size_t count, const std::function<void(std::size_t)>& task) override;

 private:
  void serve(std::size_t self);
  void work(std::size_t self) const;

  const std::function<void(std::size_t)>* task_ = nullptr;
  std::size_t count_ = 0;
  std::size_t size_;
  bool over_ = false;
  std::atomic<std::uint32_t> round_{0};  // counts run() and the end; publishes the three above
  std::atomic<std::uint32_t> busy_{0};   // members that have not finished the round
  std::vector<std::thread> threads_;
};

}  // namespace soliton
