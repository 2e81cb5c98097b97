// How a node runs under virtual time: the one loop behind LocalNode and the node's end of a
// shared-memory channel, so that both make exactly the same calls to the machine.
//
// At instant t: all frames that arrived at t in order of (source, ordinal), then on_deadline(t) if
// one is due, then poll_output(t) until empty.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fabric/machine.h"

namespace soliton {

class NodeLoop {
 public:
  // `machine` outlives the object.
  NodeLoop(Machine& machine, NodeId self) : machine_(machine), self_(self) {}

  // Takes a frame that arrives at frame.at. REQUIRES: no later instant has been run.
  void deliver(Frame frame);
  // The promise of the node: it does and sends nothing before this instant unless a frame is
  // delivered.
  Instant next_event() const;

  // Runs all events before `until`. `emit(Frame&)` takes what the node sends, or returns false if
  // it has no room: then the frame is kept, run() returns with next_event() at the current instant,
  // and the next run() continues there.
  template <typename Emit>
  void run(Instant until, Emit&& emit);

  Instant last_event() const { return now_; }
  // Frames in, frames out and deadlines handled.
  std::uint64_t events() const { return events_; }

 private:
  void begin(Instant now);
  std::optional<Frame> next_frame();

  Machine& machine_;
  NodeId self_;
  std::vector<Frame> inbox_;   // heap, the earliest first
  std::optional<Frame> kept_;  // no room for it yet; its instant's output is not drained
  Instant now_{};
  std::uint64_t sent_ = 0;
  std::uint64_t events_ = 0;
  std::uint32_t turns_ = 0;  // at the instant now_
};

template <typename Emit>
void NodeLoop::run(Instant until, Emit&& emit) {
  for (;;) {
    if (!kept_) {
      const Instant now = next_event();
      if (now >= until) return;
      begin(now);
      kept_ = next_frame();
    }
    for (; kept_; kept_ = next_frame()) {
      if (!emit(*kept_)) return;
    }
  }
}

}  // namespace soliton
