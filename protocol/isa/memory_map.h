// Which entries of which memory a shard uses, and what uses them: the basis of memory budgets and
// of their errors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

// Entries [first, first + count) of `memory`: native vectors, or native tiles of MatrixRf and Dram.
struct Touch {
  Memory memory = Memory::kNone;
  std::int64_t first = 0;
  std::int64_t count = 0;
  bool tiles = false;  // of Dram, which holds both
  ShardPlace place;    // of what uses them
  std::int64_t end() const { return first + count; }
};

// Native vectors (or tile rows) that hold `elements`.
constexpr std::int64_t native_vectors(std::int64_t elements, int native_dim) {
  return (elements + native_dim - 1) / native_dim;
}

// rows * columns, at most 2^40: far above any device, and small enough to be multiplied by the bits
// of a tile.
constexpr std::int64_t tiles_of(std::uint32_t rows, std::uint32_t columns) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 40;
  return columns != 0 && rows > kLimit / columns ? kLimit
                                                 : static_cast<std::int64_t>(rows) * columns;
}

// m_rd, m_wr and mv_mul address native tiles; everything else native vectors.
bool handles_tiles(Opcode opcode);

// Native vectors that instruction `i` of a vector chain handles: a v_rd in front of an mv_mul reads
// `columns`.
std::int64_t vectors_handled(const Chain& chain, std::size_t i);

// "chain 3 "gru0.h", instruction 2 (vv_add AddSubVrf_0[3])"
std::string instruction_place(const Shard& shard, std::size_t chain, std::size_t instruction);

// "chain 3 "gru0.h", instruction 2 (v_wr InitialVrf[7])", "matrix "gru0.Wr"".
std::string user_of(const Shard& shard, const Touch& touch);

// All uses of memories but NetQ, in order: matrices, constants, zeroed ranges, then the program. An
// access by offset covers all it may reach; when the program does not say, the entries at offset 0.
// REQUIRES: device.native_dim > 0.
std::vector<Touch> touches(const Shard& shard);

// One past the last entry of `memory` that something touches.
std::int64_t furthest_end(const std::vector<Touch>& all, Memory memory, bool tiles);

}  // namespace soliton
