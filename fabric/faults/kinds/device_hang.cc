// The whole device hangs, its transport included: it answers nothing, and what comes in waits for ever.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct Options {};

constexpr NodeFaultKind kNode = {
    .trouble = trouble_for_window<NodeTrouble::What::kFreeze>,
    .past = "hung",
};

}  // namespace

extern const FaultKind kDeviceHangFault = {
    .name = "device_hang",
    .words = "a device hangs with its transport",
    .example = "{node: fpga1, at: 1 ms, device_hang: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "F R",
    .fields = fields_of<Options>("fault_device_hang", {}),
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
