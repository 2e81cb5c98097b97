// A link carries less than its line: a token bucket behind the port, as tc's `tbf`, with a queue of its own.
#include <fmt/format.h>

#include <algorithm>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct RateOptions {
  BitRate rate{};
  Bytes burst{3'000};
  std::optional<BitRate> peak;
  Bytes queue{262'144};
};
constexpr BitRate kLeast{1'000}, kMost{10'000'000'000'000};
constexpr Field kRows[] = {
    field<&RateOptions::rate>("rate", "What the link carries on average.")
        .between(kLeast, kMost)
        .needed(),
    field<&RateOptions::burst>("burst", "Bytes that may pass at once after a pause.")
        .between(Bytes{1}, Bytes{1'073'741'824}),
    field<&RateOptions::peak>("peak", "Rate within a burst.")
        .between(kLeast, kMost)
        .by_default("the line's")
        .if_changed(),
    field<&RateOptions::queue>("queue",
                               "Of packets that wait for the rate; what finds it full is lost.")
        .between(Bytes{1}, Bytes{1'073'741'824}),
};

void check(void* object, FieldCheck& check) {
  const auto& options = *static_cast<const RateOptions*>(object);
  if (options.peak && options.peak->bits_per_second < options.rate.bits_per_second)
    check.error("peak", "is below rate");
}

constexpr FieldTable kFields = fields_of<RateOptions>("fault_rate", kRows).ruled(&check);

class Rate final : public LinkEffect {
 public:
  explicit Rate(const RateOptions& options) : o_(options) {}
  LinkStage stage() const override { return LinkStage::kRate; }

  // LinkMemory::until is when all that has passed is paid for at the rate, LinkMemory::second the same
  // at the peak.
  FaultAction act(const Encounter& m) const override {
    const Instant now = m.crossing.start;
    const Instant paid = std::max(m.memory.until, now);
    const Duration debt = paid - now;
    Duration wait = std::max(debt - transmit_time(o_.burst, o_.rate), Duration{});
    if (o_.peak) wait = std::max(wait, m.memory.second - now);
    if (wait > transmit_time(o_.queue, o_.rate)) return {.what = FaultAction::What::kDrop};
    m.memory.until = later(paid, transmit_time(m.crossing.size, o_.rate));
    if (o_.peak)
      m.memory.second = later(later(now, wait), transmit_time(m.crossing.size, *o_.peak));
    if (wait == Duration{}) return {};
    return {.what = FaultAction::What::kDelay, .late = wait};
  }
  Duration most_delay() const override { return transmit_time(o_.queue, o_.rate); }
  std::string words() const override { return fmt::format("carried {}", spell(o_.rate)); }

 private:
  RateOptions o_;
};

}  // namespace

extern const FaultKind kRateFault = {
    .name = "rate",
    .words = "a link carries less than its line",
    .example = "{link, rate: 1 Gb/s, burst: 16 KiB}",
    .short_path = "rate",
    .short_alias = "",
    .must_hold = "D L",
    .fields = kFields,
    .make = make_effect<Rate, RateOptions, kFields>,
};

}  // namespace soliton
