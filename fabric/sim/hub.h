// A part of a run in virtual time: a part of the network and the nodes that send into it. The engine
// (engine.h) tells hubs how far they may play, and carries packets from one to another; hubs share
// nothing, so each may play on a thread of its own.
//
//   hub.come_in(packets);
//   hub.play(horizon, pause);         // on any thread
//   hub.take_leaving(other);          // packets for another hub
#pragma once

#include <functional>
#include <vector>

#include "fabric/sim/cables.h"
#include "protocol/base/result.h"

namespace soliton {

// What a hub has done so far. Sums over hubs, but for the last instant.
struct HubReport {
  Instant now{};  // the last instant at which anything happened
  std::uint64_t node_events = 0;
  std::uint64_t network_events = 0;
  // These two depend on how nodes are driven and how far hubs may play.
  std::uint64_t windows = 0;
  std::uint64_t grants = 0;
};

class Hub {
 public:
  virtual ~Hub() = default;
  // The earliest instant at which anything may happen here unless a packet comes in.
  virtual Instant next_event() const = 0;
  // Earliest end of the run that can be foreseen here. `first`: the earliest event of all hubs.
  virtual Instant foreseen_end(Instant first) const = 0;
  // When a node here ended the run; kNever: none has.
  virtual Instant ended() const = 0;
  // Packets for this hub. REQUIRES: each at or after the last horizon.
  virtual void come_in(Handovers packets) = 0;
  // Plays everything below `horizon`, and stops earlier where something may come back because of a
  // packet that has left. Also returns after any window when `pause` says so; `pause` may be empty.
  // Error: a node is gone or violated the protocol.
  virtual Status play(Instant horizon, const std::function<bool()>& pause) = 0;
  // The packets for another hub since the last call.
  virtual Handovers take_leaving(std::uint32_t hub) = 0;
  // Called when the run is over. `now`: its last instant.
  virtual void finish(Instant now) = 0;
  virtual HubReport report() const = 0;
};

}  // namespace soliton
