// A device fails for good. Nothing is granted to it again, because it answers nobody.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct Options {};

constexpr NodeFaultKind kNode = {
    .trouble = trouble_for_window<NodeTrouble::What::kOff>,
    .past = "failed for good",
};

}  // namespace

extern const FaultKind kDeviceDeadFault = {
    .name = "device_dead",
    .words = "a device fails for good",
    .example = "{node: fpga1, at: 1 ms, device_dead: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "F R",
    .fields = fields_of<Options>("fault_device_dead", {}),
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
