#include "fabric/ltl/send_window.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fabric/ltl/packed.h"
#include "protocol/base/chaos_site.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

constexpr std::uint64_t kUnsentCharge = 64;  // bytes; about what an empty message costs in memory
constexpr std::uint32_t kRepairsToForget = 16;

// How far an acknowledgement goes beyond the oldest packet in flight.
std::int32_t advance_of(Sequence oldest, Sequence ack) {
  if (SOLITON_PLANTED(kWrapUnsigned) && ack < oldest) return -1;
  return sequence_distance(oldest, ack);
}

}  // namespace

std::size_t Transmission::real() const {
  return (flags & packet_flag::kPacked) != 0 ? packed_real_bytes(message, messages)
                                             : real_part(*message, offset, length);
}

SendWindow::SendWindow(const LtlOptions& options, Stores& stores)
    : options_(&options),
      stores_(&stores),
      oldest_(options.first_sequence),
      next_(options.first_sequence),
      tolerance_(options.reorder_tolerance) {}

void SendWindow::push(StoredMessage* message) {
  message->next = nullptr;
  unsent_bytes_ += message->size();
  ++unsent_messages_;
  if (newest_message_ != nullptr) newest_message_->next = message;
  newest_message_ = message;
  if (oldest_message_ == nullptr) oldest_message_ = message;
  if (first_unsent_ == nullptr) first_unsent_ = message;
}

std::uint64_t SendWindow::unsent_charge() const {
  return unsent_bytes_ + kUnsentCharge * unsent_messages_;
}

Instant SendWindow::oldest_first_sent() const { return slot(oldest_).first_sent; }

// Looks at each message only once, however often it is called while the packet waits. More messages
// may join the packet until it leaves.
const SendWindow::Plan& SendWindow::plan() {
  if (plan_.last == nullptr) {
    const std::uint64_t left = first_unsent_->size() - offset_;
    plan_ = Plan{};
    plan_.last = first_unsent_;
    plan_.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(options_->mtu, left));
    plan_.closed = offset_ > 0 || left > options_->mtu || !packable(*first_unsent_);
  }
  if (!plan_.closed && plan_.last->next != nullptr) extend_plan();
  return plan_;
}

void SendWindow::extend_plan() {
  const auto most =
      std::min<std::uint64_t>(options_->mtu, static_cast<std::uint64_t>(options_->packing.count));
  while (StoredMessage* more = plan_.last->next) {
    // The first message gets its length prefix only when a second one joins it.
    const std::uint64_t prefixes = plan_.packed ? kPackedPrefix : 2 * kPackedPrefix;
    if (!packable(*more) || plan_.length + prefixes + more->size() > most ||
        plan_.messages == UINT16_MAX) {
      plan_.closed = true;
      return;
    }
    plan_.length += static_cast<std::uint32_t>(prefixes + more->size());
    plan_.packed = true;
    plan_.last = more;
    ++plan_.messages;
  }
}

std::size_t SendWindow::next_real() {
  const Plan& packet = plan();
  return packet.packed ? packed_real_bytes(first_unsent_, packet.messages)
                       : real_part(*first_unsent_, offset_, packet.length);
}

std::size_t SendWindow::lost_real() const {
  const SendSlot& s = slot(first_lost());
  return Transmission{.flags = s.flags,
                      .messages = s.messages,
                      .length = s.length,
                      .message = s.message,
                      .offset = s.offset}
      .real();
}

// Twice as many, or the first ones.
void SendWindow::grow_slots() {
  SlotRings& rings = stores_->send_slots;
  const auto count = slot_count_ == 0 ? static_cast<std::uint32_t>(rings.least()) : 2 * slot_count_;
  SendSlot* const larger = rings.take(count);
  for (Sequence q = oldest_; q != next_; ++q) larger[q & (count - 1)] = slot(q);
  if (slots_ != nullptr) rings.give(slots_, slot_count_);
  slots_ = larger;
  slot_count_ = count;
}

void SendWindow::give_slots() {
  if (slots_ == nullptr) return;
  stores_->send_slots.give(std::exchange(slots_, nullptr), std::exchange(slot_count_, 0));
}

Transmission SendWindow::take_new(Instant now) {
  const Plan packet = plan();
  SendSlot& s = new_slot();
  s = SendSlot{};
  s.message = first_unsent_;
  s.offset = static_cast<std::uint32_t>(offset_);
  s.length = packet.length;
  s.messages = packet.messages;
  if (offset_ == 0) s.flags |= packet_flag::kFirst;
  if (packet.packed) s.flags |= packet_flag::kPacked;
  s.first_ordinal = s.last_ordinal = ++ordinal_;
  s.first_sent = s.last_sent = now;
  charged_ += charge_of(s.length);
  if (packet.packed) {
    unsent_bytes_ -= s.length - kPackedPrefix * s.messages;
    offset_ = first_unsent_->size();
  } else {
    unsent_bytes_ -= s.length;
    offset_ += s.length;
  }
  if (offset_ == first_unsent_->size()) {
    s.flags |= packet_flag::kLast;
    offset_ = 0;
    unsent_messages_ -= packet.messages;
    first_unsent_ = packet.last->next;
  }
  plan_.last = nullptr;
  return {next_++, s.flags, s.messages, s.length, s.message, s.offset};
}

void SendWindow::send_whole(std::span<const std::byte> bytes, Instant now) {
  StoredMessage* const message = stores_->keep(bytes);
  if (newest_message_ != nullptr) newest_message_->next = message;
  newest_message_ = message;
  if (oldest_message_ == nullptr) oldest_message_ = message;
  book_whole(message, now);
}

void SendWindow::book_whole(StoredMessage* message, Instant now) {
  const auto length = static_cast<std::uint32_t>(message->real.size());
  ++ordinal_;
  new_slot() = {.message = message,
                .length = length,
                .flags = packet_flag::kFirst | packet_flag::kLast,
                .first_ordinal = ordinal_,
                .last_ordinal = ordinal_,
                .first_sent = now,
                .last_sent = now};
  charged_ += charge_of(length);
  ++next_;
}

// In request and response traffic one small message follows another. Reusing its record saves
// giving it back and taking it again. Anything but one small message in flight, sent whole and now
// acknowledged, is left to the two calls it stands for.
bool SendWindow::exchange_whole(Sequence ack, std::span<const std::byte> bytes, Instant now) {
  StoredMessage* const message = oldest_message_;
  if (ack != next_ || in_flight() != 1 || message != newest_message_ || !message->is_small ||
      bytes.size() > message->small.size() || slot(oldest_).offset != 0)
    return false;
  std::memcpy(message->small.data(), bytes.data(), bytes.size());
  message->real = {message->small.data(), bytes.size()};
  ++oldest_;
  charged_ = 0;
  ++messages_acknowledged_;
  book_whole(message, now);
  return true;
}

// acknowledge() without the bookkeeping of gaps: while plain() holds there are none.
void SendWindow::acknowledge_whole(Sequence ack) {
  for (; oldest_ != ack; ++oldest_) {
    const SendSlot& s = slot(oldest_);
    charged_ -= charge_of(s.length);
    if ((s.flags & packet_flag::kLast) != 0) release_oldest(s.messages);
  }
  if (oldest_ == next_) give_slots();
}

void SendWindow::release_oldest(std::uint16_t messages) {
  messages_acknowledged_ += messages;
  for (; messages > 0; --messages)
    stores_->give(std::exchange(oldest_message_, oldest_message_->next));
  if (oldest_message_ == nullptr) newest_message_ = nullptr;
}

// lost_from_ is a lower bound that take_lost() moves along, so a burst of resends walks through the
// window once.
Sequence SendWindow::first_lost() const {
  SOLITON_CHECK(has_lost());
  Sequence sequence = sequence_before(lost_from_, oldest_) ? oldest_ : lost_from_;
  while (!slot(sequence).lost) ++sequence;
  return sequence;
}

Transmission SendWindow::take_lost(Instant now) {
  const Sequence sequence = lost_from_ = first_lost();
  SendSlot& s = slot(sequence);
  auto flags = static_cast<std::uint8_t>(s.flags | packet_flag::kResent | s.resend_flags);
  if (SOLITON_PLANTED(kMessageRestart)) flags |= packet_flag::kFirst;
  clear_lost(s);
  s.last_ordinal = ++ordinal_;
  s.last_sent = now;
  return {sequence, flags, s.messages, s.length, s.message, s.offset};
}

void SendWindow::clear() {
  for (StoredMessage* m = oldest_message_; m != nullptr;) stores_->give(std::exchange(m, m->next));
  give_slots();
  // Total over the life of the connection; everything else begins anew.
  const std::uint64_t acknowledged = messages_acknowledged_;
  *this = SendWindow(*options_, *stores_);
  messages_acknowledged_ = acknowledged;
}

std::optional<ReportOutcome> SendWindow::report(const ArrivalReport& report, Instant now) {
  const std::int32_t advance = advance_of(oldest_, report.ack);
  if (advance > static_cast<std::int32_t>(in_flight())) return std::nullopt;
  ReportOutcome outcome;
  // An older report than one already seen: packets overtook each other.
  if (advance < 0) return outcome;
  Proof proof;
  if (report.cause) identify_cause(*report.cause, now, proof, outcome);
  if (report.ping) {
    // The wire carries 32 bits of the ordinal: the difference restores the rest.
    const std::uint32_t before = static_cast<std::uint32_t>(ordinal_) - *report.ping;
    if (before < ordinal_) proof.add(ordinal_ - before);
  }
  // All proofs of the report are collected before any packet is judged by them.
  acknowledge(report, now, proof, outcome);
  mark_arrivals(report, now, proof, outcome);
  find_losses(report, proof, now, outcome);
  return outcome;
}

// Without a bitmap and a cause nothing can be found lost: what is not acknowledged was sent later.
std::optional<ReportOutcome> SendWindow::report_plain(Sequence ack, Instant now) {
  const std::int32_t advance = advance_of(oldest_, ack);
  if (advance > static_cast<std::int32_t>(in_flight())) return std::nullopt;
  ReportOutcome outcome;
  if (advance <= 0) return outcome;
  Proof proof;
  ArrivalReport report;
  report.ack = ack;
  acknowledge(report, now, proof, outcome);
  return outcome;
}

// Which of its transmissions arrived is told by the echoed time: the last, the first, or one
// between.
void SendWindow::identify_cause(const ArrivalReport::Cause& cause, Instant now, Proof& proof,
                                ReportOutcome& outcome) {
  const std::int32_t offset = sequence_distance(oldest_, cause.sequence);
  if (offset < 0 || offset >= static_cast<std::int32_t>(in_flight())) {
    // Acknowledged before; the echo still tells the round trip, to the nanosecond.
    const auto elapsed = static_cast<std::int32_t>(wire_time(now) - cause.time_ns);
    if (offset < 0 && cause.prompt && elapsed >= 0) outcome.rtt = nanoseconds(elapsed);
    return;
  }
  SendSlot& s = slot(cause.sequence);
  // When a packet leaves is reckoned from the line of the card; one that loses packets is faster than that.
  const auto sample_since = [&](Instant sent) {
    if (cause.prompt && sent <= now) outcome.rtt = now - sent;
  };
  if (wire_time(s.last_sent) == cause.time_ns) {
    proof.add(s.last_ordinal);
    sample_since(s.last_sent);
  } else if (wire_time(s.first_sent) == cause.time_ns) {
    proof.add(s.first_ordinal);
    sample_since(s.first_sent);
    if (s.last_ordinal != s.first_ordinal) note_needless(s, now, outcome);
  } else {
    // A resend between the two. The first transmission is the least that its arrival proves.
    proof.add(s.first_ordinal);
  }
}

// A packet that was resent has arrived. If the answer came sooner than a round trip after the
// resend, the first transmission was only late.
void SendWindow::judge_resend(SendSlot& s, const ArrivalReport& report, Instant now,
                              ReportOutcome& outcome) {
  if (s.last_ordinal == s.first_ordinal || s.lost) return;
  if (!s.needless && report.round_trip_least && now - s.last_sent < *report.round_trip_least)
    return note_needless(s, now, outcome);
  if (s.needless || tolerance_ == options_->reorder_tolerance || ++repairs_ < kRepairsToForget)
    return;
  repairs_ = 0;
  tolerance_ = std::max(tolerance_ / 2, options_->reorder_tolerance);
}

// In go-back-N the receiver discards packets behind a gap, so the arrival of one does not prove
// that its resend was needless.
void SendWindow::note_needless(SendSlot& s, Instant now, ReportOutcome& outcome) {
  if (s.needless || options_->recovery == RecoveryMode::kGoBackN) return;
  s.needless = true;
  ++outcome.needless;
  repairs_ = 0;
  if (s.missing_since == kNever) return;
  const Duration late = now - s.missing_since;
  tolerance_ = std::max<Duration>(tolerance_, late + late / 4);
}

void SendWindow::acknowledge(const ArrivalReport& report, Instant now, Proof& proof,
                             ReportOutcome& outcome) {
  for (; oldest_ != report.ack; ++oldest_) {
    SendSlot& s = slot(oldest_);
    if (s.arrived) {
      --arrived_;
    } else {
      // Which transmission arrived is not known: the first is the least that is proven.
      proof.add(s.first_ordinal);
      judge_resend(s, report, now, outcome);
    }
    clear_lost(s);
    clear_tolerated(s);
    charged_ -= charge_of(s.length);
    outcome.acknowledged = true;
    if ((s.flags & packet_flag::kLast) != 0) release_oldest(s.messages);
  }
  if (oldest_ == next_) give_slots();
}

// By the bitmap, and by having caused the report: the header's bitmap may be too short to name the
// cause.
void SendWindow::mark_arrivals(const ArrivalReport& report, Instant now, Proof& proof,
                               ReportOutcome& outcome) {
  const std::uint32_t bits = report.bitmap.size();
  for (std::uint32_t i = 0; i < bits && i + 1 < in_flight(); ++i) {
    if (report.bitmap.test(i)) mark_arrived(slot(oldest_ + 1 + i), report, now, proof, outcome);
  }
  if (!report.cause || options_->recovery == RecoveryMode::kGoBackN) return;
  const std::int32_t ahead = sequence_distance(oldest_, report.cause->sequence);
  if (ahead > 0 && ahead < static_cast<std::int32_t>(in_flight()))
    mark_arrived(slot(report.cause->sequence), report, now, proof, outcome);
}

void SendWindow::mark_arrived(SendSlot& s, const ArrivalReport& report, Instant now, Proof& proof,
                              ReportOutcome& outcome) {
  if (s.arrived) return;
  judge_resend(s, report, now, outcome);
  s.arrived = true;
  ++arrived_;
  clear_lost(s);
  clear_tolerated(s);
  proof.add(s.first_ordinal);
  outcome.acknowledged = true;
}

// A packet is lost if one that was transmitted after it is known to have arrived. Bits beyond
// known_bits say nothing: the report had no room for them.
void SendWindow::find_losses(const ArrivalReport& report, const Proof& proof, Instant now,
                             ReportOutcome& outcome) {
  const std::uint32_t known = std::min(in_flight(), 1 + report.known_bits);
  for (std::uint32_t i = 0; i < known; ++i) {
    const SendSlot& s = slot(oldest_ + i);
    if (s.arrived || s.lost || s.tolerated || s.last_ordinal >= proof.ordinal) continue;
    consider_lost(oldest_ + i, now, outcome);
    if (options_->recovery == RecoveryMode::kGoBackN) return;
  }
}

// A gap on a path that reorders gets time first: expire_tolerance() decides about it later.
void SendWindow::consider_lost(Sequence q, Instant now, ReportOutcome& outcome) {
  SendSlot& s = slot(q);
  s.missing_since = now;
  if (tolerance_.count() > 0) {
    s.tolerated = true;
    ++tolerated_;
    tolerance_deadline_ = std::min(tolerance_deadline_, later(now, tolerance_));
    return;
  }
  outcome.losses = true;
  ++losses_;
  if (options_->recovery == RecoveryMode::kGoBackN) return mark_all_lost();
  mark_lost(q, 0);
}

void SendWindow::mark_lost(Sequence q, std::uint8_t resend_flags) {
  SendSlot& s = slot(q);
  if (SOLITON_PLANTED(kSecondLossForgotten) && s.last_ordinal != s.first_ordinal) return;
  if (s.arrived) --arrived_;  // the peer has contradicted its earlier report
  s.arrived = false;
  if (!s.lost && (lost_++ == 0 || sequence_before(q, lost_from_))) lost_from_ = q;
  s.lost = true;
  s.resend_flags |= resend_flags;
  clear_tolerated(s);
}

void SendWindow::clear_lost(SendSlot& s) {
  if (s.lost) --lost_;
  s.lost = false;
  s.resend_flags = 0;
}

void SendWindow::clear_tolerated(SendSlot& s) {
  if (!s.tolerated) return;
  s.tolerated = false;
  if (--tolerated_ == 0) tolerance_deadline_ = kNever;
}

void SendWindow::mark_all_lost() {
  for (Sequence q = oldest_; q != next_; ++q) mark_lost(q, 0);
}

// Without proof, so it asks for an answer at once (ack now): what arrives then proves the fate of
// the others.
void SendWindow::resend_oldest() {
  if (options_->recovery == RecoveryMode::kGoBackN) mark_all_lost();
  mark_lost(oldest_, packet_flag::kAckNow);
}

// Gaps whose tolerance is not over yet set the next deadline. Those marked lost in the same walk no
// longer count: mark_lost() clears them.
bool SendWindow::expire_tolerance(Instant now) {
  bool found = false;
  Instant next = kNever;
  for (Sequence q = oldest_; q != next_ && tolerated_ > 0; ++q) {
    if (!slot(q).tolerated) continue;
    const Instant until = later(slot(q).missing_since, tolerance_);
    if (until > now) {
      next = std::min(next, until);
      continue;
    }
    found = true;
    ++losses_;
    if (options_->recovery == RecoveryMode::kGoBackN)
      mark_all_lost();
    else
      mark_lost(q, 0);
  }
  tolerance_deadline_ = next;
  return found;
}

}  // namespace soliton
