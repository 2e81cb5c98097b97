// The role of a node takes longer for all it does: a fail-slow device, the straggler of a run. It is alive
// and makes progress, so nobody may replace it.
#include <cmath>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct SlowOptions {
  double factor = 10;
};
constexpr Field kRows[] = {
    field<&SlowOptions::factor>("factor", "So many times as long.")
        .between<std::int64_t>(1, 1'000'000),
};
constexpr FieldTable kFields = fields_of<SlowOptions>("fault_slow", kRows);

NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  const double factor = fault_options<SlowOptions>(kFields, rule.options).factor;
  return {NodeTrouble::What::kSlow, static_cast<std::uint32_t>(std::lround(1'000 * factor)),
          window.until};
}

constexpr NodeFaultKind kNode = {.trouble = trouble, .past = "was slow"};

}  // namespace

extern const FaultKind kSlowFault = {
    .name = "slow",
    .words = "the role of a node takes so many times as long",
    .example = "{node: fpga1, at: 1 ms, for: 5 ms, slow: 10}",
    .short_path = "factor",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "D R L",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
