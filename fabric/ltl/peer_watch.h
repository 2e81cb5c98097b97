// Whether a peer is alive: PINGs one timeout apart, or one round trip where that is longer, while
// it is silent and something is outstanding, whatever other timers have doubled to. Hearing
// anything from it ends the count. Nobody is dead whose answer may still be in a queue of the path.
//
// A live peer with loss p each way leaves a PING unanswered with q = 1 - (1 - p)^2, and n in a row
// with q^n. `misses: auto` takes the least n that makes this a thousand-millionth, from the loss
// that the sender has found so far.
#pragma once

#include <algorithm>
#include <cstdint>

#include "fabric/ltl/options.h"
#include "protocol/base/time.h"

namespace soliton {

// At least kMissesLeast, at most kMissesMost. `lost` of `sent` packets.
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
  // Something is outstanding, or nothing any more.
  void set_waiting(bool waiting, Instant now, Duration interval) {
    if (waiting == (next_ != kNever)) return;
    next_ = waiting ? later(now, interval) : kNever;
    since_ = now;
    unanswered_ = 0;
    suspect_ = false;
  }
  Instant deadline() const { return next_; }
  // As things stand, the peer is not declared dead before; and it takes at least so long from when
  // something becomes outstanding. What is heard from it, and a longer timeout, make both later.
  Instant dead_at_least() const;
  static Duration notice(const LtlOptions& options);
  // What is due; kSuspect is a PING too. `interval` is SendTimers::ping_interval().
  Due expire(Instant now, Duration interval, std::uint64_t lost, std::uint64_t sent);
  std::uint32_t unanswered() const { return unanswered_; }
  Duration silence(Instant now) const { return now - std::max(heard_, since_); }

 private:
  static std::uint32_t misses_least(const LtlOptions& options) {
    return options.misses == kMissesAuto ? kMissesLeast : options.misses;
  }

  const LtlOptions* options_;
  Duration patience_;  // no silence is shorter
  Instant heard_{};
  Instant since_{};  // began to wait
  Instant next_ = kNever;
  std::uint32_t unanswered_ = 0;
  bool suspect_ = false;
};

}  // namespace soliton
