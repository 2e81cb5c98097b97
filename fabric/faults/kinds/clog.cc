// Packets on a link are held until the rule ends, and then go on in order: nothing is lost.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct ClogOptions {};
constexpr FieldTable kFields = fields_of<ClogOptions>("fault_clog", {});

class Clog final : public LinkEffect {
 public:
  explicit Clog(const ClogOptions&) {}
  LinkStage stage() const override { return LinkStage::kHold; }

  // LinkMemory::until is when the line is free again for what is held, as if it had queued up there.
  FaultAction act(const Encounter& m) const override {
    if (m.window.until == kNever) return {.what = FaultAction::What::kDrop};
    const Instant free = std::max(m.memory.until, m.window.until);
    m.memory.until = later(free, transmit_time(m.crossing.size, m.crossing.rate));
    return {.what = FaultAction::What::kDelay, .late = free - m.crossing.start};
  }
  std::string words() const override { return "held its packets"; }
};

}  // namespace

extern const FaultKind kClogFault = {
    .name = "clog",
    .words = "packets on a link are held until the rule ends",
    .example = "{link, at: 1 ms, for: 500 us, clog: true}",
    .short_path = "",
    .short_alias = "",
    .must_hold = "D L B",
    .fields = kFields,
    .make = make_effect<Clog, ClogOptions, kFields>,
};

}  // namespace soliton
