// The network with pauses: queues that wait for a line and for the right to use it.
//
// A card's packets leave in order, and only signals that have arrived can hold them up. So a packet
// that is handed over late, below what has been processed, leaves when it would have left: all
// signals up to then are known (PauseControl remembers them as long as needed). That keeps
// least_first() what it is without pauses.
#include <algorithm>

#include "fabric/sim/deadlock.h"
#include "fabric/sim/network.h"
#include "protocol/base/check.h"

namespace soliton {

bool Network::waits_at_card(const Flight& flight) const {
  return pause_ && pause_->governs(position(flight.route->front()));
}

std::size_t Network::came_over(const Flight& flight) const {
  SOLITON_CHECK(flight.hop > 0);
  return position((*flight.route)[flight.hop - 1]);
}

void Network::come_to_card(std::uint32_t number) {
  const Flight& flight = flights_[number];
  const std::size_t port = position(flight.route->front());
  ++counters_.events;
  ++ports_[port].came;
  queues_[port].waiting.push_back({number, bytes_on_line(flight.frame), Instant{}});
  queues_[port].bytes += queues_[port].waiting.back().size;
  serve(port, processed_ - Duration{1});
}

// How long a card's queue was when a packet came: what had come before it and had not started by
// then. It is told when the packet starts, as frames are handed over in windows whose borders must
// have no influence. `before`: bytes in front of it that have not started at all.
void Network::measure_card(std::size_t port, Instant came, Bytes size, Bytes before) {
  Queue& queue = queues_[port];
  while (!queue.left.empty() && queue.left.front().start <= came) {
    queue.left_bytes = queue.left_bytes - queue.left.front().size;
    queue.left.pop_front();
  }
  Bytes& longest = ports_[port].counters.queue_max;
  longest = std::max(longest, queue.left_bytes + before + size);
}

// The same of packets that will never start.
void Network::measure_waiting(std::size_t port) {
  Bytes before{};
  for (const Queue::Entry& entry : queues_[port].waiting) {
    const Flight& flight = flights_[entry.flight];
    if (flight.hop > 0) return;
    measure_card(port, flight.frame.at, entry.size, before);
    before = before + entry.size;
  }
}

void Network::come_to_port(std::uint32_t number, Instant now) {
  Flight& flight = flights_[number];
  const Hop hop = (*flight.route)[flight.hop];
  const TopologyLink& link = topology_.links[hop.link];
  Port& port = ports_[position(hop)];
  Queue& queue = queues_[position(hop)];
  const Bytes size = bytes_on_line(flight.frame);
  ++counters_.events;
  ++port.came;
  const Duration others = std::min(meet_others(hop, port), port.queue_time);
  port.counters.lossy_queue_max =
      std::max(port.counters.lossy_queue_max, transmitted(others, link.rate));
  if (now < queue.dropping_until) return discard_stuck(number, now);
  const std::size_t from = came_over(flight);
  if (!pause_->has_room(from, size)) {
    ++port.counters.dropped_queue;
    return drop(number, now, kNoRule);
  }
  const Bytes rest = queue.leaving.count > 0 ? transmitted(port.free - now, link.rate) : Bytes{};
  mark(hop, port, queue.bytes + rest + size, flight.frame.datagram);
  send_signal(pause_->hold(from, size, now));
  queue.waiting.push_back({number, size, others > Duration{} ? now + others : Instant{}});
  queue.bytes += size;
  serve(position(hop), now);
}

// Puts on the line what may start by `now`, and asks to be called back for what may not. REQUIRES:
// all signals up to `now` have been taken.
void Network::serve(std::size_t number, Instant now) {
  Queue& queue = queues_[number];
  Port& port = ports_[number];
  const TopologyLink& link = topology_.links[hop_of(number).link];
  if (queue.line_event <= now) queue.line_event = kNever;
  release_sent(number, now);
  while (!queue.waiting.empty() && queue.leaving == Bytes{}) {
    const Queue::Entry entry = queue.waiting.front();
    Flight& flight = flights_[entry.flight];
    const Instant came =
        std::max(flight.at_port.ready, flight.at_port.tail - transmit_time(entry.size, link.rate));
    const Instant wanted = std::max({came, entry.others_until, port.free});
    const Instant start = pause_->first_allowed(number, wanted);
    if (start == kNever) return;
    if (start > now) return call_back(number, start);
    queue.waiting.pop_front();
    queue.bytes = queue.bytes - entry.size;
    ++queue.started;
    flight.at_port.ready = start;
    const bool in_switch = flight.hop > 0;
    if (!in_switch) {
      measure_card(number, flight.frame.at, entry.size, Bytes{});
      queue.left.push_back({start, entry.size});
      queue.left_bytes = queue.left_bytes + entry.size;
    } else {
      queue.leaving = entry.size;
      queue.leaving_from = came_over(flight);
    }
    launch(entry.flight, start - came);
    if (in_switch) call_back(number, port.free);
  }
}

void Network::release_sent(std::size_t port, Instant now) {
  Queue& queue = queues_[port];
  if (queue.leaving == Bytes{} || ports_[port].free > now) return;
  send_signal(pause_->release(queue.leaving_from, queue.leaving, now));
  queue.leaving = {};
}

void Network::call_back(std::size_t port, Instant at) {
  if (queues_[port].line_event == at) return;
  queues_[port].line_event = at;
  push({at, 0, static_cast<std::uint32_t>(port), 0, 0, What::kLine});
}

void Network::send_signal(const std::optional<PauseSignal>& signal) {
  if (!signal) return;
  push({signal->at, signal->ordinal, static_cast<std::uint32_t>(signal->port),
        signal->stop ? 1u : 0u, 0, What::kSignal});
}

void Network::take_signal(const PauseSignal& signal) {
  if (!pause_->apply(signal)) return;
  counters_.pauses += signal.stop ? 1 : 0;
  const Hop hop = hop_of(signal.port);
  const bool at_switch =
      topology_.vertices[topology_.links[hop.link].ends[hop.direction]].is_switch;
  if (at_switch) {
    const auto place = std::lower_bound(stopped_.begin(), stopped_.end(), signal.port);
    signal.stop ? void(stopped_.insert(place, signal.port)) : void(stopped_.erase(place));
    set_poll(signal.at);
  }
  // After all signals of this instant: the next one may stop the port again.
  if (!signal.stop) call_back(signal.port, signal.at);
}

// The watchdog runs at multiples of its period, and only while a switch's port is paused: a network
// in which nothing happens has no next event.
void Network::set_poll(Instant now) {
  const std::optional<PauseWatchdog>& watchdog = topology_.pause->watchdog;
  if (!watchdog || stopped_.empty()) {
    poll_at_ = kNever;
  } else if (poll_at_ == kNever) {
    const auto polls = (now - kRunStart) / watchdog->poll;
    poll_at_ = kRunStart + (polls + 1) * watchdog->poll;
  }
}

void Network::poll(Instant now) {
  processed_ = now;
  record_edges(now);
  find_circles(now);
  for (const std::size_t port : stopped_) watch(port, now);
  poll_at_ = kNever;
  set_poll(now);
}

void Network::watch(std::size_t port, Instant now) {
  const PauseWatchdog& watchdog = *topology_.pause->watchdog;
  Queue& queue = queues_[port];
  const bool stalled = queue.stalled_polls > 0 && queue.started == queue.started_at_poll;
  queue.stalled_polls = queue.waiting.empty() ? 0 : stalled ? queue.stalled_polls + 1 : 1;
  queue.started_at_poll = queue.started;
  if (queue.stalled_polls < watchdog.polls) return;
  queue.stalled_polls = 0;
  queue.dropping_until = now + watchdog.restore;
  ++counters_.watchdogs;
  for (const Queue::Entry& entry : queue.waiting) {
    send_signal(pause_->release(came_over(flights_[entry.flight]), entry.size, now));
    discard_stuck(entry.flight, now);
  }
  queue.waiting.clear();
  queue.bytes = {};
}

void Network::discard_stuck(std::uint32_t number, Instant now) {
  const Flight& flight = flights_[number];
  ++ports_[position((*flight.route)[flight.hop])].counters.dropped_watchdog;
  ++counters_.dropped_watchdog;
  discard(number, now, kNoRule);
}

void Network::find_circles(Instant now) {
  std::vector<std::size_t> stopped;
  std::vector<Waiting> waiting;
  for (const std::size_t port : stopped_) {
    if (!pause_->held_back(port)) continue;
    stopped.push_back(port);
    for (const Queue::Entry& entry : queues_[port].waiting)
      waiting.push_back({port, came_over(flights_[entry.flight]), entry.size});
  }
  for (const std::vector<std::size_t>& ports :
       find_deadlocks(stopped, waiting, resume_level(*topology_.pause))) {
    std::vector<Hop> circle;
    for (const std::size_t port : ports) circle.push_back(hop_of(port));
    const bool known = std::any_of(deadlocks_.begin(), deadlocks_.end(),
                                   [&](const Deadlock& d) { return d.circle == circle; });
    if (!known) deadlocks_.push_back({now, std::move(circle)});
  }
}

std::optional<PauseReport> Network::pause_report(Instant now) const {
  if (!pause_) return std::nullopt;
  PauseReport report{.deadlocks = deadlocks_};
  for (std::size_t port = 0; port < ports_.size(); ++port) {
    const PortCounters& counters = ports_[port].counters;
    report.lossy_queue_max = std::max(report.lossy_queue_max, counters.lossy_queue_max);
    if (pause_->pauses(port) == 0 && counters.dropped_queue == 0 && counters.dropped_watchdog == 0)
      continue;
    report.ports.push_back({hop_of(port), pause_->pauses(port), pause_->paused(port, now),
                            pause_->held_max(port), counters});
  }
  return report;
}

}  // namespace soliton
