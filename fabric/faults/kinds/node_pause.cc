// A node does nothing for a while: a process that is stopped, a virtual machine that moves. What comes in waits.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct Options {};

constexpr NodeFaultKind kNode = {
    .trouble = trouble_for_window<NodeTrouble::What::kFreeze>,
    .past = "was paused",
};

}  // namespace

extern const FaultKind kNodePauseFault = {
    .name = "node_pause",
    .words = "a node does nothing for a while",
    .example = "{node: fpga1, at: 1 ms, for: 200 us, node_pause: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "D R",
    .fields = fields_of<Options>("fault_node_pause", {}),
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
