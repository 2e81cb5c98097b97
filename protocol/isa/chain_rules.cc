#include "protocol/isa/chain_rules.h"

#include <fmt/format.h>

namespace soliton {

namespace {

// Walks the multifunction operations of a chain and gives each the earliest unit that can take it.
// The earliest is never worse: whatever could follow from a later unit can still follow, after
// moving on, from an earlier one.
class MfuAssignment {
 public:
  explicit MfuAssignment(int units) : units_(units) {}

  // An error text when no unit is left for `instruction`.
  std::optional<std::string> place(const Instruction& instruction) {
    const unsigned unit = 1u << static_cast<unsigned>(mfu_unit(instruction.opcode));
    // An add unit reads its own register file: AddSubVrf_0 belongs to MFU0, AddSubVrf_1 to MFU1.
    const int wanted = instruction.memory == Memory::kAddSubVrf0   ? 0
                       : instruction.memory == Memory::kAddSubVrf1 ? 1
                                                                   : -1;
    int target = (used_ & unit) != 0 ? current_ + 1 : current_;
    if (wanted >= target) target = wanted;
    if (wanted >= 0 && wanted < target)
      return fmt::format(
          "the operand is read in MFU{}, whose add unit the operations before it have used or "
          "passed",
          wanted);
    if (target >= units_)
      return fmt::format(
          "the operations need an MFU{}, the device has {} multifunction unit{}: each has one add, "
          "one "
          "multiply and one activation unit",
          target, units_, units_ == 1 ? "" : "s");
    if (target != current_) used_ = 0;
    current_ = target;
    used_ |= unit;
    return std::nullopt;
  }

 private:
  int units_;
  int current_ = 0;
  unsigned used_ = 0;
};

bool starts_matrix_chain(const Chain& chain) {
  const Opcode first = chain.instructions.front().opcode;
  return first == Opcode::kMRd || first == Opcode::kMWr;
}

std::optional<ChainFault> check_matrix_chain(const Chain& chain) {
  const auto& list = chain.instructions;
  if (list[0].opcode != Opcode::kMRd) return ChainFault{0, "a matrix chain begins with m_rd"};
  if (list.size() < 2 || list[1].opcode != Opcode::kMWr)
    return ChainFault{1, "m_rd is followed by one m_wr"};
  if (list.size() > 2) return ChainFault{2, "a matrix chain ends after its m_wr"};
  return std::nullopt;
}

std::optional<ChainFault> check_vector_chain(const Chain& chain, int multifunction_units) {
  const auto& list = chain.instructions;
  if (list[0].opcode != Opcode::kVRd) return ChainFault{0, "a chain begins with v_rd or m_rd"};
  MfuAssignment assignment(multifunction_units);
  bool written = false;
  for (std::size_t i = 1; i < list.size(); ++i) {
    const Opcode opcode = list[i].opcode;
    if (opcode == Opcode::kVWr) {
      written = true;
    } else if (written) {
      return ChainFault{i, "only v_wr may follow a v_wr"};
    } else if (opcode == Opcode::kMvMul) {
      if (i != 1) return ChainFault{i, "mv_mul stands directly behind v_rd, at most once"};
    } else if (mfu_unit(opcode) == MfuUnit::kNone) {
      return ChainFault{i,
                        fmt::format("{} has no place inside a vector chain", opcode_name(opcode))};
    } else if (const std::optional<std::string> fault = assignment.place(list[i])) {
      return ChainFault{i, *fault};
    }
  }
  if (!written) return ChainFault{list.size(), "the chain ends without a v_wr"};
  return std::nullopt;
}

}  // namespace

std::optional<ChainFault> check_chain(const Chain& chain, int multifunction_units) {
  if (chain.instructions.empty()) return ChainFault{0, "the chain is empty"};
  if (starts_matrix_chain(chain)) return check_matrix_chain(chain);
  return check_vector_chain(chain, multifunction_units);
}

}  // namespace soliton
