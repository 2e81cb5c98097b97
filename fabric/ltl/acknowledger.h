// When the receiver sends bare ACKs and NACKs, and the timer of the delayed ACK.
//
// - A new gap causes a NACK at once, which names all gaps. While gaps stay open, later arrivals
//   cause another one, at most once per smoothed repair time (from the NACK until the resent packet
//   arrives: the sender's round trip as the receiver sees it).
// - A packet that asks for it (`ACK now`) causes a bare ACK at once. A filled gap, a resent packet
//   or a duplicate is acknowledged at once too, but a data packet may carry the acknowledgement.
// - Other packets are acknowledged after ack_every packets or a quarter of the credit pool, and at
//   the latest ack_delay after the first of them.
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

  // A data packet has arrived and `receive` has taken it. `own_srtt` is the smoothed round trip
  // that this end has measured as a sender, if any.
  void on_arrival(ArrivalKind arrival, const LtlHeader& header, const ReceiveWindow& receive,
                  Instant now, std::optional<Duration> own_srtt);

  // The same for a packet that is in order and requests no answer.
  void on_whole(Sequence sequence, std::uint32_t time_ns, std::uint32_t length, Instant now) {
    cause_sequence_ = sequence;
    cause_time_ns_ = time_ns;
    prompt_ = true;
    wait_for_company(length, now);
  }

  // The same, when a packet of ours that carries the acknowledgement has already left. REQUIRES:
  // not nack_due().
  void answered(Sequence sequence, std::uint32_t time_ns, Instant now) {
    cause_sequence_ = sequence;
    cause_time_ns_ = time_ns;
    told(false, now);
  }

  bool nack_due() const { return nack_due_; }
  bool ack_due() const { return ack_due_; }
  // The ACK must leave now, even if no data packet can carry it.
  bool bare_due() const { return bare_due_; }
  // The packet that the next ACK or NACK answers.
  Sequence cause_sequence() const { return cause_sequence_; }
  std::uint32_t cause_time_ns() const { return cause_time_ns_; }
  bool prompt() const { return prompt_; }

  // Requests a bare ACK at once that answers no packet: the peer waits for a sign that the session
  // is live.
  void confirm() { ack_due_ = bare_due_ = true; }

  // A packet that carries the acknowledgement has left. Only a NACK settles a NACK that is due.
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
