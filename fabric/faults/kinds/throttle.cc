// A device that is too hot runs at a part of its clock.
#include <algorithm>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct ThrottleOptions {
  Probability clock{500'000'000};
};
constexpr Field kRows[] = {
    field<&ThrottleOptions::clock>("clock", "Share of its clock that is left.")
        .between(Probability{1'000'000}, Probability{1'000'000'000}),
};
constexpr FieldTable kFields = fields_of<ThrottleOptions>("fault_throttle", kRows);

NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  const std::int64_t share =
      fault_options<ThrottleOptions>(kFields, rule.options).clock.parts_per_billion;
  constexpr std::int64_t kThousandOfAll = 1'000'000'000'000;
  return {NodeTrouble::What::kSlow,
          static_cast<std::uint32_t>((kThousandOfAll + share - 1) / share), window.until};
}

constexpr NodeFaultKind kNode = {.trouble = trouble, .past = "was throttled"};

}  // namespace

extern const FaultKind kThrottleFault = {
    .name = "throttle",
    .words = "a device runs at a part of its clock",
    .example = "{node: fpga1, at: 1 ms, for: 5 ms, throttle: 40 %}",
    .short_path = "clock",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "D R L",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
