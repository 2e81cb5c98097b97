// A device is configured anew while others depend on it: wholly, so that its network goes with it, or in a
// part, beside which its transport goes on (Putnam et al., "A reconfigurable fabric for accelerating
// large-scale datacenter services", ISCA 2014, section 3.4).
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

enum class Cable : std::uint8_t { kDrops, kStays };
struct ReconfigureOptions {
  Duration lasts = milliseconds(1);
  Cable cable = Cable::kStays;
};
constexpr FieldWord kCables[] = {word("drops", Cable::kDrops), word("stays", Cable::kStays)};
constexpr Field kRows[] = {
    field<&ReconfigureOptions::lasts>("lasts", "How long it takes.")
        .between(Duration{1}, kLongestTime),
    field<&ReconfigureOptions::cable>(
        "cable", "`drops`: its network goes with it; `stays`: only its role does.")
        .spelled(kCables),
};
constexpr FieldTable kFields = fields_of<ReconfigureOptions>("fault_reconfigure", kRows);

NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  const auto options = fault_options<ReconfigureOptions>(kFields, rule.options);
  using What = NodeTrouble::What;
  return {options.cable == Cable::kDrops ? What::kOff : What::kReload, 0,
          later(window.from, options.lasts)};
}

constexpr NodeFaultKind kNode = {.trouble = trouble,
                                 .past = "was configured anew",
                                 .managed = always_managed,
                                 .own_length = true};

}  // namespace

extern const FaultKind kReconfigureFault = {
    .name = "reconfigure",
    .words = "a device is configured anew, wholly or in a part",
    .example = "{node: fpga1, at: 1 ms, reconfigure: 2 ms}",
    .short_path = "lasts",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "D R",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
