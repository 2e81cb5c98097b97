#include "partition/ir/mfu_fit.h"

namespace soliton {

std::optional<std::vector<int>> mfu_fit(bool biased, std::span<const Opcode> operations,
                                        int units) {
  const auto bit = [](Opcode opcode) { return 1u << static_cast<unsigned>(mfu_unit(opcode)); };
  std::vector<int> out;
  int unit = 0;
  unsigned used = biased ? bit(Opcode::kVvAdd) : 0;
  for (const Opcode opcode : operations) {
    if ((used & bit(opcode)) != 0) {
      ++unit;
      used = 0;
    }
    if (unit >= units) return std::nullopt;
    used |= bit(opcode);
    out.push_back(unit);
  }
  return out;
}

Memory operand_memory(Opcode opcode, int unit) {
  if (mfu_unit(opcode) == MfuUnit::kMultiply) return Memory::kMultiplyVrf;
  return unit == 0 ? Memory::kAddSubVrf0 : Memory::kAddSubVrf1;
}

}  // namespace soliton
