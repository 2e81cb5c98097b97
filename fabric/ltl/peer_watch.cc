#include "fabric/ltl/peer_watch.h"

#include <algorithm>

namespace soliton {
namespace {

Duration times(Duration interval, std::uint32_t count) {
  const bool fits = count == 0 || interval.count() <= Duration::max().count() / count;
  return fits ? interval * count : Duration::max();
}

}  // namespace

std::uint32_t misses_for_loss(std::uint64_t lost, std::uint64_t sent) {
  if (sent < kMissesSample) return kMissesDefault;
  constexpr std::uint64_t kBillion = 1'000'000'000;
  const std::uint64_t arrives = kBillion - std::min(kBillion, lost * kBillion / sent);
  const std::uint64_t unanswered = kBillion - arrives * arrives / kBillion;
  // In units of 10^-18, so that rounding does not show at 10^-9.
  unsigned __int128 chance = static_cast<unsigned __int128>(kBillion) * kBillion;
  std::uint32_t misses = 0;
  for (; chance >= kBillion && misses < kMissesMost; ++misses)
    chance = chance * unanswered / kBillion;
  return std::max(misses, kMissesLeast);
}

Instant PeerWatch::dead_at_least() const {
  if (next_ == kNever) return kNever;
  const std::uint32_t misses = misses_least(*options_);
  return later(next_, times(options_->timeout, misses - std::min(misses, unanswered_)));
}

Duration PeerWatch::notice(const LtlOptions& options) {
  return options.misses == 0 ? Duration::max() : times(options.timeout, misses_least(options) + 1);
}

PeerWatch::Due PeerWatch::expire(Instant now, Duration interval, std::uint64_t lost,
                                 std::uint64_t sent) {
  if (next_ > now) return Due::kNothing;
  // It was heard since the deadline was set: the silence began then.
  if (const Instant due = later(std::max(heard_, since_), interval);
      unanswered_ == 0 && due > now) {
    next_ = due;
    return Due::kNothing;
  }
  next_ = later(now, interval);
  const std::uint32_t misses =
      options_->misses == kMissesAuto ? misses_for_loss(lost, sent) : options_->misses;
  if (unanswered_ >= misses && silence(now) >= patience_) {
    next_ = kNever;
    return Due::kDead;
  }
  ++unanswered_;
  if (suspect_ || 2 * unanswered_ <= misses) return Due::kPing;
  suspect_ = true;
  return Due::kSuspect;
}

}  // namespace soliton
