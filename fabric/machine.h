// The four verbs of every state machine that a driver can run: over sockets, in a process per node
// under virtual time, or packed with others in one process (DESIGN, section 3).
//
// A driver at instant t: feeds the datagrams that arrived at t in order of (source, ordinal), calls
// on_deadline(t) when next_deadline() <= t, then drains poll_output(t). The machine must not care
// how many calls a driver needs for that.
#pragma once

#include <optional>

#include "fabric/link.h"

namespace soliton {

// How a machine may end the run it is part of, as by giving a peer up. Whoever runs several
// machines side by side must know an end before it comes, so that none of them goes beyond it.
struct RunEnd {
  Instant came = kNever;  // it has ended the run, then
  Instant next = kNever;  // as things stand, it may end the run from then on
  // An end that `next` does not foresee comes at least this long after the event that brings it
  // about.
  Duration notice = Duration::max();
};

class Machine {
 public:
  virtual ~Machine() = default;
  virtual void on_input(Datagram datagram, Instant now) = 0;
  virtual std::optional<Datagram> poll_output(Instant now) = 0;
  // Earliest instant at which the machine would do anything if nothing arrives; kNever: it waits
  // for input.
  virtual Instant next_deadline() const = 0;
  virtual void on_deadline(Instant now) = 0;
  virtual RunEnd run_end() const { return {}; }
};

}  // namespace soliton
