// Who receives takes packets slower than the line brings them: each is on the line for longer, and what is
// behind it waits, for whomever it is (head-of-line blocking).
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct SlowReceiverOptions {
  Probability share{};
};
constexpr Field kRows[] = {
    field<&SlowReceiverOptions::share>("share", "Of the line's rate that the receiver takes.")
        .between(Probability{1'000'000}, Probability{1'000'000'000})
        .needed(),
};
constexpr FieldTable kFields = fields_of<SlowReceiverOptions>("fault_slow_receiver", kRows);

class SlowReceiver final : public PortEffect {
 public:
  explicit SlowReceiver(const SlowReceiverOptions& options) : o_(options) {}

  // A line's time is below an hour, which times 1e9 is below 2^127.
  FaultAction start(const PortEncounter& m) const override {
    const __int128 share = o_.share.parts_per_billion;
    const __int128 longer = m.port.line.count() * (1'000'000'000 - share) / share;
    if (longer == 0) return {};
    return {.what = FaultAction::What::kStretch,
            .late = std::min(Duration{static_cast<std::int64_t>(longer)}, kLongestTime)};
  }
  std::string words() const override {
    return fmt::format("had a receiver that took {} of their rate", spell(o_.share));
  }

 private:
  SlowReceiverOptions o_;
};

}  // namespace

extern const FaultKind kSlowReceiverFault = {
    .name = "slow_receiver",
    .words = "a receiver takes less than the line brings",
    .example = "{link: fpga1-tor0, at: 1 ms, for: 1 ms, slow_receiver: 10 %}",
    .short_path = "share",
    .short_alias = "",
    .must_hold = "D R L B",
    .fields = kFields,
    .make = only_at_ports,
    .port = make_port_effect<SlowReceiver, SlowReceiverOptions, kFields>,
};

}  // namespace soliton
