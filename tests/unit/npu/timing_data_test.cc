// Times do not depend on values: zeros, random numbers, infinities and NaNs take as long as no
// values at all.
#include <gtest/gtest.h>

#include "node/npu/npu.h"
#include "protocol/base/rng.h"
#include "tests/unit/npu/reference.h"

namespace soliton {
namespace {

using namespace soliton::testing;

constexpr int kSteps = 12;
constexpr int kInput = 20;

// Instants of all outputs and of the end. Null inputs: timing only.
std::vector<Instant> times(const Shard& shard, const std::vector<Halves>* inputs) {
  Npu npu(shard, inputs != nullptr ? ComputeMode::kFunctional : ComputeMode::kTiming);
  const Random random(9, "arrivals");
  npu.begin(RequestId{0}, kSteps, {});
  Arrival arrival;
  for (std::size_t step = 0; step < kSteps; ++step) {
    const Duration gap = picoseconds(static_cast<std::int64_t>(random.below(step, 500'000)));
    arrival = {arrival.at + gap, {.network = arrival.path.network + gap}};
    npu.deliver(0, inputs != nullptr ? to_message((*inputs)[step]) : Payload{{}, 2 * kInput},
                arrival);
  }
  std::vector<Instant> out;
  while (const auto output = npu.poll_output()) out.push_back(output->leaves.at);
  out.push_back(npu.free_at());
  return out;
}

TEST(Times, DoNotDependOnValues) {
  constexpr Half kNan = 0x7e01, kInfinity = 0x7c00, kSmallest = 0x0001, kMinusZero = 0x8000;
  for (const Cell cell : {Cell::kLstm, Cell::kGruResetBefore, Cell::kGruResetAfter}) {
    const CellWeights weights = random_weights(cell, kInput, 40, 3);
    const Shard shard =
        cell_shard(small_device(), msfp16_block8(), 4, whole(cell, kInput, 40, &weights));
    const std::vector<Instant> expected = times(shard, nullptr);
    ASSERT_EQ(expected.size(), kSteps + 1u);
    for (const std::uint64_t seed : {1, 2, 3}) {
      const std::vector<Halves> inputs = random_inputs(kSteps, kInput, seed);
      EXPECT_EQ(times(shard, &inputs), expected) << seed;
    }
    for (const Half value : {Half{0}, kMinusZero, kSmallest, kInfinity, kNan}) {
      const std::vector<Halves> inputs(kSteps, Halves(kInput, value));
      EXPECT_EQ(times(shard, &inputs), expected) << std::hex << value;
    }
  }
}

}  // namespace
}  // namespace soliton
