// A particle flips a bit of a device's configuration. Most bits do not matter; one that does changes a
// result or stops the role, until scrubbing has found and mended it (Putnam et al., "A reconfigurable
// fabric for accelerating large-scale datacenter services", ISCA 2014: a scrub takes about 30 s).
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct Outcome {
  Probability benign{600'000'000}, wrong_result{300'000'000}, hang{100'000'000};
};
struct SeuOptions {
  Probability essential{100'000'000};
  Outcome outcome;
  Duration scrub = milliseconds(30'000);
};
constexpr Probability kNone{0}, kAll{1'000'000'000};
constexpr Field kOutcomeRows[] = {
    field<&Outcome::benign>("benign", "Nothing happens.").between(kNone, kAll),
    field<&Outcome::wrong_result>("wrong_result", "What the role sends is wrong.")
        .between(kNone, kAll),
    field<&Outcome::hang>("hang", "The role hangs.").between(kNone, kAll),
};
void check_outcome(void* object, FieldCheck& check) {
  const auto& it = *static_cast<const Outcome*>(object);
  if (it.benign.parts_per_billion + it.wrong_result.parts_per_billion + it.hang.parts_per_billion !=
      kAll.parts_per_billion)
    check.error("", "benign, wrong_result and hang must make 100 % together");
}
constexpr FieldTable kOutcomeFields =
    fields_of<Outcome>("fault_seu_outcome", kOutcomeRows).ruled(&check_outcome);
constexpr Field kRows[] = {
    field<&SeuOptions::essential>("essential", "Share of the bits that matter.")
        .between(kNone, kAll),
    map_field<&SeuOptions::outcome, kOutcomeFields>("outcome", "What such a bit does."),
    field<&SeuOptions::scrub>("scrub", "Time of one pass over all bits, which mends them.")
        .between(Duration{1}, kLongestTime),
};
constexpr FieldTable kFields = fields_of<SeuOptions>("fault_seu_config", kRows);

// The pass finds the bit at a place of its own, so the trouble lasts up to one pass.
NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random& chance) {
  const auto options = fault_options<SeuOptions>(kFields, rule.options);
  using What = NodeTrouble::What;
  const auto scrub = static_cast<std::uint64_t>(options.scrub.count());
  const Instant until =
      later(window.from, Duration{static_cast<std::int64_t>(1 + chance.below(0, scrub))});
  if (!chance.happens(1, options.essential)) return {What::kNone, 0, window.from};
  const std::int64_t drawn = static_cast<std::int64_t>(chance.below(2, 1'000'000'000));
  if (drawn < options.outcome.hang.parts_per_billion) return {What::kHang, 0, until};
  if (drawn <
      options.outcome.hang.parts_per_billion + options.outcome.wrong_result.parts_per_billion)
    return {What::kWrong, 0, until};
  return {What::kNone, 0, window.from};
}

constexpr NodeFaultKind kNode = {
    .trouble = trouble, .past = "had upsets of its configuration", .own_length = true};

}  // namespace

extern const FaultKind kSeuConfigFault = {
    .name = "seu_config",
    .words = "a particle flips a bit of a device's configuration",
    .example =
        "{node: 'fpga*', seu_config: 30 s, when: {poisson: {every: 1025 d, accelerate: "
        "1000000000}}}",
    .short_path = "scrub",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "X",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
