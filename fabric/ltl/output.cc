// How packets leave: control first, then resends, then new data, with connections taking turns
// within each. A packet is built in the memory of its carrier.
#include <cstring>
#include <span>
#include <utility>

#include "fabric/ltl/impl.h"
#include "fabric/ltl/packed.h"
#include "protocol/base/chaos_site.h"

namespace soliton {
std::size_t Ltl::Impl::packet_bytes_max() const {
  return std::max(prefix + std::max<std::size_t>(options.mtu, report_bytes_max(options)),
                  kLtlHeaderSize + OpenBody::kSize);
}

// Queues may hold rows whose reason to send has passed; these are dropped when their turn comes.
std::optional<Ltl::Impl::Next> Ltl::Impl::choose_next(Instant now) {
  for (; !control.empty(); control.pop())
    if (table[control.front()].must_send_control(now))
      return Next{Next::Kind::kControl, control.front()};
  for (; !resends.empty(); resends.pop())
    if (table[resends.front()].can_resend(now)) return Next{Next::Kind::kResend, resends.front()};
  // A connection that is skipped does not use its channel's turn up.
  for (; !fresh.empty(); fresh.skip()) {
    const std::uint16_t row = fresh.front();
    if (table[row].can_send_new(now)) return Next{Next::Kind::kNew, row};
  }
  return std::nullopt;
}

PacketOut Ltl::Impl::write(const Next& next, std::span<std::byte> room, Instant now) {
  PacketOut out;
  switch (next.kind) {
    case Next::Kind::kControl:
      control.pop();
      out = write_control(next.row, room, now);
      break;
    case Next::Kind::kResend:
      resends.pop();
      out = write_resent(next.row, room, now);
      break;
    case Next::Kind::kNew:
      fresh.served();
      out = write_new(table[next.row], room, now);
      break;
  }
  refresh(next.row, now);
  return out;
}

// At least the real bytes of the packet that write() would make. Needed before it is written, as writing
// settles what was due and cannot be taken back.
std::size_t Ltl::Impl::real_size(const Next& next) {
  Connection& c = table[next.row];
  switch (next.kind) {
    case Next::Kind::kControl:
      if (c.session.control_due()) return kLtlHeaderSize + OpenBody::kSize;
      return prefix + (c.acks.nack_due() || (c.pong_due && !c.acks.ack_due() && !c.notify_due)
                           ? std::min(c.receive.tail_size(), report_bytes_max(options))
                           : 0);
    case Next::Kind::kResend:
      return prefix + c.window.lost_real();
    case Next::Kind::kNew:
      return prefix + c.window.next_real();
  }
  return 0;
}

std::optional<PacketBurst> Ltl::Impl::write_burst(std::span<std::byte> room,
                                                  std::uint32_t packets_max, Instant now) {
  auto next = next_ready(now);
  if (!next) return std::nullopt;
  const PacketOut first = write(*next, room, now);
  PacketBurst burst{first.destination, 1, first.size, first.size};
  while (burst.packets < packets_max && (next = next_ready(now))) {
    const std::size_t size = real_size(*next);
    // It is not skipped for one that fits: the order is that of poll_output().
    if (table[next->row].address.peer != burst.destination || size > burst.segment ||
        burst.size + size > room.size())
      break;
    const PacketOut more = write(*next, room.subspan(burst.size), now);
    burst.size += more.size;
    ++burst.packets;
    // Segmentation offload allows only the last packet to be shorter.
    if (more.size < burst.segment) break;
  }
  return burst;
}

std::optional<Datagram> Ltl::Impl::poll_output(Instant now) {
  const auto next = next_ready(now);
  if (!next) return std::nullopt;
  Datagram out;
  out.payload.bytes = stores.memory->take(real_size(*next));
  const PacketOut packet = write(*next, out.payload.bytes, now);
  out.source = self;
  out.destination = packet.destination;
  out.traffic_class = table[next->row].address.channel;
  out.payload.bytes.resize(packet.size);
  out.payload.ghost = packet.ghost;
  return out;
}

// One packet for one reason; refresh() queues the row again while others are left. A NACK is an ACK
// with more in it, so it goes first and settles both.
PacketOut Ltl::Impl::write_control(std::uint16_t row, std::span<std::byte> room, Instant now) {
  Connection& c = table[row];
  if (c.session.control_due()) return write_handshake(c, row, room, now);
  if (c.acks.nack_due()) {
    ++stats.nacks_sent;
    return write_acknowledgement(c, PacketKind::kNack, room, now);
  }
  if (c.acks.ack_due()) return write_acknowledgement(c, PacketKind::kAck, room, now);
  if (!c.notify_due && c.pong_due) return write_pong(c, room, now);
  if (!c.notify_due && (c.ping_due || c.probe_due)) return write_ping(c, room, now);
  LtlHeader header =
      header_for(c, c.notify_due ? PacketKind::kCongestion : PacketKind::kCredit, now);
  if (std::exchange(c.notify_due, false)) {
    ++stats.notifications_sent;
    header.flags = packet_flag::kCongestion;
  }
  ports.depart(c.address.path, prefix, now);
  return finish(c, header, room, 0, 0);
}

// One PING answers all that asked for one: the watch over the peer, a wait for credit, a tail
// probe. Its number proves what was sent before it (SendWindow::mark_ping()).
PacketOut Ltl::Impl::write_ping(Connection& c, std::span<std::byte> room, Instant now) {
  LtlHeader header = header_for(c, PacketKind::kPing, now);
  c.ping_sent = ports.depart(c.address.path, prefix, now);
  if (!std::exchange(c.ping_due, false)) header.flags = packet_flag::kTailProbe;
  c.probe_due = false;
  header.time_ns = wire_time(c.ping_sent);
  header.sequence = c.window.mark_ping();
  return finish(c, header, room, 0, 0);
}

PacketOut Ltl::Impl::write_pong(Connection& c, std::span<std::byte> room, Instant now) {
  LtlHeader header = header_for(c, PacketKind::kPong, now);
  c.pong_due = false;
  header.time_ns = c.pong_echo_ns;
  header.sequence = c.pong_echo_number;
  const std::size_t tail = write_report(c, room);
  ports.depart(c.address.path, prefix + tail, now);
  return finish(c, header, room, tail, 0);
}

PacketOut Ltl::Impl::write_acknowledgement(Connection& c, PacketKind kind,
                                           std::span<std::byte> room, Instant now) {
  // Read before header_for(), which settles what the acknowledgement is due for.
  const std::uint8_t prompt = c.acks.prompt() ? packet_flag::kAckNow : 0;
  const Sequence sequence = c.acks.cause_sequence();
  const std::uint32_t time_ns = c.acks.cause_time_ns();
  LtlHeader header = header_for(c, kind, now);
  header.flags = prompt;
  header.sequence = sequence;
  header.time_ns = time_ns;
  std::size_t tail = 0;
  if (kind == PacketKind::kNack) tail = write_report(c, room);
  ports.depart(c.address.path, prefix + tail, now);
  return finish(c, header, room, tail, 0);
}

PacketOut Ltl::Impl::write_resent(std::uint16_t row, std::span<std::byte> room, Instant now) {
  Connection& c = table[row];
  // The time of a packet begins when it leaves the own port: its wait there is no part of the round
  // trip.
  const Instant leaves = ports.depart(c.address.path, prefix + c.window.lost_length(), now);
  const Transmission t = c.window.take_lost(leaves);
  c.timers.resent(leaves);
  ++stats.retransmitted;
  record(TraceKind::kRetransmit, now, row, t.sequence, index(c.address.peer));
  return write_data(c, t, room, leaves, now);
}

PacketOut Ltl::Impl::write_new(Connection& c, std::span<std::byte> room, Instant now) {
  // Read before take_new() changes it.
  const bool first = c.window.in_flight() == 0;
  const Instant leaves = ports.depart(c.address.path, prefix + c.window.next_length(), now);
  Transmission t = c.window.take_new(leaves);
  c.timers.sent(leaves, now, first);
  if (c.samples.ask(!c.window.has_unsent(), c.timers.has_sample(), options.sample_every))
    t.flags |= packet_flag::kAckNow;
  return write_data(c, t, room, leaves, now);
}

PacketOut Ltl::Impl::write_data(Connection& c, const Transmission& t, std::span<std::byte> room,
                                Instant leaves, Instant now) {
  LtlHeader header = header_for(c, PacketKind::kData, now);
  header.flags = t.flags;
  header.sequence = t.sequence;
  header.time_ns = wire_time(leaves);
  const std::size_t real = t.real();
  std::byte* to = room.data() + prefix;
  if ((t.flags & packet_flag::kPacked) != 0)
    write_packed(t.message, t.messages, to);
  else if (real > 0)
    std::memcpy(to, t.message->real.data() + t.offset, real);
  if (c.rate.limits()) c.rate.sent(prefix + t.length, now);
  return finish(c, header, room, real, t.length - real);
}

// Every packet carries the acknowledgement and the grant, so every packet settles those that are
// due.
LtlHeader Ltl::Impl::header_for(Connection& c, PacketKind kind, Instant now) {
  LtlHeader header;
  header.kind = kind;
  header.index = c.address.remote_index;
  header.cookie = c.address.cookie;
  header.channel = c.address.channel;
  header.ack = c.receive.expected();
  header.bitmap = c.receive.header_bits();
  if (SOLITON_PLANTED(kAckBeyondGap) && header.bitmap != 0) ++header.ack;
  header.credit = c.receive_credit.grant(now);
  c.acks.told(kind == PacketKind::kNack || kind == PacketKind::kPong, now);
  c.credit_due = false;
  return header;
}

PacketOut Ltl::Impl::finish(Connection& c, LtlHeader& header, std::span<std::byte> room,
                            std::size_t real, std::uint64_t ghost) {
  header.length = static_cast<std::uint16_t>(real + ghost);
  encode(header, room.first<kLtlHeaderSize>());
  const std::size_t size = prefix + real;
  // The tag covers the header with its checksum, so the checksum comes first (docs/ltl.md, "Tags").
  if (options.crc) seal(room.first(size), prefix);
  if (c.guard) c.guard->protect(room.first(size));
  ++stats.packets_sent;
  stats.bytes_sent += size + ghost;
  return {c.address.peer, size, ghost};
}

PacketOut Ltl::Impl::finish_bare(const Connection& c, LtlHeader& header, std::span<std::byte> room,
                                 std::size_t real) {
  header.length = static_cast<std::uint16_t>(real);
  encode(header, room.first<kLtlHeaderSize>());
  const std::size_t size = kLtlHeaderSize + real;
  if (options.crc) seal(room.first(size));
  ++stats.packets_sent;
  stats.bytes_sent += size;
  return {c.address.peer, size, 0};
}

}  // namespace soliton
