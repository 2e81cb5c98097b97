// What streams from Dram and what shares a batch, charged to the memories it takes.
#include "tests/unit/isa/shards.h"

namespace soliton {
namespace {

using namespace soliton::testing;

// ---- weights in Dram, lanes of a batch ----

Shard streamed_shard() {
  Shard shard = good_shard();
  shard.device.dram = Bytes{1'000'000};
  shard.device.dram_rate = BitRate{560'000'000'000};
  shard.matrices[0].memory = Mem::kDram;
  shard.program.chains[1].instructions[1].memory = Mem::kDram;
  shard.window_tiles = 4;
  return shard;
}

TEST(Dram, AMatrixThereIsChargedToItAndItsWindowToTheRegisterFile) {
  const Shard shard = streamed_shard();
  EXPECT_EQ(errors_of(shard), "");
  const std::vector<MemoryUse> uses = memory_use(shard);
  EXPECT_EQ(use_of(uses, "MatrixRf").used, 4);
  const MemoryUse& dram = use_of(uses, "Dram");
  EXPECT_EQ(dram.used, 9 * 482'000 / 8);  // 6 tiles from the third on, in bytes
  EXPECT_EQ(dram.used_bytes.count, 9 * 482'000 / 8);
  EXPECT_EQ(dram.capacity_bytes.count, 1'000'000);
  EXPECT_EQ(memory_use(good_shard()).back().memory, "InstructionMemory");
}

TEST(Dram, WhatDoesNotFitIsRefusedWithTheBytesShort) {
  Shard shard = streamed_shard();
  shard.device.dram = Bytes{500'000};
  expect_only(shard,
              "Dram of bw-s10 needs 542250 bytes (529.5 KiB), but has 500000 bytes (488.3 KiB): "
              "42250 bytes (41.3 KiB) short; the furthest is matrix \"W\"",
              ErrorCode::kDoesNotFit);
  shard = streamed_shard();
  shard.window_tiles = 307;
  expect_only(shard, "60250 bytes (58.8 KiB) short (0 tiles of weights, 307 of window)",
              ErrorCode::kDoesNotFit);
}

TEST(Dram, WhatCannotStreamIsNamed) {
  Shard shard = streamed_shard();
  shard.window_tiles = 0;
  expect_only(shard,
              "instruction 1 (mv_mul Dram[3]): the matrix lies in Dram, but no tile of "
              "MatrixRf is left to stream it through");
  shard = streamed_shard();
  shard.device.dram_rate = BitRate{};
  expect_only(shard, "matrix \"W\": device bw-s10 has no dram_bandwidth");
  shard = streamed_shard();
  shard.program.chains[1].instructions[1].memory = Mem::kMatrixRf;
  EXPECT_THAT(errors_of(shard), HasSubstr("(mv_mul 3): no matrix begins at tile 3"));
  shard = good_shard();
  shard.program.chains[1].instructions[1].memory = Mem::kDram;
  EXPECT_THAT(errors_of(shard), HasSubstr("(mv_mul Dram[3]): no matrix begins at tile 3 of Dram"));
  shard = streamed_shard();
  shard.matrices[0].memory = Mem::kMultiplyVrf;
  EXPECT_THAT(errors_of(shard), HasSubstr("is placed in MultiplyVrf, which holds no matrices"));
}

// Native vectors that a lane of good_shard() has to itself: x of 3 vectors, the zeroed range up to 5, 2
// each of AddSubVrf_1 and MultiplyVrf; 2 of AddSubVrf_0 are a constant.
std::int64_t lane_vectors(const Shard& shard) {
  return use_of(memory_use(shard), "InitialVrf").used +
         use_of(memory_use(shard), "AddSubVrf_1").used +
         use_of(memory_use(shard), "MultiplyVrf").used;
}

TEST(Batch, FurtherLanesTakeWhatIsNotConstantFromTheMatrixRegisterFile) {
  Shard shard = good_shard();
  const std::int64_t vectors = lane_vectors(shard);
  EXPECT_EQ(lane_tiles(shard), 0);
  shard.batch = 100;
  const std::int64_t bits = 99 * vectors * 400 * 16;
  EXPECT_EQ(lane_tiles(shard), (bits + 481'999) / 482'000);
  EXPECT_EQ(use_of(memory_use(shard), "MatrixRf").used, 9 + lane_tiles(shard));
  shard.batch = 4096;
  expect_only(shard, "short (9 tiles of weights, 490 of lanes for a batch of 4096)",
              ErrorCode::kDoesNotFit);
}

TEST(Batch, ProgramsThatWorkForOneRequestAtATimeAreNamed) {
  Shard shard = good_shard();
  shard.device.dram = Bytes{1'000'000};
  shard.device.dram_rate = BitRate{560'000'000'000};
  shard.program.chains[0].instructions[1] = {Op::kVWr, Mem::kDram, 0};
  shard.batch = 2;
  EXPECT_THAT(errors_of(shard),
              HasSubstr("(v_wr Dram[0]): works for one request at a time, not for "
                        "a batch of 2"));
  shard = good_shard();
  shard.batch = 2;
  EXPECT_EQ(errors_of(shard), "");
  shard.in_ports.push_back({"tiles", 6 * 400 * 400, false});
  shard.program.chains.push_back(
      {"load", 2, 3, {{Op::kMRd, Mem::kNetQ, 1}, {Op::kMWr, Mem::kMatrixRf, 3}}});
  shard.program.segments = {{0, 3, 0, 1}};
  EXPECT_THAT(errors_of(shard), HasSubstr("(m_rd NetQ[1]): works for one request at a time"));
  shard.batch = 0;
  EXPECT_THAT(errors_of(shard), HasSubstr("the batch is 0 requests; at least 1"));
}

TEST(Batch, ADeviceThatHandlesSeveralAtOnceHasRegistersForThem) {
  Shard shard = good_shard();
  shard.device.batch_lanes = 6;
  shard.batch = 6;
  EXPECT_EQ(lane_tiles(shard), 0);
  shard.batch = 8;
  const std::int64_t bits = 2 * lane_vectors(shard) * 400 * 16;
  EXPECT_EQ(lane_tiles(shard), (bits + 481'999) / 482'000);
}

}  // namespace
}  // namespace soliton
