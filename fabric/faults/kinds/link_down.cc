// Nothing crosses a link, and what is on the wire when it is cut is lost.
#include "fabric/faults/fault_kind.h"

namespace soliton {
namespace {

struct Options {};

class LinkDown final : public LinkEffect {
 public:
  bool drops(const FaultWindow& window, const Crossing& crossing, std::uint64_t,
             const Random&) const override {
    const bool cut_on_the_way =
        crossing.start < window.from && window.from < crossing.end && window.from < window.until;
    return window.holds(crossing.start) || cut_on_the_way;
  }
  bool cuts() const override { return true; }
  std::string words() const override { return "was down"; }
};

std::unique_ptr<LinkEffect> make(const Settings&) { return std::make_unique<LinkDown>(); }

}  // namespace

const FaultKind kLinkDownFault = {
    .name = "link_down",
    .words = "nothing crosses a link",
    .example = "{link, at: 1 ms, for: 500 us, link_down: true}",
    .short_path = "",
    .short_alias = "",
    .fields = fields_of<Options>("link_down", {}),
    .make = make,
};

}  // namespace soliton
