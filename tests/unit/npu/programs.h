// Hand-built shards for the NPU tests: a builder that allocates addresses, and the recurrent cells
// of docs/isa.md, whole or as one of several row slices.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton::testing {

inline Instruction v_rd(Memory memory, std::uint32_t index) {
  return {Opcode::kVRd, memory, index};
}
inline Instruction v_wr(Memory memory, std::uint32_t index) {
  return {Opcode::kVWr, memory, index};
}
inline Instruction mv_mul(std::uint32_t tile) { return {Opcode::kMvMul, Memory::kMatrixRf, tile}; }
inline Instruction add_0(std::uint32_t index) {
  return {Opcode::kVvAdd, Memory::kAddSubVrf0, index};
}
inline Instruction add_1(std::uint32_t index) {
  return {Opcode::kVvAdd, Memory::kAddSubVrf1, index};
}
inline Instruction mul(std::uint32_t index) {
  return {Opcode::kVvMul, Memory::kMultiplyVrf, index};
}
inline Instruction operation(Opcode opcode, Memory memory = Memory::kNone,
                             std::uint32_t index = 0) {
  return {opcode, memory, index};
}

NpuDevice bw_s10();
// Native vectors of 16, 3 tile engines (beats do not divide evenly), a clock whose period is not
// whole picoseconds.
NpuDevice small_device();
NumberFormat msfp16_block8();

class ShardBuilder {
 public:
  ShardBuilder(NpuDevice device, NumberFormat format, std::int64_t beats_per_tile);

  std::uint32_t vectors(std::size_t elements) const;  // native vectors that hold `elements`
  std::uint32_t reserve(Memory memory, std::size_t elements);
  std::uint32_t constant(Memory memory, const std::vector<Half>& values);
  void zero(Memory memory, std::uint32_t first, std::size_t elements);
  // Row-major fp32 weights, or none for timing only.
  std::uint32_t matrix(const std::string& name, int rows, int columns,
                       const std::vector<float>& weights);
  std::uint16_t in_port(const std::string& name, std::size_t elements, bool reversed = false);
  std::uint16_t out_port(const std::string& name, std::size_t elements);
  // `rows` and `columns` in elements.
  void chain(const std::string& label, std::size_t rows, std::size_t columns,
             std::vector<Instruction> instructions);
  // Ends a segment of the chains added since the last one.
  void segment(std::int32_t fixed, std::int32_t per_step);

  Shard shard;

 private:
  std::uint32_t next_tile_ = 0;
  std::uint32_t next_vector_[8] = {};
};

enum class Cell { kLstm, kGruResetBefore, kGruResetAfter };

// Gates in the order i f o c, or r z h. Empty weights: timing only.
struct CellWeights {
  std::vector<std::vector<float>> input;      // gate: hidden x input
  std::vector<std::vector<float>> recurrent;  // gate: hidden x hidden
  std::vector<std::vector<Half>> bias;        // gate: hidden; the pairs summed
  std::vector<Half>
      recurrent_bias;  // reset after only: bRh, and then bias[2] is that of the input side
};

struct CellSpec {
  Cell cell = Cell::kLstm;
  int input = 0;
  int hidden = 0;
  // The slice of hidden units this shard computes; the others arrive from its peer. Slices end at
  // tile edges.
  int first = 0;
  int last = 0;
  const CellWeights* weights = nullptr;
  bool split() const { return last - first != hidden; }
  int own() const { return last - first; }
};

inline CellSpec whole(Cell cell, int input, int hidden, const CellWeights* weights = nullptr) {
  return {cell, input, hidden, 0, hidden, weights};
}

// In port 0: x, one message a step. Out port 0: own units of h, one a step.
// In a split of two, in port 1 / out port 1 exchange h, and for reset before in port 2 / out port 2
// r*h.
Shard cell_shard(const NpuDevice& device, const NumberFormat& format, std::int64_t beats_per_tile,
                 const CellSpec& spec);

// The same with every matrix in Dram, streamed through `window` tiles.
Shard from_dram(Shard shard, std::uint32_t window, BitRate rate);

}  // namespace soliton::testing
