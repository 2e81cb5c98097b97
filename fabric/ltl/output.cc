// The way of a packet out: control first, then resends, then new data, connections taking turns in
// each.
#include <span>
#include <utility>

#include "fabric/ltl/impl.h"

namespace soliton {
namespace {

Payload packet_with(std::span<const std::byte> real, std::uint64_t ghost) {
  Payload packet;
  packet.bytes.reserve(kLtlHeaderSize + real.size());
  packet.bytes.resize(kLtlHeaderSize);
  packet.append(real);
  packet.ghost = ghost;
  return packet;
}

Payload packet_with(const Transmission& t) {
  const std::span<const std::byte> all(t.message->bytes);
  const std::size_t first = std::min<std::size_t>(t.offset, all.size());
  const std::size_t real = std::min<std::size_t>(t.length, all.size() - first);
  return packet_with(all.subspan(first, real), t.length - real);
}

}  // namespace

std::optional<Datagram> Ltl::Impl::poll_output(Instant now) {
  while (!control.empty()) {
    const std::uint16_t row = control.take();
    if (!table[row].must_send_control()) continue;
    Datagram out = control_packet(table[row], now);
    refresh(row, now);
    return out;
  }
  while (!resends.empty()) {
    const std::uint16_t row = resends.take();
    if (!table[row].window.has_lost()) continue;
    Datagram out = resent_packet(row, now);
    refresh(row, now);
    return out;
  }
  while (!fresh.empty()) {
    const std::uint16_t row = fresh.take();
    if (!table[row].can_send_new()) continue;
    Datagram out = new_packet(table[row], now);
    refresh(row, now);
    return out;
  }
  return std::nullopt;
}

Datagram Ltl::Impl::control_packet(Connection& c, Instant now) {
  if (c.acks.nack_due()) {
    ++stats.nacks_sent;
    return acknowledgement(c, PacketKind::kNack, now);
  }
  if (c.acks.ack_due()) return acknowledgement(c, PacketKind::kAck, now);
  const PacketKind kind = c.pong_due   ? PacketKind::kPong
                          : c.ping_due ? PacketKind::kPing
                                       : PacketKind::kCredit;
  LtlHeader header = header_for(c, kind, now);
  if (kind == PacketKind::kPong) {
    header.time_ns = c.pong_echo_ns;
    c.pong_due = false;
  } else if (kind == PacketKind::kPing) {
    header.time_ns = wire_time(now);
    c.ping_sent = now;
    c.ping_due = false;
  }
  return seal_packet(c, header, packet_with({}, 0));
}

Datagram Ltl::Impl::acknowledgement(Connection& c, PacketKind kind, Instant now) {
  const std::uint8_t prompt = c.acks.prompt() ? packet_flag::kAckNow : 0;
  const Sequence sequence = c.acks.cause_sequence();
  const std::uint32_t time_ns = c.acks.cause_time_ns();
  LtlHeader header = header_for(c, kind, now);
  header.flags = prompt;
  header.sequence = sequence;
  header.time_ns = time_ns;
  if (kind != PacketKind::kNack) return seal_packet(c, header, packet_with({}, 0));
  return seal_packet(c, header, packet_with(c.receive.bitmap().encode_tail(), 0));
}

Datagram Ltl::Impl::resent_packet(std::uint16_t row, Instant now) {
  Connection& c = table[row];
  const Transmission t = c.window.take_lost(now);
  ++stats.retransmitted;
  record(TraceKind::kRetransmit, now, row, t.sequence, index(c.address.peer));
  return data_packet(c, t, now);
}

Datagram Ltl::Impl::new_packet(Connection& c, Instant now) {
  const bool first = c.window.in_flight() == 0;
  Transmission t = c.window.take_new(now);
  c.timers.sent(now, first);
  if (c.samples.ask(!c.window.has_unsent(), c.timers.srtt().has_value()))
    t.flags |= packet_flag::kAckNow;
  return data_packet(c, t, now);
}

Datagram Ltl::Impl::data_packet(Connection& c, const Transmission& t, Instant now) {
  LtlHeader header = header_for(c, PacketKind::kData, now);
  header.flags = t.flags;
  header.sequence = t.sequence;
  header.time_ns = wire_time(now);
  return seal_packet(c, header, packet_with(t));
}

// Every packet carries the acknowledgement and the grant, so every packet settles what is due of
// them.
LtlHeader Ltl::Impl::header_for(Connection& c, PacketKind kind, Instant now) {
  LtlHeader header;
  header.kind = kind;
  header.index = c.address.remote_index;
  header.cookie = c.address.cookie;
  header.channel = c.address.channel;
  header.ack = c.receive.expected();
  header.bitmap = c.receive.bitmap().header_bits();
  header.credit = c.receive_credit.grant(now);
  c.acks.told(kind == PacketKind::kNack, now);
  c.credit_due = false;
  return header;
}

Datagram Ltl::Impl::seal_packet(const Connection& c, const LtlHeader& header, Payload packet) {
  LtlHeader filled = header;
  filled.length = static_cast<std::uint16_t>(packet.size() - kLtlHeaderSize);
  encode(filled, std::span<std::byte, kLtlHeaderSize>(packet.bytes.data(), kLtlHeaderSize));
  seal(packet);
  ++stats.packets_sent;
  stats.bytes_sent += packet.size();
  Datagram out;
  out.source = self;
  out.destination = c.address.peer;
  out.payload = std::move(packet);
  return out;
}

}  // namespace soliton
