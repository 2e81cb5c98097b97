// The sender's timers: smoothed round trip, probes, timeout, and when to ask for an immediate
// acknowledgement.
//
// A probe is a PING. It costs a header, follows the packets it asks about through the same queues,
// and its answer proves which of them are lost (SendWindow::mark_ping()); so a needless probe
// causes no resend, and probes may be as quick as the round trip (like the PTO of QUIC, RFC 9002,
// section 6.2). But thousands of connections behind one full queue would lengthen it with their
// probes. So the interval after an unanswered probe is four times longer, and before the first
// answer, when nothing is known of the queues, a probe waits for an eighth of the time that the
// path can hold packets. It never waits longer than that, however long the last answers took,
// because the queue that held them may be gone. The timeout sends a packet again without proof. It
// waits for as long as the path could keep a packet, and matters where probes are lost too.
#pragma once

#include <cstdint>
#include <optional>

#include "fabric/ltl/options.h"
#include "protocol/base/time.h"

namespace soliton {

// Smoothed round trip: 7/8 of the old value and 1/8 of each sample; its deviation: 3/4 and 1/4 (RFC
// 6298, section 2), in whole picoseconds.
class SmoothedRtt {
 public:
  SmoothedRtt() = default;
  // `expected` is the round trip without queues; 0 if it is not known.
  explicit SmoothedRtt(Duration expected) : expected_(expected) {}

  void add(Duration sample);
  std::optional<Duration> value() const { return value_; }
  // An upper bound that answers rarely exceed: the mean plus four deviations. REQUIRES: value().
  Duration most() const { return sum(*value_, times(deviation_, 4)); }
  // The smallest sample: the path without queues. REQUIRES: value().
  Duration smallest() const { return smallest_; }

 private:
  Duration expected_{};
  std::optional<Duration> value_;
  Duration deviation_{};
  Duration smallest_ = Duration::max();
};

class SendTimers {
 public:
  enum class Due : std::uint8_t { kNothing, kProbe, kTimeout };

  SendTimers(const LtlOptions& options, const LtlPath& path)
      : options_(&options), path_(path), srtt_(path.round_trip) {
    measure_path();
    derive();
  }

  void sample(Duration rtt) {
    srtt_.add(rtt);
    derive();
  }
  bool has_sample() const { return srtt_.value().has_value(); }
  // The round trip, measured or known beforehand.
  std::optional<Duration> round_trip() const {
    return has_sample() || !path_.known() ? srtt_.value() : path_.round_trip;
  }
  // Minimum time until an answer.
  std::optional<Duration> round_trip_least() const {
    return has_sample() ? std::optional(srtt_.smallest()) : std::nullopt;
  }

  // How many packets may be under way. Usually the window. If at least half of the round trip is
  // spent in a queue, which is then mostly filled by ourselves, or before the first answer on a
  // known path: twice what the path holds, or half of the window if that is less. The reserve lets
  // new packets follow while a hole is repaired through that queue.
  std::uint32_t under_way_max() const { return under_way_max_; }
  // Whether the window is at least what the path holds; true for a path of which nothing is known.
  bool window_fills_path() const { return window_fills_path_; }

  // Time between two PINGs that ask whether the peer is alive.
  Duration ping_interval() const {
    return probe_after_ > options_->timeout ? probe_after_ : options_->timeout;
  }

  // A new packet handed over at `now` leaves at `leaves`. `first`: nothing was in flight before.
  void sent(Instant leaves, Instant now, bool first);
  void resent(Instant leaves);
  // Something was acknowledged, or found lost by a report: the path is alive. `waiting`: packets
  // are still in flight.
  void heard(Instant now, bool waiting);
  // Nothing is in flight and the peer grants no credit: asks for it with a probe.
  void wait_for_credit(Instant now);

  Instant deadline() const { return timeout_at_ < probe_at_ ? timeout_at_ : probe_at_; }
  // What is due at `now`; afterwards deadline() > now.
  Due expire(Instant now);

 private:
  // Recomputes what follows from the options, the path and the round trip.
  void derive();
  void measure_path();
  void set_under_way_max();
  Duration timeout() const;  // doubled by every repeat
  Duration probe() const;

  const LtlOptions* options_;
  LtlPath path_;
  SmoothedRtt srtt_;
  Duration base_timeout_{};
  Duration probe_after_{};
  Duration own_queue_{};  // that the newest packet waited in
  std::uint32_t queued_max_ = kLtlWindowMax;
  bool window_fills_path_ = true;
  std::uint32_t under_way_max_ = 0;
  std::uint32_t timeouts_ = 0;  // since something was heard
  std::uint32_t probes_ = 0;
  Instant left_{};  // the newest packet
  Instant timeout_at_ = kNever;
  Instant probe_at_ = kNever;
};

// Decides which packets ask for an immediate answer. Such an answer is a clean sample of the round
// trip, but in request and response traffic it costs a packet, because the response would have
// carried the acknowledgement for free. So the last packet of a burst asks, until there is a first
// sample and then in every LtlOptions::sample_every-th burst; in a stream one packet in 64 asks, or
// one in sample_every if that is more.
class SampleRequests {
 public:
  bool ask(bool ends_burst, bool have_sample, std::uint32_t bursts_a_sample);
  void answered();

 private:
  std::uint32_t bursts_ = 0;
  std::uint32_t packets_ = 0;
};

}  // namespace soliton
