#include "fabric/ltl/timers.h"

#include <algorithm>

#include "protocol/base/chaos_site.h"

namespace soliton {
namespace {

constexpr std::uint32_t kPacketsPerSample = 64;
// Probes are at most so many timeouts apart: a path that is back is found soon, however long it was
// gone.
constexpr std::uint32_t kProbeCeiling = 16;
// Never fewer packets are under way than so many acknowledgements are for.
constexpr std::uint32_t kAcknowledgements = 4;
// Of the time a path can hold a packet, a probe waits for at most this part.
constexpr int kProbesHeld = 8;

// `base` doubled `repeats` times, but not beyond `ceiling` unless it is there already.
Duration doubled(Duration base, std::uint32_t repeats, Duration ceiling) {
  Duration out = base;
  const Duration most = std::max(base, ceiling);
  for (std::uint32_t i = 0; i < repeats && out < most; ++i) out = std::min(times(out, 2), most);
  return out;
}

}  // namespace

void SmoothedRtt::add(Duration sample) {
  smallest_ = std::min(smallest_, sample);
  const auto distance = [](Duration a, Duration b) { return a < b ? b - a : a - b; };
  if (!value_) {
    // RFC 6298 (2.2) takes half of the first sample. Where the path's round trip is known, how far
    // the sample is from it says more.
    deviation_ = expected_.count() > 0 ? distance(sample, expected_) : sample / 2;
    value_ = sample;
    return;
  }
  // The deviation first: it refers to the old mean (RFC 6298, 2.3).
  deviation_ += (distance(sample, *value_) - deviation_) / 4;
  *value_ += (sample - *value_) / 8;
}

void SendTimers::derive() {
  const std::optional<Duration> srtt = srtt_.value();
  const Duration answer = srtt ? std::max(path_.round_trip, srtt_.most()) : path_.round_trip;
  const Duration held = sum(path_.round_trip, path_.hold);
  // No less than the path can hold a packet and its answer, or a packet that waits in a queue would
  // be sent twice.
  base_timeout_ = std::max(options_->timeout, sum(std::max(answer, held), options_->ack_delay));
  if (srtt) base_timeout_ = std::max(base_timeout_, times(*srtt, options_->timeout_rtts));
  // A probe waits for a likely answer, but no longer than a share of what the path can hold: what
  // held the last answers up may be gone.
  if (path_.known()) {
    const Duration most = std::max<Duration>(path_.round_trip, path_.hold / kProbesHeld);
    probe_after_ = sum(srtt ? std::min(answer, most) : most, options_->ack_delay);
  } else {
    probe_after_ = srtt ? sum(answer, options_->ack_delay) : options_->timeout / 2;
  }
  set_under_way_max();
}

// What goes beyond what the path holds waits in our own queue, in front of the resends.
void SendTimers::set_under_way_max() {
  const bool queue = has_sample()
                         ? *srtt_.value() > srtt_.smallest() * 2 || own_queue_ > srtt_.smallest()
                         : path_.known();
  under_way_max_ =
      queue ? std::clamp(queued_max_, 1u, std::max(1u, options_->window / 2)) : options_->window;
  if (SOLITON_CHAOS(kSmallestWindow)) under_way_max_ = 1;
}

// What a path holds, in packets of the MTU: the line's frames and headers would make it a few less.
void SendTimers::measure_path() {
  if (!path_.known() || path_.line.bits_per_second == 0) return;
  const Duration packet = transmit_time(Bytes{options_->mtu}, path_.line);
  const auto held = static_cast<std::uint32_t>(
      std::min<std::int64_t>(path_.round_trip / std::max(packet, picoseconds(1)), kLtlWindowMax));
  queued_max_ = std::max(2 * held, kAcknowledgements * options_->ack_every);
  window_fills_path_ = options_->window > held;
}

Duration SendTimers::timeout() const {
  if (timeouts_ == 0) return base_timeout_;
  return doubled(base_timeout_, timeouts_, options_->timeout_max);
}

Duration SendTimers::probe() const {
  if (probes_ == 0) return probe_after_;
  return doubled(probe_after_, 2 * probes_,
                 std::min(times(options_->timeout, kProbeCeiling), options_->timeout_max));
}

void SendTimers::sent(Instant leaves, Instant now, bool first) {
  left_ = leaves;
  // Silence from before says nothing about this packet.
  if (first) {
    timeouts_ = probes_ = 0;
    timeout_at_ = later(leaves, SOLITON_CHAOS(kEarlyTimeout) ? timeout() / 4 : timeout());
  }
  if (probes_ == 0) probe_at_ = later(leaves, SOLITON_CHAOS(kEarlyProbe) ? probe() / 4 : probe());
  if (const Duration waited = leaves - now; waited != own_queue_) {
    own_queue_ = waited;
    set_under_way_max();
  }
}

void SendTimers::resent(Instant leaves) {
  left_ = std::max(left_, leaves);
  if (probe_at_ != kNever) probe_at_ = std::max(probe_at_, later(leaves, probe()));
}

void SendTimers::heard(Instant now, bool waiting) {
  timeouts_ = probes_ = 0;
  if (SOLITON_PLANTED(kTimerNotRearmed)) waiting = false;
  // Nothing answers a packet that is still in the own port.
  const Instant from = std::max(now, left_);
  timeout_at_ = waiting ? later(from, timeout()) : kNever;
  probe_at_ = waiting ? later(from, probe()) : kNever;
}

void SendTimers::wait_for_credit(Instant now) {
  if (probe_at_ == kNever) probe_at_ = later(now, ping_interval());
}

SendTimers::Due SendTimers::expire(Instant now) {
  if (timeout_at_ <= now) {
    ++timeouts_;
    timeout_at_ = later(now, timeout());
    return Due::kTimeout;
  }
  if (probe_at_ <= now) {
    ++probes_;
    probe_at_ = later(now, probe());
    return Due::kProbe;
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
