// Timing model C: calibration rows, hazards, critical paths.
#include <gtest/gtest.h>

#include <memory>

#include "node/npu/npu.h"
#include "node/npu/op_time.h"
#include "tests/unit/npu/programs.h"

namespace soliton {
namespace {

using namespace soliton::testing;

constexpr std::int64_t kBeats = 10;
constexpr Memory kInitial = Memory::kInitialVrf;
constexpr Memory kAdd0 = Memory::kAddSubVrf0;
constexpr Memory kMul = Memory::kMultiplyVrf;

Instant after_cycles(std::int64_t cycles) {
  return kRunStart + nanoseconds(4 * cycles);
}  // 250 MHz

// ---- the published table (docs/timing.md) ----

struct Row {
  Cell cell;
  int hidden;  // as mapped
  std::int64_t steps;
  double model_c_ms;
  double published_ms;
};

class DeepBench : public ::testing::TestWithParam<Row> {};

TEST_P(DeepBench, FitsTheDeviceAndBreaksNoRule) {
  const Row& row = GetParam();
  EXPECT_EQ(
      check_shard(cell_shard(bw_s10(), {"ms-fp8"}, kBeats, whole(row.cell, row.hidden, row.hidden)))
          .text(),
      "");
}

TEST_P(DeepBench, ReproducesModelCAndThePublishedLatency) {
  const Row& row = GetParam();
  const Shard shard = cell_shard(bw_s10(), {}, kBeats, whole(row.cell, row.hidden, row.hidden));
  const double ms = in_us(run_alone(shard, row.steps)) * 1e-3;
  // The column has four digits after the point: half of the last one on top of 0.02 %.
  EXPECT_NEAR(ms, row.model_c_ms, row.model_c_ms * 2e-4 + 5e-5);
  EXPECT_NEAR(ms, row.published_ms, row.published_ms * 0.05);
}

INSTANTIATE_TEST_SUITE_P(Rows, DeepBench,
                         ::testing::Values(Row{Cell::kGruResetBefore, 2800, 750, 1.9816, 1.987},
                                           Row{Cell::kGruResetBefore, 2048, 375, 0.9514, 0.954},
                                           Row{Cell::kGruResetBefore, 1024, 1500, 3.7954, 3.792},
                                           Row{Cell::kLstm, 2048, 25, 0.0740, 0.074},
                                           Row{Cell::kLstm, 1024, 25, 0.0740, 0.074},
                                           Row{Cell::kLstm, 256, 150, 0.4255, 0.425}));

TEST(DeepBenchTotals, AreExactToTheTick) {
  // T0 + the first step's four input-side slots + 150 steps of 4 slots + D + V.
  EXPECT_EQ(
      kRunStart + run_alone(cell_shard(bw_s10(), {}, kBeats, whole(Cell::kLstm, 256, 256)), 150),
      after_cycles(654 + 4 * 68 + 150 * 703));
  // Slots of 7 * 7 * 10 / 6 cycles: T0 + 3 slots + 750 * (2 slots + 2 D) = 495399 cycles.
  EXPECT_EQ(kRunStart + run_alone(cell_shard(bw_s10(), {}, kBeats,
                                             whole(Cell::kGruResetBefore, 2800, 2800)),
                                  750),
            after_cycles(654 + 245 + 750 * 496 + 122500));
}

double steady_cycles(Cell cell, int hidden) {
  const Shard shard = cell_shard(bw_s10(), {}, kBeats, whole(cell, hidden, hidden));
  return static_cast<double>(op_time(shard).steady.count()) / 4000;
}

TEST(SteadyStep, FollowsTheSerialProductsOfTheCell) {
  EXPECT_NEAR(steady_cycles(Cell::kGruResetBefore, 2800), 2 * 490.0 / 6 + 2 * 248, 0.01);  // 659.3
  EXPECT_NEAR(steady_cycles(Cell::kGruResetBefore, 2048), 632, 0.01);
  EXPECT_NEAR(steady_cycles(Cell::kGruResetBefore, 1024), 632, 0.01);
  EXPECT_NEAR(steady_cycles(Cell::kLstm, 2048), 703, 0.01);
  EXPECT_NEAR(steady_cycles(Cell::kLstm, 2000), 703, 0.01);
  EXPECT_NEAR(steady_cycles(Cell::kGruResetAfter, 1024), 635, 0.01);
  EXPECT_NEAR(steady_cycles(Cell::kGruResetAfter, 2800), 676, 0.01);
}

TEST(SteadyStep, IsBoundByTheMatrixVectorUnitWhenTilesFillIt) {
  // 4000 wide: 8 slots of 100 * 10 / 6 cycles exceed 4 slots + D + V.
  EXPECT_NEAR(steady_cycles(Cell::kLstm, 4000), 8 * 1000.0 / 6, 0.01);
}

TEST(OpTime, FirstStepHoldsTheStartOfTheProgram) {
  const Shard shard = cell_shard(bw_s10(), {}, kBeats, whole(Cell::kLstm, 256, 256));
  EXPECT_EQ(kRunStart + op_time(shard).first, after_cycles(654 + 4 * 68 + 703));
}

// ---- single rules ----

// One x -> out program whose chains the test adds; weights absent.
struct Bench {
  Bench() : b(bw_s10(), {}, kBeats), trace(1000) {
    b.in_port("x", 400);
    b.out_port("y", 400);
  }
  Npu& start(std::int64_t steps = 1, Arrival at = {}) {
    npu = std::make_unique<Npu>(b.shard, ComputeMode::kTiming, NodeId{3}, &trace);
    npu->begin(RequestId{7}, steps, at);
    return *npu;
  }
  void send(std::uint16_t port, std::int64_t cycles, Breakdown path = {}) {
    const Instant at = after_cycles(cycles);
    if (path == Breakdown{}) path.network = at - kRunStart;
    npu->deliver(port, Payload{{}, 2 * b.shard.in_ports[port].elements}, {at, path});
  }
  ShardBuilder b;
  TraceBuffer trace;
  std::unique_ptr<Npu> npu;
};

std::int64_t cycle(Instant at) { return (at - kRunStart) / nanoseconds(4); }

TEST(ChainRules, AMoveTakesNoTimeAndAVectorChainTakesV) {
  Bench t;
  t.b.chain("move", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0), v_wr(Memory::kNetQ, 0)});
  t.b.chain("relu", 400, 400,
            {v_rd(kInitial, 0), operation(Opcode::kVRelu), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  t.send(0, 0);
  EXPECT_EQ(t.npu->poll_output()->leaves.at, after_cycles(654));
  EXPECT_EQ(t.npu->poll_output()->leaves.at, after_cycles(654 + 183));
  EXPECT_FALSE(t.npu->poll_output().has_value());
  EXPECT_TRUE(t.npu->finished());
  EXPECT_EQ(t.npu->free_at(), after_cycles(654 + 183));
}

TEST(ChainRules, AProductWithALateOperandEndsOneCycleAfterIt) {
  Bench t;
  const std::uint32_t w = t.b.matrix("W", 400, 400, {});
  // Three vector chains in a row make AddSubVrf_0[0] ready at T0 + 549, after the product's own T0
  // + 68 + 248.
  t.b.chain("a", 400, 400, {v_rd(kInitial, 1), operation(Opcode::kVRelu), v_wr(kInitial, 2)});
  t.b.chain("b", 400, 400, {v_rd(kInitial, 2), operation(Opcode::kVRelu), v_wr(kInitial, 3)});
  t.b.chain("c", 400, 400, {v_rd(kInitial, 3), operation(Opcode::kVRelu), v_wr(kAdd0, 0)});
  t.b.chain("p", 400, 400, {v_rd(kInitial, 0), mv_mul(w), add_0(0), v_wr(Memory::kNetQ, 0)});
  t.b.chain("q", 400, 400, {v_rd(kInitial, 0), mv_mul(w), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  EXPECT_EQ(cycle(t.npu->poll_output()->leaves.at), 654 + 3 * 183 + 1);
  // The unit itself was free after one slot: the late operand waits behind it, not in it.
  EXPECT_EQ(cycle(t.npu->poll_output()->leaves.at), 654 + 2 * 68 + 248);
}

TEST(ChainRules, AVectorChainStartsAtItsLastOperand) {
  Bench t;
  t.b.chain("a", 400, 400, {v_rd(kInitial, 1), operation(Opcode::kVRelu), v_wr(kMul, 0)});
  t.b.chain("b", 400, 400, {v_rd(kInitial, 0), mul(0), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  EXPECT_EQ(cycle(t.npu->poll_output()->leaves.at), 654 + 2 * 183);
}

TEST(ChainRules, OneVectorOfARangeIsEnoughToWaitFor) {
  Bench t;
  t.b.chain("a", 400, 400, {v_rd(kInitial, 9), operation(Opcode::kVRelu), v_wr(kInitial, 2)});
  t.b.out_port("wide", 1200);
  t.b.chain("b", 1200, 1200, {v_rd(kInitial, 0), v_wr(Memory::kNetQ, 1)});
  t.b.chain("c", 800, 800, {v_rd(kInitial, 0), v_wr(kInitial, 4)});
  t.b.chain("d", 400, 400, {v_rd(kInitial, 5), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  const auto wide = t.npu->poll_output();
  EXPECT_EQ(cycle(wide->leaves.at), 654 + 183);
  EXPECT_EQ(wide->port, 1);
  EXPECT_EQ(wide->vectors.size(), 2400u);
  EXPECT_EQ(cycle(t.npu->poll_output()->leaves.at), 654);
}

// ---- hazards ----

TEST(Hazards, AWriteIsNotVisibleBeforeAnEarlierReaderHasReadTheOldValue) {
  Bench t;
  const std::uint32_t w = t.b.matrix("W", 400, 400, {});
  t.b.chain("late", 400, 400, {v_rd(kInitial, 1), operation(Opcode::kVRelu), v_wr(kInitial, 2)});
  t.b.chain("later", 400, 400, {v_rd(kInitial, 2), operation(Opcode::kVRelu), v_wr(kAdd0, 0)});
  // Reads MultiplyVrf[0] as late as one cycle before its result at T0 + 367 ...
  t.b.chain("reader", 400, 400,
            {v_rd(kInitial, 0), mv_mul(w), add_0(0), mul(0), v_wr(kInitial, 3)});
  // ... so this move, which could be there at T0, is not visible before T0 + 366.
  t.b.chain("writer", 400, 400, {v_rd(kInitial, 4), v_wr(kMul, 0)});
  t.b.chain("check", 400, 400, {v_rd(kInitial, 0), mul(0), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  EXPECT_EQ(cycle(t.npu->poll_output()->leaves.at), 654 + 2 * 183 + 183);
}

TEST(Hazards, AWriteIsNotVisibleBeforeAnEarlierWrite) {
  Bench t;
  t.b.chain("slow", 400, 400, {v_rd(kInitial, 1), operation(Opcode::kVRelu), v_wr(kInitial, 0)});
  t.b.chain("fast", 400, 400, {v_rd(kInitial, 2), v_wr(kInitial, 0)});
  t.b.chain("check", 400, 400, {v_rd(kInitial, 0), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  EXPECT_EQ(cycle(t.npu->poll_output()->leaves.at), 654 + 183);
}

TEST(Hazards, AVrdHoldsItsRegisterUntilTheProductStarts) {
  Bench t;
  const std::uint32_t w = t.b.matrix("W", 400, 400, {});
  t.b.chain("first", 400, 400, {v_rd(kInitial, 0), mv_mul(w), v_wr(kInitial, 1)});
  t.b.chain("second", 400, 400,
            {v_rd(kInitial, 2), mv_mul(w), v_wr(kInitial, 3)});  // starts at T0 + 68
  t.b.chain("writer", 400, 400, {v_rd(kInitial, 4), v_wr(kInitial, 2)});
  t.b.chain("check", 400, 400, {v_rd(kInitial, 2), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  EXPECT_EQ(cycle(t.npu->poll_output()->leaves.at), 654 + 68);
}

TEST(Hazards, RegistersOfDifferentFilesWithOneIndexAreIndependent) {
  Bench t;
  t.b.chain("slow", 400, 400, {v_rd(kInitial, 1), operation(Opcode::kVRelu), v_wr(kMul, 0)});
  t.b.chain("check", 400, 400, {v_rd(kInitial, 0), add_0(0), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  EXPECT_EQ(cycle(t.npu->poll_output()->leaves.at), 654 + 183);
}

// ---- critical paths ----

TEST(CriticalPath, AddsUpAndKeepsWhatCameBeforeTheRequest) {
  const Shard shard = cell_shard(bw_s10(), {}, kBeats, whole(Cell::kGruResetBefore, 2800, 2800));
  Npu npu(shard, ComputeMode::kTiming);
  Arrival start{kRunStart + nanoseconds(5000), {}};
  start.path.network = nanoseconds(3000);
  start.path.queue = nanoseconds(1500);  // sent at 500 ns
  npu.begin(RequestId{0}, 20, start);
  for (int step = 0; step < 20; ++step) {
    npu.deliver(0, Payload{{}, 5600},
                {kRunStart + nanoseconds(500 + 10 * step), {.network = nanoseconds(10 * step)}});
  }
  int outputs = 0;
  while (const auto output = npu.poll_output()) {
    ++outputs;
    EXPECT_EQ(output->leaves.path.total(), output->leaves.at - (kRunStart + nanoseconds(500)));
    EXPECT_EQ(output->leaves.path.network, nanoseconds(3000));
    EXPECT_EQ(output->leaves.path.queue, nanoseconds(1500));
  }
  EXPECT_EQ(outputs, 20);
}

TEST(CriticalPath, TheLaterInputBringsItsOwnPath) {
  Bench t;
  t.b.in_port("late", 400);
  t.b.chain("x", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  t.b.chain("late", 400, 400, {v_rd(Memory::kNetQ, 1), v_wr(kMul, 0)});
  t.b.chain("y", 400, 400, {v_rd(kInitial, 0), mul(0), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  t.send(1, 2000,
         {.compute = after_cycles(1500) - kRunStart, .network = after_cycles(500) - kRunStart});
  t.send(0, 1000);
  const Arrival leaves = t.npu->poll_output()->leaves;
  EXPECT_EQ(cycle(leaves.at), 2183);
  EXPECT_EQ(leaves.path.compute, nanoseconds(4 * (1500 + 183)));
  EXPECT_EQ(leaves.path.network, nanoseconds(4 * 500));
}

TEST(CriticalPath, AWaitForTheMatrixVectorUnitIsCompute) {
  Bench t;
  const std::uint32_t w = t.b.matrix("W", 2800, 2800, {});
  t.b.chain("busy", 2800, 2800, {v_rd(kInitial, 10), mv_mul(w), v_wr(kInitial, 20)});
  t.b.chain("x", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  const std::uint32_t small = t.b.matrix("S", 400, 400, {});
  t.b.chain("y", 400, 400, {v_rd(kInitial, 0), mv_mul(small), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  t.send(0, 700);  // while the unit is taken until T0 + 81.67
  const Arrival leaves = t.npu->poll_output()->leaves;
  // 735.67 cycles + 68 + 248, on the path of the request's begin: the message came too early to
  // matter.
  EXPECT_EQ(leaves.at - kRunStart, picoseconds((654 + 68 + 248) * 4000 + 490 * 4000 / 6 + 1));
  EXPECT_EQ(leaves.path.compute, leaves.at - kRunStart);
}

TEST(CriticalPath, KeepsTheFirstOfTwoThatAreReadyTogether) {
  Bench t;
  const std::uint32_t w = t.b.matrix("W", 400, 400, {});
  t.b.chain("busy", 400, 400, {v_rd(kInitial, 1), mv_mul(w), v_wr(kInitial, 2)});
  t.b.chain("y", 400, 400, {v_rd(Memory::kNetQ, 0), mv_mul(w), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start();
  t.send(0, 654 + 68);  // just when the unit is free
  const Arrival leaves = t.npu->poll_output()->leaves;
  EXPECT_EQ(cycle(leaves.at), 654 + 68 + 68 + 248);
  EXPECT_EQ(leaves.path.network, Duration{});
}

TEST(CriticalPath, RoundingOfAnArrivalToATickIsCompute) {
  NpuDevice device = small_device();  // ticks of 1111.1 ps
  ShardBuilder b(device, {}, 4);
  b.in_port("x", 16);
  b.out_port("y", 16);
  b.chain("move", 16, 16, {v_rd(Memory::kNetQ, 0), v_wr(Memory::kNetQ, 0)});
  b.segment(1, 0);
  Npu npu(b.shard, ComputeMode::kTiming);
  npu.begin(RequestId{0}, 1, {kRunStart + picoseconds(7), {.host = picoseconds(7)}});
  const Instant at = kRunStart + picoseconds(1'000'000);
  npu.deliver(0, Payload{{}, 32}, {at, {.network = picoseconds(1'000'000)}});
  const Arrival leaves = npu.poll_output()->leaves;
  // 999993 ps are 899.99 ticks: the move is seen at tick 900, which is 7 + 1000000 ps.
  EXPECT_EQ(leaves.at, kRunStart + picoseconds(1'000'007));
  EXPECT_EQ(leaves.path.network, picoseconds(1'000'000));
  EXPECT_EQ(leaves.path.compute, picoseconds(7));
}

// ---- what is recorded ----

TEST(Recorded, OneTraceEventAChainWithItsIteration) {
  Bench t;
  t.b.chain("move", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  t.b.segment(0, 1);
  t.b.chain("relu", 400, 400,
            {v_rd(kInitial, 0), operation(Opcode::kVRelu), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  t.start(2);
  t.send(0, 0);
  t.send(0, 900);
  const std::vector<TraceEvent> events = t.trace.take();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(cycle(events[0].at), 654);
  EXPECT_EQ(cycle(events[1].at), 900);
  EXPECT_EQ(events[1].c, 1);
  EXPECT_EQ(events[2].kind, TraceKind::kChain);
  EXPECT_EQ(events[2].a, 1);
  EXPECT_EQ(events[2].b, 7);
  EXPECT_EQ(events[2].c, 0);
  EXPECT_EQ(index(events[2].node), 3u);
  EXPECT_EQ(events[2].duration, nanoseconds(4 * 183));
}

TEST(Recorded, BusyLeavesOutWaitsAtNetQ) {
  Bench t;
  const std::uint32_t w = t.b.matrix("W", 300, 200, {});
  t.b.chain("a", 400, 400, {v_rd(Memory::kNetQ, 0), mv_mul(w), v_wr(kInitial, 0)});
  t.b.segment(0, 1);
  t.start(3);
  t.send(0, 0);
  t.send(0, 800);   // while the first is under way
  t.send(0, 5000);  // 5000 - (800 + 68 + 248) cycles after the second
  ASSERT_TRUE(t.npu->finished());
  const NpuStats& stats = t.npu->stats();
  EXPECT_EQ(stats.requests, 1u);
  EXPECT_EQ(stats.chains, 3u);
  EXPECT_EQ(stats.mvu_macs, 3u * 300 * 200);
  EXPECT_EQ(stats.mvu_busy, nanoseconds(4 * 3 * 68));
  EXPECT_EQ(stats.busy, nanoseconds(4 * (800 + 316 + 316)));
  EXPECT_EQ(t.npu->free_at(), after_cycles(5316));

  NpuStats sum = stats;
  sum.merge(stats);
  EXPECT_EQ(sum.busy, 2 * stats.busy);
  EXPECT_EQ(sum.mvu_macs, 6u * 300 * 200);
}

}  // namespace
}  // namespace soliton
