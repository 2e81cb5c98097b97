#include "fabric/ltl/send_window.h"

#include <algorithm>

#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

constexpr std::uint64_t kMessageCharge = 64;  // bytes; about what an empty message costs in memory

}  // namespace

SendWindow::SendWindow(const LtlOptions& options)
    : options_(&options), oldest_(options.first_sequence), next_(options.first_sequence) {}

void SendWindow::push(Payload message) {
  unsent_bytes_ += message.size();
  messages_.push_back(std::move(message));
  ++next_message_;
}

std::uint64_t SendWindow::unsent_charge() const {
  return unsent_bytes_ + kMessageCharge * unsent_messages();
}

std::uint32_t SendWindow::next_length() const {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(options_->mtu, front_unsent().size() - offset_));
}

std::uint64_t SendWindow::charge(std::uint32_t length) const {
  return length + static_cast<std::uint64_t>(options_->credit_overhead.count);
}

std::uint64_t SendWindow::next_charge() const { return charge(next_length()); }

Instant SendWindow::oldest_first_sent() const { return slot(oldest_).first_sent; }

Transmission SendWindow::take_new(Instant now) {
  if (slots_.empty()) slots_.resize(options_->window);
  const Payload& message = front_unsent();
  Slot s;
  s.message = first_unsent_;
  s.offset = offset_;
  s.length = next_length();
  if (offset_ == 0) s.flags |= packet_flag::kFirst;
  s.first_ordinal = s.last_ordinal = ++ordinal_;
  s.first_sent = s.last_sent = now;
  offset_ += s.length;
  unsent_bytes_ -= s.length;
  charged_ += charge(s.length);
  if (offset_ == message.size()) {
    s.flags |= packet_flag::kLast;
    offset_ = 0;
    ++first_unsent_;
  }
  slot(next_) = s;
  return {next_++, s.flags, &message, s.offset, s.length};
}

Transmission SendWindow::take_lost(Instant now) {
  SOLITON_CHECK(has_lost());
  Sequence sequence = oldest_;
  while (!slot(sequence).lost) ++sequence;
  Slot& s = slot(sequence);
  const auto flags = static_cast<std::uint8_t>(s.flags | packet_flag::kResent | s.resend_flags);
  clear_lost(s);
  s.last_ordinal = ++ordinal_;
  s.last_sent = now;
  return {sequence, flags, &messages_[s.message - first_kept_], s.offset, s.length};
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
  Slot& s = slot(cause.sequence);
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
    Slot& s = slot(oldest_);
    if (s.arrived)
      --arrived_;
    else
      proof.add(s.first_ordinal);
    clear_lost(s);
    charged_ -= charge(s.length);
    outcome.acknowledged = true;
    if (s.flags & packet_flag::kLast) {
      messages_.pop_front();
      ++first_kept_;
    }
  }
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

void SendWindow::mark_arrived(Slot& s, Proof& proof, ReportOutcome& outcome) {
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
    Slot& s = slot(oldest_ + i);
    if (s.arrived || s.lost || s.last_ordinal >= proof.ordinal) continue;
    consider_lost(s, now, outcome);
    if (options_->recovery == RecoveryMode::kGoBackN) return;
  }
}

void SendWindow::consider_lost(Slot& s, Instant now, ReportOutcome& outcome) {
  if (options_->reorder_tolerance.count() > 0) {
    if (s.tolerated_until == kNever) s.tolerated_until = later(now, options_->reorder_tolerance);
    return;
  }
  outcome.losses = true;
  if (options_->recovery == RecoveryMode::kGoBackN) return mark_all_lost();
  mark_lost(s, 0);
}

void SendWindow::mark_lost(Slot& s, std::uint8_t resend_flags) {
  if (s.arrived) --arrived_;  // a peer that contradicts itself
  s.arrived = false;
  if (!s.lost) ++lost_;
  s.lost = true;
  s.resend_flags |= resend_flags;
  s.tolerated_until = kNever;
}

void SendWindow::clear_lost(Slot& s) {
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
