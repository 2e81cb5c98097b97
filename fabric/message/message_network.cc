#include "fabric/message/message_network.h"

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "protocol/base/check.h"

namespace soliton {
namespace {

using What = MessageEvent::What;

// Trains of a message at most. More: messages that share a line share it more evenly, for more events.
constexpr std::uint32_t kTrainsMost = 32;
// A card is given trains for so many full packets ahead, so that a busy one costs an event for
// several. More: a message waits longer behind those of other flows.
constexpr int kPacketsAhead = 8;
// What LTL charges for each unsent message beside its bytes.
constexpr std::uint64_t kUnsentCharge = 64;
// LTL always lets packets for so many acknowledgements be under way.
constexpr std::uint32_t kAcknowledgements = 4;
// Of packets that a way holds. More than any window, and sums of a few stay in 32 bits.
constexpr std::int64_t kHeldMost = std::int64_t{1} << 28;

}  // namespace

MessageNetwork::MessageNetwork(const Topology& topology, const Routes& routes,
                               const FaultPlan& plan, const MessageOptions& options,
                               EarliestEvents* trace)
    : topology_(topology),
      routes_(routes),
      options_(options),
      few_(std::min(kAcknowledgements * options.ack_every, std::max(1U, options.window / 2))),
      full_(std::uint64_t{options.mtu} + options.header),
      flows_(topology, routes),
      lines_(topology, plan, Bytes{static_cast<std::int64_t>(full_)}),
      windows_(plan, trace),
      cards_(topology.links.size() * 2) {
  if (!routes.changes().empty()) changes_at_ = routes.changes().front();
}

std::uint32_t MessageNetwork::add_message(Payload&& payload) {
  if (free_messages_.empty()) {
    messages_.push_back({std::move(payload)});
    return static_cast<std::uint32_t>(messages_.size() - 1);
  }
  const std::uint32_t number = free_messages_.back();
  free_messages_.pop_back();
  messages_[number] = {std::move(payload)};
  return number;
}

std::uint32_t MessageNetwork::take_flight() {
  if (free_flights_.empty()) {
    flights_.emplace_back();
    return static_cast<std::uint32_t>(flights_.size() - 1);
  }
  const std::uint32_t number = free_flights_.back();
  free_flights_.pop_back();
  return number;
}

bool MessageNetwork::send(NodeId from, NodeId to, Payload&& message, Instant now) {
  const std::uint32_t number = flows_.find(from, to);
  Flow& flow = flows_[number];
  ++flow.messages;
  // Most messages: one packet that nothing is waiting ahead of.
  if (flow.first == kNoIndex && message.bytes.empty() && message.ghost <= options_.mtu &&
      flow.under_way < few_ && !cards_[flow.card].awake && cards_[flow.card].first == kNoIndex &&
      lines_.free(flow.card) - now < lines_.full_time(flow.card) * kPacketsAhead) {
    depart(number, {1, message.ghost + options_.header}, kGhost, now);
    return true;
  }
  FlowQueue& waiting = flows_.queue(number);
  const std::uint64_t charge = message.size() + kUnsentCharge;
  const bool room = has_room(number, waiting.unsent);
  waiting.unsent += charge;
  if (!room) waiting.refused = charge;
  const std::uint64_t out = flow.under_way + waiting.unsent / options_.mtu;
  if (out > options_.window) ++waiting.windows;
  queue(number, std::move(message));
  return room;
}

// LTL counts what its card has not got, and lets packets wait there that are under way to it.
bool MessageNetwork::has_room(std::uint32_t number, std::uint64_t unsent) {
  if (unsent < options_.queue_limit) return true;
  if (flows_.queue(number).most == 0) measure(number);
  const FlowQueue& waiting = flows_.queue(number);
  const std::uint32_t out = flows_[number].under_way + waiting.answered;
  const std::uint64_t more = waiting.most > out ? waiting.most - out : 0;
  return unsent < options_.queue_limit + more * options_.mtu;
}

void MessageNetwork::offer_room(std::uint32_t number) {
  FlowQueue& waiting = flows_.queue(number);
  if (waiting.refused == 0) return;
  const std::uint64_t before = waiting.unsent - std::min(waiting.unsent, waiting.refused);
  if (!has_room(number, before)) return;
  waiting.refused = 0;
  rooms_.push_back(number);
}

// A flow that has messages either waits for its turn or for acknowledgements.
void MessageNetwork::queue(std::uint32_t number, Payload&& message) {
  const std::uint32_t added = add_message(std::move(message));
  Flow& flow = flows_[number];
  const bool first = flow.first == kNoIndex;
  (first ? flow.first : messages_[flow.last].next) = added;
  flow.last = added;
  if (first && !flow.queued) line_up(number);
}

void MessageNetwork::line_up(std::uint32_t number) {
  Flow& flow = flows_[number];
  Card& card = cards_[flow.card];
  flow.queued = true;
  flows_.queue(number).next = kNoIndex;
  if (card.first == kNoIndex) {
    card.first = number;
    if (!card.awake) fresh_.push_back(flow.card);
  } else {
    flows_.queue(card.last).next = number;
  }
  card.last = number;
}

void MessageNetwork::flush(Instant now) {
  // Serving a card lines up only flows of that card.
  for (std::size_t i = 0; i < fresh_.size(); ++i) serve(fresh_[i], now);
  fresh_.clear();
}

void MessageNetwork::serve(std::uint32_t port, Instant now) {
  Card& card = cards_[port];
  card.awake = true;
  const Duration ahead = lines_.full_time(port) * kPacketsAhead;
  while (card.first != kNoIndex && lines_.free(port) - now < ahead) {
    const std::uint32_t number = card.first;
    Flow& flow = flows_[number];
    card.first = flows_.queue(number).next;
    flow.queued = false;
    const std::uint32_t packets = next_packets(number);
    if (!may_launch(number, packets)) continue;
    launch(number, packets, now);
    if (flows_[number].first != kNoIndex) line_up(number);
  }
  card.awake = card.first != kNoIndex;
  if (card.awake) queue_.push(std::max(now, lines_.free(port)), What::kCard, port);
}

std::uint32_t MessageNetwork::packets_of(std::uint64_t bytes) const {
  return bytes <= options_.mtu ? 1 : static_cast<std::uint32_t>((bytes - 1) / options_.mtu + 1);
}

// Packets of the flow's next train. The last one of a message may be shorter.
std::uint32_t MessageNetwork::next_packets(std::uint32_t number) const {
  const std::uint64_t size = messages_[flows_[number].first].payload.size();
  const std::uint32_t all = packets_of(size);
  if (all == 1) return 1;
  const std::uint32_t train = (all - 1) / kTrainsMost + 1;
  return std::min(train, packets_of(size - flows_.queue(number).sent));
}

// As SendTimers::under_way_max() where a queue has built up, which is where it matters; a long train
// must not stop the line.
bool MessageNetwork::may_launch(std::uint32_t number, std::uint32_t packets) {
  const std::uint32_t under_way = flows_[number].under_way;
  if (under_way < few_) return true;
  FlowQueue& waiting = flows_.queue(number);
  if (waiting.most == 0) measure(number);
  const std::uint32_t held = std::min(waiting.held, options_.window);
  if (under_way < std::max(waiting.most, held + 2 * packets)) return true;
  ++waiting.waits;
  return false;
}

void MessageNetwork::measure(std::uint32_t number) {
  const std::vector<Hop> there = flows_.hops(flows_[number]);
  FlowQueue& waiting = flows_.queue(number);
  const auto packet = Bytes{static_cast<std::int64_t>(full_)};
  const TopologyLink& card = topology_.links[there.front().link];
  // The way back may be another one; of equal length it takes as long.
  waiting.answer = transfer_time(topology_, there, Bytes{options_.header});
  const Duration round_trip = sum(transfer_time(topology_, there, packet), waiting.answer);
  const Duration line = std::max(transmit_time(Bytes{options_.mtu}, card.rate), picoseconds(1));
  const auto packets_in = [&](Duration time) {
    return static_cast<std::uint32_t>(std::min<std::int64_t>(time / line, kHeldMost));
  };
  waiting.answered = packets_in(waiting.answer) + 1;
  waiting.held = packets_in(round_trip);
  const std::uint32_t queued = std::max(2 * waiting.held, kAcknowledgements * options_.ack_every);
  // On a way that holds half a window the queue never becomes as long as the way.
  waiting.most = 2 * waiting.held < options_.window
                     ? std::clamp(queued, 1U, std::max(1U, options_.window / 2))
                     : options_.window;
}

// Takes the bytes of the next train from the flow. Returns the message if they are its last.
std::uint32_t MessageNetwork::take_train(std::uint32_t number, std::uint64_t bytes) {
  Flow& flow = flows_[number];
  FlowQueue& waiting = flows_.queue(number);
  const std::uint32_t message = flow.first;
  waiting.sent += bytes;
  waiting.unsent -= bytes;
  if (waiting.sent < messages_[message].payload.size()) return kNoIndex;
  waiting.unsent -= kUnsentCharge;
  waiting.sent = 0;
  flow.first = messages_[message].next;
  return message;
}

void MessageNetwork::launch(std::uint32_t number, std::uint32_t packets, Instant now) {
  FlowQueue& waiting = flows_.queue(number);
  const std::uint64_t left = messages_[flows_[number].first].payload.size() - waiting.sent;
  const std::uint64_t payload = std::min(left, std::uint64_t{packets} * options_.mtu);
  const std::uint32_t message = take_train(number, payload);
  offer_room(number);
  depart(number, {packets, payload + std::uint64_t{packets} * options_.header}, message, now);
}

void MessageNetwork::depart(std::uint32_t number, const Train& train, std::uint32_t message,
                            Instant now) {
  const std::uint32_t flight = take_flight();
  Flight& f = flights_[flight];
  Flow& flow = flows_[number];
  flow.under_way += train.packets;
  flow.packets += train.packets;
  flow.bytes += train.bytes;
  // Data carries the acknowledgement of what has come the other way.
  if (flow.back != kNoIndex) {
    flows_[flow.back].unacknowledged = 0;
    flows_[flow.back].ack_at = kNever;
  }
  f.bytes = train.bytes;
  f.packets = train.packets;
  f.flow = number;
  f.message = message;
  set_out(f, now);
  cross(flight);
}

// A train is at the sender's card.
void MessageNetwork::set_out(Flight& flight, Instant now) {
  const Flow& flow = flows_[flight.flow];
  flight.at = {now, now, now};
  flight.port = flow.card;
  flight.way = flow.path;
  flight.hops = flow.hops;
  flight.waits = false;
  flight.version = version_;
}

void MessageNetwork::cross(std::uint32_t number) {
  Flight& flight = flights_[number];
  if (flight.version != version_) find_way(flight);
  if (lines_.may_be_down(flight.port) && waits(number)) return;
  lines_.cross(flight.port, flight.at, {flight.packets, flight.bytes});
  if (--flight.hops > 0) {
    flight.port = flows_.port(++flight.way);
    return queue_.push(flight.at.ready, What::kCross, number);
  }
  // In order: a later message may have been delayed less.
  Flow& flow = flows_[flight.flow];
  flow.arrived = std::max(flow.arrived, flight.at.tail);
  if (flight.message != kNoIndex) return queue_.push(flow.arrived, What::kDeliver, number);
  // When it arrives matters only to what the flow may send meanwhile.
  if (flow.first != kNoIndex) return queue_.push(flight.at.tail, What::kLand, number);
  land_train(number);
}

// A train before a line that is down waits until it is up, or until it is led another way. Where its flow
// goes another way already, and none leads on from here, it starts again. One that would wait for ever
// is dropped. It is counted when it is known which of these it is.
bool MessageNetwork::waits(std::uint32_t number) {
  Flight& flight = flights_[number];
  const Train train{flight.packets, flight.bytes};
  const std::optional<Instant> up = lines_.is_down_until(flight.port, flight.at, train);
  if (!up) return false;
  const std::span<const std::uint32_t> path = flows_.path(flows_[flight.flow]);
  if (std::ranges::find(path, flight.port) == path.end()) {
    lines_.lead_around(flight.port, flight.at, train);
    set_out(flight, now());
    queue_.push(now(), What::kCross, number);
    return true;
  }
  if (changes_at_ < *up) {
    flight.waits = true;
    queue_.push(std::max(changes_at_, now()), What::kCross, number);
    return true;
  }
  lines_.down_until(flight.port, flight.at, train);
  if (*up != kNever) return lines_.hold(flight.port, *up), false;
  if (flight.message < kGhost) messages_[flight.message].payload = {};
  free_flights_.push_back(number);
  return true;
}

// From where it is, as ways are now.
void MessageNetwork::find_way(Flight& flight) {
  const Hop hop = hop_of(flight.port);
  const std::uint32_t vertex = topology_.links[hop.link].ends[hop.direction];
  const auto [way, hops] = flows_.way_from(vertex, flows_[flight.flow], now());
  const std::uint32_t port = flows_.port(way);
  if (flight.waits && port != flight.port)
    lines_.lead_around(flight.port, flight.at, {flight.packets, flight.bytes});
  flight.way = way;
  flight.hops = hops;
  flight.waits = false;
  flight.port = port;
  flight.version = version_;
  for (Instant* at : {&flight.at.ready, &flight.at.first, &flight.at.tail})
    *at = std::max(*at, now());
}

void MessageNetwork::change_ways(Instant at) {
  const std::vector<Instant>& changes = routes_.changes();
  while (version_ < changes.size() && changes[version_] <= at) ++version_;
  changes_at_ = version_ < changes.size() ? changes[version_] : kNever;
  flows_.renew(at);
}

void MessageNetwork::land_train(std::uint32_t number) {
  const Flight& flight = flights_[number];
  const auto [owner, packets, tail] = std::tuple(flight.flow, flight.packets, flight.at.tail);
  free_flights_.push_back(number);
  land(owner, packets, tail, false);
}

// Packets have arrived. `message`: the last of them completes one.
void MessageNetwork::land(std::uint32_t number, std::uint32_t packets, Instant at, bool message) {
  Flow& flow = flows_[number];
  flow.under_way -= packets;
  if (flow.first != kNoIndex) {
    // A flow that has messages and no turn waits for this.
    if (!flow.queued) queue_.push(later(at, flows_.queue(number).answer), What::kRoom, number);
    offer_room(number);
  }
  acknowledge(number, packets, at, message);
}

// When LTL acknowledges (Acknowledger): the first message of a flow at once, as its sender asks for a
// first round trip; then every so many packets, or some time after one that is followed by none.
void MessageNetwork::acknowledge(std::uint32_t number, std::uint32_t packets, Instant at,
                                 bool message) {
  Flow& flow = flows_[number];
  flow.unacknowledged += packets;
  if (message && !flow.heard) {
    flow.heard = true;
    return send_acknowledgements(number, 1);
  }
  const std::uint32_t every = packets == 1 ? options_.ack_every : packets_an_ack(flow);
  if (const std::uint32_t due = flow.unacknowledged / every; due > 0)
    return send_acknowledgements(number, due);
  if (flow.ack_at != kNever) return;
  flow.ack_at = later(at, options_.ack_delay);
  if (std::exchange(flow.ack_queued, true)) return;
  queue_.push(flow.ack_at, What::kAck, number);
}

// Of a long train on a slow line packets are acknowledged before as many as that have come.
std::uint32_t MessageNetwork::packets_an_ack(const Flow& flow) const {
  const Duration packet = lines_.full_time(flows_.port(flow.path + flow.hops - 1));
  const std::int64_t in_time = options_.ack_delay / std::max(packet, picoseconds(1));
  return static_cast<std::uint32_t>(std::min<std::int64_t>(in_time + 1, options_.ack_every));
}

void MessageNetwork::send_acknowledgements(std::uint32_t number, std::uint32_t count) {
  const std::uint32_t back = flows_.back_of(number);
  flows_[number].unacknowledged = 0;
  flows_[number].ack_at = kNever;
  flows_[back].acknowledgements += count;
  for (const std::uint32_t port : flows_.path(flows_[back]))
    for (std::uint32_t i = 0; i < count; ++i) lines_.charge(port, now(), Bytes{options_.header});
}

// Data may have carried it since, and another packet may have come after that.
void MessageNetwork::remind_to_acknowledge(std::uint32_t number) {
  Flow& flow = flows_[number];
  flow.ack_queued = false;
  if (flow.ack_at == kNever) return;
  if (flow.ack_at <= now()) return send_acknowledgements(number, 1);
  flow.ack_queued = true;
  queue_.push(flow.ack_at, What::kAck, number);
}

void MessageNetwork::deliver(std::uint32_t number, MessageTurn& turn) {
  const Flight& flight = flights_[number];
  const auto [owner, packets] = std::pair(flight.flow, flight.packets);
  Flow& flow = flows_[flight.flow];
  ++flow.delivered;
  turn.what = MessageTurn::What::kMessage;
  turn.node = flow.to;
  turn.peer = flow.from;
  if (flight.message == kGhost) {
    turn.message.bytes.clear();
    turn.message.ghost = flight.bytes - options_.header;
  } else {
    turn.message = std::move(messages_[flight.message].payload);
    free_messages_.push_back(flight.message);
  }
  free_flights_.push_back(number);
  land(owner, packets, now(), true);
}

// True if the event is a turn of a node.
bool MessageNetwork::process(const MessageEvent& event, MessageTurn& turn) {
  switch (event.what()) {
    case What::kCross:
      return cross(event.index()), false;
    case What::kDeliver:
      return deliver(event.index(), turn), true;
    case What::kLand:
      return land_train(event.index()), false;
    case What::kCard:
      return serve(event.index(), event.at), false;
    case What::kAck:
      return remind_to_acknowledge(event.index()), false;
    case What::kRoom: {
      const Flow& flow = flows_[event.index()];
      if (flow.first == kNoIndex || flow.queued) return false;
      line_up(event.index());
      flush(event.at);
      return false;
    }
    case What::kWake:
      turn.what = MessageTurn::What::kWake;
      turn.node = NodeId{event.index()};
      return true;
  }
  return false;
}

bool MessageNetwork::next(Instant limit, MessageTurn& turn) {
  while (true) {
    if (!rooms_.empty()) {
      const Flow& flow = flows_[rooms_.back()];
      rooms_.pop_back();
      turn.what = MessageTurn::What::kRoom;
      turn.node = flow.from;
      turn.peer = flow.to;
      turn.now = now();
      return true;
    }
    if (queue_.empty()) return false;
    const MessageEvent event = queue_.pop();
    if (event.at >= limit) {
      // A node that still has something to do then knows it; it may also have found nothing since.
      if (event.what() == What::kWake) continue;
      stopped_at_limit_ = true;
      return false;
    }
    if (event.at >= changes_at_) change_ways(event.at);
    windows_.record(event.at);
    ++events_;
    turn.now = event.at;
    if (process(event, turn)) return true;
  }
}

NetworkCounters MessageNetwork::counters() const {
  NetworkCounters out;
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    const Flow& flow = flows_[static_cast<std::uint32_t>(i)];
    out.packets += flow.packets + flow.acknowledgements;
    out.bytes += flow.bytes + flow.acknowledgements * options_.header;
    out.delivered += flow.packets - flow.under_way + flow.acknowledgements;
  }
  out.events = lines_.crossings();
  return out;
}

MessageBeyond MessageNetwork::beyond() const {
  MessageBeyond out{.ports = lines_.beyond()};
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    const FlowQueue& waiting = flows_.queue(static_cast<std::uint32_t>(i));
    out.waits += waiting.waits;
    out.windows += waiting.windows;
  }
  return out;
}

}  // namespace soliton
