// Decides whether a peer is alive. While the peer is silent and something is outstanding, PINGs are
// sent one timeout apart, or one round trip if that is longer, however far other timers have backed
// off. Anything heard from the peer resets the count. A peer is not declared dead while its answer
// may still be in a queue of the path.
//
// A live peer with loss p each way leaves a PING unanswered with q = 1 - (1 - p)^2, and n in a row
// with q^n. `misses: auto` takes the least n that makes this at most 10^-9, from the loss that the
// sender has found so far.
#pragma once

#include <algorithm>
#include <cstdint>

#include "fabric/ltl/options.h"
#include "protocol/base/time.h"

namespace soliton {

// The n for `lost` of `sent` packets, at least kMissesLeast and at most kMissesMost.
std::uint32_t misses_for_loss(std::uint64_t lost, std::uint64_t sent);
inline constexpr std::uint32_t kMissesDefault = 9;  // before enough packets were sent to know
inline constexpr std::uint32_t kMissesLeast = 6;    // as for 1 % loss
inline constexpr std::uint32_t kMissesMost = 64;
inline constexpr std::uint64_t kMissesSample = 256;  // packets

class PeerWatch {
 public:
  enum class Due : std::uint8_t { kNothing, kPing, kSuspect, kDead };

  PeerWatch(const LtlOptions& options, const LtlPath& path)
      : options_(&options),
        patience_(std::max(options.silence_min, sum(path.round_trip, path.hold))) {}

  void heard(Instant now) {
    heard_ = now;
    unanswered_ = 0;
    suspect_ = false;
  }
  // Starts or stops the watch: `waiting` is whether something is outstanding.
  void set_waiting(bool waiting, Instant now, Duration interval) {
    if (waiting == (next_ != kNever)) return;
    next_ = waiting ? later(now, interval) : kNever;
    since_ = now;
    unanswered_ = 0;
    suspect_ = false;
  }
  Instant deadline() const { return next_; }
  // dead_at_least(): as things stand, the peer is not declared dead before this instant. notice():
  // minimum time from when something becomes outstanding until the peer is declared dead. Hearing
  // from the peer, or a longer timeout, makes both later.
  Instant dead_at_least() const;
  static Duration notice(const LtlOptions& options);
  // What is due at `now`; kSuspect includes a PING. `interval` is SendTimers::ping_interval().
  Due expire(Instant now, Duration interval, std::uint64_t lost, std::uint64_t sent);
  std::uint32_t unanswered() const { return unanswered_; }
  Duration silence(Instant now) const { return now - std::max(heard_, since_); }

 private:
  static std::uint32_t misses_least(const LtlOptions& options) {
    return options.misses == kMissesAuto ? kMissesLeast : options.misses;
  }

  const LtlOptions* options_;
  Duration patience_;  // minimum silence before the peer is declared dead
  Instant heard_{};
  Instant since_{};  // when the wait began
  Instant next_ = kNever;
  std::uint32_t unanswered_ = 0;
  bool suspect_ = false;
};

}  // namespace soliton
