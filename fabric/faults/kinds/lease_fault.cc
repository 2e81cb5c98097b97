// The resource manager errs about a lease: it forgets that a device is leased, and gives its work to another
// although it lives; or it grants a device that works for somebody already. A device has one owner all the
// same: peers refuse what is of an older generation, and an agent keeps what it has.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

enum class Mode : std::uint8_t { kLost, kTwice };
struct LeaseOptions {
  Mode mode = Mode::kLost;
};
constexpr FieldWord kModes[] = {word("lost", Mode::kLost), word("twice", Mode::kTwice)};
constexpr Field kRows[] = {
    field<&LeaseOptions::mode>("mode", "`lost`: forgotten; `twice`: granted again.")
        .spelled(kModes),
};
constexpr FieldTable kFields = fields_of<LeaseOptions>("fault_lease", kRows);

NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  const bool lost = fault_options<LeaseOptions>(kFields, rule.options).mode == Mode::kLost;
  using What = NodeTrouble::What;
  return {lost ? What::kLeaseLost : What::kLeaseTwice, 0, window.until};
}

constexpr NodeFaultKind kNode = {
    .trouble = trouble, .past = "had a lease in doubt", .managed = always_managed};

}  // namespace

extern const FaultKind kLeaseFault = {
    .name = "lease_fault",
    .words = "the resource manager forgets a lease, or grants a device twice",
    .example = "{node: fpga1, at: 1 ms, lease_fault: lost}",
    .short_path = "mode",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "R",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
