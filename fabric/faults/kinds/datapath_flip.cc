// The arithmetic of a device gives a wrong bit, above checksum and tag: nothing but a comparison of outputs
// finds it.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct FlipOptions {
  std::uint32_t messages = 1;
};
constexpr Field kRows[] = {
    field<&FlipOptions::messages>("messages", "Messages of its role that have a wrong bit.")
        .between(1U, 1'000'000U),
};
constexpr FieldTable kFields = fields_of<FlipOptions>("fault_datapath_flip", kRows);

NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  const Instant until = window.until == window.from ? kNever : window.until;
  return {NodeTrouble::What::kWrong, fault_options<FlipOptions>(kFields, rule.options).messages,
          until};
}

constexpr NodeFaultKind kNode = {
    .trouble = trouble, .past = "computed a wrong bit", .own_length = true};

}  // namespace

extern const FaultKind kDatapathFlipFault = {
    .name = "datapath_flip",
    .words = "the arithmetic of a device gives a wrong bit",
    .example = "{node: fpga1, at: 1 ms, datapath_flip: 1}",
    .short_path = "messages",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "X",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
