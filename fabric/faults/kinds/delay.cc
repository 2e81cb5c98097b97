// Packets on a link arrive later, by a fixed time and a random one.
#include <fmt/format.h>

#include "fabric/faults/fault_kind.h"

namespace soliton {
namespace {

constexpr Duration kMost = milliseconds(3'600'000);

constexpr Field kRows[] = {
    field<&DelayFaultOptions::delay>("delay", "How much later every packet arrives.")
        .between(Duration{0}, kMost),
    field<&DelayFaultOptions::jitter>(
        "jitter", "Longest additional delay; delays are uniform between zero and this.")
        .between(Duration{0}, kMost),
};

void check(void*, FieldCheck& check) {
  if (!check.has("delay") && !check.has("jitter")) check.error("", "needs delay, jitter or both");
}

constexpr FieldTable kFields = fields_of<DelayFaultOptions>("delay", kRows).ruled(&check);

class Delay final : public LinkEffect {
 public:
  explicit Delay(const DelayFaultOptions& options) : o_(options) {}
  bool delays() const override { return true; }
  Duration delay(std::uint64_t ordinal, const Random& chance) const override {
    if (o_.jitter <= Duration{}) return o_.delay;
    const auto most = static_cast<std::uint64_t>(o_.jitter.count());
    return o_.delay + Duration{static_cast<std::int64_t>(chance.below(ordinal, most))};
  }
  Duration most_delay() const override { return sum(o_.delay, o_.jitter); }
  std::string words() const override {
    return fmt::format("delayed its packets by {} and more", to_string(o_.delay));
  }

 private:
  DelayFaultOptions o_;
};

std::unique_ptr<LinkEffect> make(const Settings& options) {
  return std::make_unique<Delay>(fault_options<DelayFaultOptions>(kFields, options));
}

}  // namespace

const FaultKind kDelayFault = {
    .name = "delay",
    .words = "packets on a link arrive later",
    .example = "{link, delay: 10 us, jitter: 5 us}",
    .short_path = "delay",
    .short_alias = "jitter",
    .fields = kFields,
    .make = make,
};

Settings delay_settings(const DelayFaultOptions& options) { return collect(kFields, &options); }

}  // namespace soliton
