#include "fabric/sim/switch_ports.h"

#include <algorithm>
#include <utility>

#include "protocol/base/check.h"

namespace soliton {
namespace {

Bytes bytes_on_line(const Frame& frame) { return payload_of(frame) + Bytes{kFrameOverheadBytes}; }

std::uint32_t near_end(const Topology& topology, std::size_t port) {
  return topology.links[hop_of(port).link].ends[hop_of(port).direction];
}

}  // namespace

SwitchPorts::SwitchPorts(const Topology& topology, Duration first, Cables& cables)
    : topology_(topology),
      cables_(cables),
      classes_(topology),
      buffers_(topology.vertices.size()),
      kept_(cables.ports()),
      queues_(cables.ports() * classes_.most()),
      lines_(cables.ports()),
      backlog_(cables.ports()) {
  if (topology.pause) control_.emplace(topology, first, classes_.most());
  for (std::size_t v = 0; v < topology.vertices.size(); ++v)
    if (const SwitchQueues& its = topology.vertices[v].queues; its.buffer && !topology.pause)
      buffers_[v].emplace(*its.buffer, its.alpha);
  for (std::size_t port = 0; port < cables.ports(); ++port) {
    const Vertex& vertex = topology.vertices[near_end(topology, port)];
    kept_[port] = vertex.is_switch &&
                  (topology.pause || vertex.queues.buffer || !vertex.queues.classes.empty());
    arbiters_.emplace_back(vertex.queues.classes);
  }
}

bool SwitchPorts::needed(const Topology& topology) {
  return topology.pause || std::ranges::any_of(topology.vertices, [](const Vertex& vertex) {
           return vertex.queues.buffer || !vertex.queues.classes.empty();
         });
}

bool SwitchPorts::line_up(const Flight& flight) const {
  return control_ && control_->governs(queue_of(port_of(flight.next), 0));
}

std::size_t SwitchPorts::came_over(const Flight& flight) const {
  SOLITON_CHECK(flight.hops > 0);
  const std::uint32_t at = far_end(topology_.links[flight.over.link], flight.over.direction);
  return queue_of(port_of(flight.over), classes_.of(at, flight.frame.datagram.traffic_class));
}

void SwitchPorts::come_to_card(std::uint32_t number) {
  const Flight& flight = cables_.flight(number);
  const std::size_t port = port_of(flight.next);
  ++cables_.counters().events;
  cables_.port(port).count();
  std::uint64_t ordinal = 0;
  if (cables_.faults().touches_port(flight.next)) {
    Duration others{};
    ordinal =
        *come_under_faults(number, 0, flight.at_port.ready, others);  // a card refuses nothing
  }
  queues_[queue_of(port, 0)].push({number, bytes_on_line(flight.frame), Instant{}, ordinal});
  // Signals are known only up to the instant before processed(): the packet may leave in that past.
  serve(port, cables_.events().processed() - Duration{1});
}

void SwitchPorts::come_to_switch(std::uint32_t number, Instant now) {
  Flight& flight = cables_.flight(number);
  const std::size_t at = port_of(flight.next);
  const std::uint32_t vertex = near_end(topology_, at);
  const std::size_t its = classes_.of(vertex, flight.frame.datagram.traffic_class);
  Port& port = cables_.port(at);
  PacketQueue& queue = queues_[queue_of(at, its)];
  const Bytes size = bytes_on_line(flight.frame);
  ++cables_.counters().events;
  port.count();
  // The link's `queue` bounds the traffic of others, and with it the wait.
  Duration others = port.meet_others(cables_.shared());
  if (control_) {
    others = std::min(others, port.queue_time());
    port.counters.lossy_queue_max =
        std::max(port.counters.lossy_queue_max, transmitted(others, port.link().rate));
    // For a while after the watchdog has emptied a queue it drops what comes, so that the switches in
    // front can drain.
    if (queue.drops(now)) return discard_stuck(number, now);
  } else if (others > Duration{}) {
    backlog_[at] = std::max(backlog_[at], now + others);
  }
  if (!has_room(at, its, flight, now)) return cables_.drop(number, now, kNoRule);
  std::uint64_t ordinal = 0;
  if (cables_.faults().touches_port(flight.next)) {
    const std::optional<std::uint64_t> taken = come_under_faults(number, its, now, others);
    if (!taken) return;
    ordinal = *taken;
  }
  port.mark(now, length(at, its, now) + size, flight.frame.datagram, cables_.shared());
  // Held before it is served, also when it leaves at once: its bytes are in the switch until the
  // last has left.
  if (control_) send_signal(control_->hold(came_over(flight), size, now));
  if (buffers_[vertex]) buffers_[vertex]->add(size);
  queue.push({number, size, others > Duration{} ? now + others : Instant{}, ordinal});
  serve(at, now);
}

// Counts the packet if there is none, and what it adds to the port's work if there is. That work is the
// same whatever the order in which it is done.
bool SwitchPorts::has_room(std::size_t at, std::size_t its_class, const Flight& flight,
                           Instant now) {
  Port& port = cables_.port(at);
  const Bytes size = bytes_on_line(flight.frame);
  if (control_) {
    if (control_->has_room(came_over(flight), size)) return true;
    ++port.counters.dropped_queue;
    return false;
  }
  if (cables_.faults().touches_port(flight.next) && !has_room_under_faults(at, size, now))
    return false;
  const Duration line = line_time(port.link(), payload_of(flight.frame));
  const Duration backlog = std::max(backlog_[at] - now, Duration{});
  if (!cables_.faults().touches_port(flight.next) && backlog > Duration{} &&
      backlog + line > port.queue_time()) {
    ++port.counters.dropped_queue;
    return false;
  }
  if (const std::optional<SharedBuffer>& buffer = buffers_[near_end(topology_, at)]) {
    const PortLine& sending = lines_[at];
    const bool on_line = sending.sending() && sending.packet().its_class == its_class;
    const Bytes held = queues_[queue_of(at, its_class)].waiting_bytes() +
                       (on_line ? sending.packet().size : Bytes{});
    if (!buffer->takes(held, size)) {
      ++port.counters.dropped_buffer;
      ++cables_.counters().dropped_buffer;
      ++port.counters.dropped_queue;
      return false;
    }
  }
  const Instant start = std::max({flight.at_port.ready, flight.at_port.tail - line, backlog_[at]});
  backlog_[at] = later(start, line);
  return true;
}

// Where faults hold a line, its time is no measure of what waits for it.
bool SwitchPorts::has_room_under_faults(std::size_t at, Bytes size, Instant now) {
  const PortState state = state_of(at, size, now);
  if (state.packets == 0 || state.queued + size <= state.room) return true;
  ++cables_.port(at).counters.dropped_queue;
  return false;
}

// All classes of a port.
PortState SwitchPorts::state_of(std::size_t port, Bytes size, Instant now) const {
  const Port& its = cables_.port(port);
  const Bytes payload = size - Bytes{kFrameOverheadBytes};
  PortState out{.free = its.free(),
                .room = its.at_switch() ? its.link().queue : Bytes{},
                .size = size,
                .line = its.time(payload)};
  if (its.free() > now) {
    out.queued = transmitted(its.free() - now, its.link().rate);
    out.packets = 1;
  }
  for (std::size_t c = 0; c < classes_.most(); ++c) {
    const PacketQueue& queue = queues_[queue_of(port, c)];
    out.queued += queue.waiting_bytes();
    out.packets += queue.waiting().size();
    if (!queue.empty())
      out.free =
          later(std::max(out.free, now), transmit_time(queue.waiting_bytes(), its.link().rate));
  }
  return out;
}

std::optional<std::uint64_t> SwitchPorts::come_under_faults(std::uint32_t number,
                                                            std::size_t its_class, Instant now,
                                                            Duration& others) {
  Flight& flight = cables_.flight(number);
  const std::size_t at = port_of(flight.next);
  PortState state = state_of(at, bytes_on_line(flight.frame), now);
  if (control_) state.room = {};  // switches with pauses drop nothing for want of room
  const PortFaults::Coming coming = cables_.faults().come(
      flight.next, cables_.crossing_at(flight, now), state, !cables_.port(at).at_switch());
  if (coming.refused_by != kNoRule) {
    cables_.lose_at_port(number, now, coming.refused_by);
    return std::nullopt;
  }
  // Others stand in front of it, in its queue.
  const PacketQueue& queue = queues_[queue_of(at, its_class)];
  if (coming.behind > now)
    others =
        std::max(others, coming.behind - now -
                             transmit_time(queue.waiting_bytes(), cables_.port(at).link().rate));
  return coming.ordinal;
}

// Of a queue, with what the line has not sent yet of a packet of the class.
Bytes SwitchPorts::length(std::size_t at, std::size_t its_class, Instant now) const {
  const Port& port = cables_.port(at);
  const PortLine& line = lines_[at];
  const bool on_line = line.sending() && line.packet().its_class == its_class;
  const Bytes rest = on_line ? transmitted(port.free() - now, port.link().rate) : Bytes{};
  return queues_[queue_of(at, its_class)].waiting_bytes() + rest;
}

// When the first packet of a queue may start: its head must be there, and on a line faster than the one
// before the packet starts late enough that the line does not run dry (cross_line() in
// topologies/line.h). kNever while it is paused without a known end: the signal that ends it calls back.
Instant SwitchPorts::earliest(std::size_t port, std::size_t its_class) const {
  Instant at = possible(port, its_class);
  const PacketQueue::Entry& entry = queues_[queue_of(port, its_class)].front();
  const Flight& flight = cables_.flight(entry.flight);
  if (!cables_.faults().touches_port(flight.next)) return first_allowed(port, its_class, at);
  // Pauses and faults take turns in holding it.
  for (at = first_allowed(port, its_class, at); at != kNever;) {
    const Instant start =
        cables_.faults().first_start(flight.next, cables_.crossing_at(flight, at, entry.ordinal),
                                     state_of(port, entry.size, at), at);
    at = first_allowed(port, its_class, start);
    if (at == start) break;
  }
  return at;
}

// Were it not for pauses and faults.
Instant SwitchPorts::possible(std::size_t port, std::size_t its_class) const {
  const PacketQueue::Entry& entry = queues_[queue_of(port, its_class)].front();
  const AtPort& packet = cables_.flight(entry.flight).at_port;
  const Port& its = cables_.port(port);
  return std::max({packet.ready, packet.tail - transmit_time(entry.size, its.link().rate),
                   entry.others_until, its.free()});
}

Instant SwitchPorts::first_allowed(std::size_t port, std::size_t its_class, Instant at) const {
  if (!control_) return at;
  const PacketQueue::Entry& entry = queues_[queue_of(port, its_class)].front();
  const Port& its = cables_.port(port);
  if (its.at_switch()) return control_->first_allowed(queue_of(port, its_class), at);
  const std::uint32_t far = far_end(its.link(), hop_of(port).direction);
  const std::uint8_t channel = cables_.flight(entry.flight).frame.datagram.traffic_class;
  return control_->first_allowed(queue_of(port, classes_.of(far, channel)), at);
}

void SwitchPorts::serve(std::size_t port, Instant now) {
  lines_[port].came(now);
  if (!cables_.port(port).at_switch()) return serve_card(port, now);
  release_sent(port, now);
  serve_switch(port, now);
}

// Starts packets until one must wait. A card may start several.
void SwitchPorts::serve_card(std::size_t port, Instant now) {
  while (!queues_[queue_of(port, 0)].empty()) {
    const Instant start = earliest(port, 0);
    if (start == kNever) return;
    if (start > now) return call_back(port, start);
    start_first(port, 0, start);
  }
}

// A port of a switch sends one packet at a time, because the bytes stay in its switch until the last one
// has left.
void SwitchPorts::serve_switch(std::size_t port, Instant now) {
  if (lines_[port].sending()) return;
  const std::size_t classes =
      std::max<std::size_t>(topology_.vertices[near_end(topology_, port)].queues.classes.size(), 1);
  next_.assign(classes, Bytes{});
  Instant soonest = kNever;
  bool any = false;
  for (std::size_t its = 0; its < classes; ++its) {
    const PacketQueue& queue = queues_[queue_of(port, its)];
    if (queue.empty()) continue;
    const Instant start = earliest(port, its);
    soonest = std::min(soonest, start);
    if (start > now) continue;
    next_[its] = queue.front().size;
    any = true;
  }
  if (!any) {
    if (soonest != kNever) call_back(port, soonest);
    return;
  }
  const std::size_t chosen = arbiters_[port].choose(next_);
  start_first(port, chosen, earliest(port, chosen));
  if (queues_[queue_of(port, chosen)].empty()) arbiters_[port].emptied(chosen);
}

void SwitchPorts::start_first(std::size_t port, std::size_t its_class, Instant start) {
  PacketQueue& queue = queues_[queue_of(port, its_class)];
  const PacketQueue::Entry entry = queue.front();
  Flight& flight = cables_.flight(entry.flight);
  const Instant came =
      std::max(flight.at_port.ready,
               flight.at_port.tail - transmit_time(entry.size, cables_.port(port).link().rate));
  Duration stretch{};
  if (cables_.faults().touches_port(flight.next)) {
    const PortFaults::Leaving leaving =
        cables_.faults().start(flight.next, cables_.crossing_at(flight, start, entry.ordinal),
                               state_of(port, entry.size, start), possible(port, its_class));
    if (leaving.flushed_by != kNoRule) return flush(port, its_class, start, leaving.flushed_by);
    stretch = leaving.stretch;
  }
  queue.pop();
  flight.at_port.ready = start;
  const bool in_switch = flight.hops > 0;
  if (in_switch) {
    lines_[port].start({entry.size, its_class, came_over(flight)});
  } else {
    measure(port, flight.frame.at, entry.size, Bytes{});
    queue.left_card(start, entry.size);
  }
  cables_.launch(entry.flight, start - came, stretch);
  // The next packet waits for this one's last byte: only then do its bytes leave the switch.
  if (in_switch) call_back(port, cables_.port(port).free());
}

// The first packet of a queue is thrown out by a rule, and the next one is looked at.
void SwitchPorts::flush(std::size_t port, std::size_t its_class, Instant at, std::int32_t rule) {
  PacketQueue& queue = queues_[queue_of(port, its_class)];
  const PacketQueue::Entry entry = queue.front();
  queue.pop();
  if (const Flight& flight = cables_.flight(entry.flight); flight.hops > 0) {
    if (control_) send_signal(control_->release(came_over(flight), entry.size, at));
    if (std::optional<SharedBuffer>& buffer = buffers_[near_end(topology_, port)])
      buffer->remove(entry.size);
    note_waited(port, entry, at);
    if (!queue.empty()) call_back(port, at);
  } else {
    measure(port, flight.frame.at, entry.size, Bytes{});
  }
  cables_.lose_at_port(entry.flight, at, rule);
}

void SwitchPorts::release_sent(std::size_t port, Instant now) {
  if (!lines_[port].sending() || cables_.port(port).free() > now) return;
  const PortLine::Sending sent = lines_[port].end();
  if (control_) send_signal(control_->release(sent.cable, sent.size, now));
  if (std::optional<SharedBuffer>& buffer = buffers_[near_end(topology_, port)])
    buffer->remove(sent.size);
}

void SwitchPorts::call_back(std::size_t port, Instant at) {
  // One event for each instant is enough, however many packets wait.
  if (!lines_[port].expect(at)) return;
  cables_.events().push(
      {.at = at, .source = static_cast<std::uint32_t>(port), .what = NetworkEvent::What::kLine});
}

void SwitchPorts::send_signal(const std::optional<PauseSignal>& signal) {
  if (!signal) return;
  cables_.signal({.at = signal->at,
                  .ordinal = signal->ordinal,
                  .source = static_cast<std::uint32_t>(signal->port),
                  .flight = signal->stop ? 1u : 0u,
                  .what = NetworkEvent::What::kSignal},
                 signal->port / classes_.most());
}

void SwitchPorts::take_signal(const PauseSignal& signal) {
  if (!control_->apply(signal)) return;
  cables_.counters().pauses += signal.stop ? 1 : 0;
  const std::size_t port = signal.port / classes_.most();
  if (cables_.port(port).at_switch()) {
    // Kept in order, so that the watchdog and the search for circles look at ports in the same
    // order in every run.
    const auto place = std::lower_bound(stopped_.begin(), stopped_.end(), signal.port);
    signal.stop ? void(stopped_.insert(place, signal.port)) : void(stopped_.erase(place));
    set_poll(signal.at);
  }
  // After all signals of this instant: the next one may stop the port again.
  if (!signal.stop) call_back(port, signal.at);
}

void SwitchPorts::measure(std::size_t port, Instant came, Bytes size, Bytes before) {
  Bytes& longest = cables_.port(port).counters.queue_max;
  const Bytes length = queues_[queue_of(port, 0)].length_at(came, size, before);
  longest = std::max(longest, length);
  if (PortSeries* series = cables_.shared().series_of(port)) series->queue_was(came, length);
}

void SwitchPorts::measure_waiting(std::size_t port) {
  Bytes before{};
  for (const PacketQueue::Entry& entry : queues_[queue_of(port, 0)].waiting()) {
    const Flight& flight = cables_.flight(entry.flight);
    if (flight.hops > 0) return;
    measure(port, flight.frame.at, entry.size, before);
    before += entry.size;
  }
}

void SwitchPorts::set_poll(Instant now) {
  const std::optional<PauseWatchdog>& watchdog = topology_.pause->watchdog;
  if (!watchdog || stopped_.empty()) {
    poll_at_ = kNever;
  } else if (poll_at_ == kNever) {
    const auto polls = (now - kRunStart) / watchdog->poll;
    // At multiples of the period, so that polls do not depend on when the first pause began.
    poll_at_ = kRunStart + (polls + 1) * watchdog->poll;
  }
}

void SwitchPorts::poll(Instant now) {
  for (const std::size_t queue : stopped_) watch(queue, now);
  poll_at_ = kNever;
  set_poll(now);
}

void SwitchPorts::watch(std::size_t queue, Instant now) {
  const PauseWatchdog& watchdog = *topology_.pause->watchdog;
  if (!queues_[queue].stalled(watchdog.polls)) return;
  ++cables_.counters().watchdogs;
  const std::size_t port = queue / classes_.most();
  for (const PacketQueue::Entry& entry : queues_[queue].drop_all(now + watchdog.restore)) {
    send_signal(control_->release(came_over(cables_.flight(entry.flight)), entry.size, now));
    note_waited(port, entry, now);
    discard_stuck(entry.flight, now);
  }
  arbiters_[port].emptied(queue % classes_.most());
}

// A packet that leaves the queue otherwise than over the line, or never.
void SwitchPorts::note_waited(std::size_t port, const PacketQueue::Entry& entry, Instant until) {
  if (PortSeries* series = cables_.shared().series_of(port))
    series->waited(cables_.flight(entry.flight).at_port.ready, until, entry.size);
}

void SwitchPorts::discard_stuck(std::uint32_t number, Instant now) {
  const std::size_t port = port_of(cables_.flight(number).next);
  ++cables_.port(port).counters.dropped_watchdog;
  if (PortSeries* series = cables_.shared().series_of(port)) series->dropped_watchdog(now);
  ++cables_.counters().dropped_watchdog;
  cables_.discard(number, now, kNoRule);
}

Stopped SwitchPorts::stopped() const {
  Stopped out;
  for (const std::size_t queue : stopped_) {
    out.queues.push_back(queue);
    for (const PacketQueue::Entry& entry : queues_[queue].waiting())
      out.waiting.push_back({queue, came_over(cables_.flight(entry.flight)), entry.size});
  }
  return out;
}

// Queues of cards are measured when a packet starts (PacketQueue::length_at()); what never starts
// is measured here.
void SwitchPorts::finish(Instant now) {
  for (std::size_t port = 0; port < cables_.ports(); ++port) {
    if (control_) measure_waiting(port);
    for (std::size_t its = 0; its < classes_.most(); ++its)
      for (const PacketQueue::Entry& entry : queues_[queue_of(port, its)].waiting())
        note_waited(port, entry, now);
  }
}

PortPauses SwitchPorts::pauses_of(std::size_t port, Instant now) const {
  PortPauses out{.hop = hop_of(port), .counters = cables_.port(port).counters};
  for (std::size_t c = 0; c < classes_.most(); ++c) {
    const std::size_t queue = queue_of(port, c);
    out.pauses += control_->pauses(queue);
    out.paused = sum(out.paused, control_->paused(queue, now));
    out.held_max = std::max(out.held_max, control_->held_max(queue));
  }
  return out;
}

}  // namespace soliton
