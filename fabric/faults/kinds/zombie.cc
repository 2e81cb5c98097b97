// A node that everybody takes for dead goes on working, and comes back with what it has done: an old
// generation, which must have no effect.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct Options {};

constexpr NodeFaultKind kNode = {
    .trouble = trouble_for_window<NodeTrouble::What::kCutOff>,
    .past = "was cut off and went on",
};

}  // namespace

extern const FaultKind kZombieFault = {
    .name = "zombie",
    .words = "a node is cut off, goes on working, and comes back with it",
    .example = "{node: fpga1, at: 1 ms, for: 2 ms, zombie: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "R F",
    .fields = fields_of<Options>("fault_zombie", {}),
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
