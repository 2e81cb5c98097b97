// Nothing crosses a link, and what is on the wire when it is cut is lost.
#include "fabric/faults/link_down.h"

namespace soliton {
namespace {

struct Options {};

std::unique_ptr<LinkEffect> make(const FaultRule&) { return std::make_unique<LinkDown>(); }

}  // namespace

const FaultKind kLinkDownFault = {
    .name = "link_down",
    .words = "nothing crosses a link",
    .example = "{link, at: 1 ms, for: 500 us, link_down: true}",
    .short_path = "",
    .short_alias = "",
    .whole_links = true,
    .must_hold = "D R L",
    .fields = fields_of<Options>("fault_link_down", {}),
    .make = make,
};

}  // namespace soliton
