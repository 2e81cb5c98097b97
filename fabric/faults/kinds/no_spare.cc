// Devices in reserve are not to be had: the resource manager may not grant them.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct Options {};

constexpr NodeFaultKind kNode = {
    .trouble = trouble_for_window<NodeTrouble::What::kNoSpare>,
    .past = "was not to be had",
    .managed = always_managed,
};

}  // namespace

extern const FaultKind kNoSpareFault = {
    .name = "no_spare",
    .words = "the resource manager may not grant a device",
    .example = "{node: fpga4, no_spare: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "E",
    .fields = fields_of<Options>("fault_no_spare", {}),
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
