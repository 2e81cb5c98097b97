// The way of a packet in: checks in the order of the wire format, then its report on our packets,
// then what it carries. A packet that fails a check is counted by cause and changes nothing else.
#include <span>

#include "fabric/ltl/impl.h"
#include "protocol/base/chaos_site.h"

namespace soliton {

void Ltl::Impl::on_packet(const PacketView& packet, Instant now) {
  if (const auto cause = admit(packet, now)) count_drop(*cause);
}

std::optional<DropCause> Ltl::Impl::admit(const PacketView& packet, Instant now) {
  const auto header = decode(packet.bytes);
  if (!header) return header.error();
  if (const auto cause = check_address(*header, packet.source)) return cause;
  if (header->kind >= PacketKind::kOpen && header->kind != PacketKind::kClose) {
    const auto body = packet.bytes.subspan(kLtlHeaderSize);
    if (const auto cause = verify(*header, packet.bytes, packet.ghost, options.crc)) return cause;
    // A handshake has no security block: its body proves the key by itself. An emulated packet may
    // have no bytes to damage, so the network says that it is damaged, and that counts as a wrong
    // checksum.
    return packet.damaged ? DropCause::kBadChecksum : take_handshake(*header, body, now);
  }
  Connection& c = table[header->index];
  std::span<const std::byte> bytes = packet.bytes;
  if (c.guard)
    if (const auto cause = c.guard->check(bytes, opened)) return cause;
  const bool checked = options.crc && !SOLITON_PLANTED(kCrcSkipped);
  if (const auto cause = verify(*header, bytes, packet.ghost, checked, prefix)) return cause;
  if (packet.damaged && !SOLITON_PLANTED(kCrcSkipped)) return DropCause::kBadChecksum;
  const auto rest = bytes.subspan(prefix);
  // The report is taken before the payload, because it is good even when the payload is a
  // duplicate.
  if (!sensible(*header) || !take_report(c, *header, rest, now)) return DropCause::kNotAllowed;
  // A good packet carries the cookie of the session, so the peer knows the session.
  if (!c.session.confirmed) {
    c.session.confirmed = true;
    c.session.retry_at = kNever;
  }
  if (options.misses > 0) c.watch.heard(now);
  if (packet.congestion_seen && header->kind == PacketKind::kData) {
    ++stats.marks_received;
    if (options.congestion.enabled && c.marks.marked(now, options.congestion.cnp_interval))
      c.notify_due = true;
  }
  const bool taken = take_packet(header->index, *header, rest, packet.ghost, now);
  // Also after a payload that was refused: its report has been taken.
  refresh(header->index, now);
  if (!taken) return DropCause::kNotAllowed;
  return std::nullopt;
}

// A connection that is not open has no cookie. Handshakes carry none: their proof names the
// session.
std::optional<DropCause> Ltl::Impl::check_address(const LtlHeader& header, NodeId source) const {
  if (header.index >= table.size()) return DropCause::kUnknownIndex;
  const Connection& c = table[header.index];
  const bool handshake = header.kind >= PacketKind::kOpen && header.kind != PacketKind::kClose;
  if (SOLITON_PLANTED(kStrangerAccepted) && !handshake) return std::nullopt;
  if (handshake ? header.cookie != 0 : !c.open() || header.cookie != c.address.cookie)
    return DropCause::kWrongCookie;
  if (source != c.address.peer) return DropCause::kWrongSource;
  if (header.channel != c.address.channel) return DropCause::kWrongChannel;
  return std::nullopt;
}

// Flags and lengths that their kind cannot have are refused here.
bool Ltl::Impl::sensible(const LtlHeader& header) const {
  switch (header.kind) {
    case PacketKind::kData:
      return header.length <= options.mtu &&
             (!header.has(packet_flag::kPacked) ||
              (header.has(packet_flag::kFirst) && header.has(packet_flag::kLast)));
    case PacketKind::kNack:
    case PacketKind::kPong:
      return header.length <= report_bytes_max(options);
    case PacketKind::kAck:
    case PacketKind::kCredit:
    case PacketKind::kPing:
    case PacketKind::kCongestion:
    case PacketKind::kClose:
      return header.length == 0;
    default:
      return false;
  }
}

// False when it acknowledges what was never sent.
bool Ltl::Impl::take_report(Connection& c, const LtlHeader& header, std::span<const std::byte> rest,
                            Instant now) {
  const Sequence before = c.window.oldest();
  const bool full = header.kind == PacketKind::kNack || header.kind == PacketKind::kPong;
  std::optional<ReportOutcome> outcome;
  // Most packets: no gap, and nothing that tells which of ours caused it.
  if (header.bitmap == 0 && !full && header.kind != PacketKind::kAck) {
    outcome = c.window.report_plain(header.ack, now);
  } else {
    ArrivalReport report;
    report.ack = header.ack;
    report.bitmap = ArrivalBitmap(header.bitmap);
    report.known_bits = ArrivalBitmap::kHeaderBits;
    report.round_trip_least = c.timers.round_trip_least();
    if (full) {
      report.bitmap = ArrivalBitmap(header.bitmap, rest);
      // A report that fills its packet may have been cut short.
      report.known_bits =
          rest.size() < report_bytes_max(options)
              ? options.window
              : ArrivalBitmap::kHeaderBits + static_cast<std::uint32_t>(8 * rest.size());
    }
    if (header.kind == PacketKind::kNack || header.kind == PacketKind::kAck)
      report.cause = {header.sequence, header.time_ns, header.has(packet_flag::kAckNow)};
    else if (header.kind == PacketKind::kPong)
      report.ping = header.sequence;
    outcome = c.window.report(report, now);
  }
  if (!outcome) return false;
  take_outcome(c, header, header.ack != before, *outcome, now);
  return true;
}

void Ltl::Impl::take_outcome(Connection& c, const LtlHeader& header, bool advanced,
                             const ReportOutcome& outcome, Instant now) {
  // A packet that was overtaken has an older grant.
  if (header.ack == c.window.oldest()) c.send_credit.update(header.credit, advanced);
  if (outcome.rtt) {
    take_sample(c, *outcome.rtt);
    c.samples.answered();
  }
  stats.needless += outcome.needless;
  if (outcome.acknowledged || outcome.losses) c.timers.heard(now, c.window.in_flight() > 0);
}

// False when its sequence is outside the window.
bool Ltl::Impl::take_packet(std::uint16_t row, const LtlHeader& header,
                            std::span<const std::byte> rest, std::uint64_t ghost, Instant now) {
  Connection& c = table[row];
  if (header.kind == PacketKind::kData) return take_data(row, header, rest, ghost, now);
  switch (header.kind) {
    case PacketKind::kPong:
      take_pong(c, header, now);
      break;
    case PacketKind::kPing:
      c.pong_due = true;
      c.pong_echo_ns = header.time_ns;
      c.pong_echo_number = header.sequence;
      break;
    case PacketKind::kCongestion:
      ++stats.notifications_received;
      if (options.congestion.enabled) c.rate.notified(now);
      break;
    case PacketKind::kClose:
      tell(LtlEvent::Kind::kClosed, row, now, 0);
      end(row, Session::State::kClosed, now);
      break;
    default:
      break;
  }
  return true;
}

bool Ltl::Impl::take_data(std::uint16_t row, const LtlHeader& header,
                          std::span<const std::byte> rest, std::uint64_t ghost, Instant now) {
  Connection& c = table[row];
  const std::size_t before = deliveries.size();
  const std::uint64_t misplaced = c.receive.misplaced();
  const ArrivalKind arrival =
      c.receive.accept({header.sequence, header.flags, rest, ghost}, deliveries);
  stats.dropped_malformed += c.receive.misplaced() - misplaced;
  if (arrival == ArrivalKind::kOutside) return false;
  if (arrival == ArrivalKind::kDuplicate) ++stats.duplicates_received;
  if (SOLITON_PLANTED(kCreditLeak) && arrival == ArrivalKind::kDuplicate)
    c.receive_credit.hold(header.length, now);
  // Without room it is as if the packet had been lost: no acknowledgement, and the sender repeats
  // it.
  if (arrival == ArrivalKind::kNoRoom)
    ++stats.dropped_no_room;
  else
    c.acks.on_arrival(arrival, header, c.receive, now, c.timers.round_trip());
  account_delivered(row, before, now);
  return true;
}

// The latest PING left at an instant that is known; of an earlier one its echo tells it, to the
// nanosecond.
void Ltl::Impl::take_pong(Connection& c, const LtlHeader& header, Instant now) {
  const bool latest = c.ping_sent != kNever && wire_time(c.ping_sent) == header.time_ns;
  const auto elapsed = static_cast<std::int32_t>(wire_time(now) - header.time_ns);
  // A packet has 32 bits of nanoseconds, so an echo more than 2.1 s old gives a negative
  // difference.
  if (!latest && elapsed < 0) return;
  take_sample(c, latest ? now - c.ping_sent : nanoseconds(elapsed));
  if (latest) c.ping_sent = kNever;
}

void Ltl::Impl::take_sample(Connection& c, Duration rtt) {
  c.timers.sample(rtt);
  stats.rtt.add(rtt);
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
    case DropCause::kUnproven:
    case DropCause::kBadTag:
      ++stats.dropped_unauthentic;
      return;
    case DropCause::kReplayed:
      ++stats.dropped_replayed;
      return;
    default:
      ++stats.dropped_malformed;
  }
}

}  // namespace soliton
