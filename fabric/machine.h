// The four verbs of every state machine that a driver can run: over sockets, in a process per node
// under virtual time, or packed with others in one process (ARCHITECTURE.md).
//
// A driver at instant t: feeds the datagrams that arrived at t in order of (source, ordinal), calls
// on_deadline(t) when next_deadline() <= t, then drains poll_output(t). The machine must not care
// how many calls a driver needs for that.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "fabric/link.h"

namespace soliton {

// When a machine may end the run it is part of, for example by declaring a peer dead. A driver that
// runs several machines side by side must know of an end in advance, so that none of them runs past
// it.
struct RunEnd {
  Instant came = kNever;  // when it ended the run; kNever: it has not
  Instant next = kNever;  // earliest end that can be foreseen now
  // Minimum time between an event and an end that it causes and that `next` did not foresee.
  Duration notice = Duration::max();
};

class Machine {
 public:
  virtual ~Machine() = default;
  virtual void on_input(Datagram datagram, Instant now) = 0;
  virtual std::optional<Datagram> poll_output(Instant now) = 0;
  // Earliest instant at which the machine acts if nothing arrives; kNever if it only waits for
  // input.
  virtual Instant next_deadline() const = 0;
  virtual void on_deadline(Instant now) = 0;
  virtual RunEnd run_end() const { return {}; }
  // RunEnd::came alone, which costs less: it is asked after every turn.
  virtual Instant ended() const { return run_end().came; }
  // Appends where the state lies that every turn touches; it stays there. Who drives thousands of
  // machines may call it into the cache ahead of their turns.
  virtual void hot_memory(std::vector<std::span<const std::byte>>&) const {}
};

}  // namespace soliton
