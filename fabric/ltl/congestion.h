// DCQCN for one connection: the sender's rate, and when the receiver reports marks.
//
// No timer is ever armed: the steps of the alpha and rate timers are made up for when the
// connection wants to send or is notified, so an idle connection causes no events. Rates are whole
// bits per second; alpha is in units of 2^-30.
#pragma once

#include <cstdint>

#include "fabric/ltl/options.h"
#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

class RateControl {
 public:
  // `line` is the rate of the own port, 0 if it is not known; it caps all rates of the options.
  explicit RateControl(const CongestionOptions& options, BitRate line = {});

  // Whether the connection was notified of marks and its rate is still below that of the line.
  bool limits() const { return limits_; }
  // Makes up for the timer steps until `now`. Call it before limits() whenever time has passed,
  // because the rate may have recovered.
  void advance(Instant now);
  // When the next packet may leave. REQUIRES: limits().
  Instant next_send() const { return next_send_; }
  // A packet left; `bytes` on the wire.
  void sent(std::uint64_t bytes, Instant now);
  void notified(Instant now);
  BitRate rate() const { return {rate_}; }

 private:
  void step_up();
  void decay_alpha(Instant now);

  const CongestionOptions* options_;
  std::int64_t line_;  // bits a second, as the next two
  std::int64_t least_;
  std::int64_t step_;
  bool limits_ = false;
  std::uint32_t timer_steps_ = 0;  // since the last cut
  std::uint32_t byte_steps_ = 0;
  std::uint64_t alpha_ = std::uint64_t{1} << 30;
  std::int64_t rate_ = 0;
  std::int64_t target_ = 0;
  std::int64_t bytes_ = 0;  // towards the next step of the byte counter
  Instant alpha_at_ = kNever;
  Instant rate_at_ = kNever;
  Instant next_send_{};
};

// The receiver's half.
class MarkReporter {
 public:
  // A packet came with a mark: true when a notification is due.
  bool marked(Instant now, Duration interval) {
    if (now < quiet_until_) return false;
    quiet_until_ = later(now, interval);
    return true;
  }

 private:
  Instant quiet_until_{};
};

}  // namespace soliton
