// The sending half of a connection: messages waiting, packets in flight, and what a report from the
// peer says about them.
//
// Every transmission gets an ordinal, which counts first transmissions and resends alike. A report
// proves that some transmission arrived; a packet that the report shows missing and that was last
// transmitted before that one is lost. The first report of a hole is such a proof by itself, later
// ones only if something sent after the resend arrived, so a hole is resent once per proof and
// never by a fraction of the timeout. (RACK, RFC 8985, has the same idea of ordering by
// transmission instead of by sequence; its timers are not used.) A PING has an ordinal too: its
// answer proves that everything sent before it has arrived or is lost.
//
// A packet that is acknowledged sooner after its resend than any round trip takes, or whose first
// transmission is the one answered, was late and not lost. From then on a gap is tolerated for a
// quarter longer than that packet was late. The tolerance is halved after every kRepairsToForget
// packets that really were lost.
//
// Nothing is copied for retransmission: messages are kept whole until their last packet is
// acknowledged.
#pragma once

#include <cstdint>
#include <optional>

#include "fabric/ltl/stores.h"
#include "protocol/base/payload.h"
#include "protocol/base/time.h"
#include "protocol/wire/arrival_bitmap.h"
#include "protocol/wire/sequence.h"

namespace soliton {

// One packet to put on the wire. `message` stays valid until the next call of report().
struct Transmission {
  Sequence sequence = 0;
  std::uint8_t flags = 0;
  std::uint16_t messages = 1;
  std::uint32_t length = 0;
  const StoredMessage* message = nullptr;
  std::uint64_t offset = 0;

  std::size_t real() const;  // its real bytes
};

// What a packet from the peer says about ours.
struct ArrivalReport {
  // The packet of ours that caused it.
  struct Cause {
    Sequence sequence = 0;
    std::uint32_t time_ns = 0;
    bool prompt = false;  // answered at the instant of its arrival: a clean round trip
  };
  Sequence ack = 0;
  ArrivalBitmap bitmap;
  std::uint32_t known_bits = 0;  // bits of `bitmap` that are valid: a zero among them is a hole
  std::optional<Cause> cause;
  std::optional<std::uint32_t> ping;         // number from mark_ping() of the PING that is answered
  std::optional<Duration> round_trip_least;  // no answer arrives sooner
};

struct ReportOutcome {
  bool acknowledged = false;   // something was acknowledged for the first time
  bool losses = false;         // something was found lost
  std::uint32_t needless = 0;  // packets that were sent again although they had arrived
  std::optional<Duration> rtt;
};

class SendWindow {
 public:
  SendWindow(const LtlOptions& options, Stores& stores);

  // --- messages
  // Takes ownership of a record from the stores, complete except for `next`.
  void push(StoredMessage* message);
  std::uint64_t unsent_bytes() const { return unsent_bytes_; }
  // What send() compares with queue_limit: the bytes and a fixed charge per message, empty or not.
  std::uint64_t unsent_charge() const;
  std::uint64_t unsent_messages() const { return unsent_messages_; }
  bool has_unsent() const { return unsent_messages_ > 0; }
  std::uint64_t messages_acknowledged() const { return messages_acknowledged_; }

  // --- packets
  Sequence oldest() const { return oldest_; }
  Sequence next() const { return next_; }
  std::uint32_t in_flight() const { return next_ - oldest_; }
  // Bytes that the packets in flight are charged at the receiver.
  std::uint64_t charged() const { return charged_; }
  // Packets that may still be under way: neither acknowledged, nor named by a bitmap, nor waiting.
  std::uint32_t under_way() const { return in_flight() - arrived_ - lost_; }
  bool has_room() const { return in_flight() < options_->window; }
  // Payload bytes, and bytes charged at the receiver, of the packet that take_new() would return.
  // REQUIRES: has_unsent().
  std::uint32_t next_length() { return plan().length; }
  std::size_t next_real();  // the real ones of them
  std::uint64_t next_charge() { return charge_of(plan().length); }
  Instant oldest_first_sent() const;  // REQUIRES: in_flight() > 0
  // Transmissions so far, and how many were found lost.
  std::uint64_t transmissions() const { return ordinal_; }
  std::uint64_t losses() const { return losses_; }

  // REQUIRES: has_unsent() and has_room().
  Transmission take_new(Instant now);

  // --- the fast path (express.h)
  // Whether no packet is lost, out of order, or tolerated as possibly lost.
  bool plain() const { return (arrived_ | lost_ | tolerated_) == 0; }
  std::uint64_t charge_of(std::size_t length) const {
    return length + static_cast<std::uint64_t>(options_->credit_overhead.count);
  }
  // Records that a whole message was sent in a packet of its own, and copies it. REQUIRES:
  // has_room(), not has_unsent().
  void send_whole(std::span<const std::byte> bytes, Instant now);
  // REQUIRES: plain(); `ack` is oldest() to next().
  void acknowledge_whole(Sequence ack);
  // acknowledge_whole(ack) followed by send_whole(bytes, now), for one small message that follows
  // another and reuses its record. Returns false, with no effect, if that is not the situation.
  bool exchange_whole(Sequence ack, std::span<const std::byte> bytes, Instant now);

  bool has_lost() const { return lost_ > 0; }
  // Payload bytes of the packet that take_lost() would return. REQUIRES: has_lost().
  std::uint32_t lost_length() const { return slot(first_lost()).length; }
  std::size_t lost_real() const;
  // The lost packet with the lowest sequence. REQUIRES: has_lost().
  Transmission take_lost(Instant now);

  // Returns nullopt if the report acknowledges what was never sent. Old reports have no effect.
  std::optional<ReportOutcome> report(const ArrivalReport& report, Instant now);
  // The same for a packet that only acknowledges.
  std::optional<ReportOutcome> report_plain(Sequence ack, Instant now);

  // Records that a PING leaves, and returns the number that its answer will carry.
  std::uint32_t mark_ping() { return static_cast<std::uint32_t>(++ordinal_); }
  // Called at the timeout: marks the oldest packet for a resend, in go-back-N all packets.
  // REQUIRES: in_flight() > 0.
  void resend_oldest();

  // Discards all messages and packets, and starts again at first_sequence.
  void clear();

  // Earliest instant at which a tolerated gap may become a loss; kNever without one.
  Instant tolerance_deadline() const { return tolerance_deadline_; }
  // Turns gaps that were tolerated for long enough into losses. Returns whether there were any.
  bool expire_tolerance(Instant now);

 private:
  // The next new packet. `last` is its last message; more may join it while it waits.
  struct Plan {
    StoredMessage* last = nullptr;  // null: not made yet
    std::uint32_t length = 0;
    std::uint16_t messages = 1;
    bool packed = false;
    bool closed = false;
  };
  // A round of report(): the latest transmission known to have arrived.
  struct Proof {
    std::uint64_t ordinal = 0;
    void add(std::uint64_t candidate) { ordinal = candidate > ordinal ? candidate : ordinal; }
  };

  SendSlot& slot(Sequence s) { return slots_[s & (slot_count_ - 1)]; }
  const SendSlot& slot(Sequence s) const { return slots_[s & (slot_count_ - 1)]; }
  // A free slot for the packet next_.
  SendSlot& new_slot() {
    if (in_flight() == slot_count_) grow_slots();
    return slot(next_);
  }
  void grow_slots();
  void give_slots();
  Sequence first_lost() const;
  const Plan& plan();
  void extend_plan();
  void release_oldest(std::uint16_t messages);
  void book_whole(StoredMessage* message, Instant now);

  void identify_cause(const ArrivalReport::Cause& cause, Instant now, Proof& proof,
                      ReportOutcome& outcome);
  void acknowledge(const ArrivalReport& report, Instant now, Proof& proof, ReportOutcome& outcome);
  void mark_arrivals(const ArrivalReport& report, Instant now, Proof& proof,
                     ReportOutcome& outcome);
  void find_losses(const ArrivalReport& report, const Proof& proof, Instant now,
                   ReportOutcome& outcome);
  void mark_arrived(SendSlot& s, const ArrivalReport& report, Instant now, Proof& proof,
                    ReportOutcome& outcome);
  void consider_lost(Sequence q, Instant now, ReportOutcome& outcome);
  void mark_lost(Sequence q, std::uint8_t resend_flags);
  void clear_lost(SendSlot& s);
  void clear_tolerated(SendSlot& s);
  void mark_all_lost();
  // A packet that was sent again has arrived, one way or the other.
  void judge_resend(SendSlot& s, const ArrivalReport& report, Instant now, ReportOutcome& outcome);
  void note_needless(SendSlot& s, Instant now, ReportOutcome& outcome);

  const LtlOptions* options_;
  Stores* stores_;
  StoredMessage* oldest_message_ = nullptr;  // not yet acknowledged as a whole
  StoredMessage* newest_message_ = nullptr;
  StoredMessage* first_unsent_ = nullptr;  // has bytes not yet in a packet
  std::uint64_t unsent_messages_ = 0;
  std::uint64_t offset_ = 0;  // in the first unsent message
  std::uint64_t unsent_bytes_ = 0;
  std::uint64_t messages_acknowledged_ = 0;
  Plan plan_;
  SendSlot* slots_ = nullptr;     // by sequence modulo slot_count_; null while nothing is in flight
  std::uint32_t slot_count_ = 0;  // a power of two, at most the window; 0 without slots
  Sequence oldest_;
  Sequence next_;
  std::uint64_t charged_ = 0;
  std::uint32_t arrived_ = 0;    // slots in flight with `arrived` set
  std::uint32_t lost_ = 0;       // slots in flight with `lost` set
  std::uint32_t tolerated_ = 0;  // slots in flight with `tolerated` set
  Sequence lost_from_ = 0;       // no lower sequence is lost; meaningful while lost_ > 0
  std::uint64_t ordinal_ = 0;
  std::uint64_t losses_ = 0;
  Duration tolerance_;
  std::uint32_t repairs_ = 0;            // packets really lost since one was late
  Instant tolerance_deadline_ = kNever;  // never later than the true one
};

}  // namespace soliton
