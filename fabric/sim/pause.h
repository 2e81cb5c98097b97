// Bytes of the lossless class that switches hold, by the cable they came in on, and the ports that
// switches have paused for them (topologies/pause.h). A state machine without a clock: the network
// tells it of every packet and carries its signals.
//
// A class on a cable is numbered by the port that feeds it (2 x link + direction) times the number of
// classes, plus the class; this is also what a signal pauses. "Port" below stands for both where there is
// one class.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"
#include "topologies/topology.h"

namespace soliton {

// A pause frame: `port` stops or resumes at `at`.
struct PauseSignal {
  std::size_t port = 0;
  Instant at{};
  bool stop = false;
  std::uint64_t ordinal = 0;  // of the signals to this port
};

class PauseControl {
 public:
  // REQUIRES: topology.pause. Intervals that ended `memory` ago are forgotten.
  PauseControl(const Topology& topology, Duration memory, std::size_t classes = 1);

  // Whether the port feeds a switch, which may pause it.
  bool governs(std::size_t port) const { return cables_[port].limit.count > 0; }

  // For a packet that came in over the cable of `port`. has_room(): whether its switch can hold it.
  // hold(): it lies in the switch from now on. release(): its last byte has left. The last two
  // return a signal if they pause or resume the port.
  bool has_room(std::size_t port, Bytes size) const;
  std::optional<PauseSignal> hold(std::size_t port, Bytes size, Instant now);
  std::optional<PauseSignal> release(std::size_t port, Bytes size, Instant now);

  // The signal has arrived. Returns false if it changes nothing.
  bool apply(const PauseSignal& signal);
  // Earliest instant from `at` on at which the port may send; kNever while no end of its pause is
  // known. REQUIRES: all signals up to `at` have been applied.
  Instant first_allowed(std::size_t port, Instant at) const;

  bool stopped(std::size_t port) const;
  // Whether the last signal that the switch sent told the port to stop.
  bool held_back(std::size_t port) const { return cables_[port].stopping; }
  Bytes held(std::size_t port) const { return cables_[port].held; }
  // Most bytes that the switch held of this cable.
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
  std::vector<Cable> cables_;  // by port and class
};

}  // namespace soliton
