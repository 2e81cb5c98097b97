// A particle flips bits of a device's weights. An error-correcting code of the kind that corrects one bit
// of a word and detects two (SECDED) mends a single one; without it the device computes with wrong weights
// until they are loaded again, which nothing but a comparison of outputs finds.
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

enum class Ecc : std::uint8_t { kOff, kSecded };
struct MemoryOptions {
  Ecc ecc = Ecc::kOff;
  std::uint32_t bits = 1;
};
constexpr FieldWord kCodes[] = {word("off", Ecc::kOff), word("secded", Ecc::kSecded)};
constexpr Field kRows[] = {
    field<&MemoryOptions::ecc>("ecc", "The code that protects the weights.").spelled(kCodes),
    field<&MemoryOptions::bits>("bits", "Flipped in one word.").between(1U, 64U),
};
constexpr FieldTable kFields = fields_of<MemoryOptions>("fault_seu_memory", kRows);

// Two flipped bits of a word are detected: the role stops, as one that cannot trust its weights has to.
NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  const auto options = fault_options<MemoryOptions>(kFields, rule.options);
  using What = NodeTrouble::What;
  if (options.ecc == Ecc::kSecded && options.bits == 1) return {What::kNone, 0, window.from};
  const Instant until = window.until == window.from ? kNever : window.until;
  return {options.ecc == Ecc::kSecded && options.bits == 2 ? What::kHang : What::kWrong, 0, until};
}

constexpr NodeFaultKind kNode = {
    .trouble = trouble, .past = "had upsets of its weights", .own_length = true};

}  // namespace

extern const FaultKind kSeuMemoryFault = {
    .name = "seu_memory",
    .words = "a particle flips bits of a device's weights",
    .example = "{node: fpga1, at: 1 ms, seu_memory: secded}",
    .short_path = "ecc",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "X",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
