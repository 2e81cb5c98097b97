// Products whose vector comes straight from NetQ: their inputs are known before the program gets to
// them, so several can meet a matrix while it is read once. No influence on values or times.
//
// A stream is a register range that only pure moves from NetQ write (v_rd NetQ, v_wr), each the
// whole of it, or, for an mv_mul right behind its v_rd NetQ, that chain's messages.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "node/npu/compiled_program.h"

namespace soliton {

constexpr bool overlap(VectorRange a, VectorRange b) {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

// Sets `feeds` and `stream` of the chains; returns the number of streams. `kept` are ranges that
// hold something before any chain has written them: they belong to no stream.
std::size_t find_input_streams(std::span<CompiledChain> chains, std::span<const VectorRange> kept);

}  // namespace soliton
