// A valid shard, changes that break it, and the errors they must cause.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton::testing {

using Op = Opcode;
using Mem = Memory;
using ::testing::HasSubstr;

inline NumberFormat format(const std::string& name) { return parse_format(name).value(); }

inline NpuDevice bw_s10() {
  NpuDevice device;
  device.name = "bw-s10";
  device.formats = {{format("ms-fp8"), 10}};
  return device;
}

// One gate of a recurrent layer on two of three tile rows: x arrives, is multiplied, biased,
// squashed, sent on.
inline Shard good_shard() {
  Shard shard;
  shard.node = "fpga1";
  shard.device = bw_s10();
  shard.format = format("ms-fp8");
  BfpMatrix weights =
      quantise_matrix(std::vector<float>(500 * 1200, 0.5f), 500, 1200, shard.format, 400, "W")
          .value();
  shard.matrices = {{"W", 3, 2, 3, std::move(weights)}};
  shard.vectors = {{"b", Mem::kAddSubVrf0, 0, std::vector<Half>(500, 0x3c00)}};
  shard.zeroed = {{Mem::kInitialVrf, 3, 2}, {Mem::kAddSubVrf1, 0, 2}, {Mem::kMultiplyVrf, 0, 2}};
  shard.in_ports = {{"x", 1200, false}};
  shard.out_ports = {{"y", 500, {{"host0", 0}}}};
  shard.program.chains = {
      {"in", 3, 1, {{Op::kVRd, Mem::kNetQ, 0}, {Op::kVWr, Mem::kInitialVrf, 0}}},
      {"gate",
       2,
       3,
       {{Op::kVRd, Mem::kInitialVrf, 0},
        {Op::kMvMul, Mem::kMatrixRf, 3},
        {Op::kVvAdd, Mem::kAddSubVrf0, 0},
        {Op::kVSigm, Mem::kNone, 0},
        {Op::kVvMul, Mem::kMultiplyVrf, 0},
        {Op::kVWr, Mem::kMultiplyVrf, 0},
        {Op::kVWr, Mem::kNetQ, 0}}}};
  shard.program.segments = {{0, 2, 0, 1}};
  return shard;
}

inline std::string errors_of(const Shard& shard) { return check_shard(shard).text(); }

// Expects exactly one error that contains this text.
inline void expect_only(const Shard& shard, const std::string& text,
                        ErrorCode code = ErrorCode::kInvalid) {
  const Diagnostics found = check_shard(shard);
  ASSERT_EQ(found.errors.size(), 1u) << found.text();
  EXPECT_EQ(found.errors[0].code, code);
  EXPECT_THAT(found.errors[0].message, HasSubstr(text));
  EXPECT_EQ(found.errors[0].message.rfind("fpga1: ", 0), 0u) << found.errors[0].message;
}

inline const MemoryUse& use_of(const std::vector<MemoryUse>& uses, const std::string& memory) {
  for (const MemoryUse& use : uses)
    if (use.memory == memory) return use;
  ADD_FAILURE() << "no memory " << memory;
  return uses.front();
}

inline Shard with_gate(std::vector<Instruction> instructions) {
  Shard shard = good_shard();
  shard.program.chains[1].instructions = std::move(instructions);
  return shard;
}

inline const Instruction kRead{Op::kVRd, Mem::kInitialVrf, 0};
inline const Instruction kProduct{Op::kMvMul, Mem::kMatrixRf, 3};
inline const Instruction kAdd0{Op::kVvAdd, Mem::kAddSubVrf0, 0};
inline const Instruction kAdd1{Op::kVvAdd, Mem::kAddSubVrf1, 0};
inline const Instruction kMax1{Op::kVvMax, Mem::kAddSubVrf1, 0};
inline const Instruction kMultiply{Op::kVvMul, Mem::kMultiplyVrf, 0};
inline const Instruction kTanh{Op::kVTanh, Mem::kNone, 0};
inline const Instruction kSigmoid{Op::kVSigm, Mem::kNone, 0};
inline const Instruction kWrite{Op::kVWr, Mem::kInitialVrf, 0};

// Loads one of the six tiles of "W" through port 1.
inline Shard with_load(std::vector<Instruction> instructions, std::uint32_t tiles = 1) {
  Shard shard = good_shard();
  shard.in_ports.push_back({"tiles", tiles * 160'000, false});
  shard.program.chains.push_back({"load", tiles, 1, std::move(instructions)});
  shard.program.segments.push_back({2, 3, 1, 0});
  return shard;
}

}  // namespace soliton::testing
