#include "fabric/ltl/send_window.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fabric/ltl/packed.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

constexpr std::uint64_t kUnsentCharge = 64;  // bytes; about what an empty message costs in memory

}  // namespace

SendWindow::SendWindow(const LtlOptions& options, Stores& stores)
    : options_(&options),
      stores_(&stores),
      oldest_(options.first_sequence),
      next_(options.first_sequence) {}

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

// Looks at each message once, however often it is asked while the packet waits.
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

Transmission SendWindow::take_new(Instant now) {
  if (slots_ == nullptr) slots_ = stores_->send_slots.take();
  const Plan packet = plan();
  SendSlot& s = slot(next_);
  s = SendSlot{};
  s.message = first_unsent_;
  s.offset = offset_;
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
  if (slots_ == nullptr) slots_ = stores_->send_slots.take();
  book_whole(message, now);
}

void SendWindow::book_whole(StoredMessage* message, Instant now) {
  const auto length = static_cast<std::uint32_t>(message->real.size());
  ++ordinal_;
  slot(next_) = {.message = message,
                 .length = length,
                 .flags = packet_flag::kFirst | packet_flag::kLast,
                 .first_ordinal = ordinal_,
                 .last_ordinal = ordinal_,
                 .first_sent = now,
                 .last_sent = now};
  charged_ += charge_of(length);
  ++next_;
}

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

void SendWindow::acknowledge_whole(Sequence ack) {
  for (; oldest_ != ack; ++oldest_) {
    const SendSlot& s = slot(oldest_);
    charged_ -= charge_of(s.length);
    if ((s.flags & packet_flag::kLast) != 0) release_oldest(s.messages);
  }
  if (oldest_ == next_) stores_->send_slots.give(std::exchange(slots_, nullptr));
}

void SendWindow::release_oldest(std::uint16_t messages) {
  messages_acknowledged_ += messages;
  for (; messages > 0; --messages)
    stores_->give(std::exchange(oldest_message_, oldest_message_->next));
  if (oldest_message_ == nullptr) newest_message_ = nullptr;
}

const SendSlot& SendWindow::first_lost() const {
  SOLITON_CHECK(has_lost());
  Sequence sequence = oldest_;
  while (!slot(sequence).lost) ++sequence;
  return slot(sequence);
}

Transmission SendWindow::take_lost(Instant now) {
  SOLITON_CHECK(has_lost());
  Sequence sequence = oldest_;
  while (!slot(sequence).lost) ++sequence;
  SendSlot& s = slot(sequence);
  const auto flags = static_cast<std::uint8_t>(s.flags | packet_flag::kResent | s.resend_flags);
  clear_lost(s);
  s.last_ordinal = ++ordinal_;
  s.last_sent = now;
  return {sequence, flags, s.messages, s.length, s.message, s.offset};
}

void SendWindow::clear() {
  for (StoredMessage* m = oldest_message_; m != nullptr;) stores_->give(std::exchange(m, m->next));
  if (slots_ != nullptr) stores_->send_slots.give(slots_);
  const std::uint64_t acknowledged = messages_acknowledged_;
  *this = SendWindow(*options_, *stores_);
  messages_acknowledged_ = acknowledged;
}

std::optional<ReportOutcome> SendWindow::report(const ArrivalReport& report, Instant now) {
  const std::int32_t advance = sequence_distance(oldest_, report.ack);
  if (advance > static_cast<std::int32_t>(in_flight())) return std::nullopt;
  ReportOutcome outcome;
  if (advance < 0) return outcome;
  Proof proof;
  if (report.cause) identify_cause(*report.cause, now, proof, outcome);
  acknowledge(report.ack, proof, outcome);
  mark_arrivals(report, proof, outcome);
  find_losses(report, proof, now, outcome);
  if (options_->reorder_tolerance.count() > 0) update_tolerance_deadline();
  return outcome;
}

// Without a bitmap and a cause nothing can be found lost: what is not acknowledged was sent later.
std::optional<bool> SendWindow::report_plain(Sequence ack) {
  const std::int32_t advance = sequence_distance(oldest_, ack);
  if (advance > static_cast<std::int32_t>(in_flight())) return std::nullopt;
  if (advance <= 0) return false;
  Proof proof;
  ReportOutcome outcome;
  acknowledge(ack, proof, outcome);
  if (options_->reorder_tolerance.count() > 0) update_tolerance_deadline();
  return true;
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
  if (wire_time(s.last_sent) == cause.time_ns) {
    proof.add(s.last_ordinal);
    if (cause.prompt) outcome.rtt = now - s.last_sent;
  } else if (wire_time(s.first_sent) == cause.time_ns) {
    proof.add(s.first_ordinal);
    if (cause.prompt) outcome.rtt = now - s.first_sent;
  } else {
    proof.add(s.first_ordinal);
  }
}

void SendWindow::acknowledge(Sequence ack, Proof& proof, ReportOutcome& outcome) {
  for (; oldest_ != ack; ++oldest_) {
    SendSlot& s = slot(oldest_);
    if (s.arrived)
      --arrived_;
    else
      proof.add(s.first_ordinal);
    clear_lost(s);
    charged_ -= charge_of(s.length);
    outcome.acknowledged = true;
    if ((s.flags & packet_flag::kLast) != 0) release_oldest(s.messages);
  }
  if (oldest_ == next_ && slots_ != nullptr)
    stores_->send_slots.give(std::exchange(slots_, nullptr));
}

// By the bitmap, and by having caused the report: the header's bitmap may be too short to name the
// cause.
void SendWindow::mark_arrivals(const ArrivalReport& report, Proof& proof, ReportOutcome& outcome) {
  const std::uint32_t bits = report.bitmap.size();
  for (std::uint32_t i = 0; i < bits && i + 1 < in_flight(); ++i) {
    if (report.bitmap.test(i)) mark_arrived(slot(oldest_ + 1 + i), proof, outcome);
  }
  if (!report.cause || options_->recovery == RecoveryMode::kGoBackN) return;
  const std::int32_t ahead = sequence_distance(oldest_, report.cause->sequence);
  if (ahead > 0 && ahead < static_cast<std::int32_t>(in_flight()))
    mark_arrived(slot(report.cause->sequence), proof, outcome);
}

void SendWindow::mark_arrived(SendSlot& s, Proof& proof, ReportOutcome& outcome) {
  if (s.arrived) return;
  s.arrived = true;
  ++arrived_;
  s.tolerated_until = kNever;
  clear_lost(s);
  proof.add(s.first_ordinal);
  outcome.acknowledged = true;
}

void SendWindow::find_losses(const ArrivalReport& report, const Proof& proof, Instant now,
                             ReportOutcome& outcome) {
  const std::uint32_t known = std::min(in_flight(), 1 + report.known_bits);
  for (std::uint32_t i = 0; i < known; ++i) {
    SendSlot& s = slot(oldest_ + i);
    if (s.arrived || s.lost || s.last_ordinal >= proof.ordinal) continue;
    consider_lost(s, now, outcome);
    if (options_->recovery == RecoveryMode::kGoBackN) return;
  }
}

void SendWindow::consider_lost(SendSlot& s, Instant now, ReportOutcome& outcome) {
  if (options_->reorder_tolerance.count() > 0) {
    if (s.tolerated_until == kNever) s.tolerated_until = later(now, options_->reorder_tolerance);
    return;
  }
  outcome.losses = true;
  ++losses_;
  if (options_->recovery == RecoveryMode::kGoBackN) return mark_all_lost();
  mark_lost(s, 0);
}

void SendWindow::mark_lost(SendSlot& s, std::uint8_t resend_flags) {
  if (s.arrived) --arrived_;  // a peer that contradicts itself
  s.arrived = false;
  if (!s.lost) ++lost_;
  s.lost = true;
  s.resend_flags |= resend_flags;
  s.tolerated_until = kNever;
}

void SendWindow::clear_lost(SendSlot& s) {
  if (s.lost) --lost_;
  s.lost = false;
  s.resend_flags = 0;
}

void SendWindow::mark_all_lost() {
  for (Sequence s = oldest_; s != next_; ++s) mark_lost(slot(s), 0);
}

void SendWindow::resend_oldest() {
  if (options_->recovery == RecoveryMode::kGoBackN) mark_all_lost();
  mark_lost(slot(oldest_), packet_flag::kAckNow);
}

void SendWindow::probe_tail() {
  Sequence newest = next_ - 1;
  while (newest != oldest_ && slot(newest).arrived) --newest;
  mark_lost(slot(newest), packet_flag::kAckNow | packet_flag::kTailProbe);
}

void SendWindow::update_tolerance_deadline() {
  tolerance_deadline_ = kNever;
  for (Sequence q = oldest_; q != next_; ++q)
    tolerance_deadline_ = std::min(tolerance_deadline_, slot(q).tolerated_until);
}

void SendWindow::expire_tolerance(Instant now) {
  for (Sequence q = oldest_; q != next_; ++q) {
    if (slot(q).tolerated_until > now) continue;
    if (options_->recovery == RecoveryMode::kGoBackN) {
      mark_all_lost();
      break;
    }
    mark_lost(slot(q), 0);
  }
  update_tolerance_deadline();
}

}  // namespace soliton
