// Products whose vector comes straight from NetQ: their inputs are known before the program reaches
// them, so a matrix can be read once for several of them. This changes neither values nor times.
//
// A stream is a range of registers that is written only as a whole and only by pure moves from NetQ
// (v_rd NetQ, v_wr), or, if an mv_mul directly follows its v_rd NetQ, the messages of that chain.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "node/npu/compiled_program.h"

namespace soliton {

constexpr bool overlap(VectorRange a, VectorRange b) {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

// Sets `feeds` and `stream` of the chains and returns the number of streams. `kept` are ranges with
// a value that no chain has written; they belong to no stream.
std::size_t find_input_streams(std::span<CompiledChain> chains, std::span<const VectorRange> kept);

}  // namespace soliton
