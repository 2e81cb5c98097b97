// The emulated network as a state machine in virtual time: hosts' network cards, links, switches
// with output queues, faults. The engine feeds frames in and takes deliveries out; nothing here
// knows how nodes are run.
//
// A packet handed over at its departure instant waits in the card's queue (never dropped there: the
// card pushes back on its host), crosses each link (line_time() of its bytes and the frame
// overhead, then the latency) and each switch (cut-through or store-and-forward,
// topologies/line.h), and arrives when its last byte has.
//
// Queue of a switch port: what is still to be put on the line, overhead included, the packet on the
// line counted by its rest. A packet that would push it above the link's `queue` is dropped, unless
// the line is free.
//
// Packets that come to a port in one instant are taken in an order that changes from instant to
// instant, by a hash of the run's seed: with a fixed one, equal senders in step would find a full
// queue always in the same order, and one of them would starve.
//
// A switch port marks packets by the length of its queue (EcnMarking), and may find its line taken
// by traffic that is not of this cluster (OtherTraffic).
//
// With pauses (topologies/pause.h; network_pause.cc) a port has a queue per class. The cluster's
// packets are never dropped at a full port: switches pause ports and cards instead, and drop what
// has no place in their headroom, which takes a fault that delays packets, or a watchdog. The
// traffic of others is not paused; `queue` limits it alone. Without a pause packets arrive to the
// picosecond as they do without the option.
//
//   network.send(frame);                          // frame.at: departure
//   network.advance(horizon, delivered);          // frames with their arrival instants
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "fabric/faults/link_faults.h"
#include "fabric/link.h"
#include "fabric/sim/pause.h"
#include "protocol/base/rng.h"
#include "protocol/base/trace.h"
#include "topologies/line.h"
#include "topologies/topology.h"

namespace soliton {

// One direction of one link.
struct PortCounters {
  std::uint64_t packets = 0;        // put on the line, lost there or not
  std::uint64_t bytes = 0;          // LTL bytes of these
  std::uint64_t dropped_queue = 0;  // found the queue full
  std::uint64_t dropped_fault = 0;
  std::uint64_t marked = 0;  // with ECN by this port
  Bytes queue_max{};         // longest queue a packet was added to, itself included
  Duration wait_max{};       // longest time a packet waited for the line
  // With pauses only.
  std::uint64_t dropped_watchdog = 0;
  Bytes lossy_queue_max{};  // longest queue of the others' class that a packet came upon
};

// A circle of ports that waited for each other, and when it was found.
struct Deadlock {
  Instant at{};
  std::vector<Hop> circle;
};

// A port that was paused or lost packets to a full buffer or a watchdog.
struct PortPauses {
  Hop hop;
  std::uint64_t pauses = 0;
  Duration paused{};
  Bytes held_max{};  // most that the switch it feeds held of it
  PortCounters counters;
};

struct PauseReport {
  std::vector<PortPauses> ports;  // in order of link and direction
  std::vector<Deadlock> deadlocks;
  Bytes lossy_queue_max{};  // of all switch ports
};

struct NetworkCounters {
  std::uint64_t packets = 0;  // handed over by nodes
  std::uint64_t bytes = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dropped_queue = 0;
  std::uint64_t dropped_fault = 0;
  std::uint64_t marked = 0;
  Bytes queue_max{};         // of all switch ports
  std::uint64_t events = 0;  // line crossings
  std::uint64_t pauses = 0;
  std::uint64_t watchdogs = 0;  // ports that a watchdog emptied
  std::uint64_t dropped_watchdog = 0;

  std::uint64_t dropped() const { return dropped_queue + dropped_fault + dropped_watchdog; }
};

class Network {
 public:
  // The references outlive the object; `trace` may be null.
  Network(const Topology& topology, const Routes& routes, const FaultPlan& plan,
          TraceBuffer* trace = nullptr);

  // REQUIRES: frame.at is not below an earlier frame of the same source, and its first effect not
  // below what advance() has processed: frame.at + least_first() >= processed().
  void send(Frame frame);
  // Processes the events below `horizon` in order of (instant, source, ordinal) and appends
  // deliveries. Stops earlier, at arrival + least_first() of a delivery, because the receiver may
  // answer.
  void advance(Instant horizon, std::vector<Frame>& delivered);
  Instant next_event() const;
  // All events below are done.
  Instant processed() const { return processed_; }
  Instant last_event() const { return last_event_; }
  // Records the faults that started or ended up to `now`, and who waits for each other; called when
  // the run ends.
  void finish(Instant now);

  // Bounds for the engine, over all nodes and packet sizes: from a node's send to its first event
  // here; from an event here to an arrival; from a send to an arrival at another node. kUnbounded
  // where there is no such path.
  Duration least_first() const { return least_first_; }
  Duration least_last() const { return least_last_; }
  Duration least_path() const { return least_path_; }
  static constexpr Duration kUnbounded = Duration::max();

  const NetworkCounters& counters() const { return counters_; }
  const PortCounters& port(Hop hop) const { return ports_[position(hop)].counters; }
  // Null without pauses.
  const PauseControl* pauses() const { return pause_ ? &*pause_ : nullptr; }
  const std::vector<Deadlock>& deadlocks() const { return deadlocks_; }
  // Unset without pauses. `now`: the end of the run.
  std::optional<PauseReport> pause_report(Instant now) const;
  const std::vector<FaultCounters>& fault_counters() const { return faults_.counters(); }

 private:
  struct Port {
    Instant free{};             // the line is idle from here on
    Duration queue_time{};      // line time of a full queue
    std::uint64_t ordinal = 0;  // packets that came to the line, for the faults
    std::uint64_t came = 0;     // packets that came to the queue, for all other chance
    PortCounters counters;
  };
  struct Flight {
    Frame frame;
    const std::vector<Hop>* route = nullptr;
    AtPort at_port;
    std::uint32_t hop = 0;           // the next to cross
    std::int32_t lost_by = kNoRule;  // on the host's cable: waits to be recorded in order
    Instant lost_at{};
  };
  // What happens, in this order at one instant: a pause frame arrives; the line of a port that has
  // a queue is free or may be used; a flight comes to a switch's output port, or would have come
  // and was lost on the line. The first two with pauses only.
  enum class What : std::uint8_t { kSignal, kLine, kPacket };
  struct Event {
    Instant at;
    std::uint64_t ordinal;  // of the packet, of the signal
    std::uint32_t source;   // of the packet; position of the port
    std::uint32_t flight;   // kSignal: whether to stop
    std::uint32_t hop;
    What what;
    std::uint32_t tie = 0;  // of the packet's source at this port in this instant
    // (instant, what, tie, source, ordinal), then hop: the order of all events, whatever order they
    // were created in.
    bool operator>(const Event& other) const;
  };
  // The lossless class at a port that feeds or belongs to a switch, with pauses.
  struct Queue {
    struct Entry {
      std::uint32_t flight;
      Bytes size;            // on the line
      Instant others_until;  // the line is taken until then
    };
    struct Left {
      Instant start;
      Bytes size;
    };
    std::deque<Entry> waiting;
    Bytes bytes{};               // of these
    std::deque<Left> left;       // of a card: packets that started after a later one came
    Bytes left_bytes{};          // of these
    Bytes leaving{};             // on the line, and in a switch until its last byte has left
    std::size_t leaving_from{};  // the cable it came in on
    Instant line_event = kNever;
    std::uint64_t started = 0;
    // For the watchdog.
    std::uint64_t started_at_poll = 0;
    std::int64_t stalled_polls = 0;
    Instant dropping_until{};
  };

  static std::size_t position(Hop hop) { return std::size_t{hop.link} * 2 + hop.direction; }
  static Bytes bytes_on_line(const Frame& frame) {
    return {static_cast<std::int64_t>(frame.datagram.payload.size()) + kFrameOverheadBytes};
  }
  static Hop hop_of(std::size_t position) {
    return {static_cast<std::uint32_t>(position / 2), static_cast<std::uint8_t>(position % 2)};
  }
  void bound_lookahead();
  std::uint32_t store(Flight flight);
  void push(Instant at, std::uint32_t flight);
  void push(const Event& event);
  std::uint32_t tie_of(const Flight& flight, Instant at) const;
  void process(const Event& event);
  void cross(std::uint32_t flight);
  bool has_queue(Hop hop) const { return ports_[position(hop)].queue_time != kUnbounded; }
  Duration meet_others(Hop hop, const Port& port) const;
  void mark(Hop hop, Port& port, Bytes queue, Datagram& datagram);
  void launch(std::uint32_t flight, Duration waited);
  void proceed(std::uint32_t flight, const OnLine& line);
  void arrive(std::uint32_t flight, Instant at);
  void drop(std::uint32_t flight, Instant at, std::int32_t rule);
  void discard(std::uint32_t flight, Instant at, std::int32_t rule);
  void record_edges(Instant until);

  bool waits_at_card(const Flight& flight) const;
  std::size_t came_over(const Flight& flight) const;
  void come_to_card(std::uint32_t flight);
  void measure_card(std::size_t port, Instant came, Bytes size, Bytes before);
  void measure_waiting(std::size_t port);
  void come_to_port(std::uint32_t flight, Instant now);
  void serve(std::size_t port, Instant now);
  void release_sent(std::size_t port, Instant now);
  void call_back(std::size_t port, Instant at);
  void send_signal(const std::optional<PauseSignal>& signal);
  void take_signal(const PauseSignal& signal);
  void poll(Instant now);
  void set_poll(Instant now);
  void watch(std::size_t port, Instant now);
  void discard_stuck(std::uint32_t flight, Instant now);
  void find_circles(Instant now);

  const Topology& topology_;
  const Routes& routes_;
  LinkFaults faults_;
  Random others_;
  Random marks_;
  std::uint64_t ties_;
  TraceBuffer* trace_;
  std::vector<Port> ports_;
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> unused_;  // of flights_
  std::vector<Event> events_;          // heap, the earliest first
  std::vector<Frame> arrived_;         // since the last advance() handed them out
  Instant arrived_first_ = kNever;
  std::vector<Instant> sent_;  // last departure by source
  struct Edge {
    Instant at;
    bool start;
    std::uint32_t rule;
  };
  std::vector<Edge> edges_;  // of fault windows, in order
  std::size_t edges_done_ = 0;
  Instant processed_{};
  Instant last_event_{};
  NetworkCounters counters_;
  std::optional<PauseControl> pause_;
  std::vector<Queue> queues_;         // by port; empty without pauses
  std::vector<std::size_t> stopped_;  // ports of switches, in order
  Instant poll_at_ = kNever;          // of the watchdog
  std::vector<Deadlock> deadlocks_;
  Duration least_first_ = kUnbounded;
  Duration least_last_ = kUnbounded;
  Duration least_path_ = kUnbounded;
};

}  // namespace soliton
