#include "fabric/sim/cables.h"

#include <algorithm>
#include <iterator>

#include "protocol/base/check.h"

namespace soliton {

Cables::Cables(const Topology& topology, const Routes& routes, const FaultPlan& plan,
               EarliestEvents* trace, PartOf part)
    : topology_(topology),
      routes_(routes),
      ordinals_(routes.sprays() ? topology.nodes : 0),
      part_(part),
      faults_(plan, topology.links.size()),
      shared_(plan.seed),
      ties_(Random(plan.seed, "ties").bits(0)),
      trace_(trace),
      leaving_(part.cut != nullptr ? part.cut->parts : 1) {
  ports_.reserve(topology.links.size() * 2);
  // Port 2 * link + direction, as port_of() numbers them.
  for (const TopologyLink& link : topology.links)
    for (const std::uint8_t direction : {0, 1})
      ports_.emplace_back(link, ports_.size(), topology.vertices[link.ends[direction]].is_switch);
}

void Cables::record_series(Duration interval) {
  const std::size_t most = series_intervals_most(ports_.size());
  for (const Port& port : ports_) shared_.series.emplace_back(interval, most, port.link().rate);
}

Hop Cables::next_hop(const Flight& flight, std::uint32_t vertex) const {
  const NodeId source = flight.frame.datagram.source;
  const NodeId destination = flight.frame.datagram.destination;
  const auto next = routes_.next_hop(vertex, destination,
                                     {.flow = routes_.flow(source, destination),
                                      .ordinal = flight.ordinal,
                                      .at = flight.at_port.ready});
  SOLITON_CHECK_MSG(next, "no path from {} to node {}", topology_.vertices[vertex].name,
                    index(destination));
  return *next;
}

std::uint32_t Cables::add(Frame&& frame) {
  const NodeId source = frame.datagram.source, destination = frame.datagram.destination;
  const std::uint32_t slot = free_slot();
  Flight& flight = flights_[slot];
  flight.at_port = {frame.at, frame.at};
  flight.frame = std::move(frame);
  flight.hops = 0;
  flight.ordinal = routes_.sprays() ? ordinals_.next(source, destination) : 0;
  flight.lost_by = kNoRule;
  flight.next = flight.over = next_hop(flight, index(source));
  return slot;
}

// Slots are used again, so memory is bounded by what is under way at one time. Growing moves all
// flights: references to them end here.
std::uint32_t Cables::free_slot() {
  if (unused_.empty()) {
    flights_.emplace_back();
    return static_cast<std::uint32_t>(flights_.size() - 1);
  }
  const std::uint32_t slot = unused_.back();
  unused_.pop_back();
  return slot;
}

void Cables::cross(std::uint32_t number) {
  Flight& flight = flights_[number];
  const Instant ready = flight.at_port.ready;
  ++counters().events;
  if (faults_.touches_port(flight.next)) return cross_under_faults(number);
  const std::optional<Duration> waited = ports_[port_of(flight.next)].queue_up(
      ready, payload_of(flight.frame), flight.frame.datagram, shared_);
  // queue_up() returns nullopt if the queue is full.
  waited ? launch(number, *waited) : drop(number, ready, kNoRule);
}

void Cables::launch(std::uint32_t number, Duration waited, Duration stretch) {
  Flight& flight = flights_[number];
  Port& port = ports_[port_of(flight.next)];
  // Chance is a function of how many packets this port has sent, not of the order in which ports
  // are served.
  const std::uint64_t ordinal = port.counters.packets;
  const Bytes size = payload_of(flight.frame);
  OnLine on_line = port.launch(flight.at_port, size, waited);
  if (stretch > Duration{}) {
    port.occupy(later(port.free(), stretch));
    on_line.tail = later(on_line.tail, stretch);
  }
  PortSeries* const series = shared_.series_of(port_of(flight.next));
  if (series != nullptr)
    series->sent({on_line.start - waited, on_line.start, port.free() - on_line.start, size,
                  size + Bytes{kFrameOverheadBytes}});
  // A packet that a fault drops has used the line all the same, and an extra delay holds up no
  // other packet: faults act behind the port.
  if (faults_.touches(flight.next)) return meet_faults(number, ordinal, on_line);
  proceed(number, on_line);
}

OnLine Cables::delayed(OnLine line, Duration by) {
  line.head = later(line.head, by);
  line.tail = later(line.tail, by);
  return line;
}

void Cables::meet_faults(std::uint32_t number, std::uint64_t ordinal, OnLine line) {
  Flight& flight = flights_[number];
  Port& port = ports_[port_of(flight.next)];
  Datagram& datagram = flight.frame.datagram;
  Crossing crossing = crossing_at(flight, line.start, ordinal);
  crossing.end = line.tail;
  const FaultVerdict verdict = faults_.judge(flight.next, crossing);
  if (verdict.dropped()) {
    ++port.counters.dropped_fault;
    if (PortSeries* const series = shared_.series_of(port_of(flight.next)))
      series->dropped_fault(line.start);
    flight.lost_by = verdict.dropped_by;
    flight.lost_at = line.start;
  }
  for (const FaultAction& action : verdict.changes) change(action, datagram);
  line = delayed(line, verdict.extra_delay);
  // Growing moves all flights, so `flight` and `datagram` end with the first copy.
  for (const Duration lag : verdict.copies) {
    ++counters().duplicated;
    const std::uint32_t copy = free_slot();
    flights_[copy] = flights_[number];
    proceed(copy, delayed(line, lag));
  }
  proceed(number, line);
}

Crossing Cables::crossing_at(const Flight& flight, Instant start, std::uint64_t ordinal) const {
  const Port& port = ports_[port_of(flight.next)];
  const Datagram& datagram = flight.frame.datagram;
  return crossing_of(datagram, {.start = start,
                                .end = start,
                                .ordinal = ordinal,
                                .rate = port.link().rate,
                                .at_end = port.far_end() == index(datagram.destination)});
}

// What others have put in front of the packet is there already.
std::optional<std::uint64_t> Cables::enter_queue(std::uint32_t number, Port& port,
                                                 PortBacklog& backlog) {
  Flight& flight = flights_[number];
  const Instant now = flight.at_port.ready;
  const Bytes size = payload_of(flight.frame);
  const auto take_line = [&](Instant until) {
    const Instant from = std::max(port.free(), now);
    if (until <= from) return;
    port.occupy(until);
    backlog.add(from, until, transmitted(until - from, port.link().rate));
  };
  if (port.at_switch()) take_line(later(now, port.meet_others(shared_)));
  const PortState state{.free = port.free(),
                        .queued = backlog.bytes(now),
                        .packets = backlog.packets(),
                        .room = port.at_switch() ? port.link().queue : Bytes{},
                        .size = size + Bytes{kFrameOverheadBytes},
                        .line = port.time(size)};
  if (port.at_switch() && state.packets > 0 && state.queued + state.size > state.room) {
    ++port.counters.dropped_queue;
    drop(number, now, kNoRule);
    return std::nullopt;
  }
  const PortFaults::Coming coming =
      faults_.come(flight.next, crossing_at(flight, now), state, !port.at_switch());
  if (coming.refused_by != kNoRule) {
    lose_at_port(number, now, coming.refused_by);
    return std::nullopt;
  }
  take_line(coming.behind);
  if (port.at_switch())
    port.mark(now, backlog.bytes(now) + state.size, flight.frame.datagram, shared_);
  else if (PortSeries* const series = shared_.series_of(port_of(flight.next)))
    series->queue_was(now, backlog.bytes(now) + state.size);
  return coming.ordinal;
}

void Cables::cross_under_faults(std::uint32_t number) {
  Flight& flight = flights_[number];
  const Hop hop = flight.next;
  Port& port = ports_[port_of(hop)];
  PortBacklog& backlog = backlogs_[port_of(hop)];
  const Instant ready = flight.at_port.ready;
  const Bytes size = payload_of(flight.frame);
  port.count();
  backlog.pass(ready);
  const std::optional<std::uint64_t> ordinal = enter_queue(number, port, backlog);
  if (!ordinal) return;
  const PortState state{.free = port.free(),
                        .queued = backlog.bytes(ready),
                        .packets = backlog.packets(),
                        .size = size + Bytes{kFrameOverheadBytes},
                        .line = port.time(size)};
  const Instant wanted = std::max({ready, port.free(), flight.at_port.tail - state.line});
  const Instant start =
      faults_.first_start(hop, crossing_at(flight, wanted, *ordinal), state, wanted);
  // Those behind it cannot start earlier, also if it never does.
  if (start > wanted) port.occupy(start);
  const PortFaults::Leaving leaving =
      faults_.start(hop, crossing_at(flight, start, *ordinal), state, wanted);
  if (leaving.flushed_by != kNoRule) return lose_at_port(number, start, leaving.flushed_by);
  launch(number, std::max(port.free() - ready, Duration{}), leaving.stretch);
  backlog.add(start, port.free(), state.size);
}

// What a card loses becomes known like a loss on its cable (proceed()).
void Cables::lose_at_port(std::uint32_t number, Instant at, std::int32_t rule) {
  Flight& flight = flights_[number];
  Port& port = ports_[port_of(flight.next)];
  ++port.counters.dropped_fault;
  if (PortSeries* const series = shared_.series_of(port_of(flight.next))) series->dropped_fault(at);
  if (port.at_switch()) {
    flight.over = flight.next;
    return drop(number, at, rule);
  }
  flight.lost_by = rule;
  flight.lost_at = at;
  const Instant there = later(at, port.link().latency);
  proceed(number, {at, there, there});
}

// What happens next to a packet on a line. Losses inside the network are known now and take effect
// at once; a loss on the cable of a host becomes an event, because frames are handed over ahead of
// time and must be recorded in the order of time.
void Cables::proceed(std::uint32_t number, const OnLine& line) {
  Flight& flight = flights_[number];
  flight.over = flight.next;
  ++flight.hops;
  const std::uint32_t at = ports_[port_of(flight.over)].far_end();
  const std::uint32_t destination = index(flight.frame.datagram.destination);
  const bool last = at == destination;
  if (!last) {
    flight.at_port = cross_switch(topology_.vertices[at], line);
    flight.next = next_hop(flight, at);
  }
  // A packet that is lost on a cable straight to its destination meets no further port: its event
  // is at its tail.
  const bool lost = flight.lost_by != kNoRule;
  if (lost && flight.hops > 1) {
    drop(number, flight.lost_at, flight.lost_by);
  } else if (lost || !last) {
    push(last ? line.tail : flight.at_port.ready, number);
  } else if (part_.has_node(destination)) {
    arrive(number, line.tail);
  } else {
    leave(number, line.tail, part_.cut->of_node(destination), Handover::What::kArrival);
  }
}

void Cables::push(Instant at, std::uint32_t number) {
  const Flight& flight = flights_[number];
  const std::size_t port = port_of(flight.next);
  if (!part_.has_port(port))
    return leave(number, at, part_.cut->of_port(port), Handover::What::kPacket);
  events_.push({.at = at,
                .ordinal = flight.frame.ordinal,
                .source = index(flight.frame.datagram.source),
                .flight = number,
                .hop = flight.hops,
                .what = NetworkEvent::What::kPacket,
                .tie = tie_of(flight, at)});
}

void Cables::leave(std::uint32_t number, Instant at, std::uint32_t to, Handover::What what) {
  hand_over({.what = what, .at = at, .flight = std::move(flights_[number]), .signal = {}}, to);
  unused_.push_back(number);
}

void Cables::signal(const NetworkEvent& event, std::size_t to) {
  if (part_.has_port(to)) return events_.push(event);
  hand_over({.what = Handover::What::kSignal, .at = event.at, .flight = Flight{}, .signal = event},
            part_.cut->of_port(to));
}

void Cables::hand_over(Handover handover, std::uint32_t to) {
  first_answer_ = std::min(first_answer_, later(handover.at, part_.cut->between(to, part_.part)));
  Handovers& leaving = leaving_[to];
  leaving.first = std::min(leaving.first, handover.at);
  leaving.packets.push_back(std::move(handover));
}

void Cables::come_in(Handover handover) {
  if (handover.what == Handover::What::kSignal) return events_.push(handover.signal);
  const std::uint32_t number = free_slot();
  flights_[number] = std::move(handover.flight);
  handover.what == Handover::What::kArrival ? arrive(number, handover.at)
                                            : push(handover.at, number);
}

// A hash of instant, port and source: equal packets take turns from instant to instant, yet the
// order depends only on the seed.
std::uint32_t Cables::tie_of(const Flight& flight, Instant at) const {
  const auto instant = static_cast<std::uint64_t>(at.time_since_epoch().count());
  const std::uint64_t who =
      std::uint64_t{port_of(flight.next)} << 32 | index(flight.frame.datagram.source);
  return static_cast<std::uint32_t>(mix64(mix64(ties_ ^ instant) ^ who) >> 32);
}

void Cables::arrive(std::uint32_t number, Instant at) {
  // Nodes may already have been granted all time before processed().
  SOLITON_CHECK(at >= events_.processed());
  arrived_.push_back(std::move(flights_[number].frame));
  arrived_.back().at = at;
  first_arrival_ = std::min(first_arrival_, at);
  ++counters().delivered;
  unused_.push_back(number);
}

void Cables::take_arrived(std::vector<Frame>& out) {
  if (out.empty()) {
    std::swap(out, arrived_);
  } else {
    out.insert(out.end(), std::make_move_iterator(arrived_.begin()),
               std::make_move_iterator(arrived_.end()));
    arrived_.clear();
  }
  first_arrival_ = kNever;
}

void Cables::drop(std::uint32_t number, Instant at, std::int32_t rule) {
  ++(rule == kNoRule ? counters().dropped_queue : counters().dropped_fault);
  PortSeries* const series = shared_.series_of(port_of(flights_[number].next));
  if (rule == kNoRule && series != nullptr) series->dropped_queue(at);
  discard(number, at, rule);
}

void Cables::discard(std::uint32_t number, Instant at, std::int32_t rule) {
  Flight& flight = flights_[number];
  // A loss on a line becomes known when the packet has already moved on.
  const Hop hop = rule == kNoRule ? flight.next : flight.over;
  if (trace_) {
    trace_->record({.at = at,
                    .node = flight.frame.datagram.source,
                    .kind = TraceKind::kPacketDropped,
                    .a = rule,
                    .b = hop.link,
                    .c = hop.direction});
  }
  flight.frame.datagram.payload = {};
  unused_.push_back(number);
}

}  // namespace soliton
