// When the receiver speaks: bare ACKs, NACKs, and the timer of the delayed ACK.
//
// - A new gap: NACK at once, naming all gaps. While gaps stay open, again with an arrival, but at
//   most once per smoothed repair time (NACK to resend arriving: the sender's round trip as the
//   receiver sees it).
// - Asked for (`ACK now`): a bare ACK at once. A filled gap, a resend, a duplicate: at once, but
//   data may carry it.
// - Otherwise after ack_every packets or a quarter of the credit pool, and ack_delay after the
//   first packet at the latest.
#pragma once

#include <cstdint>
#include <optional>

#include "fabric/ltl/options.h"
#include "fabric/ltl/receive_window.h"
#include "fabric/ltl/timers.h"
#include "protocol/base/time.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {

class Acknowledger {
 public:
  explicit Acknowledger(const LtlOptions& options);

  // A packet of data came in and `receive` has taken it. `own_srtt`: of the other direction, if
  // known.
  void on_arrival(ArrivalKind arrival, const LtlHeader& header, const ReceiveWindow& receive,
                  Instant now, std::optional<Duration> own_srtt);

  // The same for a packet in order that asks for nothing.
  void on_whole(Sequence sequence, std::uint32_t time_ns, std::uint32_t length, Instant now) {
    cause_sequence_ = sequence;
    cause_time_ns_ = time_ns;
    prompt_ = true;
    wait_for_company(length, now);
  }

  // The same, and a packet of ours has left that tells of it. REQUIRES: not nack_due().
  void answered(Sequence sequence, std::uint32_t time_ns, Instant now) {
    cause_sequence_ = sequence;
    cause_time_ns_ = time_ns;
    told(false, now);
  }

  bool nack_due() const { return nack_due_; }
  bool ack_due() const { return ack_due_; }
  // The ACK must not wait for data to carry it.
  bool bare_due() const { return bare_due_; }
  // Whom the next ACK or NACK answers.
  Sequence cause_sequence() const { return cause_sequence_; }
  std::uint32_t cause_time_ns() const { return cause_time_ns_; }
  bool prompt() const { return prompt_; }

  // A bare ACK at once, to no packet: the peer waits to hear that we are here.
  void confirm() { ack_due_ = bare_due_ = true; }

  // A packet left that carries the acknowledgement; only a NACK says what a NACK is due for.
  void told(bool nack, Instant now);

  Instant deadline() const { return delayed_until_; }
  void expire(Instant now);

 private:
  void answer_at_once(bool bare, const ReceiveWindow& receive);
  void wait_for_company(std::uint32_t length, Instant now);
  void request_nack(Instant now);
  Duration nack_interval(std::optional<Duration> own_srtt) const;

  const LtlOptions* options_;
  std::uint32_t packets_max_;
  std::uint64_t bytes_max_;
  std::uint32_t packets_ = 0;  // accepted and not acknowledged
  std::uint64_t bytes_ = 0;
  Instant delayed_until_ = kNever;
  bool nack_due_ = false;
  bool ack_due_ = false;
  bool bare_due_ = false;
  bool prompt_ = false;
  Sequence cause_sequence_ = 0;
  std::uint32_t cause_time_ns_ = 0;
  Instant last_nack_{};
  std::optional<Instant> gap_reported_;  // when the lowest gap was first reported
  SmoothedRtt repair_;
};

}  // namespace soliton
