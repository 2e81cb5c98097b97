// The hub's end of a channel: a node in another process, as the engine sees it.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "fabric/shm/channel.h"
#include "fabric/shm/pulse_board.h"
#include "fabric/sim/engine_node.h"

namespace soliton {

struct WaitOptions {
  // How often the doorbell is polled before sleeping; 0 if processes share a core. Higher: faster
  // hand-over between cores, but a core is busy while waiting.
  std::uint32_t spin = 0;
  // Longest sleep between two calls of `alive`, in wall time; zero: only signals end a sleep.
  // Lower: a death is noticed earlier, but there are more needless wake-ups.
  Duration slice = milliseconds(20);
  // Called after each slice and each signal; an error ends the wait and is returned as it is, so it
  // must say who is gone. May be empty: then only the doorbell ends a wait.
  std::function<Status()> alive;
  // At the node's end: told when the node waits and when it works; may be null.
  Pulse* pulse = nullptr;
};

class RemoteNode : public EngineNode {
 public:
  // `channel` outlives the object. `name` is for messages. Until its first report the node is
  // assumed to have an event at the start of the run, so it need not be ready when the run begins.
  RemoteNode(Channel& channel, std::string name, WaitOptions wait);

  void deliver(Frame frame) override;
  Instant next_event() const override;
  void grant(Instant until) override;
  Status collect(std::vector<Frame>& sent) override;
  Instant last_event() const override { return last_event_; }
  std::uint64_t events() const override { return events_; }
  RunEnd run_end() const override { return end_; }
  void finish(Instant end) override;

 private:
  Status await_report();
  Status drain(std::vector<Frame>& sent);
  void refill();
  Error broken(const std::string& what) const;

  Channel& channel_;
  Ring to_node_;
  Ring to_hub_;
  std::string name_;
  WaitOptions wait_;
  std::uint32_t grants_ = 0;  // so far: as many reports mean that the last grant is done
  Instant reported_{};        // the node's next event, without what it has not seen
  Instant unseen_ = kNever;   // earliest frame delivered since the last grant
  std::deque<Frame> kept_;    // frames for which the ring had no room, in order of delivery
  Instant last_event_{};
  std::uint64_t events_ = 0;
  RunEnd end_{.notice = Duration{}};
};

}  // namespace soliton
