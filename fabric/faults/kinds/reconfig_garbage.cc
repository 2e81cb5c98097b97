// A device that is being configured sends garbage: its pins are not its own meanwhile, and nobody told the
// network to ignore it ("TX halt" in Putnam et al., ISCA 2014, section 3.4). What it sends must have no
// effect.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct GarbageOptions {
  std::uint32_t packets = 100;
  Duration lasts = milliseconds(1);
};
constexpr Field kRows[] = {
    field<&GarbageOptions::packets>("packets", "Packets of random bytes, at random peers.")
        .between(1U, 1'000'000U),
    field<&GarbageOptions::lasts>("lasts", "How long the configuration takes.")
        .between(Duration{1}, kLongestTime),
};
constexpr FieldTable kFields = fields_of<GarbageOptions>("fault_reconfig_garbage", kRows);

NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  const auto options = fault_options<GarbageOptions>(kFields, rule.options);
  return {NodeTrouble::What::kGarbage, options.packets, later(window.from, options.lasts)};
}

constexpr NodeFaultKind kNode = {.trouble = trouble,
                                 .past = "sent garbage while it was configured",
                                 .managed = always_managed,
                                 .own_length = true};

}  // namespace

extern const FaultKind kReconfigGarbageFault = {
    .name = "reconfig_garbage",
    .words = "a device sends garbage while it is configured anew",
    .example = "{node: fpga1, at: 1 ms, reconfig_garbage: 100}",
    .short_path = "packets",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "D R",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
