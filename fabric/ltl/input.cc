// The way of a packet in: checks in the order of the wire format, then its report on our packets,
// then what it carries. A packet that fails a check is counted by cause and changes nothing else.
#include <span>

#include "fabric/ltl/impl.h"

namespace soliton {

void Ltl::Impl::on_input(const Datagram& datagram, Instant now) {
  if (const auto cause = admit(datagram, now)) count_drop(*cause);
}

std::optional<DropCause> Ltl::Impl::admit(const Datagram& datagram, Instant now) {
  const Payload& packet = datagram.payload;
  const auto header = decode(packet.bytes);
  if (!header) return header.error();
  if (const auto cause = check_address(*header, datagram.source)) return cause;
  if (const auto cause = verify(*header, packet)) return cause;
  if (datagram.damaged) return DropCause::kBadChecksum;
  Connection& c = table[header->index];
  if (!sensible(*header) || !take_report(c, *header, packet, now)) return DropCause::kNotAllowed;
  const bool taken = take_packet(header->index, *header, packet, now);
  refresh(header->index, now);
  if (!taken) return DropCause::kNotAllowed;
  return std::nullopt;
}

std::optional<DropCause> Ltl::Impl::check_address(const LtlHeader& header, NodeId source) const {
  if (header.index >= table.size()) return DropCause::kUnknownIndex;
  const LtlConnection& address = table[header.index].address;
  if (header.cookie != address.cookie) return DropCause::kWrongCookie;
  if (source != address.peer) return DropCause::kWrongSource;
  if (header.channel != address.channel) return DropCause::kWrongChannel;
  return std::nullopt;
}

// Kinds that a static connection does not know are refused here, as are flags and lengths that
// their kind cannot have.
bool Ltl::Impl::sensible(const LtlHeader& header) const {
  switch (header.kind) {
    case PacketKind::kData:
      return header.length <= options.mtu && !header.has(packet_flag::kPacked);
    case PacketKind::kNack:
      return header.length <= ArrivalBitmap::kTailBytesMax;
    case PacketKind::kAck:
    case PacketKind::kCredit:
    case PacketKind::kPing:
    case PacketKind::kPong:
      return header.length == 0;
    default:
      return false;
  }
}

// False when it acknowledges what was never sent.
bool Ltl::Impl::take_report(Connection& c, const LtlHeader& header, const Payload& packet,
                            Instant now) {
  ArrivalReport report;
  report.ack = header.ack;
  report.bitmap = ArrivalBitmap(header.bitmap);
  report.known_bits = ArrivalBitmap::kHeaderBits;
  if (header.kind == PacketKind::kNack) {
    const auto tail = std::span<const std::byte>(packet.bytes).subspan(kLtlHeaderSize);
    report.bitmap = ArrivalBitmap::decode(header.bitmap, tail).value_or(report.bitmap);
    report.known_bits = ArrivalBitmap::kBits;
  }
  if (header.kind == PacketKind::kNack || header.kind == PacketKind::kAck)
    report.cause = {header.sequence, header.time_ns, header.has(packet_flag::kAckNow)};
  const Sequence before = c.window.oldest();
  const auto outcome = c.window.report(report, now);
  if (!outcome) return false;
  if (header.ack == c.window.oldest()) c.send_credit.update(header.credit, header.ack != before);
  if (outcome->rtt) {
    c.timers.sample(*outcome->rtt);
    c.samples.answered();
    stats.rtt.add(*outcome->rtt);
  }
  if (outcome->acknowledged || outcome->losses) c.timers.heard(now, c.window.in_flight() > 0);
  return true;
}

// False when its sequence is outside the window.
bool Ltl::Impl::take_packet(std::uint16_t row, const LtlHeader& header, const Payload& packet,
                            Instant now) {
  Connection& c = table[row];
  if (header.kind == PacketKind::kData) return take_data(row, header, packet, now);
  if (header.kind == PacketKind::kPong) take_pong(c, header, now);
  if (header.kind == PacketKind::kPing) {
    c.pong_due = true;
    c.pong_echo_ns = header.time_ns;
  }
  return true;
}

bool Ltl::Impl::take_data(std::uint16_t row, const LtlHeader& header, const Payload& packet,
                          Instant now) {
  Connection& c = table[row];
  const Fragment fragment{header.sequence, header.flags,
                          std::span<const std::byte>(packet.bytes).subspan(kLtlHeaderSize),
                          packet.ghost};
  const std::uint64_t misplaced = c.receive.misplaced();
  const Arrival arrival = c.receive.accept(fragment, completed);
  stats.dropped_malformed += c.receive.misplaced() - misplaced;
  if (arrival == Arrival::kOutside) return false;
  if (arrival == Arrival::kDuplicate) ++stats.duplicates_received;
  c.acks.on_arrival(arrival, header, c.receive, now, c.timers.srtt());
  deliver(row, completed, now);
  return true;
}

void Ltl::Impl::take_pong(Connection& c, const LtlHeader& header, Instant now) {
  if (c.ping_sent == kNever || wire_time(c.ping_sent) != header.time_ns) return;
  c.timers.sample(now - c.ping_sent);
  stats.rtt.add(now - c.ping_sent);
  c.ping_sent = kNever;
}

void Ltl::Impl::count_drop(DropCause cause) {
  switch (cause) {
    case DropCause::kUnknownIndex:
    case DropCause::kWrongCookie:
    case DropCause::kWrongSource:
    case DropCause::kWrongChannel:
      ++stats.dropped_stale;
      return;
    case DropCause::kBadChecksum:
      ++stats.dropped_checksum;
      return;
    default:
      ++stats.dropped_malformed;
  }
}

}  // namespace soliton
