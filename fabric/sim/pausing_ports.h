// The ports of a network with pauses (topologies/pause.h): queues per class, signals, the watchdog
// and the search for deadlocks.
//
// The cluster's packets are never dropped at a full port. Switches pause ports and cards instead,
// and drop only what does not fit into their headroom, which happens only after a fault that delays
// packets, or a watchdog. The traffic of others is not paused; the link's `queue` limits it alone.
//
// A card's packets leave in order, and only signals that have arrived can hold them up. So a packet
// that is handed over late, below what has been processed, leaves when it would have left: all
// signals up to then are known (PauseControl remembers them as long as needed). That keeps the
// lookahead what it is without pauses.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fabric/sim/cables.h"
#include "fabric/sim/pause.h"
#include "fabric/sim/pausing_port.h"

namespace soliton {

class PausingPorts {
 public:
  // REQUIRES: topology.pause. The references outlive the object. `first`: Lookahead::first.
  PausingPorts(const Topology& topology, Duration first, Cables& cables);

  // Whether a packet that a node hands over must queue at its card because a switch may pause it.
  bool line_up(const Flight& flight) const { return control_.governs(port_of(flight.next)); }
  void come_to_card(std::uint32_t number);
  void come_to_switch(std::uint32_t number, Instant now);
  // Starts the packets that may start by `now`, and schedules an event for those that may not yet.
  // REQUIRES: all signals up to `now` have been taken.
  void serve(std::size_t port, Instant now);
  void take_signal(const PauseSignal& signal);

  // When the watchdog looks next. It runs at multiples of its period, and only while a switch's
  // port is paused: a network in which nothing happens has no next event.
  Instant poll_at() const { return poll_at_; }
  void poll(Instant now);
  // Called when the run ends: finds ports that wait for each other, and measures queues that will
  // never be served.
  void finish(Instant now);

  const PauseControl& control() const { return control_; }
  const std::vector<Deadlock>& deadlocks() const { return deadlocks_; }
  PauseReport report(Instant now) const;

 private:
  void measure(std::size_t port, Instant came, Bytes size, Bytes before);
  void measure_waiting(std::size_t port);
  void start_first(std::size_t port, Instant start, Duration waited);
  void release_sent(std::size_t port, Instant now);
  void call_back(std::size_t port, Instant at);
  void send_signal(const std::optional<PauseSignal>& signal);
  void set_poll(Instant now);
  void watch(std::size_t port, Instant now);
  void note_waited(std::size_t port, const PausingPort::Entry& entry, Instant until);
  void discard_stuck(std::uint32_t number, Instant now);
  void find_circles(Instant now);

  const Topology& topology_;
  Cables& cables_;
  PauseControl control_;
  std::vector<PausingPort> queues_;   // by port
  std::vector<std::size_t> stopped_;  // ports of switches, in order
  Instant poll_at_ = kNever;
  std::vector<Deadlock> deadlocks_;
};

}  // namespace soliton
