// The sending half of a connection: messages waiting, packets in flight, and what a report from the
// peer says of them.
//
// Every transmission gets an ordinal, counted up over first transmissions and resends alike. A
// report proves that some transmission arrived; a packet that the report shows missing and that was
// last transmitted before that one is lost. The first report of a hole is such a proof by itself,
// later ones only if something sent after the resend arrived, so a hole is resent once per proof
// and never by a fraction of the timeout. (The idea of ordering by transmission and not by sequence
// is that of RACK, RFC 8985, without its timers.)
//
// Nothing is copied for retransmission: messages are kept whole until their last packet is
// acknowledged.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "fabric/ltl/ltl.h"
#include "protocol/base/payload.h"
#include "protocol/base/time.h"
#include "protocol/wire/arrival_bitmap.h"
#include "protocol/wire/sequence.h"

namespace soliton {

// One packet to put on the wire. `message` stays valid until the next call of report().
struct Transmission {
  Sequence sequence = 0;
  std::uint8_t flags = 0;
  const Payload* message = nullptr;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
};

// What a packet from the peer says about ours.
struct ArrivalReport {
  // The packet of ours that caused it.
  struct Cause {
    Sequence sequence = 0;
    std::uint32_t time_ns = 0;
    bool prompt =
        false;  // answered in the instant of its arrival, so it is a sample of the round trip
  };
  Sequence ack = 0;
  ArrivalBitmap bitmap;
  std::uint32_t known_bits = 0;  // bits of `bitmap` that are meant: a zero among them is a hole
  std::optional<Cause> cause;
};

struct ReportOutcome {
  bool acknowledged = false;  // something was acknowledged for the first time
  bool losses = false;        // something was found lost
  std::optional<Duration> rtt;
};

class SendWindow {
 public:
  explicit SendWindow(const LtlOptions& options);

  // --- messages
  void push(Payload message);
  std::uint64_t unsent_bytes() const { return unsent_bytes_; }
  // What send() holds against queue_limit: the bytes and a little for each message, so that empty
  // ones count too.
  std::uint64_t unsent_charge() const;
  std::uint64_t unsent_messages() const { return next_message_ - first_unsent_; }
  bool has_unsent() const { return first_unsent_ != next_message_; }

  // --- packets
  Sequence oldest() const { return oldest_; }
  Sequence next() const { return next_; }
  std::uint32_t in_flight() const { return next_ - oldest_; }
  // Receiver bytes of the packets in flight.
  std::uint64_t charged() const { return charged_; }
  // Packets that may still be under way: not acknowledged, not named by a bitmap, not waiting for a
  // resend.
  std::uint32_t under_way() const { return in_flight() - arrived_ - lost_; }
  bool has_room() const { return in_flight() < options_->window; }
  // Receiver bytes of the packet take_new() would return. REQUIRES: has_unsent().
  std::uint64_t next_charge() const;
  Instant oldest_first_sent() const;  // REQUIRES: in_flight() > 0

  // REQUIRES: has_unsent() and has_room().
  Transmission take_new(Instant now);
  bool has_lost() const { return lost_ > 0; }
  // The lost packet with the lowest sequence. REQUIRES: has_lost().
  Transmission take_lost(Instant now);

  // Nothing when it acknowledges what was never sent. Old reports change nothing.
  std::optional<ReportOutcome> report(const ArrivalReport& report, Instant now);

  // For the timers: resend the oldest (in go-back-N: all), or the newest unacknowledged packet.
  // REQUIRES: in_flight() > 0.
  void resend_oldest();
  void probe_tail();

  // When a hole has been tolerated for long enough (LtlOptions::reorder_tolerance); kNever without
  // one.
  Instant tolerance_deadline() const { return tolerance_deadline_; }
  void expire_tolerance(Instant now);

 private:
  struct Slot {
    std::uint64_t message = 0;  // ordinal of the message
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    std::uint8_t flags = 0;         // first, last
    std::uint8_t resend_flags = 0;  // of the resend to come
    bool arrived = false;           // named by a bitmap
    bool lost = false;              // waits for its resend
    std::uint64_t first_ordinal = 0;
    std::uint64_t last_ordinal = 0;
    Instant first_sent{};
    Instant last_sent{};
    Instant tolerated_until = kNever;
    bool sent_once() const { return first_ordinal == last_ordinal; }
  };
  // A round of report(): the latest transmission known to have arrived.
  struct Proof {
    std::uint64_t ordinal = 0;
    void add(std::uint64_t candidate) { ordinal = candidate > ordinal ? candidate : ordinal; }
  };

  Slot& slot(Sequence s) { return slots_[s & (options_->window - 1)]; }
  const Slot& slot(Sequence s) const { return slots_[s & (options_->window - 1)]; }
  const Payload& front_unsent() const { return messages_[first_unsent_ - first_kept_]; }
  std::uint32_t next_length() const;
  std::uint64_t charge(std::uint32_t length) const;

  void identify_cause(const ArrivalReport::Cause& cause, Instant now, Proof& proof,
                      ReportOutcome& outcome);
  void acknowledge(Sequence ack, Proof& proof, ReportOutcome& outcome);
  void mark_arrivals(const ArrivalReport& report, Proof& proof, ReportOutcome& outcome);
  void find_losses(const ArrivalReport& report, const Proof& proof, Instant now,
                   ReportOutcome& outcome);
  void mark_arrived(Slot& s, Proof& proof, ReportOutcome& outcome);
  void consider_lost(Slot& s, Instant now, ReportOutcome& outcome);
  void mark_lost(Slot& s, std::uint8_t resend_flags);
  void clear_lost(Slot& s);
  void mark_all_lost();
  void update_tolerance_deadline();

  const LtlOptions* options_;
  std::deque<Payload> messages_;    // ordinals first_kept_ ... next_message_ - 1
  std::uint64_t first_kept_ = 0;    // oldest message not yet acknowledged as a whole
  std::uint64_t first_unsent_ = 0;  // oldest message with bytes not yet in a packet
  std::uint64_t next_message_ = 0;
  std::uint64_t offset_ = 0;  // in the first unsent message
  std::uint64_t unsent_bytes_ = 0;
  std::vector<Slot> slots_;  // by sequence modulo the window; empty until the first packet
  Sequence oldest_;
  Sequence next_;
  std::uint64_t charged_ = 0;
  std::uint32_t arrived_ = 0;  // slots in flight with `arrived` set
  std::uint32_t lost_ = 0;     // slots in flight with `lost` set
  std::uint64_t ordinal_ = 0;
  Instant tolerance_deadline_ = kNever;
};

}  // namespace soliton
