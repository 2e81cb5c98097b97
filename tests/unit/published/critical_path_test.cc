// UDM, SDM and what limits a step: published depths, the published relation, and programs whose
// answer is known.
#include "node/npu/critical_path.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "node/npu/op_time.h"
#include "tests/unit/published/shipped_runs.h"

namespace soliton::test {
namespace {

// Published for one step (ISCA 2018): about 19 cycles for an LSTM 2000, about 31 for a GRU 2800.
// How the paper counts is not said: two cycles either way.
constexpr std::int64_t kLstmDepth = 19;
constexpr std::int64_t kGruDepth = 31;

TEST(Udm, IsWithinTwoCyclesOfThePublishedDepths) {
  const NpuDevice device = device_named("bw-s10");
  const StepAnalysis lstm = analyse_step(shard_of({.cell = Cell::kLstm, .hidden = 2000}, device));
  const StepAnalysis gru = analyse_step(shard_of({.cell = Cell::kGru, .hidden = 2800}, device));
  EXPECT_NEAR(lstm.udm_cycles, kLstmDepth, 2);
  EXPECT_NEAR(gru.udm_cycles, kGruDepth, 2);
  // MACs / 96,000 on top.
  EXPECT_NEAR(lstm.sdm_cycles, 352, 2.5);
  EXPECT_NEAR(gru.sdm_cycles, 520, 3.5);
}

// Counted by hand along the chains: a dot product of n is 1 + ceil(log2 n), then one an operation.
TEST(Udm, IsTheLongestWayThroughAStep) {
  const NpuDevice fused = device_named("bw-s10");
  NpuDevice stepwise = fused;
  stepwise.cell_programs = CellPrograms::kStepwise;
  struct Row {
    Cell cell;
    bool reset_after;
    std::int64_t operations[2];  // fused, stepwise: element operations and whole dot products
    std::int64_t products;
  };
  for (const Row& row : {
           Row{Cell::kRnn, false, {2, 2}, 1},   // + tanh
           Row{Cell::kLstm, false, {6, 6}, 1},  // + tanh * + tanh *
           Row{Cell::kGru, false, {7, 8}, 2},   // + sigm *, + tanh * + | - * +
           Row{Cell::kGru, true, {7, 7}, 1},    // + sigm or +, then * + tanh - * +
       }) {
    for (const std::int64_t hidden : {1, 2, 3, 256, 257, 1024}) {
      const RnnOptions rnn{.cell = row.cell, .hidden = hidden, .reset_after = row.reset_after};
      const auto log = static_cast<std::int64_t>(std::ceil(std::log2(hidden)));
      const std::int64_t products = row.products * (1 + log);
      // Reset after: the gate r is there one operation after the candidate's own sum.
      const std::int64_t late = row.reset_after ? 1 : 0;
      EXPECT_EQ(analyse_step(shard_of(rnn, fused)).udm_cycles, products + row.operations[0] + late)
          << cell_name(row.cell) << " " << hidden;
      EXPECT_EQ(analyse_step(shard_of(rnn, stepwise)).udm_cycles,
                products + row.operations[1] + late)
          << cell_name(row.cell) << " " << hidden;
    }
  }
}

TEST(Udm, CountsDependencesOnlyWhateverTheDevice) {
  const RnnOptions rnn{.cell = Cell::kLstm, .hidden = 300};
  EXPECT_EQ(analyse_step(shard_of(rnn, device_named("bw-s5"))).udm_cycles,
            analyse_step(shard_of(rnn, device_named("bw-s10"))).udm_cycles);
}

struct SdmRow {
  Cell cell;
  std::int64_t hidden, steps;
  const char* sdm_ms;
};

// The SDM column of the published table, to its last digit, from the published depths.
TEST(Sdm, RelationGivesThePublishedColumn) {
  const NpuDevice device = device_named("bw-s10");
  const double rate = macs_per_cycle(device, device.formats[0].beats_per_tile);
  EXPECT_EQ(rate, 96'000);
  for (const SdmRow& row : {SdmRow{Cell::kGru, 2816, 750, "1.580"},
                            {Cell::kGru, 2048, 375, "0.440"},
                            {Cell::kGru, 1024, 1500, "0.579"},
                            {Cell::kLstm, 2048, 25, "0.037"},
                            {Cell::kLstm, 1024, 25, "0.011"},
                            {Cell::kLstm, 256, 150, "0.015"}}) {
    const Shard shard = shard_of({.cell = row.cell, .hidden = row.hidden}, device);
    const std::int64_t macs = analyse_step(shard).macs;
    EXPECT_EQ(macs, 2 * gate_count(row.cell) * row.hidden * row.hidden);
    const std::int64_t depth = row.cell == Cell::kGru ? kGruDepth : kLstmDepth;
    const double ms = static_cast<double>(row.steps) * sdm_cycles(depth, macs, rate) /
                      static_cast<double>(device.clock.hertz) * 1e3;
    EXPECT_EQ(fmt::format("{:.3f}", ms), row.sdm_ms) << cell_name(row.cell) << " " << row.hidden;
  }
}

TEST(Sdm, WiderFormatsHaveFewerMultiplyAddsACycle) {
  const NpuDevice device = device_named("bw-s10");
  EXPECT_EQ(macs_per_cycle(device, 30), 32'000);
  const RnnOptions rnn{.cell = Cell::kGru, .hidden = 1024};
  const StepAnalysis narrow = analyse_step(shard_of(rnn, device));
  const StepAnalysis wide = analyse_step(shard_of(rnn, device, "mxint8"));
  EXPECT_NEAR(wide.sdm_cycles - static_cast<double>(wide.udm_cycles),
              3 * (narrow.sdm_cycles - static_cast<double>(narrow.udm_cycles)), 1e-6);
}

TEST(StepLimit, IsWhatAStepRunsInto) {
  const NpuDevice device = device_named("bw-s10");
  // 2 slots + 2 D: the unit waits for its own results.
  const StepAnalysis waits = analyse_step(shard_of({.cell = Cell::kGru, .hidden = 1024}, device));
  EXPECT_EQ(waits.limit, StepLimit::kDependence);
  EXPECT_NEAR(waits.cycles, 632, 0.01);
  EXPECT_NEAR(waits.slot_cycles, 6 * 68, 1e-9);
  EXPECT_NEAR(waits.occupied_cycles, 6 * 9 * 10.0 / 6, 1e-9);
  // 8 slots of 1,000 / 6 cycles are more than 4 slots + D + V.
  const StepAnalysis multiplies =
      analyse_step(shard_of({.cell = Cell::kLstm, .hidden = 4000}, device));
  EXPECT_EQ(multiplies.limit, StepLimit::kMvu);
  EXPECT_NEAR(multiplies.cycles, 8 * 1000.0 / 6, 0.01);
  // Four small layers in turn: 4 x 6 slots of 68 cycles, in which the tiles have little to do.
  const StepAnalysis starts =
      analyse_step(shard_of({.cell = Cell::kGru, .hidden = 256, .layers = 4}, device));
  EXPECT_EQ(starts.limit,
            starts.cycles > 4 * 6 * 68 + 1 ? StepLimit::kDependence : StepLimit::kDispatch);
  NpuDevice slow = device;
  slow.timing.dispatch_cycles = 1000;
  EXPECT_EQ(analyse_step(shard_of({.cell = Cell::kLstm, .hidden = 256}, slow)).limit,
            StepLimit::kDispatch);
}

TEST(StepLimit, StepsOfTheShippedRowsAreThoseOfTheirTable) {
  // Published beside the depths: 718 and 662 cycles a step.
  const NpuDevice device = device_named("bw-s10");
  EXPECT_NEAR(analyse_step(shard_of({.cell = Cell::kLstm, .hidden = 2000}, device)).cycles, 718,
              0.05 * 718);
  EXPECT_NEAR(analyse_step(shard_of({.cell = Cell::kGru, .hidden = 2800}, device)).cycles, 662,
              0.05 * 662);
}

}  // namespace
}  // namespace soliton::test
