// The cables of an emulated network and the packets under way: how a packet gets from one port to
// the next, is lost, or arrives. When a port lets a packet start is decided by its queue, either
// here (cross(), the queue of Port) or by SwitchPorts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "fabric/faults/link_faults.h"
#include "fabric/faults/port_backlog.h"
#include "fabric/link.h"
#include "fabric/sim/cut.h"
#include "fabric/sim/earliest_events.h"
#include "fabric/sim/event_queue.h"
#include "fabric/sim/port.h"
#include "topologies/flow_ordinals.h"
#include "topologies/routes.h"

namespace soliton {

// A packet under way.
struct Flight {
  Frame frame;
  AtPort at_port;
  Hop next;                   // the hop to cross; after the last one, that one
  Hop over;                   // the hop crossed last
  std::uint32_t hops = 0;     // crossed
  std::uint32_t ordinal = 0;  // in its flow (FlowOrdinals)
  // A loss by a fault on the host's cable is recorded here and takes effect at its instant, like
  // one in the network.
  std::int32_t lost_by = kNoRule;
  Instant lost_at{};
};

// What goes on in another part of the network: a packet that comes to the port `flight.next` or has
// arrived at its destination, or a signal to a port.
struct Handover {
  enum class What : std::uint8_t { kPacket, kArrival, kSignal };

  What what = What::kPacket;
  Instant at{};
  Flight flight;
  NetworkEvent signal;
};
// Packets for one other part.
struct Handovers {
  std::vector<Handover> packets;
  Instant first = kNever;  // of all their instants

  void add(Handovers more) {
    first = std::min(first, more.first);
    if (packets.empty())
      packets = std::move(more.packets);
    else
      std::ranges::move(more.packets, std::back_inserter(packets));
  }
};

inline Bytes payload_of(const Frame& frame) {
  return {static_cast<std::int64_t>(frame.datagram.payload.size())};
}

class Cables {
 public:
  // The references outlive the object; `trace` may be null.
  Cables(const Topology& topology, const Routes& routes, const FaultPlan& plan,
         EarliestEvents* trace, PartOf part = {});

  // Adds a frame that its node hands to its card, and returns the number of the flight. Numbers are
  // reused. REQUIRES: there is a path.
  std::uint32_t add(Frame&& frame);
  Flight& flight(std::uint32_t number) { return flights_[number]; }
  const Flight& flight(std::uint32_t number) const { return flights_[number]; }
  Port& port(std::size_t number) { return ports_[number]; }
  const Port& port(std::size_t number) const { return ports_[number]; }
  std::size_t ports() const { return ports_.size(); }

  // Records what each port does in intervals of this length (port_series.h). REQUIRES: interval > 0;
  // no packet has been added.
  void record_series(Duration interval);
  const std::vector<PortSeries>& series() const { return shared_.series; }

  // The packet reaches its next port; it either starts as soon as the line is free or is dropped.
  void cross(std::uint32_t number);
  // The packet starts as soon as the line is free, after `waited`. It arrives, is lost on the way,
  // or has an event at the next port. The line is busy with it for `stretch` longer than its bytes take.
  void launch(std::uint32_t number, Duration waited, Duration stretch = {});
  // The packet at its next port, in front of a rule of the fault plan.
  Crossing crossing_at(const Flight& flight, Instant start, std::uint64_t ordinal = 0) const;
  // The rule loses the packet at its next port, at a switch or in a card.
  void lose_at_port(std::uint32_t number, Instant at, std::int32_t rule);
  // The packet is lost by the fault rule, or in a full queue if `rule` is kNoRule.
  void drop(std::uint32_t number, Instant at, std::int32_t rule);
  // The same, without counting it.
  void discard(std::uint32_t number, Instant at, std::int32_t rule);

  // An event at the port `to`, which may be in another part.
  void signal(const NetworkEvent& event, std::size_t to);

  EventQueue& events() { return events_; }
  const EventQueue& events() const { return events_; }
  // Arrival of the first packet that take_arrived() would return; kNever if there is none.
  Instant first_arrival() const { return first_arrival_; }
  void take_arrived(std::vector<Frame>& out);

  // Packets that have left this part, until they are taken, and the earliest instant at which
  // anything may come back because of them.
  Handovers take_leaving(std::uint32_t to) { return std::exchange(leaving_[to], {}); }
  Instant first_answer() const { return first_answer_; }
  void forget_answers() { first_answer_ = kNever; }
  void come_in(Handover handover);

  PortsShared& shared() { return shared_; }
  NetworkCounters& counters() { return shared_.counters; }
  const NetworkCounters& counters() const { return shared_.counters; }
  LinkFaults& faults() { return faults_; }
  const LinkFaults& faults() const { return faults_; }

 private:
  // Where the packet goes on from `vertex`, when it is ready there.
  Hop next_hop(const Flight& flight, std::uint32_t vertex) const;
  std::uint32_t free_slot();
  void push(Instant at, std::uint32_t number);
  void leave(std::uint32_t number, Instant at, std::uint32_t to, Handover::What what);
  void hand_over(Handover handover, std::uint32_t to);
  std::uint32_t tie_of(const Flight& flight, Instant at) const;
  // cross() at a port on which faults act.
  void cross_under_faults(std::uint32_t number);
  // Its ordinal there; nullopt: it is lost.
  std::optional<std::uint64_t> enter_queue(std::uint32_t number, Port& port, PortBacklog& backlog);
  void proceed(std::uint32_t number, const OnLine& line);
  // Of packet `ordinal` of its port.
  void meet_faults(std::uint32_t number, std::uint64_t ordinal, OnLine line);
  static OnLine delayed(OnLine line, Duration by);
  void arrive(std::uint32_t number, Instant at);

  const Topology& topology_;
  const Routes& routes_;
  FlowOrdinals ordinals_;
  PartOf part_;
  LinkFaults faults_;
  PortsShared shared_;
  std::uint64_t ties_;
  EarliestEvents* trace_;
  std::vector<Port> ports_;
  std::map<std::size_t, PortBacklog> backlogs_;  // of ports on which faults act
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> unused_;  // of flights_
  EventQueue events_;
  std::vector<Frame> arrived_;
  Instant first_arrival_ = kNever;
  std::vector<Handovers> leaving_;  // by part
  Instant first_answer_ = kNever;
};

}  // namespace soliton
