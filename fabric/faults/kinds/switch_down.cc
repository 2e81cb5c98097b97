// A switch forwards nothing: all its cables are down, so what is on them, in it or queued for them is lost.
#include "fabric/faults/link_down.h"

namespace soliton {
namespace {

struct Options {};

std::unique_ptr<LinkEffect> make(const FaultRule&) { return std::make_unique<LinkDown>(); }

}  // namespace

const FaultKind kSwitchDownFault = {
    .name = "switch_down",
    .words = "a switch forwards nothing",
    .example = "{switch: spine0, at: 1 ms, for: 500 us, switch_down: true}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kSwitches,
    .whole_links = true,
    .must_hold = "D R L",
    .fields = fields_of<Options>("fault_switch_down", {}),
    .make = make,
};

}  // namespace soliton
