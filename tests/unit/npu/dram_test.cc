// Weights in Dram: the stream of tiles by its rule written down naively, the published contrast,
// and the same bits as pinned.
#include <gtest/gtest.h>

#include <algorithm>

#include "node/npu/npu.h"
#include "node/npu/op_time.h"
#include "node/npu/tile_stream.h"
#include "protocol/base/rng.h"
#include "tests/unit/npu/reference.h"

namespace soliton {
namespace {

using namespace soliton::testing;

constexpr BitRate k70GBs{560'000'000'000};

NumberFormat ms_fp8() { return parse_format("ms-fp8").value(); }

Shard gru(int hidden) {
  return cell_shard(bw_s10(), ms_fp8(), 10, whole(Cell::kGruResetBefore, hidden, hidden));
}

// ---- the rule of tile_stream.h ----

using Exact = __int128;  // ticks times the rate: a tile's time is no whole number of ticks

// Every tile looks at all tiles before it.
struct NaiveStream {
  Exact rate, tile;  // tile: its time, exact
  std::size_t window;
  std::vector<Exact> here = {};
  std::vector<Ticks> done = {};

  Ticks multiply(Ticks begin, Ticks ready, int tiles, Ticks each) {
    Ticks last = ready;
    for (int i = 0; i < tiles; ++i) {
      const std::size_t n = here.size();
      Exact start = begin * rate;
      if (n > 0) start = std::max(start, here[n - 1]);
      if (n >= window) start = std::max(start, done[n - window] * rate);
      here.push_back(start + tile);
      last = std::max(last, static_cast<Ticks>((here[n] + rate - 1) / rate)) + each;
      done.push_back(last);
    }
    return last;
  }
};

TEST(TileStream, FollowsItsRuleExactlyOverRandomProductsAndWindows) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Random random(seed, "stream");
    Shard shard;
    shard.device = small_device();
    shard.format = msfp16_block8();
    shard.window_tiles = static_cast<std::uint32_t>(1 + random.below(0, 12));
    shard.device.dram_rate = {static_cast<std::int64_t>(1'000'000'000 + random.below(1, 1u << 30))};
    const std::int64_t ticks_per_second = 900'000'000;
    TileStream stream(shard, ticks_per_second);
    const Ticks begin = static_cast<Ticks>(random.below(2, 1000));
    stream.begin({begin, 0});
    NaiveStream naive{shard.device.dram_rate.bits_per_second,
                      static_cast<Exact>(tile_bits(shard.format, 16)) * ticks_per_second,
                      shard.window_tiles};
    Ticks ready = begin;
    for (std::uint64_t product = 0; product < 100; ++product) {
      const int tiles = static_cast<int>(1 + random.below(10 + 3 * product, 20));
      const Ticks each = static_cast<Ticks>(1 + random.below(11 + 3 * product, 3000));
      ready += static_cast<Ticks>(random.below(12 + 3 * product, 40'000));
      const Moment done = stream.multiply({ready, 1}, tiles, each);
      ASSERT_EQ(done.at, naive.multiply(begin, ready, tiles, each)) << seed << " " << product;
      ready = done.at;
    }
  }
}

// The path leads to whoever held the stream up: the begin for the rate, the reader for the window.
TEST(TileStream, RemembersWhatItWaitedFor) {
  Shard shard;
  shard.device = small_device();
  shard.format = msfp16_block8();
  shard.window_tiles = 2;
  shard.device.dram_rate = {1'000'000'000};
  TileStream stream(shard, 900'000'000);
  stream.begin({0, 0});
  EXPECT_EQ(stream.multiply({0, 7}, 1, 1).origin, 0u);          // waits for its tile
  EXPECT_EQ(stream.multiply({9'000'000, 7}, 1, 1).origin, 7u);  // which has long been here
  EXPECT_EQ(stream.multiply({9'000'000, 8}, 3, 1).origin, 7u);  // the window was full till then
}

// ---- whole programs ----

TEST(Dram, AStreamedStepTakesTheBytesOverTheRate) {
  const Shard shard = from_dram(gru(2800), 306, k70GBs);
  // 294 tiles of 482,000 bits (docs/timing.md: 17.7 MB, 253 us a step).
  const double pass_us = 294 * 482'000 / 560e3;
  EXPECT_NEAR(pass_us, 253, 0.1);
  const double step_us = in_us(op_time(shard).steady);
  EXPECT_NEAR(step_us, pass_us, pass_us * 1e-5);
  EXPECT_NEAR(step_us / in_us(op_time(gru(2800)).steady), 96, 0.5);
}

// The products of a step stand far enough apart that none waits for a result: with two places the
// channel never rests, with one it rests while the tile is multiplied, 10 cycles on one of six
// engines.
TEST(Dram, TwoPlacesKeepTheChannelBusy) {
  const auto steady = [](std::uint32_t window) {
    return op_time(from_dram(gru(2800), window, k70GBs)).steady;
  };
  EXPECT_EQ(steady(2), steady(294));
  // A tile is here at a whole tick, a sixth of a cycle.
  const double in_turns = 294 * (482'000 / 560e3 + 0.04 / 6);
  EXPECT_GT(in_us(steady(1)), in_turns);
  EXPECT_LT(in_us(steady(1)), in_turns + 294 * 0.004 / 6);
}

TEST(Dram, WithOnePlaceTilesComeAndGoInTurns) {
  ShardBuilder b(bw_s10(), ms_fp8(), 10);
  b.in_port("x", 2800);
  b.out_port("y", 2800);
  const std::uint32_t w = b.matrix("W", 2800, 2800, {});
  b.chain("x", 2800, 2800, {v_rd(Memory::kNetQ, 0), mv_mul(w), v_wr(Memory::kNetQ, 0)});
  b.segment(1, 0);
  const Shard shard = from_dram(b.shard, 1, BitRate{482'000'000'000});  // 1 us, 250 cycles a tile
  // T0, 49 times a tile's way in and its 10 cycles on one of six engines, D.
  EXPECT_EQ(run_alone(shard, 1),
            nanoseconds(4 * (654 + 248) + 49 * 1000) + picoseconds(49 * 40'000 / 6 + 1));
}

TEST(Dram, AFastEnoughStreamAddsOnlyItsFirstTile) {
  const Shard pinned = gru(2048);
  const Shard shard = from_dram(pinned, 306, BitRate{1'000'000'000'000'000});
  const Duration added = run_alone(shard, 50) - run_alone(pinned, 50);
  EXPECT_GE(added, Duration{});
  EXPECT_LE(added, nanoseconds(8));
  EXPECT_EQ(op_time(shard).steady, op_time(pinned).steady);
}

TEST(Dram, GivesTheBitsOfPinnedWeights) {
  for (const Cell cell : {Cell::kLstm, Cell::kGruResetBefore, Cell::kGruResetAfter}) {
    const CellWeights weights = random_weights(cell, 20, 75, 3);
    const std::vector<Halves> inputs = random_inputs(6, 20, 8);
    const Shard shard = from_dram(
        cell_shard(small_device(), msfp16_block8(), 4, whole(cell, 20, 75, &weights)), 3, k70GBs);
    Npu npu(shard, ComputeMode::kFunctional);
    npu.begin(RequestId{0}, 6, {});
    for (const Halves& x : inputs) npu.deliver(0, to_message(x), {});
    std::vector<Halves> outputs;
    while (const auto output = npu.poll_output()) outputs.push_back(from_message(output->vectors));
    EXPECT_EQ(outputs, reference_cell(cell, weights, inputs, msfp16_block8(), 16));
  }
}

}  // namespace
}  // namespace soliton
