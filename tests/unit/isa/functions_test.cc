// The table of functions, and programs that use what a device does not declare.
#include "protocol/isa/functions.h"

#include <set>

#include "protocol/isa/assembly.h"
#include "tests/unit/isa/shards.h"

namespace soliton {
namespace {

using namespace soliton::testing;

Shard with_all(Shard shard) {
  shard.device.functions.clear();
  for (const NpuFunctionRow& row : kNpuFunctions) shard.device.functions.push_back(row.function);
  return shard;
}

TEST(Functions, TheTableIsInOrderAndNamesEveryOperationOnce) {
  std::set<Opcode> seen;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < std::size(kNpuFunctions); ++i) {
    const NpuFunctionRow& row = kNpuFunctions[i];
    EXPECT_EQ(static_cast<std::size_t>(row.function), i);
    EXPECT_EQ(&function_row(row.function), &row);
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.instructions().empty()) << row.name;
    for (const Opcode opcode : row.instructions()) {
      EXPECT_TRUE(seen.insert(opcode).second) << opcode_name(opcode);
      EXPECT_EQ(function_of(opcode), &row);
    }
  }
  for (int i = 0; i < kOpcodes; ++i) {
    const auto opcode = static_cast<Opcode>(i);
    EXPECT_EQ(seen.contains(opcode), mfu_unit(opcode) != MfuUnit::kNone) << opcode_name(opcode);
  }
  EXPECT_EQ(function_of(Opcode::kMvMul), nullptr);
  EXPECT_EQ(function_names({}), "none");
}

TEST(Functions, OfADeviceThatSaysNothingAreTheUsualOnes) {
  EXPECT_EQ(function_names(NpuDevice{}.functions),
            "relu, sigmoid, tanh, add, subtract, multiply, max");
  EXPECT_EQ(errors_of(with_gate({kRead, kProduct, kAdd0, {Op::kVRelu}, kMax1, kMultiply, kWrite})),
            "");
}

TEST(Functions, WhatTheDeviceDoesNotDeclareIsRefusedWithChainAndInstruction) {
  for (const Instruction& further :
       {Instruction{Op::kVvMin, Mem::kAddSubVrf0, 0}, Instruction{Op::kVExp},
        Instruction{Op::kVRcp}, Instruction{Op::kVRsqrt}, Instruction{Op::kVRsum, Mem::kNone, 500},
        Instruction{Op::kVRmean, Mem::kNone, 500}, Instruction{Op::kVRmax, Mem::kNone, 500}}) {
    const Shard shard = with_gate({kRead, kProduct, further, kWrite});
    expect_only(shard, "fpga1: chain 1 \"gate\", instruction 2 (" + print(further) +
                           "): device bw-s10 does not declare the function " +
                           std::string(function_of(further.opcode)->name) +
                           "; its functions: relu, sigmoid, tanh, add, subtract, multiply, max");
    EXPECT_EQ(errors_of(with_all(shard)), "");
  }
}

// Of the shard's own chain: product, bias, sigmoid, product with a vector.
TEST(Functions, EveryInstructionThatLacksItsFunctionIsNamed) {
  Shard shard = good_shard();
  shard.device.functions.clear();
  const std::string errors = errors_of(shard);
  for (const char* name : {"add", "sigmoid", "multiply"})
    EXPECT_THAT(errors,
                HasSubstr(std::string("declare the function ") + name + "; its functions: none"));
  EXPECT_EQ(check_shard(shard).errors.size(), 3u);
}

TEST(Sums, ComeInAndGoOutRightBehindTheProduct) {
  const Instruction in{Op::kMvRd, Mem::kNetQ, 1}, out{Op::kMvWr, Mem::kNetQ, 1};
  const auto errors = [](std::vector<Instruction> list) {
    Shard shard = with_gate(std::move(list));
    shard.in_ports.push_back({"sums", 1000, false});
    shard.out_ports.push_back({"sums", 1000, {{"host0", 1}}});
    return errors_of(shard);
  };
  EXPECT_EQ(errors({kRead, kProduct, in, out}), "");
  EXPECT_EQ(errors({kRead, kProduct, out, out}), "");
  EXPECT_EQ(errors({kRead, kProduct, in, kAdd0, kSigmoid, kWrite}), "");
  EXPECT_THAT(errors({kRead, in, kWrite}), HasSubstr("mv_rd must directly follow mv_mul"));
  EXPECT_THAT(errors({kRead, kProduct, in, in, kWrite}),
              HasSubstr("mv_rd must directly follow mv_mul"));
  EXPECT_THAT(errors({kRead, kProduct, kAdd0, out}),
              HasSubstr("mv_wr must directly follow the product whose sums it sends"));
  EXPECT_THAT(errors({kRead, out}), HasSubstr("mv_wr must directly follow the product"));
  EXPECT_THAT(errors({kRead, kProduct, out, kWrite}), HasSubstr("only mv_wr may follow an mv_wr"));
  EXPECT_THAT(errors({kRead, kProduct, kWrite, out}), HasSubstr("mv_wr must directly follow"));
  EXPECT_THAT(errors({{Op::kVRd, Mem::kNetQ, 0}, kProduct, in, kWrite}),
              HasSubstr("a chain waits for one message: with mv_rd, v_rd must read a register"));
}

TEST(Sums, TakeTwoElementsForEachRow) {
  const auto with = [](std::uint32_t elements, std::uint32_t port) {
    Shard shard = with_gate({kRead, kProduct, {Op::kMvRd, Mem::kNetQ, port}, kWrite});
    shard.in_ports.push_back({"sums", elements, false});
    return shard;
  };
  EXPECT_EQ(errors_of(with(1000, 1)), "");
  expect_only(with(500, 1),
              "instruction 2 (mv_rd NetQ[1]): input port \"sums\" carries 500 elements, the sums "
              "of 500 rows "
              "take 1000");
  expect_only(with(1000, 2),
              "instruction 2 (mv_rd NetQ[2]): there is no input port 2, the shard has 2");
}

TEST(Reductions, UseTheAdderOfEitherUnit) {
  const Instruction sum{Op::kVRsum, Mem::kNone, 500};
  const auto errors = [](std::vector<Instruction> list) {
    return errors_of(with_all(with_gate(std::move(list))));
  };
  EXPECT_EQ(errors({kRead, sum, {Op::kVRcp}, kWrite}), "");
  EXPECT_EQ(errors({kRead, kAdd0, sum, kWrite}), "");
  EXPECT_EQ(errors({kRead, kMultiply, sum, kAdd1, {Op::kVRsqrt}, kWrite}), "");
  EXPECT_EQ(errors({kRead, sum, sum, kWrite}), "");
  EXPECT_THAT(errors({kRead, sum, kAdd0, kWrite}),
              HasSubstr("instruction 2 (vv_add AddSubVrf_0[0]): the operand is read in MFU0"));
  EXPECT_THAT(errors({kRead, kAdd0, kAdd1, sum, kWrite}),
              HasSubstr("instruction 3 (v_rsum 500): the operations need an MFU2"));
}

// The chain of the gate has two native vectors of 400.
TEST(Reductions, AreOfAtLeastOneElementAndOfNoMoreThanTheChainHas) {
  const auto with = [](std::uint32_t elements) {
    return with_all(with_gate({kRead, {Op::kVRmax, Mem::kNone, elements}, kWrite}));
  };
  EXPECT_EQ(errors_of(with(1)), "");
  EXPECT_EQ(errors_of(with(800)), "");
  expect_only(with(801),
              "chain 1 \"gate\", instruction 1 (v_rmax 801): 801 elements, the chain has 800: "
              "2 rows of 400");
  expect_only(with(0), "instruction 1 (v_rmax 0): v_rmax takes the number of elements, at least 1");
}

TEST(Reductions, TextFormAndItsMistakes) {
  const auto error = [](const std::string& line) {
    return parse_assembly("  v_rd NetQ[0]\n  " + line + "\n  v_wr NetQ[0]\n  end_chain\n", "f")
        .errors.text();
  };
  EXPECT_EQ(error("v_rsum 768"), "");
  EXPECT_EQ(error("v_exp"), "");
  EXPECT_EQ(error("vv_min AddSubVrf_1[3]"), "");
  EXPECT_THAT(error("v_rmean"),
              HasSubstr("f:2:10: the line ends where the number of elements, a whole"));
  EXPECT_THAT(error("v_rmax 0"), HasSubstr("the number of elements must be 1 to 16777215, not 0"));
  EXPECT_THAT(error("v_rmax NetQ[0]"), HasSubstr("expected the number of elements"));
  EXPECT_THAT(error("v_rsqr"), HasSubstr("did you mean \"v_rsqrt\"?"));
  EXPECT_THAT(error("vv_min MultiplyVrf[0]"), HasSubstr("AddSubVrf"));
}

}  // namespace
}  // namespace soliton
