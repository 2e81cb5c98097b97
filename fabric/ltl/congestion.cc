#include "fabric/ltl/congestion.h"

#include <algorithm>

namespace soliton {
namespace {

constexpr std::uint64_t kOne = std::uint64_t{1} << 30;
// After so many periods without a mark nothing is left of alpha that a rate would show.
constexpr int kDecaysMax = 16'384;

// A slow line's least rate and step, as shares of it, are those of the defaults on 40 Gb/s.
constexpr std::int64_t kLeastShare = 400;
constexpr std::int64_t kStepShare = 1000;

}  // namespace

RateControl::RateControl(const CongestionOptions& options, BitRate line)
    : options_(&options),
      line_(options.line_rate.bits_per_second),
      least_(options.rate_min.bits_per_second),
      step_(options.additive_step.bits_per_second) {
  if (line.bits_per_second == 0 || line.bits_per_second >= line_) return;
  line_ = line.bits_per_second;
  least_ = std::min(least_, std::max<std::int64_t>(line_ / kLeastShare, 1));
  step_ = std::min(step_, std::max<std::int64_t>(line_ / kStepShare, 1));
}

void RateControl::decay_alpha(Instant now) {
  int decays = 0;
  for (; alpha_at_ <= now && decays < kDecaysMax; ++decays) {
    alpha_ -= alpha_ / options_->alpha_gain;
    alpha_at_ = later(alpha_at_, options_->alpha_timer);
  }
  if (alpha_at_ > now) return;
  alpha_ = 0;
  alpha_at_ = later(now, options_->alpha_timer);
}

void RateControl::advance(Instant now) {
  while (limits_ && rate_at_ <= now) {
    ++timer_steps_;
    rate_at_ = later(rate_at_, options_->rate_timer);
    step_up();
  }
}

// Fast recovery goes half-way to the target; afterwards the target rises as well.
void RateControl::step_up() {
  if (std::max(timer_steps_, byte_steps_) > options_->recovery_steps)
    target_ = std::min(target_ + step_, line_);
  rate_ = (rate_ + target_ + 1) / 2;
  // Within a thousandth it is the line's.
  if (rate_ < line_ - line_ / 1000) return;
  rate_ = line_;
  limits_ = false;
}

void RateControl::notified(Instant now) {
  advance(now);
  if (alpha_at_ != kNever) decay_alpha(now);
  if (!limits_) rate_ = line_;
  limits_ = true;
  target_ = rate_;
  const auto cut =
      static_cast<std::int64_t>(static_cast<unsigned __int128>(rate_) * alpha_ / (2 * kOne));
  rate_ = std::max(rate_ - cut, least_);
  alpha_ = alpha_ - alpha_ / options_->alpha_gain + kOne / options_->alpha_gain;
  timer_steps_ = byte_steps_ = 0;
  bytes_ = 0;
  alpha_at_ = later(now, options_->alpha_timer);
  rate_at_ = later(now, options_->rate_timer);
}

void RateControl::sent(std::uint64_t bytes, Instant now) {
  const auto size = static_cast<std::int64_t>(bytes);
  next_send_ = later(std::max(next_send_, now), transmit_time(Bytes{size}, BitRate{rate_}));
  bytes_ += size;
  if (bytes_ < options_->byte_counter.count) return;
  bytes_ -= options_->byte_counter.count;
  ++byte_steps_;
  step_up();
}

}  // namespace soliton
