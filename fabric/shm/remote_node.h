// The hub's end of a channel: a node in another process, as the engine sees it.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "fabric/shm/channel.h"
#include "fabric/shm/pulse_board.h"
#include "fabric/sim/engine.h"

namespace soliton {

struct WaitOptions {
  // Looks at the doorbell this often before sleeping; 0 when processes share a core. Higher: faster
  // hand-over between cores, a core lost while waiting.
  std::uint32_t spin = 0;
  // Longest sleep between two questions to `alive`, in wall time; zero: only signals end a sleep.
  // Lower: a death is seen earlier, more wake-ups for nothing.
  Duration slice = milliseconds(20);
  // Asked after each slice and each signal; an error ends the wait with it, and says by itself who
  // is gone. May be empty: then a wait has no other end.
  std::function<Status()> alive;
  // Node's end: told when it waits and when it works; may be null.
  Pulse* pulse = nullptr;
};

class RemoteNode : public EngineNode {
 public:
  // `channel` outlives the object. `name` is for messages. Until its first report the node is taken
  // to have something to do at the start, so it need not be ready when the run begins.
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
  std::uint32_t grants_ = 0;  // reports when the last grant is done
  Instant reported_{};        // the node's next event, without what it has not seen
  Instant unseen_ = kNever;   // earliest frame delivered since the last grant
  std::deque<Frame> kept_;    // for which the ring had no room, in order of delivery
  Instant last_event_{};
  std::uint64_t events_ = 0;
  RunEnd end_{.notice = Duration{}};
};

}  // namespace soliton
