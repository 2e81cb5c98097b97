// A device begins anew with another image than its peers have, such as the one of last week: they refuse
// its connections.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct ImageOptions {
  std::uint32_t version = 1;
};
constexpr Field kRows[] = {
    field<&ImageOptions::version>("version", "Which other image.").between(1U, 1'000'000U),
};
constexpr FieldTable kFields = fields_of<ImageOptions>("fault_image_mismatch", kRows);

NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  return {NodeTrouble::What::kOtherImage,
          fault_options<ImageOptions>(kFields, rule.options).version, window.until};
}

constexpr NodeFaultKind kNode = {
    .trouble = trouble, .past = "had another image", .managed = always_managed};

}  // namespace

extern const FaultKind kImageMismatchFault = {
    .name = "image_mismatch",
    .words = "a device begins anew with an image that its peers refuse",
    .example = "{node: fpga1, at: 1 ms, image_mismatch: 3}",
    .short_path = "version",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "F E",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
