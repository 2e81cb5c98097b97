// The sender's clockwork: smoothed round trip, timeout, tail probe, and when to ask for an
// acknowledgement at once.
#pragma once

#include <cstdint>
#include <optional>

#include "fabric/ltl/options.h"
#include "protocol/base/time.h"

namespace soliton {

// Smoothed round trip: 7/8 of the old value and 1/8 of each sample (RFC 6298, section 2), in whole
// picoseconds.
class SmoothedRtt {
 public:
  void add(Duration sample);
  std::optional<Duration> value() const { return value_; }
  // The smallest sample: the path without queues. REQUIRES: value().
  Duration smallest() const { return smallest_; }

 private:
  std::optional<Duration> value_;
  Duration smallest_ = Duration::max();
};

class SendTimers {
 public:
  enum class Due : std::uint8_t { kNothing, kTailProbe, kTimeout };

  explicit SendTimers(const LtlOptions& options) : options_(&options) { derive(); }

  void sample(Duration rtt) {
    srtt_.add(rtt);
    derive();
  }
  std::optional<Duration> srtt() const { return srtt_.value(); }
  bool has_sample() const { return srtt_.value().has_value(); }

  // How many packets may be under way: the window; but half of it when at least half of the round
  // trip is a queue, which is then mostly our own. The other half lets new packets follow while a
  // hole is repaired from behind that queue.
  std::uint32_t under_way_max() const { return under_way_max_; }

  // The timeout without doubling.
  Duration base_timeout() const { return base_timeout_; }

  // A new packet left. `first`: nothing was in flight before.
  void sent(Instant now, bool first);
  // Something was acknowledged, or found lost by a report: the path is alive. `waiting`: packets
  // are still in flight.
  void heard(Instant now, bool waiting);
  // Nothing is in flight and the peer's credit is closed: ask for it one timeout from now.
  void wait_for_credit(Instant now);

  Instant deadline() const { return timeout_at_ < probe_at_ ? timeout_at_ : probe_at_; }
  // What is due at `now`; afterwards deadline() > now.
  Due expire(Instant now);

 private:
  // What follows from the options and the round trip.
  void derive();
  Duration timeout() const;  // doubled by every repeat

  const LtlOptions* options_;
  SmoothedRtt srtt_;
  Duration base_timeout_{};
  Duration probe_after_{};
  std::uint32_t under_way_max_ = 0;
  std::uint32_t doublings_ = 0;
  Instant timeout_at_ = kNever;
  Instant probe_at_ = kNever;
};

// When a packet asks for an answer at once. Such an answer is a clean sample of the round trip, but
// in request and response traffic it costs a packet that the response would have carried for
// nothing. So: the last packet of a burst, until there is a first sample and then every
// LtlOptions::sample_every-th time, and in a stream one packet in 64, or in so many if those are
// more.
class SampleRequests {
 public:
  bool ask(bool ends_burst, bool have_sample, std::uint32_t bursts_a_sample);
  void answered();

 private:
  std::uint32_t bursts_ = 0;
  std::uint32_t packets_ = 0;
};

}  // namespace soliton
