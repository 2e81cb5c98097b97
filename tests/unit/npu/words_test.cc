// Devices that hand vectors over word by word, and devices of several cores with a port to the host:
// what programs without recurrence take, against closed forms and published cycles.
#include <gtest/gtest.h>

#include <cstdio>

#include "node/npu/compiled_program.h"
#include "node/npu/op_time.h"
#include "tests/unit/npu/programs.h"

namespace soliton {
namespace {

using namespace soliton::testing;

// The shape and the times of configs/devices/intel-npu-s10.yaml.
NpuDevice word_device() {
  NpuDevice device;
  device.name = "words";
  device.clock = Frequency{300'000'000};
  device.tile_engines = 7;
  device.lanes = device.native_dim = 40;
  device.batch_lanes = 6;
  device.matrix_rf_tiles = 7168;
  device.timing.occupancy = Occupancy::kColumns;
  device.timing.dispatch_cycles = 0;
  device.timing.slot_overhead_cycles = 3;
  device.timing.depth_cycles = 170;
  device.timing.depth_cycles_per_vector = 4;
  device.timing.vector_cycles = 60;
  device.timing.vector_cycles_per_vector = 4;
  device.timing.request_cycles = 0;
  device.timing.word_cycles = 3;
  device.timing.word_rows = 12;
  device.timing.word_depth_cycles = 140;
  device.timing.load_cycles = 25;
  return device;
}

// Those of configs/devices/stream-6x32.yaml.
NpuDevice core_device() {
  NpuDevice device;
  device.name = "cores";
  device.clock = Frequency{320'000'000};
  device.tile_engines = 12;
  device.cores = 6;
  device.lanes = device.native_dim = 32;
  device.matrix_rf_tiles = 24'576;
  device.host_rate = BitRate{80'000'000'000};
  device.timing.occupancy = Occupancy::kRows;
  device.timing.dispatch_cycles = 0;
  device.timing.depth_cycles = 24;
  device.timing.vector_cycles = 1;
  device.timing.request_cycles = 306;
  device.timing.spread_cycles = 10;
  return device;
}

// Dense layers with relu, one behind the other.
Shard dense(const NpuDevice& device, const std::vector<std::size_t>& widths) {
  ShardBuilder b(device, {}, 1);
  b.shard.batch = 64;
  b.in_port("x", widths.front());
  b.out_port("y", widths.back());
  std::uint32_t from = b.reserve(Memory::kInitialVrf, widths.front());
  b.chain("x", widths.front(), widths.front(),
          {v_rd(Memory::kNetQ, 0), v_wr(Memory::kInitialVrf, from)});
  for (std::size_t i = 1; i < widths.size(); ++i) {
    const std::size_t rows = widths[i], columns = widths[i - 1];
    const std::uint32_t w = b.matrix("W", static_cast<int>(rows), static_cast<int>(columns), {});
    const bool last = i + 1 == widths.size();
    const std::uint32_t to = last ? 0 : b.reserve(Memory::kInitialVrf, rows);
    b.chain("dense", rows, columns,
            {v_rd(Memory::kInitialVrf, from), mv_mul(w), operation(Opcode::kVRelu),
             last ? v_wr(Memory::kNetQ, 0) : v_wr(Memory::kInitialVrf, to)});
    from = to;
  }
  b.segment(1, 0);
  return b.shard;
}

double cycles(const Shard& shard, std::uint32_t lanes) {
  return in_us(run_alone(shard, 1, lanes)) * static_cast<double>(shard.device.clock.hertz) / 1e6;
}

// RTL cycles of intel/fpga-npu, by number of inputs.
TEST(Words, DenseLayersTakeWhatWasPublished) {
  const Shard shard = dense(word_device(), {1024, 512, 256, 256});
  for (const auto& [lanes, rtl] : {std::pair{6U, 662.0}, std::pair{18U, 1463.0}}) {
    const double ours = cycles(shard, lanes);
    std::printf("%u inputs: %.1f cycles, RTL %.0f (%+.1f %%)\n", lanes, ours, rtl,
                100 * (ours / rtl - 1));
    EXPECT_NEAR(ours, rtl, 0.08 * rtl);
  }
}

// 26 words in 4 turns of 7 engines are loaded as 28. 13 rows leave from beat 3 * 13 + 1 on.
TEST(Words, AProductLeavesRowByRow) {
  const Shard shard = dense(word_device(), {1024, 512});
  const double load = 28 * 3 + 25;
  EXPECT_NEAR(cycles(shard, 6), load + 3 * 13 + 1 + 13 * 3 + 140, 0.01);
  EXPECT_EQ(cycles(shard, 1), cycles(shard, 6));
  // The loader brings the inputs of the next pass behind the results of this one.
  EXPECT_NEAR(cycles(shard, 7), 2 * cycles(shard, 6), 0.01);
}

// 26 rows are a group of 12 and one of 14. The second one's rows leave 12 * 4 + 14 * 3 + 1 beats
// behind the start, when those of the first are through.
TEST(Words, ManyRowsGoInGroups) {
  const Shard shard = dense(word_device(), {1024, 1024});
  EXPECT_NEAR(cycles(shard, 6), 28 * 3 + 25 + 12 * 4 + 14 * 3 + 1 + 14 * 3 + 140, 0.01);
}

// Seven rows take the beats of twelve, but only seven are waited for.
TEST(Words, FewRowsTakeAWholeGroup) {
  const double one = 7 * 3 + 25 + 1 + 7 * 3 + 140;
  const Shard shard = dense(word_device(), {256, 256, 256});
  EXPECT_NEAR(cycles(shard, 6), one + 1 + 7 * 3 + 140, 0.01);
  EXPECT_EQ(CompiledProgram(shard).chain(1).occupied, 12 * 7);
}

TEST(Words, ARecurrenceIsTimedAsAWhole) {
  const Shard lstm = cell_shard(word_device(), {}, 1, whole(Cell::kLstm, 512, 512));
  EXPECT_FALSE(CompiledProgram(lstm).by_words());
  Shard whole_vectors = lstm;
  whole_vectors.device.timing.word_cycles = 0;
  EXPECT_EQ(run_alone(lstm, 8), run_alone(whole_vectors, 8));
  EXPECT_TRUE(CompiledProgram(dense(word_device(), {80, 80})).by_words());
}

// A vector that the program keeps from round to round makes it a recurrence, one that it only passes on
// does not.
TEST(Words, OnlyACircleIsARecurrence) {
  for (const bool circle : {false, true}) {
    ShardBuilder b(word_device(), {}, 1);
    b.in_port("x", 40);
    b.out_port("y", 40);
    b.chain(
        "sum", 40, 40,
        {v_rd(Memory::kNetQ, 0), add_0(0), v_wr(Memory::kAddSubVrf1, 0), v_wr(Memory::kNetQ, 0)});
    b.chain("kept", 40, 40,
            {v_rd(Memory::kInitialVrf, 0), add_1(0), v_wr(Memory::kAddSubVrf0, circle ? 0 : 1)});
    b.segment(0, 1);
    EXPECT_EQ(CompiledProgram(b.shard).by_words(), !circle);
  }
}

// Rows of tiles are dealt to six cores, and two engines share a core's: 12, 12 and 4 rows of 8, 12 and
// 12 columns take 8, 12 and 6 cycles. A vector in half precision takes its bytes at 10 GB/s.
TEST(Cores, DenseLayersFollowTheClosedForm) {
  const Shard shard = dense(core_device(), {256, 384, 384, 128});
  const auto closed = [](double lanes) {
    const double bytes = 512 * 0.1 + 256 * 0.1;
    return 306 + bytes * 0.32 + lanes * (8 + 12 + 6 + 3 * 10) + 3 * 24;
  };
  for (const std::uint32_t lanes : {1U, 2U, 8U})
    EXPECT_NEAR(cycles(shard, lanes), closed(lanes), 0.2);
}

TEST(Cores, StreamedLayersTakeWhatWasPublished) {
  const Shard mlp = dense(core_device(), {256, 384, 384, 128});
  EXPECT_NEAR(in_us(run_alone(mlp, 1, 1)), 1.5, 0.1 * 1.5);
  EXPECT_NEAR(in_us(run_alone(mlp, 1, 8)), 2.7, 0.1 * 2.7);
}

// Both products of a cell's step begin with vectors that lie there: only the input was just made.
TEST(Cores, AStepOfACellWaitsForItsInputAlone) {
  const Shard shard = cell_shard(core_device(), {}, 1, whole(Cell::kLstm, 480, 480));
  const double host = (960 + 960) * 0.1 * 0.32;
  const double slot = 3 * 15 / 2.0;  // 15 rows on 6 cores, 15 columns
  EXPECT_NEAR(cycles(shard, 1), 306 + host + 10 + 8 * slot + 24 + 1, 0.2);
}

TEST(Cores, MemoryIsTakenInWholeGroupsOfRows) {
  EXPECT_EQ(core_device().tiles_taken(4, 8), 6 * 8);
  EXPECT_EQ(core_device().tiles_taken(12, 8), 12 * 8);
}

}  // namespace
}  // namespace soliton
