// Memory budgets and the checker: a good shard passes, and every rule has a shard that breaks it
// and is refused by name.
#include "protocol/isa/shard.h"

#include "tests/unit/isa/shards.h"

namespace soliton {
namespace {

using namespace soliton::testing;

// The format and size table of docs/isa.md.
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
              "fpga1: MatrixRf of bw-s10 needs 309 tiles (18617250 bytes (17.8 MiB)), but has 306 "
              "(18436500 bytes (17.6 "
              "MiB)): 180750 bytes (176.5 KiB) short; the first beyond is matrix \"U\"",
              ErrorCode::kDoesNotFit);
}

TEST(CheckShard, RegisterFileIndexBeyondItsEndNamesTheInstruction) {
  Shard shard = good_shard();
  shard.program.chains[1].instructions[5].index = 511;  // two rows from there
  expect_only(shard,
              "MultiplyVrf of bw-s10 needs 513 vectors (410400 bytes (400.8 KiB)), but has 512 "
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
              "InstructionMemory of bw-s10 needs 15 words (60 bytes), but has 14 (56 bytes): 4 "
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
  expect_only(shard, "matrix \"W\" is in format ms-fp9, the shard in ms-fp8");
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
  expect_only(shard, "segment 1 names chains 1 to 3, the program has 2");
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
              "Dram of bw-s10 needs 9600 bytes (9.4 KiB), but has 0 bytes: 9600 bytes (9.4 KiB) "
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
              "a range zeroed at the beginning of a request: device bw-s10 has no "
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
  EXPECT_THAT(found.errors[0].message, HasSubstr("mv_mul must directly follow v_rd"));
  EXPECT_THAT(found.errors[1].message, HasSubstr("v_rd is not allowed"));
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
