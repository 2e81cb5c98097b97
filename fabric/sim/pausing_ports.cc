#include "fabric/sim/pausing_ports.h"

#include <algorithm>
#include <utility>

#include "fabric/sim/deadlock.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

Bytes bytes_on_line(const Frame& frame) { return payload_of(frame) + Bytes{kFrameOverheadBytes}; }

// The port that feeds the cable a packet came to its switch on.
std::size_t came_over(const Flight& flight) {
  SOLITON_CHECK(flight.hops > 0);
  return port_of(flight.over);
}

}  // namespace

PausingPorts::PausingPorts(const Topology& topology, Duration first, Cables& cables)
    : topology_(topology), cables_(cables), control_(topology, first), queues_(cables.ports()) {}

void PausingPorts::come_to_card(std::uint32_t number) {
  const Flight& flight = cables_.flight(number);
  const std::size_t port = port_of(flight.next);
  ++cables_.counters().events;
  cables_.port(port).count();
  queues_[port].push({number, bytes_on_line(flight.frame), Instant{}});
  // Signals are known only up to the instant before processed(): the packet may leave in that past.
  serve(port, cables_.events().processed() - Duration{1});
}

void PausingPorts::come_to_switch(std::uint32_t number, Instant now) {
  Flight& flight = cables_.flight(number);
  const std::size_t at = port_of(flight.next);
  Port& port = cables_.port(at);
  PausingPort& queue = queues_[at];
  const BitRate rate = port.link().rate;
  const Bytes size = bytes_on_line(flight.frame);
  ++cables_.counters().events;
  port.count();
  // The link's `queue` bounds the traffic of others, and with it the wait.
  const Duration others = std::min(port.meet_others(cables_.shared()), port.queue_time());
  port.counters.lossy_queue_max =
      std::max(port.counters.lossy_queue_max, transmitted(others, rate));
  // For a while after the watchdog has emptied a queue it drops what comes, so that the switches in
  // front can drain.
  if (queue.drops(now)) return discard_stuck(number, now);
  const std::size_t from = came_over(flight);
  if (!control_.has_room(from, size)) {
    ++port.counters.dropped_queue;
    return cables_.drop(number, now, kNoRule);
  }
  // Marks depend on the length of the queue including what the line has not sent yet.
  const Bytes rest = queue.sending() ? transmitted(port.free() - now, rate) : Bytes{};
  port.mark(now, queue.waiting_bytes() + rest + size, flight.frame.datagram, cables_.shared());
  // Held before it is served, also when it leaves at once: its bytes are in the switch until the
  // last has left.
  send_signal(control_.hold(from, size, now));
  queue.push({number, size, others > Duration{} ? now + others : Instant{}});
  serve(at, now);
}

// Starts packets until one must wait. A port of a switch sends one packet at a time, because the
// bytes stay in its switch until the last one has left; a card may start several.
void PausingPorts::serve(std::size_t number, Instant now) {
  PausingPort& queue = queues_[number];
  const Port& port = cables_.port(number);
  queue.line_came(now);
  release_sent(number, now);
  while (!queue.empty() && !queue.sending()) {
    const PausingPort::Entry& entry = queue.front();
    const AtPort& packet = cables_.flight(entry.flight).at_port;
    // The head must be there, and on a line faster than the one before the packet starts late
    // enough that the line does not run dry (cross_line() in topologies/line.h).
    const Instant came =
        std::max(packet.ready, packet.tail - transmit_time(entry.size, port.link().rate));
    const Instant start =
        control_.first_allowed(number, std::max({came, entry.others_until, port.free()}));
    // Paused without a known end: the signal that ends it calls back.
    if (start == kNever) return;
    if (start > now) return call_back(number, start);
    start_first(number, start, start - came);
  }
}

void PausingPorts::start_first(std::size_t number, Instant start, Duration waited) {
  PausingPort& queue = queues_[number];
  const PausingPort::Entry entry = queue.front();
  Flight& flight = cables_.flight(entry.flight);
  queue.pop();
  flight.at_port.ready = start;
  const bool in_switch = flight.hops > 0;
  if (in_switch) {
    queue.start_sending({entry.size, came_over(flight)});
  } else {
    measure(number, flight.frame.at, entry.size, Bytes{});
    queue.left_card(start, entry.size);
  }
  cables_.launch(entry.flight, waited);
  // The next packet waits for this one's last byte: only then do its bytes leave the switch.
  if (in_switch) call_back(number, cables_.port(number).free());
}

void PausingPorts::release_sent(std::size_t port, Instant now) {
  if (!queues_[port].sending() || cables_.port(port).free() > now) return;
  const PausingPort::Sending sent = queues_[port].end_sending();
  send_signal(control_.release(sent.cable, sent.size, now));
}

void PausingPorts::call_back(std::size_t port, Instant at) {
  // One event for each instant is enough, however many packets wait.
  if (!queues_[port].expect_line(at)) return;
  cables_.events().push(
      {.at = at, .source = static_cast<std::uint32_t>(port), .what = NetworkEvent::What::kLine});
}

void PausingPorts::send_signal(const std::optional<PauseSignal>& signal) {
  if (!signal) return;
  cables_.events().push({.at = signal->at,
                         .ordinal = signal->ordinal,
                         .source = static_cast<std::uint32_t>(signal->port),
                         .flight = signal->stop ? 1u : 0u,
                         .what = NetworkEvent::What::kSignal});
}

void PausingPorts::take_signal(const PauseSignal& signal) {
  if (!control_.apply(signal)) return;
  cables_.counters().pauses += signal.stop ? 1 : 0;
  if (cables_.port(signal.port).at_switch()) {
    // Kept in order, so that the watchdog and the search for circles look at ports in the same
    // order in every run.
    const auto place = std::lower_bound(stopped_.begin(), stopped_.end(), signal.port);
    signal.stop ? void(stopped_.insert(place, signal.port)) : void(stopped_.erase(place));
    set_poll(signal.at);
  }
  // After all signals of this instant: the next one may stop the port again.
  if (!signal.stop) call_back(signal.port, signal.at);
}

void PausingPorts::measure(std::size_t port, Instant came, Bytes size, Bytes before) {
  Bytes& longest = cables_.port(port).counters.queue_max;
  const Bytes length = queues_[port].length_at(came, size, before);
  longest = std::max(longest, length);
  if (PortSeries* series = cables_.shared().series_of(port)) series->queue_was(came, length);
}

void PausingPorts::measure_waiting(std::size_t port) {
  Bytes before{};
  for (const PausingPort::Entry& entry : queues_[port].waiting()) {
    const Flight& flight = cables_.flight(entry.flight);
    if (flight.hops > 0) return;
    measure(port, flight.frame.at, entry.size, before);
    before += entry.size;
  }
}

void PausingPorts::set_poll(Instant now) {
  const std::optional<PauseWatchdog>& watchdog = topology_.pause->watchdog;
  if (!watchdog || stopped_.empty()) {
    poll_at_ = kNever;
  } else if (poll_at_ == kNever) {
    const auto polls = (now - kRunStart) / watchdog->poll;
    // At multiples of the period, so that polls do not depend on when the first pause began.
    poll_at_ = kRunStart + (polls + 1) * watchdog->poll;
  }
}

void PausingPorts::poll(Instant now) {
  // First: the watchdog breaks circles by dropping what waits in them.
  find_circles(now);
  for (const std::size_t port : stopped_) watch(port, now);
  poll_at_ = kNever;
  set_poll(now);
}

void PausingPorts::watch(std::size_t port, Instant now) {
  const PauseWatchdog& watchdog = *topology_.pause->watchdog;
  if (!queues_[port].stalled(watchdog.polls)) return;
  ++cables_.counters().watchdogs;
  for (const PausingPort::Entry& entry : queues_[port].drop_all(now + watchdog.restore)) {
    send_signal(control_.release(came_over(cables_.flight(entry.flight)), entry.size, now));
    note_waited(port, entry, now);
    discard_stuck(entry.flight, now);
  }
}

// A packet that leaves the queue otherwise than over the line, or never.
void PausingPorts::note_waited(std::size_t port, const PausingPort::Entry& entry, Instant until) {
  if (PortSeries* series = cables_.shared().series_of(port))
    series->waited(cables_.flight(entry.flight).at_port.ready, until, entry.size);
}

void PausingPorts::discard_stuck(std::uint32_t number, Instant now) {
  const std::size_t port = port_of(cables_.flight(number).next);
  ++cables_.port(port).counters.dropped_watchdog;
  if (PortSeries* series = cables_.shared().series_of(port)) series->dropped_watchdog(now);
  ++cables_.counters().dropped_watchdog;
  cables_.discard(number, now, kNoRule);
}

void PausingPorts::find_circles(Instant now) {
  std::vector<std::size_t> stopped;
  std::vector<Waiting> waiting;
  for (const std::size_t port : stopped_) {
    // A signal that lets the port go on may be on its way: such a port is stopped, but not stuck.
    if (!control_.held_back(port)) continue;
    stopped.push_back(port);
    for (const PausingPort::Entry& entry : queues_[port].waiting())
      waiting.push_back({port, came_over(cables_.flight(entry.flight)), entry.size});
  }
  for (const std::vector<std::size_t>& ports :
       find_deadlocks(stopped, waiting, resume_level(*topology_.pause))) {
    std::vector<Hop> circle;
    for (const std::size_t port : ports) circle.push_back(hop_of(port));
    // The same circle is found at every poll while it lasts, and is reported once.
    const bool known = std::any_of(deadlocks_.begin(), deadlocks_.end(),
                                   [&](const Deadlock& d) { return d.circle == circle; });
    if (!known) deadlocks_.push_back({now, std::move(circle)});
  }
}

// Queues of cards are measured when a packet starts (PausingPort::length_at()); what never starts
// is measured here.
void PausingPorts::finish(Instant now) {
  find_circles(now);
  for (std::size_t port = 0; port < queues_.size(); ++port) {
    measure_waiting(port);
    for (const PausingPort::Entry& entry : queues_[port].waiting()) note_waited(port, entry, now);
  }
}

PauseReport PausingPorts::report(Instant now) const {
  PauseReport report{.ports = {}, .deadlocks = deadlocks_, .lossy_queue_max = {}};
  for (std::size_t port = 0; port < queues_.size(); ++port) {
    const PortCounters& counters = cables_.port(port).counters;
    report.lossy_queue_max = std::max(report.lossy_queue_max, counters.lossy_queue_max);
    if (control_.pauses(port) == 0 && counters.dropped_queue == 0 && counters.dropped_watchdog == 0)
      continue;
    report.ports.push_back({hop_of(port), control_.pauses(port), control_.paused(port, now),
                            control_.held_max(port), counters});
  }
  return report;
}

}  // namespace soliton
