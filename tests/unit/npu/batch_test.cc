// Several requests through one program: every lane has the bits it would have alone, and the batch
// takes the time the rules say.
#include <gtest/gtest.h>

#include <algorithm>

#include "node/npu/npu.h"
#include "node/npu/op_time.h"
#include "tests/unit/npu/random_program.h"
#include "tests/unit/npu/reference.h"

namespace soliton {
namespace {

using namespace soliton::testing;

constexpr BitRate k70GBs{560'000'000'000};

// ---- values ----

Payload random_vectors(std::uint64_t seed, std::uint64_t message, std::uint32_t lane,
                       int elements) {
  const Random random = Random(seed, "vectors").child(message).child(lane);
  Halves values;
  for (int i = 0; i < elements; ++i)
    values.push_back(
        to_half(static_cast<float>(4 * random.unit(static_cast<std::uint64_t>(i)) - 2)));
  return to_message(values);
}

// All outputs of the requests `lanes` of a seed, run together.
std::vector<Payload> run_lanes(Npu& npu, std::uint64_t seed,
                               const std::vector<std::uint32_t>& lanes) {
  const Instant start = npu.free_at();
  npu.begin(RequestId{0}, 1, {start, {}}, static_cast<std::uint32_t>(lanes.size()));
  for (std::uint64_t message = 0; const auto port = npu.waiting_port(); ++message) {
    Payload vectors;
    for (const std::uint32_t lane : lanes) vectors.append(random_vectors(seed, message, lane, 16));
    npu.deliver(*port, std::move(vectors), {start, {}});
  }
  std::vector<Payload> outputs;
  while (auto output = npu.poll_output()) outputs.push_back(std::move(output->vectors));
  return outputs;
}

TEST(Batch, EveryLaneOfARandomProgramHasTheBitsItHasAlone) {
  std::size_t different = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    RandomProgram program(seed, 60, true);
    program.add_dump();
    program.shard().batch = 5;
    const Shard shard = seed % 2 == 0 ? program.shard() : from_dram(program.shard(), 3, k70GBs);
    Npu batched(shard, ComputeMode::kFunctional);
    // A wider batch before it. These programs read registers that nothing has written in this
    // request, so a lane alone must have the same past.
    run_lanes(batched, seed, {6, 6, 6, 6, 6});
    std::vector<std::uint32_t> lanes{3, 1, 4, 2};
    lanes.resize(2 + seed % 3);
    const std::vector<Payload> together = run_lanes(batched, seed, lanes);
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      Npu alone(shard, ComputeMode::kFunctional);
      run_lanes(alone, seed, {6});
      const std::vector<Payload> single = run_lanes(alone, seed, {lanes[lane]});
      ASSERT_EQ(together.size(), single.size());
      for (std::size_t i = 0; i < single.size(); ++i) {
        ASSERT_EQ(together[i].slice(32 * lane, 32), single[i])
            << "seed " << seed << " output " << i;
        different += together[i].slice(32 * lane, 32) != together[i].slice(0, 32);
      }
    }
  }
  EXPECT_GT(different, 200u);  // or all lanes would be one
}

TEST(Batch, StatesOfACellDoNotMix) {
  for (const Cell cell : {Cell::kLstm, Cell::kGruResetBefore, Cell::kGruResetAfter}) {
    const CellWeights weights = random_weights(cell, 20, 75, 3);
    Shard shard = cell_shard(small_device(), msfp16_block8(), 4, whole(cell, 20, 75, &weights));
    shard.batch = 3;
    Npu npu(shard, ComputeMode::kFunctional);
    std::vector<std::vector<Halves>> inputs;
    for (std::uint64_t lane = 0; lane < 3; ++lane)
      inputs.push_back(random_inputs(6, 20, 40 + lane));
    npu.begin(RequestId{0}, 6, {}, 3);
    for (std::size_t step = 0; step < 6; ++step) {
      Payload vectors;
      for (const auto& lane : inputs) vectors.append(to_message(lane[step]));
      npu.deliver(0, std::move(vectors), {});
    }
    std::vector<std::vector<Halves>> outputs(3);
    while (const auto output = npu.poll_output())
      for (std::size_t lane = 0; lane < 3; ++lane)
        outputs[lane].push_back(from_message(output->vectors.slice(150 * lane, 150)));
    for (std::size_t lane = 0; lane < 3; ++lane)
      EXPECT_EQ(outputs[lane], reference_cell(cell, weights, inputs[lane], msfp16_block8(), 16));
    EXPECT_EQ(npu.stats().requests, 3u);
    const std::uint64_t gates = cell == Cell::kLstm ? 4 : 3;
    EXPECT_EQ(npu.stats().mvu_macs, 3u * 6u * gates * 75u * 95u);
  }
}

// ---- times ----

Shard gru(std::uint32_t batch) {
  Shard shard = cell_shard(bw_s10(), parse_format("ms-fp8").value(), 10,
                           whole(Cell::kGruResetBefore, 2800, 2800));
  shard.batch = batch;
  return shard;
}

double steady_us(const Shard& shard, std::uint32_t lanes) {
  return in_us(run_alone(shard, 24, lanes) - run_alone(shard, 8, lanes)) / 16;
}

// Products r z h and three of the next input, each of 49 tiles of 10 beats on 6 engines once a
// lane, in cycles: h waits for r's result, the next r for h's. From 4 lanes on the unit has no wait
// left.
double pinned_step(double lanes) {
  constexpr double kDepth = 248;
  const double slot = lanes * 490 / 6;
  return std::max(2 * slot + 2 * kDepth, std::max(2 * slot, slot + kDepth) + 4 * slot);
}

TEST(Batch, APinnedStepTakesAsLongAsTheUnitWorks) {
  for (const std::uint32_t lanes : {1u, 2u, 3u, 4u, 8u, 100u})
    EXPECT_NEAR(steady_us(gru(100), lanes), pinned_step(lanes) * 0.004, 0.001) << lanes;
  EXPECT_EQ(pinned_step(8), 8 * 490);
  // Fewer lanes than the shard is made for take their own time.
  EXPECT_EQ(run_alone(gru(100), 8, 1), run_alone(gru(1), 8));
}

// docs/timing.md: max(weight bytes / bandwidth, b * pinned step), where a batch's
// pinned step is the work of the unit alone, as above.
TEST(Batch, AStreamedStepTakesTheLongerOfBytesAndWork) {
  const Shard shard = from_dram(gru(256), 45, k70GBs);
  const double bytes = 294 * 482'000 / 560e3;
  const double work = 6 * 490.0 / 6 * 0.004;
  for (const std::uint32_t lanes : {1u, 2u, 4u, 16u, 64u, 96u, 128u})
    EXPECT_NEAR(steady_us(shard, lanes), bytes, 0.01 * bytes) << lanes;
  for (const std::uint32_t lanes : {160u, 256u})
    EXPECT_NEAR(steady_us(shard, lanes), lanes * work, 0.01 * lanes * work) << lanes;
  // 96 requests a step of 253 us are what a pinned device serves one by one.
  EXPECT_NEAR(steady_us(shard, 96) / 96, steady_us(gru(1), 1), 0.01 * steady_us(gru(1), 1));
}

struct Bench {
  Bench() : b(bw_s10(), {}, 10) {
    b.in_port("x", 800);
    b.out_port("y", 800);
    b.shard.batch = 64;
  }
  std::int64_t cycles(std::uint32_t lanes) { return run_alone(b.shard, 1, lanes) / nanoseconds(4); }
  ShardBuilder b;
};

TEST(Batch, AFurtherLaneOfAVectorChainTakesItsVectorsAtLElementsACycle) {
  Bench t;
  t.b.chain("relu", 800, 800,
            {v_rd(Memory::kNetQ, 0), operation(Opcode::kVRelu), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  EXPECT_EQ(t.cycles(1), 654 + 183);
  EXPECT_EQ(t.cycles(2), 654 + 183 + 2 * 400 / 40);
  EXPECT_EQ(t.cycles(64), 654 + 183 + 63 * 2 * 400 / 40);
}

TEST(Batch, LanesFillASlotBeforeTheyLengthenIt) {
  Bench t;
  const std::uint32_t w = t.b.matrix("W", 800, 800, {});
  t.b.chain("W x", 800, 800, {v_rd(Memory::kNetQ, 0), mv_mul(w), v_wr(Memory::kNetQ, 0)});
  t.b.segment(1, 0);
  // 4 tiles of 10 beats on 6 engines: 6.7 cycles a lane, of the 68 a slot has.
  EXPECT_EQ(t.cycles(1), 654 + 68 + 248);
  EXPECT_EQ(t.cycles(10), 654 + 68 + 248);
  EXPECT_EQ(t.cycles(30), 654 + 30 * 40 / 6 + 248);
}

// docs/timing.md: six vectors at once, at no extra time.
TEST(Batch, LanesOfTheDeviceDivideTheBatch) {
  ShardBuilder b(bw_s10(), {}, 10);
  b.shard.device.batch_lanes = 6;
  b.shard.batch = 64;
  b.in_port("x", 2800);
  b.out_port("y", 2800);
  const std::uint32_t w = b.matrix("W", 2800, 2800, {});
  b.chain("W x", 2800, 2800, {v_rd(Memory::kNetQ, 0), mv_mul(w), v_wr(Memory::kInitialVrf, 0)});
  b.chain("relu", 2800, 2800,
          {v_rd(Memory::kInitialVrf, 0), operation(Opcode::kVRelu), v_wr(Memory::kNetQ, 0)});
  b.segment(1, 0);
  for (const std::uint32_t lanes : {1u, 6u, 7u, 12u, 13u}) {
    const std::int64_t passes = (lanes + 5) / 6;
    const double cycles = 654 + passes * 490 / 6.0 + 248 + 183 + (passes - 1) * 7 * 10;
    EXPECT_NEAR(in_us(run_alone(b.shard, 1, lanes)), cycles * 0.004, 0.001) << lanes;
  }
}

TEST(Batch, TimesDoNotDependOnValues) {
  const CellWeights weights = random_weights(Cell::kLstm, 20, 75, 3);
  Shard shard = from_dram(
      cell_shard(small_device(), msfp16_block8(), 4, whole(Cell::kLstm, 20, 75, &weights)), 5,
      k70GBs);
  shard.batch = 7;
  Npu functional(shard, ComputeMode::kFunctional), timing(shard, ComputeMode::kTiming);
  for (Npu* npu : {&functional, &timing}) {
    npu->begin(RequestId{0}, 4, {}, 7);
    for (int step = 0; step < 4; ++step) {
      const Payload ghosts{{}, 7 * 40};
      const Payload values = Payload{std::vector<std::byte>(7 * 40), 0};
      npu->deliver(0, npu == &timing ? ghosts : values, {});
    }
  }
  while (const auto output = timing.poll_output()) {
    const auto other = functional.poll_output();
    ASSERT_TRUE(other);
    EXPECT_EQ(other->leaves.at, output->leaves.at);
    EXPECT_EQ(other->vectors.size(), output->vectors.size());
    EXPECT_EQ(output->vectors.ghost, 7u * 150u);
  }
  EXPECT_EQ(functional.free_at(), timing.free_at());
}

}  // namespace
}  // namespace soliton
