// A node is not there when the run begins; without `for` it never comes.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct Options {};

constexpr NodeFaultKind kNode = {
    .trouble = trouble_for_window<NodeTrouble::What::kOff>,
    .past = "was not there",
    .managed = always_managed,
};

}  // namespace

extern const FaultKind kJoinDelayFault = {
    .name = "join_delay",
    .words = "a node is not there when the run begins, and joins later or never",
    .example = "{node: fpga1, for: 300 us, join_delay: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "D R E",
    .fields = fields_of<Options>("fault_join_delay", {}),
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
