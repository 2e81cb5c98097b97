#include "protocol/isa/chain_rules.h"

#include <fmt/format.h>

#include <optional>

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

std::vector<ChainFault> check_matrix_chain(const Chain& chain) {
  const auto& list = chain.instructions;
  if (list[0].opcode != Opcode::kMRd) return {{0, "a matrix chain must begin with m_rd"}};
  if (list.size() < 2 || list[1].opcode != Opcode::kMWr)
    return {{1, "m_rd must be followed by one m_wr"}};
  if (list.size() > 2) return {{2, "a matrix chain must end after its m_wr"}};
  return {};
}

std::vector<ChainFault> check_scalar_chain(const Chain& chain) {
  std::vector<ChainFault> faults;
  for (std::size_t i = 0; i < chain.instructions.size(); ++i) {
    const Instruction& instruction = chain.instructions[i];
    const bool scalar = instruction.opcode == Opcode::kSWr || instruction.opcode == Opcode::kSAdd ||
                        instruction.opcode == Opcode::kSRd;
    if (!scalar)
      faults.push_back(
          {i, fmt::format("{} is not allowed in a scalar chain; s_wr, s_add and s_rd are",
                          opcode_name(instruction.opcode))});
    else if (instruction.opcode == Opcode::kSWr &&
             scalar_register(instruction) <= ScalarRegister::kColumns)
      faults.push_back({i, "rows and columns must be written before a chain, not inside it"});
    else if (instruction.opcode == Opcode::kSRd && i > 0)
      faults.push_back({i, "s_rd must come first in a scalar chain, which waits for one message"});
  }
  return faults;
}

bool is_product(Opcode opcode) { return opcode == Opcode::kMvMul || opcode == Opcode::kMvRd; }

// The sums of a product come in and go out as they are: nothing of a chain is both those and fp16.
std::string misplaced_sums(const std::vector<Instruction>& list, std::size_t i) {
  const Opcode before = list[i - 1].opcode;
  if (list[i].opcode == Opcode::kMvWr)
    return is_product(before) || before == Opcode::kMvWr
               ? ""
               : "mv_wr must directly follow the product whose sums it sends, or another mv_wr";
  if (before != Opcode::kMvMul) return "mv_rd must directly follow mv_mul, at most once";
  if (list[0].memory == Memory::kNetQ)
    return "a chain waits for one message: with mv_rd, v_rd must read a register";
  return "";
}

// The rule that instruction `i > 0` of a vector chain breaks by where it stands; "" for none.
std::string misplaced(const std::vector<Instruction>& list, std::size_t i, bool written) {
  const Opcode opcode = list[i].opcode;
  if (opcode == Opcode::kMvRd || opcode == Opcode::kMvWr) return misplaced_sums(list, i);
  if (list[i - 1].opcode == Opcode::kMvWr) return "only mv_wr may follow an mv_wr";
  if (opcode == Opcode::kVWr) return "";
  if (written) return "only v_wr may follow a v_wr";
  if (opcode == Opcode::kMvMul)
    return i == 1 ? "" : "mv_mul must directly follow v_rd, at most once";
  if (mfu_unit(opcode) != MfuUnit::kNone) return "";
  return fmt::format("{} is not allowed inside a vector chain", opcode_name(opcode));
}

std::vector<ChainFault> check_vector_chain(const Chain& chain, int multifunction_units) {
  const auto& list = chain.instructions;
  std::vector<ChainFault> faults;
  if (list[0].opcode != Opcode::kVRd)
    faults.push_back({0, "a chain must begin with v_rd, m_rd or a scalar instruction"});
  MfuAssignment assignment(multifunction_units);
  bool written = list[0].opcode == Opcode::kVWr;
  for (std::size_t i = 1; i < list.size(); ++i) {
    const Opcode opcode = list[i].opcode;
    if (std::string rule = misplaced(list, i, written); !rule.empty())
      faults.push_back({i, std::move(rule)});
    else if (mfu_unit(opcode) != MfuUnit::kNone)
      if (const std::optional<std::string> unit = assignment.place(list[i]))
        faults.push_back({i, *unit});
    written = written || opcode == Opcode::kVWr || opcode == Opcode::kMvWr;
  }
  if (!written) faults.push_back({list.size(), "the chain ends without a v_wr or mv_wr"});
  return faults;
}

}  // namespace

std::vector<ChainFault> check_chain(const Chain& chain, int multifunction_units) {
  if (chain.instructions.empty()) return {{0, "the chain is empty"}};
  switch (chain_kind(chain)) {
    case ChainKind::kMatrix:
      return check_matrix_chain(chain);
    case ChainKind::kScalar:
      return check_scalar_chain(chain);
    case ChainKind::kVector:
      break;
  }
  return check_vector_chain(chain, multifunction_units);
}

}  // namespace soliton
