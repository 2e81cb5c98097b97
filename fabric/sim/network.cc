#include "fabric/sim/network.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

Network::Network(const Topology& topology, const Routes& routes, const FaultPlan& plan,
                 EarliestEvents* trace, PartOf part)
    : part_(part),
      cables_(topology, routes, plan, trace, part),
      windows_(plan, part.part == 0 ? trace : nullptr),
      least_(lookahead_of(topology)),
      queued_(SwitchPorts::needed(topology)
                  ? std::make_unique<SwitchPorts>(topology, least_.first, cables_)
                  : nullptr),
      circles_(topology.pause ? resume_level(*topology.pause) : Bytes{}, classes()),
      sent_(topology.nodes, kRunStart) {}

void Network::send(Frame&& frame) {
  const Datagram& datagram = frame.datagram;
  const std::uint32_t source = index(datagram.source);
  SOLITON_CHECK_MSG(source < sent_.size() && index(datagram.destination) < sent_.size() &&
                        datagram.source != datagram.destination && part_.has_node(source),
                    "node {} sends to node {}", source, index(datagram.destination));
  SOLITON_CHECK_MSG(frame.at >= sent_[source], "node {} went back in time", source);
  sent_[source] = frame.at;
  ++cables_.counters().packets;
  cables_.counters().bytes += datagram.payload.size();
  // A host's cable is fed by that host alone, in order, so its crossing is known now. That is what
  // lets other events be processed up to least_first() beyond a node's promise.
  const std::uint32_t flight = cables_.add(std::move(frame));
  if (queued_ && queued_->line_up(cables_.flight(flight)))
    queued_->come_to_card(flight);
  else
    cables_.cross(flight);
}

void Network::advance(Instant horizon, std::vector<Frame>& delivered) {
  EventQueue& events = cables_.events();
  const auto bound = [&] {
    return std::min(
        {horizon, later(cables_.first_arrival(), least_.first), cables_.first_answer(), meeting()});
  };
  while (std::min(events.next(), own_poll()) < bound()) {
    if (own_poll() <= events.next()) {
      // First: the watchdog breaks circles by dropping what waits in them.
      find_circles(poll_at());
      poll(poll_at());
    } else {
      process(events.pop());
    }
  }
  events.set_processed(std::max(events.processed(), bound()));
  cables_.take_arrived(delivered);
}

Instant Network::next_event() const {
  return std::min({cables_.first_arrival(), cables_.events().next(), poll_at()});
}

void Network::process(const NetworkEvent& event) {
  cables_.events().set_processed(event.at);
  windows_.record(event.at);
  switch (event.what) {
    case NetworkEvent::What::kSignal:
      return queued_->take_signal({event.source, event.at, event.flight != 0, event.ordinal});
    case NetworkEvent::What::kLine:
      return queued_->serve(event.source, event.at);
    case NetworkEvent::What::kPacket:
      break;
  }
  last_event_ = std::max(last_event_, event.at);
  const Flight& flight = cables_.flight(event.flight);
  if (flight.lost_by != kNoRule)
    cables_.drop(event.flight, flight.lost_at, flight.lost_by);
  else if (queued_ && queued_->keeps(flight))
    queued_->come_to_switch(event.flight, event.at);
  else
    cables_.cross(event.flight);
}

void Network::poll(Instant now) {
  cables_.events().set_processed(now);
  windows_.record(now);
  queued_->poll(now);
}

void Network::find_circles(Instant now) {
  circles_.look(now, stopped(), [&](std::size_t queue) { return pauses()->held_back(queue); });
}

void Network::finish(Instant now) {
  windows_.record(now);
  if (pauses() && whole()) find_circles(now);
  if (queued_) queued_->finish(now);
}

}  // namespace soliton
