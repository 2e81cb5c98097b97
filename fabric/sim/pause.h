// What switches hold of the lossless class, by the cable it came in on, and which ports they have
// paused for it (topologies/pause.h). A state machine without a clock: the network tells it of
// every packet and carries its signals.
//
// A cable is named by the port that feeds it, a position of the network's (2 x link + direction).
// That port is the one a signal pauses.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"
#include "topologies/topology.h"

namespace soliton {

// A pause frame: `port` stops or goes on at `at`.
struct PauseSignal {
  std::size_t port = 0;
  Instant at{};
  bool stop = false;
  std::uint64_t ordinal = 0;  // of the signals to this port
};

class PauseControl {
 public:
  // REQUIRES: topology.pause. Intervals that ended `memory` ago are forgotten.
  PauseControl(const Topology& topology, Duration memory);

  // Whether the port feeds a switch, which may pause it.
  bool governs(std::size_t port) const { return cables_[port].limit.count > 0; }

  // A packet that came in over the cable of `port`: whether its switch has a place for it; that it
  // lies in the switch from now on; that its last byte has left. The last two may pause or resume.
  bool has_room(std::size_t port, Bytes size) const;
  std::optional<PauseSignal> hold(std::size_t port, Bytes size, Instant now);
  std::optional<PauseSignal> release(std::size_t port, Bytes size, Instant now);

  // The signal has arrived. False: it changes nothing.
  bool apply(const PauseSignal& signal);
  // From when on the port may send, not before `at`; kNever while no end of its pause is known.
  // REQUIRES: all signals up to `at` have been applied.
  Instant first_allowed(std::size_t port, Instant at) const;

  bool stopped(std::size_t port) const;
  // The switch has not said yet that the port may go on.
  bool held_back(std::size_t port) const { return cables_[port].stopping; }
  Bytes held(std::size_t port) const { return cables_[port].held; }
  // Most that a switch held of one cable.
  Bytes held_max(std::size_t port) const { return cables_[port].held_max; }
  std::uint64_t pauses(std::size_t port) const { return cables_[port].pauses; }
  Duration paused(std::size_t port, Instant now) const;

 private:
  struct Interval {
    Instant from, until;
  };
  struct Cable {
    Bytes limit{};     // xoff and headroom; 0: ends at no switch
    Duration delay{};  // of a signal
    Bytes held{};
    Bytes held_max{};
    bool stopping = false;  // the last signal sent said stop
    std::uint64_t signals = 0;
    std::vector<Interval> intervals;  // as the port saw them, in order; the last may be open
    std::uint64_t pauses = 0;
    Duration paused{};  // of closed intervals
  };

  PauseSignal signal(std::size_t port, bool stop, Instant now);

  Bytes xoff_;
  Bytes xon_;
  Duration memory_;
  std::vector<Cable> cables_;  // by port
};

}  // namespace soliton
