#include "fabric/sim/network.h"

#include <algorithm>
#include <tuple>

#include "protocol/base/check.h"

namespace soliton {
namespace {

Bytes payload_of(const Frame& frame) {
  return {static_cast<std::int64_t>(frame.datagram.payload.size())};
}

}  // namespace

bool Network::Event::operator>(const Event& other) const {
  if (at != other.at) return at > other.at;
  if (what != other.what) return what > other.what;
  return std::tie(tie, source, ordinal, hop) >
         std::tie(other.tie, other.source, other.ordinal, other.hop);
}

Network::Network(const Topology& topology, const Routes& routes, const FaultPlan& plan,
                 TraceBuffer* trace)
    : topology_(topology),
      routes_(routes),
      faults_(plan, topology.links.size()),
      others_(plan.seed, "other traffic"),
      marks_(plan.seed, "ecn"),
      ties_(Random(plan.seed, "ties").bits(0)),
      trace_(trace),
      ports_(topology.links.size() * 2),
      sent_(topology.nodes, kRunStart) {
  for (std::uint32_t l = 0; l < topology.links.size(); ++l) {
    const TopologyLink& link = topology.links[l];
    for (const std::uint8_t direction : {0, 1}) {
      const bool from_switch = topology.vertices[link.ends[direction]].is_switch;
      ports_[position({l, direction})].queue_time =
          from_switch ? transmit_time(link.queue, link.rate) : kUnbounded;
    }
  }
  for (std::uint32_t r = 0; r < plan.rules.size(); ++r) {
    edges_.push_back({plan.rules[r].from, true, r});
    if (plan.rules[r].until != kNever) edges_.push_back({plan.rules[r].until, false, r});
  }
  std::stable_sort(edges_.begin(), edges_.end(),
                   [](const Edge& a, const Edge& b) { return a.at < b.at; });
  bound_lookahead();
  if (topology.pause) {
    pause_.emplace(topology, least_first_);
    queues_.resize(ports_.size());
  }
}

void Network::bound_lookahead() {
  Duration to_switch = kUnbounded;
  Duration direct = kUnbounded;
  for (const TopologyLink& link : topology_.links) {
    const Duration line = line_time(link, Bytes{0});
    for (const std::uint8_t direction : {0, 1}) {
      const Vertex& near = topology_.vertices[link.ends[direction]];
      const Vertex& far = topology_.vertices[far_end(link, direction)];
      const OnLine on_line = cross_line({kRunStart, kRunStart}, kRunStart, line, link.latency);
      const Duration crossing = on_line.tail - kRunStart;
      if (!near.is_switch && !far.is_switch) direct = std::min(direct, crossing);
      if (!near.is_switch && far.is_switch) {
        to_switch = std::min(to_switch, cross_switch(far, on_line).ready - kRunStart);
      }
      if (near.is_switch && !far.is_switch) least_last_ = std::min(least_last_, crossing);
    }
  }
  least_first_ = std::min(to_switch, direct);
  const bool switched = to_switch != kUnbounded && least_last_ != kUnbounded;
  least_path_ = switched ? std::min(direct, to_switch + least_last_) : direct;
}

void Network::send(Frame frame) {
  const Datagram& datagram = frame.datagram;
  const std::uint32_t source = index(datagram.source);
  SOLITON_CHECK_MSG(source < topology_.nodes && index(datagram.destination) < topology_.nodes &&
                        datagram.source != datagram.destination,
                    "node {} sends to node {}", source, index(datagram.destination));
  SOLITON_CHECK_MSG(frame.at >= sent_[source], "node {} went back in time", source);
  sent_[source] = frame.at;
  ++counters_.packets;
  counters_.bytes += datagram.payload.size();
  const std::vector<Hop>& route = routes_.between(datagram.source, datagram.destination);
  SOLITON_CHECK_MSG(!route.empty(), "no path from node {} to node {}", source,
                    index(datagram.destination));
  const AtPort at_port{frame.at, frame.at};
  // A host's cable is fed by that host alone, in order: its crossing is known now. That is what
  // lets other events be processed up to least_first() beyond a node's promise.
  const std::uint32_t flight =
      store({.frame = std::move(frame), .route = &route, .at_port = at_port});
  waits_at_card(flights_[flight]) ? come_to_card(flight) : cross(flight);
}

std::uint32_t Network::store(Flight flight) {
  if (unused_.empty()) {
    flights_.push_back(std::move(flight));
    return static_cast<std::uint32_t>(flights_.size() - 1);
  }
  const std::uint32_t slot = unused_.back();
  unused_.pop_back();
  flights_[slot] = std::move(flight);
  return slot;
}

void Network::push(Instant at, std::uint32_t flight) {
  const Flight& f = flights_[flight];
  push({at, f.frame.ordinal, index(f.frame.datagram.source), flight, f.hop, What::kPacket,
        tie_of(f, at)});
}

std::uint32_t Network::tie_of(const Flight& flight, Instant at) const {
  const std::size_t hop = std::min<std::size_t>(flight.hop, flight.route->size() - 1);
  const auto instant = static_cast<std::uint64_t>(at.time_since_epoch().count());
  const std::uint64_t who =
      std::uint64_t{position((*flight.route)[hop])} << 32 | index(flight.frame.datagram.source);
  return static_cast<std::uint32_t>(mix64(mix64(ties_ ^ instant) ^ who) >> 32);
}

void Network::push(const Event& event) {
  SOLITON_CHECK_MSG(event.at >= processed_,
                    "an event at {} ps after all below {} ps were processed",
                    event.at.time_since_epoch().count(), processed_.time_since_epoch().count());
  events_.push_back(event);
  std::push_heap(events_.begin(), events_.end(), std::greater<>{});
}

void Network::advance(Instant horizon, std::vector<Frame>& delivered) {
  const auto bound = [&] { return std::min(horizon, later(arrived_first_, least_first_)); };
  const auto next = [&] { return events_.empty() ? kNever : events_.front().at; };
  while (std::min(next(), poll_at_) < bound()) {
    if (poll_at_ <= next()) {
      poll(poll_at_);
      continue;
    }
    std::pop_heap(events_.begin(), events_.end(), std::greater<>{});
    const Event event = events_.back();
    events_.pop_back();
    process(event);
  }
  processed_ = std::max(processed_, bound());
  delivered.insert(delivered.end(), std::make_move_iterator(arrived_.begin()),
                   std::make_move_iterator(arrived_.end()));
  arrived_.clear();
  arrived_first_ = kNever;
}

Instant Network::next_event() const {
  const Instant first = events_.empty() ? kNever : events_.front().at;
  return std::min({arrived_first_, first, poll_at_});
}

void Network::process(const Event& event) {
  processed_ = event.at;
  record_edges(event.at);
  if (event.what == What::kSignal)
    return take_signal({event.source, event.at, event.flight != 0, event.ordinal});
  if (event.what == What::kLine) return serve(event.source, event.at);
  last_event_ = std::max(last_event_, event.at);
  const Flight& flight = flights_[event.flight];
  if (flight.lost_by != kNoRule)
    drop(event.flight, flight.lost_at, flight.lost_by);
  else
    pause_ ? come_to_port(event.flight, event.at) : cross(event.flight);
}

void Network::cross(std::uint32_t number) {
  Flight& flight = flights_[number];
  const Hop hop = (*flight.route)[flight.hop];
  const TopologyLink& link = topology_.links[hop.link];
  Port& port = ports_[position(hop)];
  const Instant ready = flight.at_port.ready;
  const Duration line = line_time(link, payload_of(flight.frame));
  ++counters_.events;
  ++port.came;
  if (has_queue(hop)) {
    const Duration others = meet_others(hop, port);
    if (others > Duration{}) port.free = std::max(port.free, ready + others);
  }
  const Duration backlog = std::max(port.free - ready, Duration{});
  if (backlog > Duration{} && has_queue(hop) && backlog + line > port.queue_time) {
    ++port.counters.dropped_queue;
    drop(number, ready, kNoRule);
    return;
  }
  if (has_queue(hop))
    mark(hop, port, transmitted(backlog + line, link.rate), flight.frame.datagram);
  launch(number, backlog);
}

// Puts a packet on its line as soon as that is free.
void Network::launch(std::uint32_t number, Duration waited) {
  Flight& flight = flights_[number];
  const Hop hop = (*flight.route)[flight.hop];
  const TopologyLink& link = topology_.links[hop.link];
  Port& port = ports_[position(hop)];
  const Bytes size = payload_of(flight.frame);
  const Duration line = line_time(link, size);
  OnLine on_line = cross_line(flight.at_port, port.free, line, link.latency);
  port.free = later(on_line.start, line);
  ++port.counters.packets;
  port.counters.bytes += static_cast<std::uint64_t>(size.count);
  port.counters.wait_max = std::max(port.counters.wait_max, waited);
  const std::uint64_t ordinal = port.ordinal++;
  if (faults_.touches(hop)) {
    const FaultVerdict verdict = faults_.judge(hop, {on_line.start, on_line.tail, ordinal});
    if (verdict.dropped()) {
      ++port.counters.dropped_fault;
      flight.lost_by = verdict.dropped_by;
      flight.lost_at = on_line.start;
    }
    on_line.head = later(on_line.head, verdict.extra_delay);
    on_line.tail = later(on_line.tail, verdict.extra_delay);
  }
  proceed(number, on_line);
}

// The rest of a burst that a packet comes upon: bursts are met in proportion to their length, and
// anywhere in them, which makes the rest as long as the shorter of two uniform draws.
Duration Network::meet_others(Hop hop, const Port& port) const {
  const OtherTraffic& other = topology_.links[hop.link].other;
  if (other.busy.parts_per_billion == 0) return {};
  const Random chance = others_.child(position(hop)).child(port.came);
  if (!chance.happens(0, other.busy)) return {};
  const auto longest = static_cast<std::uint64_t>(other.longest.count()) + 1;
  const std::uint64_t rest = std::min(chance.below(1, longest), chance.below(2, longest));
  return Duration{static_cast<std::int64_t>(rest)};
}

void Network::mark(Hop hop, Port& port, Bytes queue, Datagram& datagram) {
  const TopologyLink& link = topology_.links[hop.link];
  port.counters.queue_max = std::max(port.counters.queue_max, queue);
  counters_.queue_max = std::max(counters_.queue_max, queue);
  if (!link.ecn || queue <= link.ecn->kmin) return;
  Probability chance{1'000'000'000};
  // Bytes and parts per billion of a queue below the largest kmax stay below 2^63 in double.
  if (queue <= link.ecn->kmax)
    chance.parts_per_billion = static_cast<std::int64_t>(
        static_cast<double>(link.ecn->most.parts_per_billion) *
        static_cast<double>((queue - link.ecn->kmin).count) /
        static_cast<double>(std::max((link.ecn->kmax - link.ecn->kmin).count, std::int64_t{1})));
  if (!marks_.child(position(hop)).happens(port.came, chance)) return;
  datagram.congestion_seen = true;
  ++port.counters.marked;
  ++counters_.marked;
}

void Network::proceed(std::uint32_t number, const OnLine& line) {
  Flight& flight = flights_[number];
  const Hop hop = (*flight.route)[flight.hop];
  const bool last = ++flight.hop == flight.route->size();
  if (!last)
    flight.at_port =
        cross_switch(topology_.vertices[far_end(topology_.links[hop.link], hop.direction)], line);
  const bool lost = flight.lost_by != kNoRule;
  if (lost && flight.hop > 1) {
    drop(number, flight.lost_at, flight.lost_by);
  } else if (lost || !last) {
    push(last ? line.tail : flight.at_port.ready, number);
  } else {
    arrive(number, line.tail);
  }
}

void Network::arrive(std::uint32_t number, Instant at) {
  SOLITON_CHECK(at >= processed_);
  Frame frame = std::move(flights_[number].frame);
  frame.at = at;
  arrived_first_ = std::min(arrived_first_, at);
  ++counters_.delivered;
  arrived_.push_back(std::move(frame));
  unused_.push_back(number);
}

void Network::drop(std::uint32_t number, Instant at, std::int32_t rule) {
  ++(rule == kNoRule ? counters_.dropped_queue : counters_.dropped_fault);
  discard(number, at, rule);
}

void Network::discard(std::uint32_t number, Instant at, std::int32_t rule) {
  Flight& flight = flights_[number];
  // A loss on a line was found out after the flight had been moved on.
  const Hop hop = (*flight.route)[flight.hop - (rule == kNoRule ? 0 : 1)];
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

void Network::finish(Instant now) {
  record_edges(now);
  if (pause_) find_circles(now);
  for (std::size_t port = 0; port < queues_.size(); ++port) measure_waiting(port);
}

void Network::record_edges(Instant until) {
  for (; edges_done_ < edges_.size() && edges_[edges_done_].at <= until; ++edges_done_) {
    const Edge& edge = edges_[edges_done_];
    if (!trace_) continue;
    trace_->record({.at = edge.at,
                    .kind = edge.start ? TraceKind::kFaultStart : TraceKind::kFaultEnd,
                    .a = edge.rule});
  }
}

}  // namespace soliton
