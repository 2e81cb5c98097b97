#include "fabric/ltl/express.h"

#include <cstring>
#include <utility>

#include "fabric/ltl/impl.h"
#include "protocol/base/chaos_site.h"
#include "protocol/wire/crc32c.h"

namespace soliton {
namespace {

// Small ones in place: the library's memcpy is reached by an indirect jump.
void copy(std::span<const std::byte> from, std::byte* to) {
  constexpr std::size_t kStep = 16;
  const std::size_t size = from.size();
  if (size < kStep || size > 8 * kStep) {
    if (size > 0) std::memcpy(to, from.data(), size);
    return;
  }
  for (std::size_t at = 0; at + kStep <= size; at += kStep)
    std::memcpy(to + at, from.data() + at, kStep);
  std::memcpy(to + size - kStep, from.data() + size - kStep, kStep);
}

std::uint32_t checksum(std::span<const std::byte> packet, std::size_t prefix) {
  return packet_crc32c(packet.first<kLtlHeaderSize>(), packet.subspan(prefix));
}

}  // namespace

void copy_parts(const MessageParts& message, std::byte* to) {
  copy(message.head, to);
  copy(message.body, to + message.head.size());
}

// At most one packet received and one sent after it, on one connection, are put off: a request and
// its response, which book_exchange() books together. Anything else is booked first.
std::optional<PacketBurst> Ltl::Impl::send_now(ConnectionId connection, const MessageParts& message,
                                               std::span<std::byte> room, Instant now) {
  const std::uint16_t row = index(connection);
  if (debts.row != row || debts.has_sent) catch_up();
  Connection& c = at(connection);
  const std::size_t size = message.head.size() + message.body.size();
  // What a packet still to be booked has acknowledged is not counted yet, which at worst refuses
  // the short way. Up to here nothing has changed.
  if (!c.express.ready || size > options.mtu || something_waits() ||
      !c.send_credit.allows(c.window.charged(), c.window.charge_of(size)))
    return std::nullopt;
  std::uint64_t head = c.express.head_out | size;
  if (c.samples.ask(true, c.timers.has_sample(), options.sample_every))
    head |= std::uint64_t{packet_flag::kAckNow} << 48;
  const std::uint64_t last =
      std::uint64_t{c.receive_credit.grant(now)} << 48 | c.express.channel_word;
  const Instant leaves = ports.depart(c.address.path, prefix + size, now);
  std::byte* const packet = room.data();
  // The header as four words of 64 bits, highest byte first (docs/wire-format.md). Its bitmap is
  // zero, as no packet is held; the acknowledgement includes a packet that is not booked yet,
  // because take_whole() has counted it.
  store_big_64(packet, head);
  store_big_64(packet + 8, std::uint64_t{c.window.next()} << 32 | c.receive.expected());
  store_big_64(packet + 16, wire_time(leaves));
  store_big_64(packet + 24, last);
  copy_parts(message, packet + prefix);
  const std::span<std::byte> whole = room.first(prefix + size);
  if (options.crc) store_big_64(packet + 24, last | checksum(whole, prefix));
  if (c.guard) c.guard->protect(whole);
  debts.row = row;
  debts.has_sent = true;
  debts.sent = {whole.subspan(prefix), now, leaves};
  return PacketBurst{c.address.peer, 1, whole.size(), whole.size()};
}

// The checks of input.cc, on whole words of the header. They come before any change, so the general
// way can take over a packet that fails one, and count why.
bool Ltl::Impl::take_express(const PacketView& packet, Instant now) {
  catch_up();
  const std::span<const std::byte> bytes = packet.bytes;
  if (bytes.size() < prefix || (packet.congestion_seen | packet.damaged) || packet.ghost != 0)
    return false;
  if (SOLITON_CHAOS(kNoExpress)) return false;
  const std::uint64_t head = load_big_64(bytes.data());
  const auto row = static_cast<std::uint16_t>(head >> 32);
  if (row >= table.size()) return false;
  Connection& c = table[row];
  const std::uint64_t length = head ^ c.express.head_in;  // large where anything else differs
  const std::uint64_t numbers = load_big_64(bytes.data() + 8);
  const std::uint64_t report = load_big_64(bytes.data() + 16);
  const std::uint64_t last = load_big_64(bytes.data() + 24);
  const auto sequence = static_cast<Sequence>(numbers >> 32);
  const auto ack = static_cast<Sequence>(numbers);
  // An acknowledgement older than `oldest` wraps to a large number, and goes the general way.
  const std::uint32_t acknowledged = ack - c.window.oldest();
  // One branch for what must be equal: after a system call each of them is one to be guessed anew.
  const std::uint64_t differs =
      (bytes.size() ^ (prefix + length)) | (report >> 32) | (sequence ^ c.receive.expected()) |
      ((last & ExpressLane::kChannelBits) ^ c.express.channel_word) |
      (index(packet.source) ^ index(c.address.peer)) | static_cast<std::uint64_t>(!c.express.clear);
  if (differs != 0 || length > options.mtu || acknowledged > c.window.in_flight()) return false;
  if (options.crc && !SOLITON_PLANTED(kUncheckedExpress) &&
      checksum(bytes, prefix) != static_cast<std::uint32_t>(last))
    return false;
  std::span<const std::byte> checked = bytes;
  // The last check, as the guard remembers the number of a packet that passes: a second look at the
  // packet would take it for a replay.
  if (c.guard && c.guard->check(checked, opened)) return false;
  c.receive.take_whole();
  c.receive_credit.hold(length, now);
  c.send_credit.update(static_cast<std::uint16_t>(last >> 48), acknowledged > 0);
  deliveries.add_view(ConnectionId{row}, bytes.subspan(prefix), 0);
  debts.row = row;
  debts.has_received = true;
  debts.received = {sequence, ack, static_cast<std::uint32_t>(report),
                    static_cast<std::uint32_t>(length), now};
  return true;
}

// The order is that of the general way, received before sent, so that both leave the same state
// behind.
void Ltl::Impl::pay_debts() {
  const auto row = static_cast<std::uint16_t>(std::exchange(debts.row, ExpressDebts::kNoRow));
  const bool received = std::exchange(debts.has_received, false);
  const bool sent = std::exchange(debts.has_sent, false);
  Connection& c = table[row];
  const Instant now = sent ? debts.sent.at : debts.received.at;
  if (!received || !sent || !book_exchange(c, debts.received, debts.sent)) {
    if (received) book_received(c, debts.received);
    if (sent) book_sent(c, debts.sent);
  }
  if (sent) fresh.served_alone(row);
  if (c.acks.ack_due() || c.window.has_unsent()) return refresh(row, now);
  // What refresh() would do where nothing is due.
  count_busy(c);
  c.express.ready = c.window.in_flight() < c.timers.under_way_max();
  if (options.misses > 0) c.watch.set_waiting(c.busy(), now, c.timers.ping_interval());
  // Rows whose deadline is not in the tree: one at most, so another one is settled first.
  if (stale_deadline == row) return;
  settle_deadline();
  stale_deadline = row;
}

// Request and response: the packet that came acknowledges the only one in flight, and ours answers
// it.
bool Ltl::Impl::book_exchange(Connection& c, const ExpressDebts::Received& in,
                              const ExpressDebts::Sent& out) {
  if (!c.window.exchange_whole(in.ack, out.bytes, out.leaves)) return false;
  c.timers.sent(out.leaves, out.at, true);
  if (options.misses > 0) c.watch.heard(in.at);
  c.acks.answered(in.sequence, in.time_ns, out.at);
  count_received(c);
  count_sent(c, out.bytes.size());
  return true;
}

void Ltl::Impl::book_received(Connection& c, const ExpressDebts::Received& packet) {
  if (packet.ack != c.window.oldest()) {
    c.window.acknowledge_whole(packet.ack);
    c.timers.heard(packet.at, c.window.in_flight() > 0);
  }
  if (options.misses > 0) c.watch.heard(packet.at);
  c.acks.on_whole(packet.sequence, packet.time_ns, packet.length, packet.at);
  count_received(c);
}

void Ltl::Impl::book_sent(Connection& c, const ExpressDebts::Sent& packet) {
  c.timers.sent(packet.leaves, packet.at, c.window.in_flight() == 0);
  c.window.send_whole(packet.bytes, packet.leaves);
  c.acks.told(false, packet.at);
  count_sent(c, packet.bytes.size());
}

void Ltl::Impl::count_received(Connection& c) {
  ++c.messages_received;
  ++stats.messages_delivered;
}

void Ltl::Impl::count_sent(Connection& c, std::size_t bytes) {
  ++c.messages_sent;
  ++stats.messages_sent;
  ++stats.packets_sent;
  stats.bytes_sent += prefix + bytes;
}

// The deadline of a row whose packets took the short way is put into the tree when it is asked for.
void Ltl::Impl::settle_deadline() {
  if (stale_deadline == ExpressDebts::kNoRow) return;
  const auto row = static_cast<std::uint16_t>(std::exchange(stale_deadline, ExpressDebts::kNoRow));
  // The instant matters only to a connection whose rate is limited, and such a one is not on the
  // short way (ExpressLane::clear).
  deadlines.set(row, table[row].deadline(Instant{}));
}

Status LtlBurst::send(ConnectionId connection, MessageParts message, Instant now) {
  x_.catch_up();
  return x_.send_copy(connection, message, now);
}
std::optional<PacketBurst> LtlBurst::send_now(ConnectionId connection, MessageParts message,
                                              std::span<std::byte> room, Instant now) {
  return x_.send_now(connection, message, room, now);
}
void LtlBurst::on_packet(const PacketView& packet, Instant now) {
  if (!x_.take_express(packet, now)) x_.on_packet(packet, now);
}
void Ltl::on_input(const Datagram& datagram, Instant now) {
  LtlBurst(*this).on_packet({datagram.source, datagram.congestion_seen, datagram.damaged,
                             datagram.payload.bytes, datagram.payload.ghost},
                            now);
  x_->deliveries.keep();
}
void LtlBurst::keep_messages() { x_.deliveries.keep(); }
std::optional<PacketBurst> LtlBurst::write(std::span<std::byte> room, std::uint32_t packets_max,
                                           Instant now) {
  x_.catch_up();
  return x_.write_burst(room, packets_max, now);
}
void LtlBurst::catch_up() { x_.catch_up(); }
std::size_t LtlBurst::packet_bytes_max() const { return x_.packet_bytes_max(); }

}  // namespace soliton
