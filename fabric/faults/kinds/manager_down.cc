// The resource manager does nothing, and forgets what it knew. What runs goes on; when it is back it asks
// the agents, and waits for one lease before it grants anything.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct Options {};

constexpr NodeFaultKind kNode = {
    .trouble = trouble_for_window<NodeTrouble::What::kManagerDown>,
    .past = "had no resource manager",
    .managed = always_managed,
    .at_manager = true,
};

}  // namespace

extern const FaultKind kManagerDownFault = {
    .name = "manager_down",
    .words = "the resource manager does nothing for a while, and forgets",
    .example = "{at: 1 ms, for: 2 ms, manager_down: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "D R L",
    .fields = fields_of<Options>("fault_manager_down", {}),
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
