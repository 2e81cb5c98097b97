// Published rows, each against the shipped cluster file that reproduces it, with its tolerance and
// the error it has; and other sizes against the closed forms of docs/timing.md, which check
// the simulation but are not used by it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "node/npu/op_time.h"
#include "tests/unit/published/shipped_runs.h"

namespace soliton::test {
namespace {

double error_percent(double ours, double published) { return 100 * (ours / published - 1); }

// ---- Brainwave on Stratix 10: DeepBench, batch 1, 250 MHz (ISCA 2018) ----

struct DeepBenchRow {
  const char* file;
  double published_ms;
  double published_tflops;
  double model_ms;  // the same rules, worked out by hand: section 7
};

class DeepBench : public ::testing::TestWithParam<DeepBenchRow> {};

TEST_P(DeepBench, IsWithinFivePercentOfThePublishedLatency) {
  const DeepBenchRow& row = GetParam();
  const ShippedRun run = shipped_run(row.file);
  EXPECT_EQ(run.shard.device.name, "bw-s10");
  EXPECT_EQ(check_shard(run.shard).text(), "");
  const double ms = in_us(run_alone(run.shard, run.steps)) / 1000;
  const double tflops = static_cast<double>(run.operations) / (ms * 1e-3) / 1e12;
  std::printf("%-28s %.4f ms, published %.3f (%+.2f %%); %.2f TFLOPS, published %.2f\n", row.file,
              ms, row.published_ms, error_percent(ms, row.published_ms), tflops,
              row.published_tflops);
  EXPECT_NEAR(ms, row.published_ms, 0.05 * row.published_ms);
  EXPECT_NEAR(tflops, row.published_tflops, 0.05 * row.published_tflops);
  // The column has four digits after the point.
  EXPECT_NEAR(ms, row.model_ms, row.model_ms * 2e-4 + 5e-5);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, DeepBench,
    ::testing::Values(DeepBenchRow{"deepbench/gru-2816-t750", 1.987, 35.92, 1.9816},
                      DeepBenchRow{"deepbench/gru-2048-t375", 0.954, 19.78, 0.9514},
                      DeepBenchRow{"deepbench/gru-1024-t1500", 3.792, 4.98, 3.7954},
                      DeepBenchRow{"deepbench/lstm-2048-t25", 0.074, 22.67, 0.0740},
                      DeepBenchRow{"deepbench/lstm-1024-t25", 0.074, 5.67, 0.0740},
                      DeepBenchRow{"deepbench/lstm-256-t150", 0.425, 0.37, 0.4255}));

// ---- Intel's NPU on Stratix 10: 8 steps, batch 6, 300 MHz (intel/fpga-npu, FPT 2020) ----

struct IntelRow {
  const char* file;
  double rtl_cycles;
  double rtl_tops;
  double fitted_cycles;  // the same rules, worked out by hand: section 10
};

class IntelNpu : public ::testing::TestWithParam<IntelRow> {};

TEST_P(IntelNpu, IsWithinEightPercentOfTheRtl) {
  const IntelRow& row = GetParam();
  const ShippedRun run = shipped_run(row.file);
  EXPECT_EQ(run.shard.device.name, "intel-npu-s10");
  EXPECT_EQ(run.steps, 8);
  EXPECT_EQ(check_shard(run.shard).text(), "");
  const double cycles = cycles_of(run.shard, run.steps);
  const double seconds = cycles / static_cast<double>(run.shard.device.clock.hertz);
  const double batch = run.shard.device.batch_lanes;
  const double tops = batch * static_cast<double>(run.operations) / seconds / 1e12;
  std::printf("%-28s %.0f cycles, RTL %.0f (%+.1f %%); %.2f TOPS at batch %.0f, RTL %.2f\n",
              row.file, cycles, row.rtl_cycles, error_percent(cycles, row.rtl_cycles), tops, batch,
              row.rtl_tops);
  EXPECT_NEAR(cycles, row.rtl_cycles, 0.08 * row.rtl_cycles);
  EXPECT_NEAR(tops, row.rtl_tops, 0.08 * row.rtl_tops);
  EXPECT_NEAR(cycles, row.fitted_cycles, 0.01);  // picoseconds are rounded up once
}

INSTANTIATE_TEST_SUITE_P(Rows, IntelNpu,
                         ::testing::Values(IntelRow{"intel-npu/rnn-512-t8", 2021, 7.47, 2037},
                                           IntelRow{"intel-npu/rnn-1152-t8", 3623, 21.10, 3620},
                                           IntelRow{"intel-npu/rnn-1792-t8", 5585, 33.12, 5662},
                                           IntelRow{"intel-npu/gru-512-t8", 5386, 8.41, 5231},
                                           IntelRow{"intel-npu/lstm-512-t8", 4545, 13.29, 4612}));

TEST(IntelNpuDevice, HasThePublishedPeak) {
  EXPECT_NEAR(device_named("intel-npu-s10").peak_ops_per_second() / 1e12, 40.32, 1e-9);
}

// ---- closed forms ----

struct Terms {
  double slot, depth, vector;
};

Terms intel_terms(std::int64_t hidden) {
  const auto up = [](std::int64_t a, std::int64_t b) {
    return static_cast<double>((a + b - 1) / b);
  };
  const double vectors = up(hidden, 40);
  return {up(hidden, 40) * up(hidden, 280) + 3, 170 + 4 * vectors, 60 + 4 * vectors};
}

// Steady step and the first step's input side, in cycles.
std::pair<double, double> intel_closed_form(Cell cell, const Terms& t) {
  if (cell == Cell::kRnn) return {std::max(t.slot + t.depth, 2 * t.slot), t.slot};
  if (cell == Cell::kGru)
    return {std::max(3 * t.slot + 2 * t.depth + t.vector, 6 * t.slot), 3 * t.slot};
  return {std::max(4 * t.slot + t.depth + 2 * t.vector, 8 * t.slot), 4 * t.slot};
}

TEST(IntelNpuDevice, OtherSizesFollowTheClosedForms) {
  const NpuDevice device = device_named("intel-npu-s10");
  for (const Cell cell : {Cell::kRnn, Cell::kGru, Cell::kLstm}) {
    // Up to where the unit saturates; there the input side of a step no longer hides.
    for (const std::int64_t hidden : {1, 40, 41, 256, 279, 281, 512, 560, 561, 768, 1000}) {
      const auto [step, input_side] = intel_closed_form(cell, intel_terms(hidden));
      const Shard shard = shard_of({.cell = cell, .hidden = hidden}, device);
      for (const std::int64_t steps : {1, 8, 30})
        EXPECT_NEAR(cycles_of(shard, steps), static_cast<double>(steps) * step + input_side, 0.01)
            << cell_name(cell) << " " << hidden << ", " << steps << " steps";
    }
  }
}

TEST(IntelNpuDevice, TileColumnsAreSplitOverTheEnginesAndSoIsTheirMemory) {
  const NpuDevice device = device_named("intel-npu-s10");
  // 41 values are 2 tile rows and 2 of 7 engines' columns: 2 x 1 beats, and 2 x 7 tiles each for W
  // and R.
  const Shard small = shard_of({.cell = Cell::kRnn, .hidden = 41}, device);
  EXPECT_EQ(memory_use(small)[0].used, 2 * 2 * 7);
  // 28 x 28 tiles are 28 x 4 words in every engine for each of 8 matrices; 1,024 are there.
  const auto fits = [&](Cell cell, std::int64_t hidden) {
    return check_shard(shard_of({.cell = cell, .hidden = hidden}, device)).empty();
  };
  EXPECT_TRUE(fits(Cell::kLstm, 28 * 40));
  EXPECT_FALSE(fits(Cell::kLstm, 28 * 40 + 1));  // 29 x 5 words
}

TEST(BrainwaveDevice, OtherSizesFollowTheClosedForms) {
  const NpuDevice device = device_named("bw-s10");
  const auto closed = [](Cell cell, bool reset_after, double slot) {
    constexpr double kD = 248, kV = 183;
    if (cell == Cell::kRnn) return std::max(slot + kD, 2 * slot);
    if (cell == Cell::kLstm) return std::max(4 * slot + kD + kV, 8 * slot);
    return reset_after ? std::max(3 * slot + kD + kV, 6 * slot)
                       : std::max(2 * slot + 2 * kD, 6 * slot);
  };
  for (const std::int64_t hidden : {1, 256, 512, 1024, 1536, 2000, 2400, 2560, 2800}) {
    const double tiles = static_cast<double>((hidden + 399) / 400);
    const double slot = std::max(68.0, tiles * tiles * 10 / 6);
    for (const auto& [cell, after] : {std::pair{Cell::kRnn, false}, std::pair{Cell::kLstm, false},
                                      std::pair{Cell::kGru, false}, std::pair{Cell::kGru, true}}) {
      const Shard shard = shard_of({.cell = cell, .hidden = hidden, .reset_after = after}, device);
      const double steady = static_cast<double>(op_time(shard).steady.count()) / 4000;
      EXPECT_NEAR(steady, closed(cell, after, slot), 0.01) << cell_name(cell) << " " << hidden;
    }
  }
}

}  // namespace
}  // namespace soliton::test
