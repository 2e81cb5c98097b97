// The memory of a device does not calibrate when it is configured, so that it has to be configured again; a
// device that fails three times in a row is given up.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct CalibrationOptions {
  Probability p{500'000'000};
};
constexpr Field kRows[] = {
    field<&CalibrationOptions::p>("p", "Chance of each configuration to fail.")
        .between(Probability{0}, Probability{1'000'000'000}),
};
constexpr FieldTable kFields = fields_of<CalibrationOptions>("fault_dram_cal_fail", kRows);

// How often it fails in a row is drawn beforehand.
NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random& chance) {
  const Probability p = fault_options<CalibrationOptions>(kFields, rule.options).p;
  constexpr std::uint32_t kMost = 3;
  std::uint32_t fails = 0;
  while (fails < kMost && chance.happens(fails, p)) ++fails;
  return {NodeTrouble::What::kNoCalibration, fails, window.until};
}

constexpr NodeFaultKind kNode = {
    .trouble = trouble, .past = "had memory that did not calibrate", .managed = always_managed};

}  // namespace

extern const FaultKind kDramCalFailFault = {
    .name = "dram_cal_fail",
    .words = "the memory of a device does not calibrate when it is configured",
    .example = "{node: fpga4, dram_cal_fail: 50 %}",
    .short_path = "p",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "F R",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
