// Every chain rule has a chain that breaks it and is refused by name.
#include "protocol/isa/chain_rules.h"

#include "tests/unit/isa/shards.h"

namespace soliton {
namespace {

using namespace soliton::testing;

TEST(ChainRules, ChainOfTheDesignPagesAreLegal) {
  // Candidate gate of a reset-before GRU, cell of an LSTM, n of a reset-after GRU, its blend, and a
  // bare copy.
  EXPECT_EQ(errors_of(with_gate({kRead, kProduct, kAdd0, kTanh, kMultiply, kAdd1, kWrite, kWrite})),
            "");
  EXPECT_EQ(errors_of(with_gate({kRead, kProduct, kAdd0, kMultiply, kAdd1, kTanh, kWrite})), "");
  EXPECT_EQ(
      errors_of(with_gate({kRead, {Op::kVvASubB, Mem::kAddSubVrf0, 0}, kMultiply, kAdd1, kWrite})),
      "");
  EXPECT_EQ(errors_of(with_gate({kRead, kWrite})), "");
  // Everything twice, in any order inside a unit.
  EXPECT_EQ(
      errors_of(with_gate({kRead, kTanh, kAdd0, kMultiply, kMultiply, kSigmoid, kMax1, kWrite})),
      "");
  // MFU0 may be left unused.
  EXPECT_EQ(errors_of(with_gate({kRead, kAdd1, kWrite})), "");
}

TEST(ChainRules, BeginsWithOneRead) {
  expect_only(with_gate({}), "chain 1 \"gate\": the chain is empty");
  expect_only(
      with_gate({kProduct, kWrite}),
      "instruction 0 (mv_mul 3): a chain must begin with v_rd, m_rd or a scalar instruction");
  expect_only(with_gate({kRead, kRead, kWrite}),
              "instruction 1 (v_rd InitialVrf[0]): v_rd is not allowed inside");
}

TEST(ChainRules, AtMostOneProductDirectlyBehindTheRead) {
  expect_only(with_gate({kRead, kTanh, kProduct, kWrite}),
              "instruction 2 (mv_mul 3): mv_mul must directly follow v_rd");
  expect_only(with_gate({kRead, kProduct, kProduct, kWrite}),
              "instruction 2 (mv_mul 3): mv_mul must directly");
}

TEST(ChainRules, EndsWithOneOrMoreWrites) {
  expect_only(with_gate({kRead, kTanh}), "chain 1 \"gate\": the chain ends without a v_wr");
  expect_only(with_gate({kRead, kWrite, kTanh}),
              "instruction 2 (v_tanh): only v_wr may follow a v_wr");
  expect_only(with_gate({kRead, kWrite, kProduct}), "only v_wr may follow a v_wr");
}

TEST(ChainRules, ThirdUseOfAUnitNeedsAThirdMultifunctionUnit) {
  expect_only(
      with_gate({kRead, kTanh, kTanh, kTanh, kWrite}),
      "instruction 3 (v_tanh): the operations need an MFU2, the device has 2 multifunction units");
  // Three operations, but the activation between two multiplies fits; a multiply after both does
  // not.
  EXPECT_EQ(errors_of(with_gate({kRead, kMultiply, kTanh, kMultiply, kWrite})), "");
  expect_only(with_gate({kRead, kMultiply, kMultiply, kTanh, kMultiply, kWrite}),
              "instruction 4 (vv_mul MultiplyVrf[0])");
  Shard one_unit = with_gate({kRead, kTanh, kTanh, kWrite});
  one_unit.device.multifunction_units = 1;
  expect_only(one_unit, "need an MFU1, the device has 1 multifunction unit:");
}

TEST(ChainRules, AddOperandsAreReadInTheUnitOfTheirRegisterFile) {
  expect_only(with_gate({kRead, kAdd1, kAdd0, kWrite}),
              "instruction 2 (vv_add AddSubVrf_0[0]): the operand is read in MFU0, whose add unit "
              "the operations before it "
              "have used or passed");
  expect_only(with_gate({kRead, kAdd0, kAdd0, kWrite}),
              "instruction 2 (vv_add AddSubVrf_0[0]): the operand is read in MFU0");
  expect_only(with_gate({kRead, kTanh, kTanh, kAdd0, kWrite}),
              "instruction 3 (vv_add AddSubVrf_0[0])");
  expect_only(with_gate({kRead, kAdd1, kMax1, kWrite}),
              "instruction 2 (vv_max AddSubVrf_1[0]): the operand is read in MFU1");
  // The add in MFU1 pulls the run over: the second activation behind it would need MFU2.
  expect_only(with_gate({kRead, kAdd1, kTanh, kTanh, kWrite}),
              "instruction 3 (v_tanh): the operations need an MFU2");
  Shard one_unit = with_gate({kRead, kAdd1, kWrite});
  one_unit.device.multifunction_units = 1;
  expect_only(one_unit, "the operations need an MFU1");
}

// Every split of the operations, tried one by one, for all chains of up to five operations: the
// checker's greedy assignment must accept exactly those for which some split works.
bool some_split_works(const std::vector<Instruction>& operations) {
  const auto fits = [&](std::size_t first, std::size_t last, Mem foreign) {
    int uses[4] = {};
    for (std::size_t i = first; i < last; ++i)
      if (++uses[static_cast<int>(mfu_unit(operations[i].opcode))] > 1 ||
          operations[i].memory == foreign)
        return false;
    return true;
  };
  for (std::size_t cut = 0; cut <= operations.size(); ++cut)
    if (fits(0, cut, Mem::kAddSubVrf1) && fits(cut, operations.size(), Mem::kAddSubVrf0))
      return true;
  return false;
}

TEST(ChainRules, AcceptsExactlyTheChainsThatSomeSplitCanRun) {
  const std::vector<Instruction> kinds{kAdd0, kMax1, kMultiply, kTanh};
  int legal = 0;
  int illegal = 0;
  Shard shard = with_gate({});
  shard.matrices.clear();
  for (int length = 0; length <= 6; ++length) {
    for (int code = 0; code < 1 << (2 * length); ++code) {
      std::vector<Instruction> operations;
      for (int i = 0; i < length; ++i)
        operations.push_back(kinds[static_cast<std::size_t>((code >> (2 * i)) & 3)]);
      std::vector<Instruction> chain{kRead};
      chain.insert(chain.end(), operations.begin(), operations.end());
      chain.push_back(kWrite);
      shard.program.chains[1].instructions = chain;
      const bool expected = some_split_works(operations);
      ++(expected ? legal : illegal);
      ASSERT_EQ(check_shard(shard).empty(), expected) << print(shard.program) << errors_of(shard);
    }
  }
  EXPECT_GT(legal, 100);
  EXPECT_GT(illegal, 1000);
}

TEST(ChainRules, MatrixChainIsOneReadAndOneWrite) {
  const Instruction read{Op::kMRd, Mem::kNetQ, 1};
  const Instruction write{Op::kMWr, Mem::kMatrixRf, 8};
  EXPECT_EQ(errors_of(with_load({read, write})), "");
  expect_only(with_load({write, read}),
              "instruction 0 (m_wr MatrixRf[8]): a matrix chain must begin with m_rd");
  expect_only(with_load({read}), "chain 2 \"load\": m_rd must be followed by one m_wr");
  expect_only(with_load({read, write, write}),
              "instruction 2 (m_wr MatrixRf[8]): a matrix chain must end after its m_wr");
}

TEST(ChainRules, ScalarChainsHoldScalarInstructionsOnly) {
  const Instruction read = read_offset(ScalarRegister::kOffset0, 1);
  const Instruction step = step_offset(ScalarRegister::kOffset0, 2);
  Shard shard = with_load({read, step});
  shard.in_ports[1].elements = 1;
  EXPECT_EQ(errors_of(shard), "");
  shard.program.chains[2].instructions = {step, read};
  expect_only(shard, "instruction 1 (s_rd offset_0, NetQ[1]): s_rd must come first");
  shard.program.chains[2].instructions = {step, kWrite};
  expect_only(shard, "instruction 1 (v_wr InitialVrf[0]): v_wr is not allowed in a scalar chain");
  shard.program.chains[2].instructions = {write_scalar(ScalarRegister::kRows, 3)};
  expect_only(shard, "rows and columns must be written before a chain, not inside it");
  shard.program.chains[1].instructions.insert(shard.program.chains[1].instructions.begin() + 2,
                                              step);
  shard.program.chains[2].instructions = {read};
  expect_only(shard, "s_add is not allowed inside a vector chain");
}

}  // namespace
}  // namespace soliton
