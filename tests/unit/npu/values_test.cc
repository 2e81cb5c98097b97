// What comes out: bit for bit against the reference, and the counts of what went wrong.
#include <gtest/gtest.h>

#include "node/npu/npu.h"
#include "protocol/base/rng.h"
#include "tests/unit/npu/reference.h"

namespace soliton {
namespace {

using namespace soliton::testing;

constexpr Memory kInitial = Memory::kInitialVrf;
constexpr Half kInfinity = 0x7c00;

NumberFormat format_named(const std::string& name) { return parse_format(name).value(); }

std::vector<Halves> run(Npu& npu, const std::vector<Halves>& inputs) {
  const Instant start = npu.free_at();
  npu.begin(RequestId{0}, static_cast<std::int64_t>(inputs.size()), {start, {}});
  for (const Halves& x : inputs) npu.deliver(0, to_message(x), {start, {}});
  EXPECT_TRUE(npu.finished());
  std::vector<Halves> outputs;
  while (const auto output = npu.poll_output()) outputs.push_back(from_message(output->vectors));
  return outputs;
}

struct CellCase {
  Cell cell;
  const char* format;  // null: blocks of 8 with 7 magnitude bits
  int input;
  int hidden;
};

class CellValues : public ::testing::TestWithParam<CellCase> {};

TEST_P(CellValues, AreTheBitsOfTheReference) {
  const CellCase& c = GetParam();
  const NumberFormat format = c.format != nullptr ? format_named(c.format) : msfp16_block8();
  const CellWeights weights = random_weights(c.cell, c.input, c.hidden, 11);
  const Shard shard =
      cell_shard(small_device(), format, 4, whole(c.cell, c.input, c.hidden, &weights));
  Npu npu(shard, ComputeMode::kFunctional);
  const std::vector<Halves> inputs = random_inputs(7, c.input, 5);
  const std::vector<Halves> expected = reference_cell(c.cell, weights, inputs, format, 16);
  EXPECT_NE(expected.front(), expected.back());
  EXPECT_EQ(run(npu, inputs), expected);
  // The state of one request does not leak into the next.
  EXPECT_EQ(run(npu, inputs), expected);
  EXPECT_EQ(npu.stats().fp16_overflows, 0u);
  EXPECT_EQ(npu.stats().poisoned_blocks, 0u);
}

INSTANTIATE_TEST_SUITE_P(Cells, CellValues,
                         ::testing::Values(CellCase{Cell::kLstm, nullptr, 16,
                                                    32},  // no padding anywhere
                                           CellCase{Cell::kLstm, nullptr, 21, 43},
                                           CellCase{Cell::kLstm, "ms-fp9", 5, 37},
                                           CellCase{Cell::kGruResetBefore, nullptr, 35, 40},
                                           CellCase{Cell::kGruResetBefore, "ms-fp8", 20, 50},
                                           CellCase{Cell::kGruResetAfter, nullptr, 7, 33},
                                           CellCase{Cell::kGruResetAfter, "msfp12", 40, 17}));

TEST(Modes, HaveTheSameTimesToThePicosecond) {
  const CellWeights weights = random_weights(Cell::kGruResetBefore, 20, 40, 1);
  const Shard shard = cell_shard(small_device(), msfp16_block8(), 4,
                                 whole(Cell::kGruResetBefore, 20, 40, &weights));
  Shard bare = shard;
  for (ShardMatrix& matrix : bare.matrices) matrix.weights.mantissas.clear();
  Npu functional(shard, ComputeMode::kFunctional);
  Npu timing(bare, ComputeMode::kTiming);
  const Random random(3, "arrivals");
  const std::vector<Halves> inputs = random_inputs(50, 20, 2);
  functional.begin(RequestId{0}, 50, {});
  timing.begin(RequestId{0}, 50, {});
  Arrival arrival;
  for (std::size_t step = 0; step < inputs.size(); ++step) {
    const Duration gap = picoseconds(static_cast<std::int64_t>(random.below(step, 1'000'000)));
    arrival = {arrival.at + gap, {.network = arrival.path.network + gap}};
    functional.deliver(0, to_message(inputs[step]), arrival);
    timing.deliver(0, Payload{{}, 40}, arrival);
  }
  std::size_t outputs = 0;
  while (const auto a = functional.poll_output()) {
    const auto b = timing.poll_output();
    ASSERT_TRUE(b.has_value());
    EXPECT_EQ(a->leaves.at, b->leaves.at);
    EXPECT_EQ(a->leaves.path, b->leaves.path);
    EXPECT_EQ(a->vectors.size(), b->vectors.size());
    EXPECT_EQ(b->vectors.bytes.size(), 0u);
    ++outputs;
  }
  EXPECT_EQ(outputs, inputs.size());
  EXPECT_EQ(functional.free_at(), timing.free_at());
  EXPECT_EQ(functional.stats().mvu_busy, timing.stats().mvu_busy);
  EXPECT_EQ(functional.stats().busy, timing.stats().busy);
  EXPECT_TRUE(timing.vector(kInitial, 0).empty());
}

// ---- single operations ----

struct Bench {
  Bench() : b(small_device(), msfp16_block8(), 4) {
    b.in_port("x", 16);
    b.out_port("y", 16);
  }
  Halves run_once(std::vector<Instruction> operations, const Halves& x) {
    operations.insert(operations.begin(), v_rd(Memory::kNetQ, 0));
    operations.push_back(v_wr(Memory::kNetQ, 0));
    b.chain("chain", 16, 16, operations);
    b.segment(0, 1);
    Npu npu(b.shard, ComputeMode::kFunctional);
    const Halves y = run(npu, {x}).front();
    stats = npu.stats();
    return y;
  }
  ShardBuilder b;
  NpuStats stats;
};

Halves sixteen(std::vector<float> values) {
  Halves out(16);
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = to_half(values[i]);
  return out;
}

TEST(Operations, SubtractEitherWay) {
  Bench forward;
  forward.b.constant(Memory::kAddSubVrf0, sixteen({1, 2, 3}));
  EXPECT_EQ(
      forward.run_once({operation(Opcode::kVvASubB, Memory::kAddSubVrf0, 0)}, sixteen({5, 5, 5})),
      sixteen({4, 3, 2}));
  Bench backward;
  backward.b.constant(Memory::kAddSubVrf1, sixteen({1, 2, 3}));
  EXPECT_EQ(
      backward.run_once({operation(Opcode::kVvBSubA, Memory::kAddSubVrf1, 0)}, sixteen({5, 5, 5})),
      sixteen({-4, -3, -2}));
}

TEST(Operations, MaxAndReluPassNan) {
  Bench t;
  t.b.constant(Memory::kAddSubVrf0, sixteen({-1, 2, 0}));
  Halves x = sixteen({-3, 1, 0, -5});
  x[2] = 0x7e00;
  Halves expected = sixteen({0, 2, 0, 0});
  expected[2] = kHalfNan;
  EXPECT_EQ(
      t.run_once({operation(Opcode::kVvMax, Memory::kAddSubVrf0, 0), operation(Opcode::kVRelu)}, x),
      expected);
}

TEST(Operations, RunInTheOrderOfTheChain) {
  Bench t;
  t.b.constant(Memory::kMultiplyVrf, sixteen({3, 3}));
  t.b.constant(Memory::kAddSubVrf0, sixteen({1, 1}));
  EXPECT_EQ(t.run_once({mul(0), add_0(0)}, sixteen({2, 4})), sixteen({7, 13}));
  Bench u;
  u.b.constant(Memory::kMultiplyVrf, sixteen({3, 3}));
  u.b.constant(Memory::kAddSubVrf0, sixteen({1, 1}));
  EXPECT_EQ(u.run_once({add_0(0), mul(0)}, sixteen({2, 4})), sixteen({9, 15}));
}

TEST(Operations, MinExpReciprocalAndRsqrt) {
  Bench t;
  t.b.constant(Memory::kAddSubVrf0, sixteen({3, 3, 3}));
  EXPECT_EQ(t.run_once({operation(Opcode::kVvMin, Memory::kAddSubVrf0, 0),
                        operation(Opcode::kVRsqrt), operation(Opcode::kVRcp)},
                       sixteen({4, 1, 0.25}))[1],
            to_half(1));
  EXPECT_EQ(t.stats.fp16_overflows, 13u);  // 1 / sqrt(0)
  Bench u;
  EXPECT_EQ(u.run_once({operation(Opcode::kVExp)}, sixteen({0, 1, 12}))[1], 0x4170);
  EXPECT_EQ(u.stats.fp16_overflows, 1u);  // e^12
}

std::vector<float> scaled_identity(std::size_t size, float factor) {
  std::vector<float> weights(size * size);
  for (std::size_t i = 0; i < size; ++i) weights[i * size + i] = factor;
  return weights;
}

// 20 elements in two native vectors of 16, behind a product that doubles them, then subtracted from.
TEST(Operations, AReductionIsOverAllVectorsOfTheChain) {
  ShardBuilder b(small_device(), msfp16_block8(), 4);
  b.in_port("x", 20);
  b.out_port("y", 20);
  const std::uint32_t w = b.matrix("W", 20, 20, scaled_identity(20, 2));
  b.constant(Memory::kAddSubVrf1, Halves(20, to_half(1)));
  b.chain("x", 20, 20, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  b.chain("y", 20, 20,
          {v_rd(kInitial, 0), mv_mul(w), operation(Opcode::kVRsum, Memory::kNone, 19),
           operation(Opcode::kVvASubB, Memory::kAddSubVrf1, 0), v_wr(kInitial, 0),
           v_wr(Memory::kNetQ, 0)});
  b.segment(0, 1);
  Npu npu(b.shard, ComputeMode::kFunctional);
  Halves x(20, to_half(1));
  x.back() = to_half(100);  // the element behind the nineteen
  EXPECT_EQ(run(npu, {x}).front(), Halves(20, to_half(37)));
  // Also in the padding, where the operand is zero.
  const auto last = npu.vector(kInitial, 1);
  EXPECT_EQ(std::count(last.begin(), last.end(), to_half(37)), 4);
  EXPECT_EQ(std::count(last.begin(), last.end(), to_half(38)), 12);
}

TEST(Registers, AMulticastReachesAllFilesAndPaddingIsZero) {
  ShardBuilder b(small_device(), msfp16_block8(), 4);
  b.in_port("x", 20);
  b.out_port("y", 20);
  const std::uint32_t w = b.matrix("W", 20, 20, scaled_identity(20, 2));
  b.reserve(kInitial, 64);
  const std::uint32_t full = b.constant(kInitial, Halves(32, 0x4400));
  // What a wider vector left behind in the pipeline must not show through, neither behind a message
  // nor a product.
  const auto fill_pipe = [&] {
    b.chain("full", 32, 32, {v_rd(kInitial, full), v_wr(Memory::kAddSubVrf0, 0)});
  };
  fill_pipe();
  b.chain("x", 20, 20, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  fill_pipe();
  b.chain("y", 20, 20,
          {v_rd(kInitial, 0), mv_mul(w), v_wr(kInitial, 2), v_wr(Memory::kAddSubVrf1, 1),
           v_wr(Memory::kMultiplyVrf, 0), v_wr(Memory::kNetQ, 0)});
  b.segment(0, 1);
  Npu npu(b.shard, ComputeMode::kFunctional);
  const Halves x(20, 0x3c00);
  EXPECT_EQ(run(npu, {x}).front(), Halves(20, 0x4000));
  Halves tail(4, 0x4000);
  tail.resize(16);
  for (const auto& [memory, index] : {std::pair{kInitial, 2u}, std::pair{Memory::kAddSubVrf1, 1u},
                                      std::pair{Memory::kMultiplyVrf, 0u}}) {
    const auto head = npu.vector(memory, index);
    EXPECT_EQ(Halves(head.begin(), head.end()), Halves(16, 0x4000));
    const auto last = npu.vector(memory, index + 1);
    EXPECT_EQ(Halves(last.begin(), last.end()), tail);
  }
  const auto padded_x = npu.vector(kInitial, 1);
  EXPECT_EQ(std::count(padded_x.begin(), padded_x.end(), 0), 12);
}

// Products of one vector share its quantisation. These end the sharing.
TEST(SharedActivation, EndsWhenTheVectorIsWritten) {
  ShardBuilder b(small_device(), msfp16_block8(), 4);
  b.in_port("x", 16);
  b.out_port("y", 16);
  const std::uint32_t w = b.matrix("W", 16, 16, scaled_identity(16, 1));
  b.chain("x", 16, 16, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  b.chain("first", 16, 16,
          {v_rd(kInitial, 0), mv_mul(w), v_wr(Memory::kMultiplyVrf, 0), v_wr(Memory::kNetQ, 0)});
  b.chain("again", 16, 16,
          {v_rd(kInitial, 0), mv_mul(w), mul(0), v_wr(kInitial, 0), v_wr(Memory::kNetQ, 0)});
  b.chain("after", 16, 16, {v_rd(kInitial, 0), mv_mul(w), v_wr(Memory::kNetQ, 0)});
  b.segment(0, 1);
  Npu npu(b.shard, ComputeMode::kFunctional);
  const std::vector<Halves> y = run(npu, {sixteen({3, 5})});
  EXPECT_EQ(y[0], sixteen({3, 5}));
  EXPECT_EQ(y[1], sixteen({9, 25}));
  EXPECT_EQ(y[2], sixteen({9, 25}));
}

TEST(SharedActivation, EndsWithTheRequest) {
  ShardBuilder b(small_device(), msfp16_block8(), 4);
  b.in_port("x", 16);
  b.out_port("y", 16);
  const std::uint32_t w = b.matrix("W", 16, 16, scaled_identity(16, 1));
  b.zero(kInitial, 0, 16);
  b.chain("before", 16, 16, {v_rd(kInitial, 0), mv_mul(w), v_wr(Memory::kNetQ, 0)});
  b.chain("x", 16, 16, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  b.chain("after", 16, 16, {v_rd(kInitial, 0), mv_mul(w), v_wr(Memory::kNetQ, 0)});
  b.segment(0, 1);
  Npu npu(b.shard, ComputeMode::kFunctional);
  for (int request = 0; request < 2; ++request) {
    const std::vector<Halves> y = run(npu, {sixteen({3, 5})});
    EXPECT_EQ(y[0], sixteen({}));
    EXPECT_EQ(y[1], sixteen({3, 5}));
  }
}

TEST(SharedActivation, IsOfOneVectorAndOneBlockStructure) {
  ShardBuilder b(small_device(), msfp16_block8(), 4);
  b.in_port("x", 16);
  b.out_port("y", 16);
  const std::uint32_t narrow = b.matrix("N", 16, 16, scaled_identity(16, 1));
  std::vector<float> right_half(16 * 32);
  for (std::size_t i = 0; i < 16; ++i) right_half[i * 32 + 16 + i] = 1;
  const std::uint32_t wide = b.matrix("W", 16, 32, right_half);
  Halves both = sixteen({1, 2});
  const Halves second = sixteen({3, 4});
  both.insert(both.end(), second.begin(), second.end());
  b.constant(kInitial, both);
  b.chain("narrow", 16, 16, {v_rd(kInitial, 0), mv_mul(narrow), v_wr(Memory::kNetQ, 0)});
  b.chain("wide", 16, 32, {v_rd(kInitial, 0), mv_mul(wide), v_wr(Memory::kNetQ, 0)});
  b.chain("narrow", 16, 16, {v_rd(kInitial, 0), mv_mul(narrow), v_wr(Memory::kNetQ, 0)});
  b.chain("message", 16, 16, {v_rd(Memory::kNetQ, 0), mv_mul(narrow), v_wr(Memory::kNetQ, 0)});
  b.chain("next", 16, 16, {v_rd(kInitial, 1), mv_mul(narrow), v_wr(Memory::kNetQ, 0)});
  b.segment(0, 1);
  Npu npu(b.shard, ComputeMode::kFunctional);
  const std::vector<Halves> expected{sixteen({1, 2}), second, sixteen({1, 2}), sixteen({7, 8}),
                                     second};
  EXPECT_EQ(run(npu, {sixteen({7, 8})}), expected);
}

// ---- what goes wrong ----

TEST(Counts, ANanInputPoisonsEveryRowAndItsBlockIsCounted) {
  const CellWeights weights = random_weights(Cell::kLstm, 24, 32, 4);
  const Shard shard =
      cell_shard(small_device(), msfp16_block8(), 4, whole(Cell::kLstm, 24, 32, &weights));
  Npu npu(shard, ComputeMode::kFunctional);
  std::vector<Halves> inputs = random_inputs(3, 24, 9);
  inputs[1][10] = 0x7c01;
  const std::vector<Halves> outputs = run(npu, inputs);
  EXPECT_EQ(std::count(outputs[0].begin(), outputs[0].end(), kHalfNan), 0);
  EXPECT_EQ(outputs[1], Halves(32, kHalfNan));
  EXPECT_EQ(outputs[2], Halves(32, kHalfNan));
  // One block of x in four products; then all four blocks of h in the last step's four.
  EXPECT_EQ(npu.stats().poisoned_blocks, 4u + 16u);
  EXPECT_EQ(npu.stats().fp16_overflows, 0u);
  // A clean request afterwards is clean.
  const std::vector<Halves> clean = random_inputs(3, 24, 9);
  EXPECT_EQ(run(npu, clean), reference_cell(Cell::kLstm, weights, clean, msfp16_block8(), 16));
  EXPECT_EQ(npu.stats().poisoned_blocks, 20u);
}

TEST(Counts, OverflowsOfTheMultifunctionUnits) {
  Bench t;
  t.b.constant(Memory::kMultiplyVrf, sixteen({1000, 1000, 1}));
  Halves x = sixteen({1000, 3, 7});
  x[2] = x[3] = kInfinity;  // came in as infinities: no overflow here, and times zero it is NaN
  Halves expected = sixteen({0, 3000});
  expected[0] = expected[2] = kInfinity;
  expected[3] = kHalfNan;
  EXPECT_EQ(t.run_once({mul(0)}, x), expected);
  EXPECT_EQ(t.stats.fp16_overflows, 1u);
}

TEST(Counts, OverflowsOfTheProduct) {
  Bench t;
  std::vector<float> weights(16 * 16, 0.0f);
  for (std::size_t k = 0; k < 16; ++k) weights[k] = 8192;  // row 0: 16 * 8192
  weights[16] = -65504;                                    // row 1 rounds to 2^16 in 7 bits
  weights[2 * 16] = 1;
  const std::uint32_t w = t.b.matrix("W", 16, 16, weights);
  const Halves y = t.run_once({mv_mul(w)}, Halves(16, 0x3c00));
  EXPECT_EQ(y[0], kInfinity);
  EXPECT_NE(y[1], 0);
  EXPECT_EQ(y[2], 0x3c00);
  EXPECT_EQ(y[3], 0);
  EXPECT_EQ(t.stats.fp16_overflows, 1u + (y[1] == 0xfc00));
}

TEST(FunctionalDeathTest, NeedsWeightsAndValues) {
  const Shard bare = cell_shard(small_device(), msfp16_block8(), 4, whole(Cell::kLstm, 16, 16));
  EXPECT_DEATH(Npu(bare, ComputeMode::kFunctional), "Wi has 0 weights");
  const CellWeights weights = random_weights(Cell::kLstm, 16, 16, 4);
  const Shard shard =
      cell_shard(small_device(), msfp16_block8(), 4, whole(Cell::kLstm, 16, 16, &weights));
  Npu npu(shard, ComputeMode::kFunctional);
  npu.begin(RequestId{0}, 1, {});
  EXPECT_DEATH(npu.deliver(0, Payload{{}, 32}, {}), "a message has 32 bytes without values");
}

}  // namespace
}  // namespace soliton
