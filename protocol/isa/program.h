// NPU programs: chains of instructions in loop segments (docs/isa.md).
//
// Data flow is the order of the chain; operations name no source or destination vector. A program
// is a list of segments, each repeated a number of times that may depend on the request's steps:
// the loop control of the scalar core.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

enum class Opcode : std::uint8_t {
  kVRd,
  kVWr,
  kMRd,
  kMWr,
  kMvMul,
  kVvAdd,
  kVvASubB,
  kVvBSubA,
  kVvMax,
  kVvMul,
  kVSigm,
  kVTanh,
  kVRelu,
  kSWr,
  kEndChain,
  kSAdd,
  kSRd,
  kVvMin,
  kVExp,
  kVRcp,
  kVRsqrt,
  kVRsum,
  kVRmean,
  kVRmax,
  kMvRd,
  kMvWr,
};
inline constexpr int kOpcodes = static_cast<int>(Opcode::kMvWr) + 1;

// fp16 values whose place the fp32 sum of a row takes in a message (mv_rd, mv_wr).
inline constexpr std::uint32_t kElementsPerSum = 2;

enum class Memory : std::uint8_t {
  kNone,
  kInitialVrf,
  kAddSubVrf0,
  kAddSubVrf1,
  kMultiplyVrf,
  kMatrixRf,
  kDram,
  kNetQ,
};

// Scalar registers. `rows` and `columns` set how many native vectors each operation handles
// (mega-SIMD); the offsets are added to the index of instructions that ask for it, and are 0 when a
// request begins.
enum class ScalarRegister : std::uint8_t { kRows, kColumns, kOffset0, kOffset1 };

// What is added to the index of a v_rd or v_wr.
enum class Indexing : std::uint8_t { kDirect, kOffset0, kOffset1 };

inline constexpr int kOpcodeShift = 27;
inline constexpr int kMemoryShift = 24;
inline constexpr int kRegisterShift = 20;
inline constexpr std::uint32_t kMaxIndex = (1u << kMemoryShift) - 1;
inline constexpr std::uint32_t kMaxScalar = (1u << kRegisterShift) - 1;  // of a scalar register
// A step of s_add, 20 bits in two's complement.
inline constexpr std::int32_t kMaxStep = (1 << (kRegisterShift - 1)) - 1;
inline constexpr std::int32_t kMinStep = -kMaxStep - 1;
// Opcodes of the words of v_rd and v_wr by offset_0, then v_rd and v_wr by offset_1. Those of vv_min
// and what comes behind it are four more than their enumerators.
inline constexpr std::uint32_t kIndexedOpcodes = 17;

// One 32-bit instruction word: opcode 5, memory 3, index 24 (top to bottom).
//   v_rd, v_wr                               a vector register file or kDram: index of the first
//                                            native vector; kNetQ: the port, not by offset
//   m_rd                                     kNetQ: the port; kDram: index of the first native tile
//   m_wr                                     kMatrixRf or kDram: index of the first native tile
//   mv_mul                                   kMatrixRf or kDram: tile address of the matrix; from
//                                            kDram it is streamed
//   mv_rd, mv_wr                             kNetQ: the port
//   vv_add, vv_a_sub_b, vv_b_sub_a, vv_max, vv_min
//                                            kAddSubVrf0 (in MFU0) or kAddSubVrf1 (in MFU1): index
//   vv_mul                                   kMultiplyVrf: index
//   v_sigm, v_tanh, v_relu, v_exp, v_rcp, v_rsqrt, end_chain
//                                            kNone, 0
//   v_rsum, v_rmean, v_rmax                  kNone, number of elements that are reduced, at least 1
//   s_wr                                     kNone, (register << 20) | value
//   s_add                                    kNone, (offset register << 20) | step
//   s_rd                                     kNetQ, (offset register << 20) | port: the first 16
//                                            bits of the message, an unsigned index
// Vectors and tiles in Dram have addresses of their own: vector 0 does not overlap tile 0.
struct Instruction {
  Opcode opcode = Opcode::kEndChain;
  Memory memory = Memory::kNone;
  std::uint32_t index = 0;
  Indexing indexing = Indexing::kDirect;
  bool operator==(const Instruction&) const = default;
};

// Of s_wr, s_add and s_rd: the register, and what stands below it in the index.
constexpr ScalarRegister scalar_register(const Instruction& instruction) {
  return static_cast<ScalarRegister>(instruction.index >> kRegisterShift);
}
constexpr std::uint32_t scalar_value(const Instruction& instruction) {
  return instruction.index & kMaxScalar;
}
constexpr std::int32_t scalar_step(const Instruction& instruction) {
  const auto value = static_cast<std::int32_t>(scalar_value(instruction));
  return value > kMaxStep ? value - (1 << kRegisterShift) : value;
}
// Builders. REQUIRES: value <= kMaxScalar; kMinStep <= step <= kMaxStep; an offset register.
Instruction write_scalar(ScalarRegister target, std::uint32_t value);
Instruction step_offset(ScalarRegister target, std::int32_t step);
Instruction read_offset(ScalarRegister target, std::uint32_t port);

// A chain as the machine runs it: `rows` and `columns` are what the scalar registers held.
struct Chain {
  std::string label;  // "gru0.h": for traces and errors; not part of the encoding
  std::uint32_t rows = 1;
  std::uint32_t columns = 1;
  // Without end_chain, and without the s_wr of rows and columns.
  std::vector<Instruction> instructions;
  bool operator==(const Chain&) const = default;
};

// A vector chain begins with v_rd, a matrix chain with m_rd or m_wr; a scalar chain is s_wr, s_add
// and s_rd of offset registers. What begins otherwise counts as a vector chain, and breaks its
// rules.
enum class ChainKind : std::uint8_t { kVector, kMatrix, kScalar };
ChainKind chain_kind(const Chain& chain);

// Chains [first, last) run `fixed + per_step * steps` times: never less than 0, and never more than
// `most` unless that is 0.
struct Segment {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::int32_t fixed = 1;
  std::int32_t per_step = 0;
  std::uint32_t most = 0;
  std::int64_t iterations(std::int64_t steps) const {
    const std::int64_t n = std::max<std::int64_t>(fixed + per_step * steps, 0);
    return most == 0 ? n : std::min<std::int64_t>(n, most);
  }
  bool operator==(const Segment&) const = default;
};

struct Program {
  std::vector<Chain> chains;
  std::vector<Segment> segments;  // run in order
  // Instruction words with the s_wr and end_chain the encoding needs: what the instruction memory
  // is charged.
  std::int64_t instruction_words() const;
  bool operator==(const Program&) const = default;
};

// How many messages a request of `steps` steps takes from each of `ports` ports of the network
// queue, or sends to them. REQUIRES: the program uses no other port.
enum class QueueSide : std::uint8_t { kTaken, kSent };
std::vector<std::int64_t> messages_per_port(const Program& program, QueueSide side,
                                            std::size_t ports, std::int64_t steps);

std::string opcode_name(Opcode opcode);            // "mv_mul"
std::string memory_name(Memory memory);            // "InitialVrf", "AddSubVrf_0"
std::string register_name(ScalarRegister target);  // "rows", "offset_0"

// What the multifunction unit does with an operation.
enum class MfuUnit : std::uint8_t { kNone, kAdd, kMultiply, kActivation };
MfuUnit mfu_unit(Opcode opcode);
// v_rsum, v_rmean, v_rmax: the index is the number of elements.
bool is_reduction(Opcode opcode);

// The memory and index that the opcode allows (table above); an error says what it takes.
Status check_instruction(const Instruction& instruction);

// Words of the chains, in order. A chain is [s_wr rows] [s_wr columns] instructions end_chain. Both
// registers are written by the first chain and at the head of a segment, where a loop may come back
// with other values; elsewhere on change. REQUIRES: every instruction passes check_instruction(),
// none is end_chain or an s_wr of rows or columns, rows and columns are 1 to kMaxScalar.
std::vector<std::uint32_t> encode(const Program& program);
// Refuses anything encode() cannot have written. Segments and labels are not part of the words and
// come back empty.
Result<Program> decode(std::span<const std::uint32_t> words);
// "v_rd NetQ[0]", "v_wr Dram[7+offset_0]", "mv_mul 12", "v_sigm", "v_rsum 768", "s_add offset_0, -3"
std::string print(const Instruction& instruction);
// The text form (assembly.h) of chains and segments: assembles to the same program again.
std::string print(const Program& program);

}  // namespace soliton
