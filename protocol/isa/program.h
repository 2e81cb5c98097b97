// NPU programs: chains of instructions in loop segments (npu design page, sections 3 and 4).
//
// Data flow is the order of the chain; operations name no source or destination vector. A program is a list of
// segments, each repeated a number of times that may depend on the request's steps: the loop control of the scalar core.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

enum class Opcode : std::uint8_t {
  kVRd, kVWr, kMRd, kMWr, kMvMul, kVvAdd, kVvASubB, kVvBSubA, kVvMax, kVvMul, kVSigm, kVTanh, kVRelu, kSWr, kEndChain,
};

enum class Memory : std::uint8_t {
  kNone, kInitialVrf, kAddSubVrf0, kAddSubVrf1, kMultiplyVrf, kMatrixRf, kDram, kNetQ,
};

// One 32-bit instruction word: opcode 5, memory 3, index 24 (top to bottom).
// v_rd/v_wr: index of the first native vector, or for kNetQ the port. mv_mul: tile address of the matrix.
// vv_*: index in the register file of the operation. s_wr: index = (register << 20) | value.
struct Instruction {
  Opcode opcode = Opcode::kEndChain;
  Memory memory = Memory::kNone;
  std::uint32_t index = 0;
  bool operator==(const Instruction&) const = default;
};

// Scalar registers set how many native vectors each operation handles (mega-SIMD).
enum class ScalarRegister : std::uint8_t { kRows = 0, kColumns = 1 };

// A chain as the machine runs it: `rows` and `columns` are what the scalar registers held.
struct Chain {
  std::string label;  // "gru0.h": for traces and errors; not part of the encoding
  std::uint32_t rows = 1;
  std::uint32_t columns = 1;
  std::vector<Instruction> instructions;  // without s_wr and end_chain
  bool operator==(const Chain&) const = default;
};

// Chains [first, last) run `fixed + per_step * steps` times (never less than 0).
struct Segment {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::int32_t fixed = 1;
  std::int32_t per_step = 0;
  std::int64_t iterations(std::int64_t steps) const {
    const std::int64_t n = fixed + per_step * steps;
    return n > 0 ? n : 0;
  }
  bool operator==(const Segment&) const = default;
};

struct Program {
  std::vector<Chain> chains;
  std::vector<Segment> segments;  // run in order
  // Instruction words with the s_wr and end_chain the encoding needs: what the instruction memory is charged.
  std::int64_t instruction_words() const;
  bool operator==(const Program&) const = default;
};

std::string opcode_name(Opcode opcode);   // "mv_mul"
std::string memory_name(Memory memory);   // "InitialVrf"

std::vector<std::uint32_t> encode(const Program& program);
// Refuses anything encode() cannot have written. Segments are not part of the words and come back empty.
Result<Program> decode(std::span<const std::uint32_t> words);
// One chain a line, "v_rd InitialVrf[0] · mv_mul 12 · vv_add 3 · v_sigm · v_wr MultiplyVrf[0]".
std::string print(const Program& program);

}  // namespace soliton
