// A node's clock is wrong. Nothing here reads the time of day, so a step of it changes nothing; what a node waits
// for it takes from a clock that only goes forward. That one may be late, or stand still for a while: then
// nothing that the node waits for happens, while it does what packets ask it to.
#include <algorithm>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct ClockOptions {
  Duration step{};
  std::uint32_t drift = 0;
  bool freeze = false;
};
constexpr Field kRows[] = {
    field<&ClockOptions::step>("step", "Of the time of day.")
        .between(Duration{0}, kLongestTime)
        .if_changed(),
    field<&ClockOptions::drift>(
        "drift", "By how many millionths the clock is slow, as far as what it waits for goes.")
        .between<std::uint32_t>(0, 1'000'000)
        .if_changed(),
    field<&ClockOptions::freeze>("freeze", "Whether it stands still.").if_changed(),
};

void check(void* object, FieldCheck& check) {
  const auto& options = *static_cast<const ClockOptions*>(object);
  if (options.freeze && options.drift > 0)
    check.error("drift", "means nothing to a clock that stands");
}

constexpr FieldTable kFields = fields_of<ClockOptions>("fault_clock", kRows).ruled(&check);

NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  const auto options = fault_options<ClockOptions>(kFields, rule.options);
  if (options.freeze) return {NodeTrouble::What::kClockStands, 0, window.until};
  if (options.drift > 0) return {NodeTrouble::What::kClockSlow, options.drift, window.until};
  return {NodeTrouble::What::kNone, 0, window.until};
}

constexpr NodeFaultKind kNode = {.trouble = trouble, .past = "had a wrong clock"};

}  // namespace

extern const FaultKind kClockFault = {
    .name = "clock",
    .words = "a node's clock steps, is slow, or stands still",
    .example = "{node: fpga1, at: 1 ms, for: 200 us, clock: true, freeze: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "D R",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
