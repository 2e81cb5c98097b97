// Whether a program carries vectors from round to round.
#pragma once

#include <cstdint>
#include <span>

#include "node/npu/compiled_program.h"

namespace soliton {

// Whether the result of some chain depends, over registers, on an earlier result of the same chain,
// as in a recurrent layer. The whole program counts as a loop, so state between requests counts, too.
// `slots`: native vectors of all registers. REQUIRES: vector chains without offsets.
bool is_recurrent(std::span<const CompiledChain> chains, const Program& program,
                  std::uint32_t slots);

}  // namespace soliton
