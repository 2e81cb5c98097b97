// Which point-wise operations fit behind each other into one chain, and which unit takes each.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "protocol/isa/program.h"

namespace soliton {

// The multifunction unit of each operation, the earliest that can take it; nothing if the chain
// would need more than `units`. `biased`: an addition in the first unit comes before them all.
std::optional<std::vector<int>> mfu_fit(bool biased, std::span<const Opcode> operations,
                                        int units = 2);

// The register file in which the second operand of an operation in `unit` lies.
Memory operand_memory(Opcode opcode, int unit);

}  // namespace soliton
