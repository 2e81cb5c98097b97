#include "fabric/ltl/acknowledger.h"

#include <algorithm>

#include "protocol/base/chaos_site.h"

namespace soliton {

Acknowledger::Acknowledger(const LtlOptions& options)
    : options_(&options),
      packets_max_(std::min(options.ack_every, std::max(1u, options.window / 4))),
      bytes_max_(static_cast<std::uint64_t>(options.credit.count) / 4) {}

void Acknowledger::on_arrival(ArrivalKind arrival, const LtlHeader& header,
                              const ReceiveWindow& receive, Instant now,
                              std::optional<Duration> own_srtt) {
  cause_sequence_ = header.sequence;
  cause_time_ns_ = header.time_ns;
  prompt_ = true;
  if (arrival == ArrivalKind::kFilledGap && gap_reported_) {
    repair_.add(now - *gap_reported_);
    gap_reported_.reset();
  }
  const bool asked = header.has(packet_flag::kAckNow);
  const bool reported_long_ago = now - last_nack_ >= nack_interval(own_srtt);
  if (SOLITON_PLANTED(kNackUnbounded)) return request_nack(now);
  if (arrival == ArrivalKind::kNewGap || (arrival == ArrivalKind::kOutOfOrder && reported_long_ago))
    return request_nack(now);
  if (asked || header.has(packet_flag::kResent) || arrival == ArrivalKind::kDuplicate ||
      arrival == ArrivalKind::kFilledGap)
    return answer_at_once(asked, receive);
  // A packet that go-back-N discards was not received, so it does not count towards an
  // acknowledgement.
  const bool thrown_away =
      arrival == ArrivalKind::kOutOfOrder && options_->recovery == RecoveryMode::kGoBackN;
  if (!thrown_away) wait_for_company(header.length, now);
}

Duration Acknowledger::nack_interval(std::optional<Duration> own_srtt) const {
  if (repair_.value()) return *repair_.value();
  return own_srtt.value_or(options_->timeout / 2);
}

void Acknowledger::request_nack(Instant now) {
  nack_due_ = true;
  last_nack_ = now;
  if (!gap_reported_) gap_reported_ = now;
}

// A sender that asks must also learn of packets beyond the bitmap of the header, which only a NACK
// names.
void Acknowledger::answer_at_once(bool bare, const ReceiveWindow& receive) {
  if (receive.needs_long_report()) {
    nack_due_ = true;
  } else {
    ack_due_ = true;
    bare_due_ = bare_due_ || bare;
  }
}

void Acknowledger::wait_for_company(std::uint32_t length, Instant now) {
  ++packets_;
  bytes_ += length + static_cast<std::uint64_t>(options_->credit_overhead.count);
  if (packets_ >= packets_max_ || bytes_ >= bytes_max_ || options_->ack_delay.count() == 0 ||
      SOLITON_CHAOS(kEagerAck)) {
    ack_due_ = true;
  } else if (delayed_until_ == kNever) {
    delayed_until_ = later(now, options_->ack_delay * (SOLITON_CHAOS(kLateAck) ? 8 : 1));
  }
}

void Acknowledger::told(bool nack, Instant now) {
  if (nack) last_nack_ = now;
  if (nack_due_ && !nack) return;
  nack_due_ = ack_due_ = bare_due_ = prompt_ = false;
  packets_ = 0;
  bytes_ = 0;
  delayed_until_ = kNever;
}

void Acknowledger::expire(Instant now) {
  if (delayed_until_ > now) return;
  delayed_until_ = kNever;
  prompt_ = false;
  ack_due_ = true;
}

}  // namespace soliton
