// The role of a node does nothing any more, while its transport answers and its agent says that it lives:
// what heartbeats do not find.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct Options {};

constexpr NodeFaultKind kNode = {
    .trouble = trouble_for_window<NodeTrouble::What::kHang>,
    .past = "had a role that hung",
};

}  // namespace

extern const FaultKind kRoleHangFault = {
    .name = "role_hang",
    .words = "the role of a node does nothing, while its transport and its agent go on",
    .example = "{node: fpga1, at: 1 ms, role_hang: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "F R",
    .fields = fields_of<Options>("fault_role_hang", {}),
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
