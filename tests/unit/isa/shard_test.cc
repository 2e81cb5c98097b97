// Memory budgets and the checker: a good shard passes, and every rule has a shard that breaks it
// and is refused by name.
#include "protocol/isa/shard.h"

#include "tests/unit/isa/shards.h"

namespace soliton {
namespace {

using namespace soliton::testing;

// The format and size table of the npu design page, section 2.
TEST(Budget, TilesThatFitOnBwS10) {
  const NpuDevice device = bw_s10();
  const std::vector<std::pair<std::string, int>> table{
      {"ms-fp8", 306}, {"ms-fp9", 229}, {"1s5e5m", 153}, {"msfp11", 263},
      {"msfp12", 204}, {"msfp13", 167}, {"mxint8", 111}, {"msfp16", 108}};
  for (const auto& [name, tiles] : table)
    EXPECT_EQ(tiles_that_fit(device, format(name)), tiles) << name;
}

TEST(Budget, TileBitsCountElementsAndTheSharedExponentsOfEveryRow) {
  EXPECT_EQ(tile_bits(format("ms-fp8"), 400), 482'000);
  EXPECT_EQ(tile_bits(format("ms-fp8"), 128), 128 * 128 * 3 + 128 * 5);
  // 100 columns of blocks of 16: six full ones and a tail.
  EXPECT_EQ(tile_bits(format("msfp16"), 100), 100 * 100 * 8 + 100 * 7 * 8);
  EXPECT_EQ(tile_bits(format("ms-fp9,block=1000"), 400), 400 * 400 * 4 + 400 * 5);
}

TEST(CheckShard, AcceptsAGoodShard) { EXPECT_EQ(errors_of(good_shard()), ""); }

TEST(CheckShard, AcceptsTimingShardsWithoutWeights) {
  Shard shard = good_shard();
  shard.matrices[0].weights.mantissas.clear();
  shard.matrices[0].weights.exponents.clear();
  shard.matrices[0].weights.block_starts.clear();
  EXPECT_EQ(errors_of(shard), "");
}

TEST(Budget, MemoryUseReachesTheFurthestEntryOfEachMemory) {
  const std::vector<MemoryUse> uses = memory_use(good_shard());
  ASSERT_EQ(uses.size(), 6u);
  EXPECT_EQ(use_of(uses, "MatrixRf").used, 9);  // 2 x 3 tiles from tile 3
  EXPECT_EQ(use_of(uses, "MatrixRf").capacity, 306);
  EXPECT_EQ(use_of(uses, "MatrixRf").used_bytes.count, 9 * 482'000 / 8);
  EXPECT_EQ(use_of(uses, "MatrixRf").capacity_bytes.count, 18'436'500);
  EXPECT_EQ(use_of(uses, "InitialVrf").used, 5);   // the zeroed range [3, 5)
  EXPECT_EQ(use_of(uses, "AddSubVrf_0").used, 2);  // 500 values and 2 rows
  EXPECT_EQ(use_of(uses, "AddSubVrf_1").used, 2);
  EXPECT_EQ(use_of(uses, "MultiplyVrf").used, 2);
  EXPECT_EQ(use_of(uses, "MultiplyVrf").capacity_bytes.count, 512 * 800);
  EXPECT_EQ(use_of(uses, "InstructionMemory").used, good_shard().program.instruction_words());
}

// ---- budgets ----

TEST(CheckShard, MatrixThatDoesNotFitNamesTilesAndBytesShort) {
  Shard shard = good_shard();
  shard.matrices.push_back({"U", 9, 15, 20, {shard.format, 6000, 8000, {}, {}, {}}});
  // 309 tiles are 18,617,250 bytes; the memory has 18,436,500.
  expect_only(shard,
              "fpga1: MatrixRf of bw-s10 needs 309 tiles (18617250 bytes (17.8 MiB)), free are 306 "
              "(18436500 bytes (17.6 "
              "MiB)): 180750 bytes (176.5 KiB) short; the first beyond is matrix \"U\"",
              ErrorCode::kDoesNotFit);
}

TEST(CheckShard, RegisterFileIndexBeyondItsEndNamesTheInstruction) {
  Shard shard = good_shard();
  shard.program.chains[1].instructions[5].index = 511;  // two rows from there
  expect_only(shard,
              "MultiplyVrf of bw-s10 needs 513 vectors (410400 bytes (400.8 KiB)), free are 512 "
              "(409600 bytes (400.0 "
              "KiB)): 800 bytes short; the first beyond is chain 1 \"gate\", instruction 5 (v_wr "
              "MultiplyVrf[511])",
              ErrorCode::kDoesNotFit);
}

TEST(CheckShard, ReadForAProductTakesColumnsVectors) {
  Shard shard = good_shard();
  shard.zeroed.push_back({Mem::kInitialVrf, 0, 512});
  shard.program.chains[1].instructions[0].index = 510;
  expect_only(shard, "InitialVrf of bw-s10 needs 513 vectors", ErrorCode::kDoesNotFit);
  shard.program.chains[1].instructions[0].index = 509;
  EXPECT_EQ(errors_of(shard), "");
}

TEST(CheckShard, ConstantsAndZeroedRangesAreCharged) {
  Shard shard = good_shard();
  shard.zeroed.push_back({Mem::kAddSubVrf0, 0, 2});
  shard.vectors[0].index = 511;
  expect_only(shard, "the first beyond is constant \"b\"", ErrorCode::kDoesNotFit);
  shard = good_shard();
  shard.zeroed[0].count = 510;
  expect_only(shard, "InitialVrf of bw-s10 needs 513 vectors", ErrorCode::kDoesNotFit);
}

TEST(CheckShard, ProgramLongerThanTheInstructionMemoryIsRefused) {
  Shard shard = good_shard();
  shard.device.instruction_words = shard.program.instruction_words() - 1;
  expect_only(shard,
              "InstructionMemory of bw-s10 needs 15 words (60 bytes), free are 14 (56 bytes): 4 "
              "bytes short",
              ErrorCode::kDoesNotFit);
}

TEST(CheckShard, OneTileMoreThanFitsInAWiderFormat) {
  Shard shard = good_shard();
  shard.format = format("mxint8");
  shard.matrices[0] = {"W", 0, 2, 3, {shard.format, 500, 1200, {}, {}, {}}};
  shard.program.chains[1].instructions[1].index = 0;
  shard.matrices.push_back({"U", 6, 15, 7, {shard.format, 6000, 2800, {}, {}, {}}});
  EXPECT_EQ(errors_of(shard), "");
  shard.matrices[1].tile_address = 7;
  expect_only(shard, "MatrixRf of bw-s10 needs 112 tiles", ErrorCode::kDoesNotFit);
}

// ---- chain rules ----

Shard with_gate(std::vector<Instruction> instructions) {
  Shard shard = good_shard();
  shard.program.chains[1].instructions = std::move(instructions);
  return shard;
}

const Instruction kRead{Op::kVRd, Mem::kInitialVrf, 0};
const Instruction kProduct{Op::kMvMul, Mem::kMatrixRf, 3};
const Instruction kAdd0{Op::kVvAdd, Mem::kAddSubVrf0, 0};
const Instruction kAdd1{Op::kVvAdd, Mem::kAddSubVrf1, 0};
const Instruction kMax1{Op::kVvMax, Mem::kAddSubVrf1, 0};
const Instruction kMultiply{Op::kVvMul, Mem::kMultiplyVrf, 0};
const Instruction kTanh{Op::kVTanh, Mem::kNone, 0};
const Instruction kSigmoid{Op::kVSigm, Mem::kNone, 0};
const Instruction kWrite{Op::kVWr, Mem::kInitialVrf, 0};

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
  expect_only(with_gate({kProduct, kWrite}),
              "instruction 0 (mv_mul 3): a chain begins with v_rd, m_rd or a scalar instruction");
  expect_only(with_gate({kRead, kRead, kWrite}),
              "instruction 1 (v_rd InitialVrf[0]): v_rd has no place inside");
}

TEST(ChainRules, AtMostOneProductDirectlyBehindTheRead) {
  expect_only(with_gate({kRead, kTanh, kProduct, kWrite}),
              "instruction 2 (mv_mul 3): mv_mul stands directly behind v_rd");
  expect_only(with_gate({kRead, kProduct, kProduct, kWrite}),
              "instruction 2 (mv_mul 3): mv_mul stands directly");
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

// Loads one of the six tiles of "W" through port 1.
Shard with_load(std::vector<Instruction> instructions, std::uint32_t tiles = 1) {
  Shard shard = good_shard();
  shard.in_ports.push_back({"tiles", tiles * 160'000, false});
  shard.program.chains.push_back({"load", tiles, 1, std::move(instructions)});
  shard.program.segments.push_back({2, 3, 1, 0});
  return shard;
}

TEST(ChainRules, MatrixChainIsOneReadAndOneWrite) {
  const Instruction read{Op::kMRd, Mem::kNetQ, 1};
  const Instruction write{Op::kMWr, Mem::kMatrixRf, 8};
  EXPECT_EQ(errors_of(with_load({read, write})), "");
  expect_only(with_load({write, read}),
              "instruction 0 (m_wr MatrixRf[8]): a matrix chain begins with m_rd");
  expect_only(with_load({read}), "chain 2 \"load\": m_rd is followed by one m_wr");
  expect_only(with_load({read, write, write}),
              "instruction 2 (m_wr MatrixRf[8]): a matrix chain ends after its m_wr");
}

TEST(ChainRules, ScalarChainsHoldScalarInstructionsOnly) {
  const Instruction read = read_offset(ScalarRegister::kOffset0, 1);
  const Instruction step = step_offset(ScalarRegister::kOffset0, 2);
  Shard shard = with_load({read, step});
  shard.in_ports[1].elements = 1;
  EXPECT_EQ(errors_of(shard), "");
  shard.program.chains[2].instructions = {step, read};
  expect_only(shard, "instruction 1 (s_rd offset_0, NetQ[1]): s_rd stands first");
  shard.program.chains[2].instructions = {step, kWrite};
  expect_only(shard, "instruction 1 (v_wr InitialVrf[0]): v_wr has no place in a scalar chain");
  shard.program.chains[2].instructions = {write_scalar(ScalarRegister::kRows, 3)};
  expect_only(shard, "rows and columns are written in front of a chain, not inside");
  shard.program.chains[1].instructions.insert(shard.program.chains[1].instructions.begin() + 2,
                                              step);
  shard.program.chains[2].instructions = {read};
  expect_only(shard, "s_add has no place inside a vector chain");
}

// ---- operands ----

TEST(CheckShard, WrongMemoryOfAnInstruction) {
  expect_only(with_gate({kRead, {Op::kVvMul, Mem::kAddSubVrf0, 0}, kWrite}),
              "chain 1 \"gate\", instruction 1 (vv_mul AddSubVrf_0[0]): vv_mul takes MultiplyVrf, "
              "not AddSubVrf_0");
}

TEST(CheckShard, ProductWithoutItsMatrix) {
  Shard shard = good_shard();
  shard.program.chains[1].instructions[1].index = 4;
  EXPECT_THAT(errors_of(shard), HasSubstr("instruction 1 (mv_mul 4): no matrix begins at tile 4"));
  shard = good_shard();
  shard.program.chains[1].columns = 2;
  expect_only(shard, "instruction 1 (mv_mul 3): matrix \"W\" has 2 x 3 tiles, the chain 2 x 2");
}

TEST(CheckShard, PortsMustExistAndCarryWhatTheChainHandles) {
  Shard shard = good_shard();
  shard.in_ports.clear();
  expect_only(
      shard,
      "chain 0 \"in\", instruction 0 (v_rd NetQ[0]): there is no input port 0, the shard has 0");
  shard = good_shard();
  shard.out_ports[0].elements = 801;
  expect_only(shard,
              "output port \"y\" carries 801 elements, 3 native vectors, the chain handles 2");
  shard = good_shard();
  shard.in_ports[0].elements = 800;
  expect_only(shard,
              "input port \"x\" carries 800 elements, 2 native vectors, the chain handles 3");
}

TEST(CheckShard, MatrixMustFillItsTilesAndNotOverlap) {
  Shard shard = good_shard();
  shard.matrices[0].tile_rows = 3;
  EXPECT_THAT(errors_of(shard),
              HasSubstr("matrix \"W\": 500 x 1200 weights do not fill 3 x 3 tiles of 400"));
  shard = good_shard();
  shard.matrices.push_back({"U", 8, 1, 1, {shard.format, 400, 400, {}, {}, {}}});
  expect_only(shard, "matrix \"U\" at tile 8 begins inside matrix \"W\", which ends at tile 9");
}

TEST(CheckShard, WeightsMustBeInTheShardsFormatAndBlocks) {
  Shard shard = good_shard();
  shard.matrices[0].weights.mantissas.pop_back();
  expect_only(shard, "599999 mantissas for 500 x 1200 weights");
  shard = good_shard();
  shard.matrices[0].weights.block_starts[1] = 300;
  expect_only(shard, "its blocks are not those of ms-fp8 in tiles of 400");
  shard = good_shard();
  shard.matrices[0].weights.exponents.pop_back();
  expect_only(shard, "1499 shared exponents for 500 rows of 3 blocks");
  shard = good_shard();
  shard.matrices[0].weights.format = format("ms-fp9");
  expect_only(shard, "matrix \"W\" is in ms-fp9, the shard in ms-fp8");
}

TEST(CheckShard, ConstantsBelongInVectorRegisterFiles) {
  Shard shard = good_shard();
  shard.vectors[0].memory = Mem::kNetQ;
  shard.zeroed.push_back({Mem::kAddSubVrf0, 0, 2});
  expect_only(shard, "constant \"b\" is placed in NetQ, which holds no vectors");
  shard = good_shard();
  shard.zeroed[0].memory = Mem::kMatrixRf;
  expect_only(shard, "a zeroed range is placed in MatrixRf");
}

TEST(CheckShard, SegmentsCoverTheProgram) {
  Shard shard = good_shard();
  shard.program.segments = {{0, 1, 1, 0}};
  expect_only(shard, "chain 1 is in no segment: it would never run");
  shard.program.segments = {{0, 2, 1, 0}, {1, 3, 1, 0}};
  expect_only(shard, "segment 1: chains 1 to 3 of 2");
}

TEST(CheckShard, RowsAndColumnsAreBounded) {
  Shard shard = good_shard();
  shard.program.chains[0].columns = 0;
  expect_only(shard, "chain 0 \"in\": 3 rows and 0 columns, each must be 1 to 1048575");
}

TEST(CheckShard, HugeExtentsAreRefusedWithoutOverflow) {
  Shard shard = good_shard();
  shard.program.chains[1].rows = shard.program.chains[1].columns = 0xffffffff;
  shard.matrices[0].tile_rows = shard.matrices[0].tile_columns = 0xffffffff;
  EXPECT_THAT(errors_of(shard), HasSubstr("MatrixRf of bw-s10 needs 1099511627779 tiles"));
}

TEST(CheckShard, DramIsBounded) {
  Shard shard = with_gate({{Op::kVRd, Mem::kDram, 10}, kWrite});
  shard.zeroed.push_back({Mem::kDram, 10, 2});
  shard.device.dram_rate = BitRate{560'000'000'000};
  expect_only(shard,
              "Dram of bw-s10 needs 9600 bytes (9.4 KiB), free are 0 bytes: 9600 bytes (9.4 KiB) "
              "short",
              ErrorCode::kDoesNotFit);
  shard.device.dram = Bytes{12 * 800};
  EXPECT_EQ(errors_of(shard), "");
  EXPECT_EQ(use_of(memory_use(shard), "Dram").used, 12 * 800);
  shard.device.dram = Bytes{12 * 800 - 1};
  expect_only(shard, "1 bytes short", ErrorCode::kDoesNotFit);
  shard.device.dram = Bytes{1 << 20};
  shard.device.dram_rate = {};
  expect_only(shard,
              "a range zeroed at the begin of a request: device bw-s10 states no "
              "dram_bandwidth");
}

// Vectors and tiles have addresses of their own: 4 vectors and 3 tiles of 482,000 bits.
TEST(CheckShard, DramHoldsVectorsBesideTiles) {
  Shard shard = with_load({{Op::kMRd, Mem::kNetQ, 1}, {Op::kMWr, Mem::kDram, 2}});
  shard.zeroed.push_back({Mem::kDram, 0, 4});
  shard.device.dram = Bytes{1 << 20};
  shard.device.dram_rate = BitRate{560'000'000'000};
  EXPECT_EQ(errors_of(shard), "");
  EXPECT_EQ(use_of(memory_use(shard), "Dram").used, 4 * 800 + 3 * 482'000 / 8);
}

TEST(CheckShard, LoadedTilesMustBeThoseOfOneMatrix) {
  const Instruction read{Op::kMRd, Mem::kNetQ, 1};
  expect_only(with_load({read, {Op::kMWr, Mem::kMatrixRf, 20}}),
              "instruction 1 (m_wr MatrixRf[20]): tiles 20 to 20 are not those of one matrix");
  expect_only(with_load({read, {Op::kMWr, Mem::kMatrixRf, 7}}, 3),
              "tiles 7 to 9 are not those of one matrix");
  Shard shard = with_load({read, {Op::kMWr, Mem::kMatrixRf, 8}});
  shard.in_ports[1].elements = 160'001;
  expect_only(shard,
              "input port \"tiles\" carries 160001 elements, 401 native vectors, the chain "
              "handles 400");
}

TEST(CheckShard, ReadsOfWhatNothingWritesAreNamed) {
  Shard shard = good_shard();
  shard.zeroed.pop_back();
  shard.program.chains[1].instructions.erase(shard.program.chains[1].instructions.begin() + 5);
  expect_only(
      shard,
      "chain 1 \"gate\", instruction 4 (vv_mul MultiplyVrf[0]): reads MultiplyVrf[0], which "
      "no constant, no zeroed range and no v_wr writes");
  // The second of two vectors.
  shard.zeroed.push_back({Mem::kMultiplyVrf, 0, 1});
  expect_only(shard, "reads MultiplyVrf[1]");
  // A write further down counts: it may be of the step before.
  shard.program.chains.push_back({"late", 1, 1, {kRead, {Op::kVWr, Mem::kMultiplyVrf, 1}}});
  shard.program.segments = {{0, 3, 0, 1}};
  EXPECT_EQ(errors_of(shard), "");
}

TEST(CheckShard, TilesInDramMustBeWrittenBeforeTheyAreRead) {
  Shard shard = with_load({{Op::kMRd, Mem::kDram, 1}, {Op::kMWr, Mem::kMatrixRf, 8}});
  shard.device.dram = Bytes{1 << 20};
  shard.device.dram_rate = BitRate{560'000'000'000};
  expect_only(shard, "reads tile 1 of Dram, which no matrix and no m_wr writes");
  shard.matrices.push_back({"spare", 1, 1, 1, {shard.format, 400, 400, {}, {}, {}}, Mem::kDram});
  EXPECT_EQ(errors_of(shard), "");
}

TEST(CheckShard, ReportsAllViolationsAtOnce) {
  Shard shard = good_shard();
  shard.zeroed.push_back({Mem::kAddSubVrf0, 0, 2});
  shard.program.chains[0].instructions[0].index = 9;
  shard.program.chains[1].instructions.pop_back();
  shard.program.chains[1].instructions.pop_back();
  shard.vectors[0].index = 600;
  EXPECT_EQ(check_shard(shard).errors.size(), 3u) << errors_of(shard);
}

TEST(CheckShard, EveryBrokenRuleOfAChainIsReported) {
  const Diagnostics found = check_shard(with_gate({kRead, kTanh, kProduct, kRead, kTanh, kTanh}));
  ASSERT_EQ(found.errors.size(), 4u) << found.text();
  EXPECT_THAT(found.errors[0].message, HasSubstr("mv_mul stands directly behind v_rd"));
  EXPECT_THAT(found.errors[1].message, HasSubstr("v_rd has no place"));
  EXPECT_THAT(found.errors[2].message, HasSubstr("need an MFU2"));
  EXPECT_THAT(found.errors[3].message, HasSubstr("ends without a v_wr"));
}

TEST(CheckShard, FaultsCarryTheirPlace) {
  Shard shard = good_shard();
  shard.program.chains[0].instructions[0].index = 9;
  shard.vectors[0].index = 600;
  shard.zeroed.push_back({Mem::kAddSubVrf0, 0, 2});
  const std::vector<ShardFault> faults = shard_faults(shard);
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].place.kind, ShardPlace::Kind::kChain);
  EXPECT_EQ(faults[0].place.index, 0u);
  EXPECT_EQ(faults[0].place.instruction, 0u);
  EXPECT_EQ(faults[1].place.kind, ShardPlace::Kind::kVector);
  EXPECT_EQ(faults[1].error.code, ErrorCode::kDoesNotFit);
}

TEST(CheckShard, DeviceWithoutFormatsIsRefused) {
  Shard shard = good_shard();
  shard.device.formats.clear();
  expect_only(shard, "device bw-s10 has no number format");
}

}  // namespace
}  // namespace soliton
