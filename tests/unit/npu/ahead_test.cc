// Values are computed when something needs them, inputs that are there several at a time: neither
// may change a bit, a count or a time.
#include <gtest/gtest.h>

#include "node/npu/compiled_program.h"
#include "node/npu/npu.h"
#include "tests/unit/npu/reference.h"

namespace soliton {
namespace {

using namespace soliton::testing;

constexpr Half kInfinity = 0x7c00;

struct Played {
  std::vector<Halves> outputs;
  std::vector<Instant> leaves;
  std::uint64_t poisoned_blocks = 0;
  std::uint64_t fp16_overflows = 0;
  bool operator==(const Played&) const = default;
};

void take_outputs(Npu& npu, Played& out) {
  while (const auto output = npu.poll_output()) {
    out.outputs.push_back(from_message(output->vectors));
    out.leaves.push_back(output->leaves.at);
  }
}

// Polls after every `group` messages.
Played run_in_groups(const Shard& shard, const std::vector<Halves>& inputs, std::size_t group) {
  Npu npu(shard, ComputeMode::kFunctional);
  Played out;
  for (std::uint32_t request = 0; request < 2; ++request) {
    const Arrival start{npu.free_at(), {}};
    npu.begin(RequestId{request}, static_cast<std::int64_t>(inputs.size()), start);
    for (std::size_t step = 0; step < inputs.size(); ++step) {
      npu.deliver(0, to_message(inputs[step]), start);
      if ((step + 1) % group == 0) take_outputs(npu, out);
    }
    take_outputs(npu, out);
  }
  out.poisoned_blocks = npu.stats().poisoned_blocks;
  out.fp16_overflows = npu.stats().fp16_overflows;
  return out;
}

TEST(ValuesAhead, HaveTheBitsCountsAndTimesOfOneStepAtATime) {
  for (const Cell cell : {Cell::kLstm, Cell::kGruResetBefore, Cell::kGruResetAfter}) {
    const CellWeights weights = random_weights(cell, 21, 43, 5);
    const Shard shard =
        cell_shard(small_device(), msfp16_block8(), 4, whole(cell, 21, 43, &weights));
    std::vector<Halves> inputs = random_inputs(23, 21, 9);
    const Played clean = run_in_groups(shard, inputs, 1);
    EXPECT_EQ(clean.outputs.size(), 46u);
    inputs[6][3] = kInfinity;  // among vectors that are multiplied together
    const Played poisoned = run_in_groups(shard, inputs, 1);
    EXPECT_GT(poisoned.poisoned_blocks, 0u);
    EXPECT_NE(poisoned.outputs, clean.outputs);
    for (const std::size_t group : {2, 3, 4, 7, 8, 9, 23, 100})
      EXPECT_EQ(run_in_groups(shard, inputs, group), poisoned) << group << " messages at a time";
  }
}

TEST(ValuesAhead, InputSideProductsOfACellReadAStream) {
  const CellWeights weights = random_weights(Cell::kLstm, 16, 32, 1);
  const Shard shard =
      cell_shard(small_device(), msfp16_block8(), 4, whole(Cell::kLstm, 16, 32, &weights));
  const CompiledProgram program(shard);
  EXPECT_EQ(program.streams(), 1u);
  std::size_t streamed = 0, products = 0, feeding = 0;
  for (std::uint32_t c = 0; c < shard.program.chains.size(); ++c) {
    const CompiledChain& chain = program.chain(c);
    products += chain.matrix != nullptr;
    streamed += chain.stream.has_value();
    feeding += chain.feeds.has_value();
  }
  EXPECT_GT(feeding, 0u);
  EXPECT_EQ(streamed * 2, products);  // the other half reads the hidden state
}

// A register that something else writes too holds no stream.
TEST(ValuesAhead, AVectorThatIsChangedOnItsWayIsNoStream) {
  const auto shard_with = [](std::vector<Instruction> second_write) {
    testing::ShardBuilder b(small_device(), msfp16_block8(), 4);
    const std::uint32_t x = b.reserve(Memory::kInitialVrf, 16);
    const std::uint32_t w = b.matrix("W", 16, 16, std::vector<float>(256, 0.5f));
    b.in_port("x", 16);
    b.out_port("y", 16);
    b.chain("in", 16, 16, {v_rd(Memory::kNetQ, 0), v_wr(Memory::kInitialVrf, x)});
    if (!second_write.empty()) b.chain("change", 16, 16, second_write);
    b.chain("product", 16, 16, {v_rd(Memory::kInitialVrf, x), mv_mul(w), v_wr(Memory::kNetQ, 0)});
    b.segment(0, 1);
    return b.shard;
  };
  const Shard plain = shard_with({});
  EXPECT_EQ(CompiledProgram(plain).streams(), 1u);
  const Shard changed = shard_with(
      {v_rd(Memory::kInitialVrf, 0), operation(Opcode::kVRelu), v_wr(Memory::kInitialVrf, 0)});
  EXPECT_EQ(CompiledProgram(changed).streams(), 0u);
  const std::vector<Halves> inputs = random_inputs(11, 16, 3);
  EXPECT_EQ(run_in_groups(changed, inputs, 1), run_in_groups(changed, inputs, 11));
}

}  // namespace
}  // namespace soliton
