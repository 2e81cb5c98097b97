// A node as the engine sees it: in this process (LocalNode) or behind a channel (RemoteNode).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fabric/machine.h"
#include "protocol/base/result.h"

namespace soliton {

class EngineNode {
 public:
  virtual ~EngineNode() = default;
  // A frame that arrives at frame.at, which is not below any earlier grant.
  virtual void deliver(Frame frame) = 0;
  // The promise of the node: it sends nothing before this instant unless a frame is delivered.
  // Takes into account frames that are delivered but not handled yet: deliver() makes it the frame's
  // instant if it was later, and changes it in no other way.
  virtual Instant next_event() const = 0;
  // Lets the node run all events before `until`. May return before they have run; collect() waits
  // for them.
  virtual void grant(Instant until) = 0;
  // After each grant(): waits until the node has stopped and appends what it sent. The node may
  // have stopped early; next_event() says where. Error: the node is gone or violated the protocol
  // (kBroken), or the wait was interrupted.
  virtual Status collect(std::vector<Frame>& sent) = 0;
  // The last instant at which the node did anything, and the number of its events so far.
  virtual Instant last_event() const = 0;
  virtual std::uint64_t events() const = 0;
  // The RunEnd of its machine. A node that has not reported yet must be assumed to end the run at
  // any time.
  virtual RunEnd run_end() const { return {}; }
  // As Machine::ended() and Machine::hot_memory().
  virtual Instant ended() const { return run_end().came; }
  virtual void hot_memory(std::vector<std::span<const std::byte>>&) const {}
  // Tells the node that the run is over and which instant was its last.
  virtual void finish(Instant) {}
};

}  // namespace soliton
