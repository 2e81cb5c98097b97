#include "fabric/ltl/timers.h"

#include <algorithm>

namespace soliton {
namespace {

constexpr std::uint32_t kPacketsPerSample = 64;

}  // namespace

void SmoothedRtt::add(Duration sample) {
  value_ = value_ ? *value_ + (sample - *value_) / 8 : sample;
  smallest_ = std::min(smallest_, sample);
}

void SendTimers::derive() {
  const std::optional<Duration> srtt = srtt_.value();
  base_timeout_ = options_->timeout;
  if (options_->timeout_rtts > 0 && srtt)
    base_timeout_ = std::max<Duration>(base_timeout_, times(*srtt, options_->timeout_rtts));
  probe_after_ = base_timeout_ / 2;
  if (srtt) probe_after_ = std::min<Duration>(*srtt * 2 + options_->ack_delay, probe_after_);
  const bool queue = srtt && *srtt > srtt_.smallest() * 2;
  under_way_max_ = queue ? std::max(1u, options_->window / 2) : options_->window;
}

Duration SendTimers::timeout() const {
  if (doublings_ == 0) return base_timeout_;
  Duration t = base_timeout_;
  const Duration ceiling = std::max(t, options_->timeout_max);
  for (std::uint32_t i = 0; i < doublings_ && t < ceiling; ++i)
    t = std::min<Duration>(t * 2, ceiling);
  return t;
}

void SendTimers::sent(Instant now, bool first) {
  if (first) {
    doublings_ = 0;
    timeout_at_ = later(now, timeout());
  }
  if (doublings_ == 0) probe_at_ = later(now, probe_after_);
}

void SendTimers::heard(Instant now, bool waiting) {
  doublings_ = 0;
  timeout_at_ = waiting ? later(now, timeout()) : kNever;
  probe_at_ = waiting ? later(now, probe_after_) : kNever;
}

void SendTimers::wait_for_credit(Instant now) {
  if (timeout_at_ == kNever) timeout_at_ = later(now, timeout());
}

SendTimers::Due SendTimers::expire(Instant now) {
  if (timeout_at_ <= now) {
    ++doublings_;
    timeout_at_ = later(now, timeout());
    probe_at_ = kNever;
    return Due::kTimeout;
  }
  if (probe_at_ <= now) {
    probe_at_ = kNever;
    return Due::kTailProbe;
  }
  return Due::kNothing;
}

bool SampleRequests::ask(bool ends_burst, bool have_sample, std::uint32_t bursts_a_sample) {
  ++packets_;
  if (ends_burst) ++bursts_;
  const bool yes = packets_ >= std::max(kPacketsPerSample, bursts_a_sample) ||
                   (ends_burst && (!have_sample || bursts_ >= bursts_a_sample));
  if (yes) answered();
  return yes;
}

void SampleRequests::answered() {
  bursts_ = 0;
  packets_ = 0;
}

}  // namespace soliton
