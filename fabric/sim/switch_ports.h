// Ports of switches whose packets wait in queues that are served by events: those of a network with pauses
// (topologies/pause.h), and those of switches with several classes or a shared buffer (SwitchQueues).
// Elsewhere a queue is the instant at which its line will be free (Port), and gives the same times.
//
// With pauses the cluster's packets are never dropped at a full port. Switches pause ports and cards
// instead, class by class, and drop only what does not fit into their headroom, which happens only after a
// fault that delays packets, or a watchdog. The traffic of others is not paused; the link's `queue` limits
// it alone. Without pauses a port has room for the link's `queue`, and each of its queues for what its
// switch's buffer leaves it.
//
// A card's packets leave in order, and only signals that have arrived can hold them up. So a packet
// that is handed over late, below what has been processed, leaves when it would have left: all
// signals up to then are known (PauseControl remembers them as long as needed). That keeps the
// lookahead what it is without pauses. A packet whose class is paused holds up all behind it in its card.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fabric/sim/arbiter.h"
#include "fabric/sim/cables.h"
#include "fabric/sim/deadlock.h"
#include "fabric/sim/packet_queue.h"
#include "fabric/sim/pause.h"
#include "topologies/shared_buffer.h"
#include "topologies/switching.h"

namespace soliton {

class SwitchPorts {
 public:
  // The references outlive the object. `first`: Lookahead::first.
  SwitchPorts(const Topology& topology, Duration first, Cables& cables);
  // Whether a port of the topology needs one.
  static bool needed(const Topology& topology);

  // Whether a packet that a node hands over must queue at its card because a switch may pause it.
  bool line_up(const Flight& flight) const;
  // Whether a packet that comes to its next port queues here.
  bool keeps(const Flight& flight) const { return kept_[port_of(flight.next)]; }
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
  // What is stopped now, for the search for circles (CircleLog).
  Stopped stopped() const;
  // Called when the run ends: measures queues that will never be served.
  void finish(Instant now);

  // Null without pauses.
  const PauseControl* control() const { return control_ ? &*control_ : nullptr; }
  std::size_t classes() const { return classes_.most(); }
  // `held_max` is what the switch that the port feeds has held, if it is simulated here. REQUIRES:
  // control().
  PortPauses pauses_of(std::size_t port, Instant now) const;

 private:
  // Queues, and what is paused, are numbered by port and class.
  std::size_t queue_of(std::size_t port, std::size_t its_class) const {
    return port * classes_.most() + its_class;
  }
  // Of the cable a packet came to its switch on, with its class there.
  std::size_t came_over(const Flight& flight) const;
  bool has_room(std::size_t port, std::size_t its_class, const Flight& flight, Instant now);
  bool has_room_under_faults(std::size_t port, Bytes size, Instant now);
  // What faults do to a packet that comes, at the port; `others` is for how long others have the line.
  // Its ordinal there; nullopt: it is lost.
  std::optional<std::uint64_t> come_under_faults(std::uint32_t number, std::size_t its_class,
                                                 Instant now, Duration& others);
  PortState state_of(std::size_t port, Bytes size, Instant now) const;
  Bytes length(std::size_t port, std::size_t its_class, Instant now) const;
  Instant possible(std::size_t port, std::size_t its_class) const;
  Instant earliest(std::size_t port, std::size_t its_class) const;
  Instant first_allowed(std::size_t port, std::size_t its_class, Instant at) const;
  void flush(std::size_t port, std::size_t its_class, Instant at, std::int32_t rule);
  void serve_card(std::size_t port, Instant now);
  void serve_switch(std::size_t port, Instant now);
  void start_first(std::size_t port, std::size_t its_class, Instant start);
  void release_sent(std::size_t port, Instant now);
  void call_back(std::size_t port, Instant at);
  void send_signal(const std::optional<PauseSignal>& signal);
  void measure(std::size_t port, Instant came, Bytes size, Bytes before);
  void measure_waiting(std::size_t port);
  void set_poll(Instant now);
  void watch(std::size_t queue, Instant now);
  void note_waited(std::size_t port, const PacketQueue::Entry& entry, Instant until);
  void discard_stuck(std::uint32_t number, Instant now);

  const Topology& topology_;
  Cables& cables_;
  ClassTable classes_;
  std::optional<PauseControl> control_;
  std::vector<std::optional<SharedBuffer>> buffers_;  // by vertex
  std::vector<bool> kept_;                            // by port
  std::vector<PacketQueue> queues_;                   // by port and class
  std::vector<PortLine> lines_;                       // by port
  std::vector<Arbiter> arbiters_;                     // by port
  std::vector<Instant> backlog_;      // by port: when it will have sent all that waits
  std::vector<std::size_t> stopped_;  // queues of switches that are paused, in order
  std::vector<Bytes> next_;           // by class: what serve_switch() offers its arbiter
  Instant poll_at_ = kNever;
};

}  // namespace soliton
