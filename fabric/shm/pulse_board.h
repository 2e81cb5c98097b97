// Signs of life of the processes of a run, which distinguish a node that computes from one that
// hangs.
//
// The controller creates the board and hands its descriptor to every node process. A node
// increments its counter with everything it does and marks when it waits for others; the controller
// only reads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fabric/shm/shared_memory.h"
#include "protocol/base/types.h"

namespace soliton {

// One cache line, written by one thread.
struct alignas(64) Pulse {
  std::atomic<std::uint64_t> beats{0};
  // Set while the process waits for input, a grant or a command; its silence then means nothing.
  std::atomic<std::uint32_t> idle{1};

  void beat() { beats.store(beats.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  void begin_work() { idle.store(0, std::memory_order_relaxed); }
  void begin_wait() { idle.store(1, std::memory_order_relaxed); }
};

class PulseBoard {
 public:
  // A board with one pulse per node. Error: kEnvironment.
  static Result<PulseBoard> create(std::size_t nodes);
  // Takes ownership of the descriptor. Error: it is not a pulse board (kEnvironment).
  static Result<PulseBoard> attach(int descriptor);

  int descriptor() const { return memory_.descriptor(); }
  std::size_t size() const { return memory_.size() / sizeof(Pulse); }
  // REQUIRES: index(node) < size().
  Pulse& of(NodeId node) const;

 private:
  explicit PulseBoard(SharedMemory memory) : memory_(std::move(memory)) {}
  SharedMemory memory_;
};

}  // namespace soliton
