#include "fabric/ltl/ltl.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <utility>

#include "fabric/ltl/impl.h"
#include "protocol/base/chaos_site.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

// The same number at both ends: names a message by sender, receiver, the receiver's row, and its
// ordinal there. 53 bits, so that it survives JSON.
std::int64_t flow_id(NodeId sender, NodeId receiver, std::uint16_t receiver_row,
                     std::uint64_t ordinal) {
  const std::uint64_t pair = std::uint64_t{index(sender)} << 32 | index(receiver);
  return static_cast<std::int64_t>(mix64(mix64(mix64(pair) ^ receiver_row) ^ ordinal) >> 11);
}

// Whether the message lies in the packet and is most of it.
bool fills(std::span<const std::byte> message, const std::vector<std::byte>& packet) {
  const std::byte* const begin = packet.data();
  return message.size() > packet.size() / 2 && !std::less<>{}(message.data(), begin) &&
         std::less<>{}(message.data(), begin + packet.size());
}

std::vector<std::uint8_t> channels_of(const std::vector<LtlConnection>& connections) {
  std::vector<std::uint8_t> channels;
  for (const LtlConnection& c : connections) channels.push_back(c.channel);
  return channels;
}

}  // namespace

Ltl::Impl::Impl(NodeId node, const LtlOptions& given, const std::vector<LtlConnection>& connections,
                TraceBuffer* buffer, const LtlIdentity& who)
    : self(node),
      options(given),
      identity(who),
      prefix(kLtlHeaderSize + security_bytes(given.auth)),
      stores(options),
      control(connections.size()),
      resends(connections.size()),
      fresh(channels_of(connections), options),
      deadlines(connections.size()),
      deliveries(stores),
      trace(buffer),
      express_possible(given.auth != AuthMode::kAead &&
                       (buffer == nullptr || !buffer->may_be_enabled())) {
  const Status good = check(options);
  SOLITON_CHECK_MSG(good.has_value(), "{}", good.error().message);
  // A row has 16 bits in the header of a packet (docs/wire-format.md).
  SOLITON_CHECK_MSG(connections.size() <= 65'536,
                    "{} connections are more than 16-bit row numbers can name", connections.size());
  std::uint16_t row = 0;
  table.reserve(connections.size());
  for (const LtlConnection& c : connections) {
    table.emplace_back(ConnectionId{row++}, c, options, stores);
    ports.add(c.path);
  }
  SOLITON_CHECK_MSG(options.auth != AuthMode::kAead || identity.cipher != nullptr,
                    "encryption needs a cipher");
  for (row = 0; row < table.size(); ++row) {
    Connection& c = table[row];
    if (options.auth != AuthMode::kNone)
      c.guard = std::make_unique<PacketGuard>(options.auth, identity.cipher);
    // Without a handshake the deployment has opened every connection.
    if (options.handshake) continue;
    c.session.state = Session::State::kOpen;
    c.session.confirmed = true;
    if (c.guard) set_session_secrets(row);
    c.open_express(row, express_possible);
  }
}

// The texts are short enough to need no memory of their own. A refusal is the usual answer to a
// sender that is faster than the line.
Status Ltl::Impl::admit_message(Connection& c, std::uint64_t size) {
  if (c.session.state > Session::State::kOpen) return failure(ErrorCode::kBroken, "not connected");
  if (size > kMessageBytesMax)
    return invalid(fmt::format("message of {} bytes is above the limit of 1 GiB", size));
  if (c.window.unsent_charge() >= static_cast<std::uint64_t>(options.queue_limit.count))
    return failure(ErrorCode::kWouldBlock, "queue is full");
  // What waits already brings the event after which the sender may try again.
  if (SOLITON_CHAOS(kQueueFull) && c.window.has_unsent())
    return failure(ErrorCode::kWouldBlock, "queue is full");
  return {};
}

Status Ltl::Impl::send(ConnectionId connection, Payload&& message, Instant now) {
  if (Status good = admit_message(at(connection), message.size()); !good) return good;
  // Nothing fails from here on: a message that is refused stays with its owner.
  StoredMessage* stored = stores.messages.take();
  stored->owned = std::move(message);
  stored->real = stored->owned.bytes;
  stored->ghost = stored->owned.ghost;
  queue(index(connection), stored, now);
  return {};
}

Status Ltl::Impl::send_copy(ConnectionId connection, const MessageParts& message, Instant now) {
  const std::size_t size = message.head.size() + message.body.size();
  if (Status good = admit_message(at(connection), size); !good) return good;
  StoredMessage* stored = stores.messages.take();
  std::byte* const to = stores.place(*stored, size);
  // A full store is the one refusal that admit_message() cannot foresee.
  if (to == nullptr) {
    stores.messages.give(stored);
    return failure(ErrorCode::kWouldBlock, "store is full");
  }
  copy_parts(message, to);
  stored->real = {to, size};
  stored->ghost = 0;
  queue(index(connection), stored, now);
  return {};
}

// The first message opens an idle connection. One that is open but not confirmed arms the retry,
// because the peer that it answered may be gone.
void Ltl::Impl::queue(std::uint16_t row, StoredMessage* message, Instant now) {
  Connection& c = table[row];
  const std::uint64_t ordinal = c.messages_sent++;
  ++stats.messages_sent;
  if (tracing())
    record(TraceKind::kMessageSent, now,
           flow_id(self, c.address.peer, c.address.remote_index, ordinal),
           static_cast<std::int64_t>(message->size()), index(c.address.peer));
  c.window.push(message);
  if (c.session.state == Session::State::kIdle) begin_opening(row, now);
  if (!c.session.confirmed && c.session.retry_at == kNever)
    c.session.retry_at = later(now, c.timers.ping_interval());
  refresh(row, now);
}

// The messages from position `first` on are new: they are charged against the credit until the
// application takes them.
void Ltl::Impl::account_delivered(std::uint16_t row, std::size_t first, Instant now) {
  Connection& c = table[row];
  for (std::size_t i = first; i < deliveries.size(); ++i) {
    const std::uint64_t size = deliveries.at(i).size();
    if (tracing())
      record(TraceKind::kMessageReceived, now,
             flow_id(c.address.peer, self, row, c.messages_received),
             static_cast<std::int64_t>(size), index(c.address.peer));
    ++c.messages_received;
    ++stats.messages_delivered;
    c.receive_credit.hold(size, now);
  }
}

DeliveryQueue::Entry* Ltl::Impl::take_message() {
  DeliveryQueue::Entry* entry = deliveries.take();
  if (entry == nullptr) return nullptr;
  Connection& c = table[index(entry->connection)];
  c.receive_credit.release(entry->size());
  // The sender may be waiting for this and have nothing under way, so that no acknowledgement would
  // tell it.
  if (c.receive_credit.worth_telling()) {
    c.credit_due = true;
    control.add(index(entry->connection));
  }
  return entry;
}

// Counted when it changes, so that idle() does not look at every connection.
void Ltl::Impl::count_busy(Connection& c) {
  if (c.busy() == c.counted_busy) return;
  c.counted_busy = !c.counted_busy;
  busy_count = c.counted_busy ? busy_count + 1 : busy_count - 1;
}

// Queues are only ever added to here. A row that turns out to have nothing to send is skipped when
// its turn comes (choose_next()), which is cheaper than removing it.
void Ltl::Impl::refresh(std::uint16_t row, Instant now) {
  Connection& c = table[row];
  count_busy(c);
  // The rate comes first: what may be sent depends on it.
  if (c.rate.limits()) c.rate.advance(now);
  const bool lost = c.can_resend(now);
  const bool fresh_packet = c.can_send_new(now);
  // An acknowledgement that a packet of data can carry in this instant needs none of its own.
  if (c.must_send_control(lost || fresh_packet)) control.add(row);
  if (lost) resends.add(row);
  count_window_wait(c);
  if (fresh_packet) fresh.add(row);
  // Nothing is in flight whose acknowledgement could bring a larger grant, so only a probe can.
  else if (c.window.has_unsent() && c.window.in_flight() == 0 && c.session.confirmed &&
           c.may_send(now))
    c.timers.wait_for_credit(now);
  if (options.misses > 0)
    c.watch.set_waiting(c.session.confirmed && c.busy(), now, c.timers.ping_interval());
  c.open_express(row, express_possible);
  // Last, because everything above may move a deadline.
  deadlines.set(row, c.deadline(now));
  if (stale_deadline == row) stale_deadline = ExpressDebts::kNoRow;
}

void Ltl::Impl::on_deadline(Instant now) {
  settle_deadline();
  // Each round moves at least one deadline of the row beyond `now`, so the loop ends.
  while (deadlines.earliest() <= now && deadlines.earliest() != kNever) {
    const auto row = static_cast<std::uint16_t>(deadlines.first());
    Connection& c = table[row];
    // Several deadlines of one connection may be due: each call checks its own.
    if (c.session.retry_at <= now) retry_opening(row, now);
    if (c.watch.deadline() <= now) expire_watch(row, now);
    c.acks.expire(now);
    if (c.window.tolerance_deadline() <= now && c.window.expire_tolerance(now))
      c.timers.heard(now, true);
    expire_timers(row, now);
    refresh(row, now);
  }
}

void Ltl::Impl::expire_timers(std::uint16_t row, Instant now) {
  Connection& c = table[row];
  const SendTimers::Due due = c.timers.expire(now);
  if (due == SendTimers::Due::kProbe) {
    // With packets in flight the probe asks about them; otherwise it asks for credit.
    const bool tail = c.window.in_flight() > 0;
    stats.tail_probes += tail ? 1 : 0;
    (tail ? c.probe_due : c.ping_due) = true;
  } else if (due == SendTimers::Due::kTimeout && c.window.in_flight() > 0) {
    ++stats.timeouts;
    record(TraceKind::kTimeout, now, row, c.window.oldest(), index(c.address.peer));
    c.window.resend_oldest();
  }
}

// Counts how often the window stopped a sender whose path would have held more. Waits for credit or
// for the rate do not count.
void Ltl::Impl::count_window_wait(Connection& c) {
  const bool full = c.window.has_unsent() && !c.window.has_room() && !c.timers.window_fills_path();
  if (full && !c.window_was_full) ++stats.window_waits;
  c.window_was_full = full;
}

void Ltl::Impl::expire_watch(std::uint16_t row, Instant now) {
  Connection& c = table[row];
  const PeerWatch::Due due =
      c.watch.expire(now, c.timers.ping_interval(), c.window.losses(), c.window.transmissions());
  if (due == PeerWatch::Due::kNothing) return;
  if (due == PeerWatch::Due::kDead) {
    ++stats.peers_dead;
    tell(LtlEvent::Kind::kDead, row, now, c.watch.unanswered(), c.watch.silence(now));
    return end(row, Session::State::kDead, now);
  }
  c.ping_due = true;
  if (due != PeerWatch::Due::kSuspect) return;
  ++stats.peers_suspected;
  tell(LtlEvent::Kind::kSuspect, row, now, c.watch.unanswered(), c.watch.silence(now));
}

void Ltl::Impl::tell(LtlEvent::Kind kind, std::uint16_t row, Instant now, std::uint32_t detail,
                     Duration silence) {
  events.push_back({kind, ConnectionId{row}, now, detail, silence});
}

// receive_credit is left as it is: messages that were delivered are still to be taken, and their
// charge is released then. close_due stays, too: the CLOSE is still to be sent.
void Ltl::Impl::end(std::uint16_t row, Session::State state, Instant now) {
  Connection& c = table[row];
  c.session.state = state;
  c.session.confirmed = c.session.open_due = c.session.opened_due = false;
  c.session.retry_at = kNever;
  c.window.clear();
  c.receive.clear();
  c.timers = SendTimers(options, c.address.path);
  c.acks = Acknowledger(options);
  c.ping_due = c.probe_due = c.pong_due = c.credit_due = c.notify_due = false;
  refresh(row, now);
}

void Ltl::Impl::record(TraceKind kind, Instant now, std::int64_t a, std::int64_t b,
                       std::int64_t c) {
  if (!tracing()) return;
  trace->record({now, Duration{}, self, kind, a, b, c});
}

// For a person who asks why a run stands still: what this end has not got rid of, and what it waits
// for.
std::string Ltl::Impl::describe(Connection& c, Instant now, const std::string& peer) {
  const auto counted = [](std::uint64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  std::string text;
  if (c.session.state == Session::State::kOpening)
    text = fmt::format("no answer to {} to open a connection to {}",
                       counted(c.session.attempts, "request"), peer);
  if (c.window.in_flight() > 0)
    text = fmt::format("{} from sequence {} on unacknowledged by {} for {}",
                       counted(c.window.in_flight(), "packet"), c.window.oldest(), peer,
                       to_string(now - c.window.oldest_first_sent()));
  if (!c.window.has_unsent()) return text;
  if (!text.empty()) text += "; ";
  text +=
      fmt::format("{} with {} not sent yet to {}", counted(c.window.unsent_messages(), "message"),
                  counted(c.window.unsent_bytes(), "byte"), peer);
  if (!c.window.has_room())
    text += ", the window is full";
  else if (c.session.confirmed && !c.can_send_new(now))
    text += ", waiting for its credit";
  return text;
}

Ltl::Ltl(NodeId self, const LtlOptions& options, std::vector<LtlConnection> connections,
         TraceBuffer* trace, const LtlIdentity& identity)
    : x_(std::make_unique<Impl>(self, options, connections, trace, identity)) {}
Ltl::~Ltl() = default;

Ltl::Impl& Ltl::impl() const {
  x_->catch_up();
  return *x_;
}

Status Ltl::send(ConnectionId connection, Payload&& message, Instant now) {
  return impl().send(connection, std::move(message), now);
}
void Ltl::open(ConnectionId connection, Instant now) {
  if (impl().at(connection).session.state != Session::State::kIdle) return;
  impl().begin_opening(index(connection), now);
  impl().refresh(index(connection), now);
}
void Ltl::close(ConnectionId connection, Instant now) {
  Connection& c = impl().at(connection);
  // A CLOSE carries the cookie of the session, and before the connection is open there is none.
  const bool tell_peer = c.open();
  if (c.session.state > Session::State::kOpen) return;
  c.session.close_due = tell_peer;
  impl().end(index(connection), Session::State::kClosed, now);
}
bool Ltl::is_open(ConnectionId connection) const {
  const Connection& c = impl().at(connection);
  return c.open() && c.session.confirmed;
}
std::uint64_t Ltl::messages_acknowledged(ConnectionId connection) const {
  return impl().at(connection).window.messages_acknowledged();
}

std::optional<LtlDelivery> Ltl::poll_delivery() {
  std::vector<std::byte> none;
  return poll_delivery(none);
}

std::optional<LtlDelivery> Ltl::poll_delivery(std::vector<std::byte>& packet) {
  DeliveryQueue::Entry* entry = x_->take_message();
  if (entry == nullptr) return std::nullopt;
  LtlDelivery out{entry->connection, {}};
  std::vector<std::byte>& bytes = out.message.bytes;
  // A message in memory of its own is passed on, as is the last one in a packet; a view is copied.
  if (entry->owned != nullptr) {
    bytes = std::move(entry->owned->bytes);
  } else if (x_->deliveries.empty() && fills(entry->real, packet)) {
    std::memmove(packet.data(), entry->real.data(), entry->real.size());
    packet.resize(entry->real.size());
    bytes = std::move(packet);
  } else {
    bytes.assign(entry->real.begin(), entry->real.end());
  }
  out.message.ghost = entry->ghost;
  return out;
}

std::optional<MessageView> LtlBurst::next_message() {
  const DeliveryQueue::Entry* entry = x_.take_message();
  if (entry == nullptr) return std::nullopt;
  return MessageView{entry->connection, entry->real, entry->ghost};
}

std::optional<LtlEvent> Ltl::poll_event() {
  if (impl().events.empty()) return std::nullopt;
  const LtlEvent event = impl().events.front();
  impl().events.pop_front();
  return event;
}

// Not through impl(): a driver asks this between packets, when the bookkeeping is still put off.
bool Ltl::has_event() const { return !x_->events.empty(); }

std::optional<Datagram> Ltl::poll_output(Instant now) { return impl().poll_output(now); }

void Ltl::share(std::shared_ptr<PacketMemory> memory) { x_->stores.memory = std::move(memory); }
// Of a node with many connections a turn touches few, and which is not known beforehand.
void Ltl::hot_memory(std::vector<std::span<const std::byte>>& out) const {
  constexpr std::size_t kRowsMost = 4;
  out.push_back(std::as_bytes(std::span(x_.get(), 1)));
  if (x_->table.size() <= kRowsMost) out.push_back(std::as_bytes(std::span(x_->table)));
}

void Ltl::recycle(std::vector<std::byte>&& packet) { x_->stores.memory->give(std::move(packet)); }

Instant Ltl::next_deadline() const {
  impl().settle_deadline();
  return impl().deadlines.earliest();
}
void Ltl::on_deadline(Instant now) { impl().on_deadline(now); }
bool Ltl::idle() const { return impl().busy_count == 0; }
const LtlStats& Ltl::stats() const { return impl().stats; }

Instant Ltl::dead_at_least() const {
  if (x_->options.misses == 0) return kNever;
  Instant first = kNever;
  for (const Connection& c : impl().table) first = std::min(first, c.watch.dead_at_least());
  return first;
}
Duration Ltl::dead_notice() const { return PeerWatch::notice(x_->options); }

std::vector<std::string> Ltl::describe_outstanding(Instant now,
                                                   std::span<const std::string> names) const {
  std::vector<std::string> lines;
  for (Connection& c : impl().table) {
    const std::uint32_t peer = index(c.address.peer);
    const std::string name = peer < names.size() ? names[peer] : fmt::format("node {}", peer);
    if (c.busy()) lines.push_back(impl().describe(c, now, name));
  }
  return lines;
}

}  // namespace soliton
