// Row slices of one layer on two NPUs that exchange h (and r*h) every step.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "node/npu/npu.h"
#include "tests/unit/npu/reference.h"

namespace soliton {
namespace {

using namespace soliton::testing;

// Two NPUs with a one-way delay of `latency` + size / 40 Gb/s between them.
class Pair {
 public:
  Pair(const std::array<Shard, 2>& shards, ComputeMode mode, Duration latency)
      : shards_(shards), latency_(latency) {
    for (std::size_t i = 0; i < 2; ++i) npus_[i] = std::make_unique<Npu>(shards[i], mode);
  }

  void run(const std::vector<Payload>& inputs) {
    for (auto& npu : npus_) {
      npu->begin(RequestId{0}, static_cast<std::int64_t>(inputs.size()), {});
      for (const Payload& x : inputs) npu->deliver(0, x, {});
    }
    bool moved = true;
    while (moved) {
      moved = false;
      for (std::size_t i = 0; i < 2; ++i) {
        while (auto output = npus_[i]->poll_output()) {
          moved = true;
          route(i, std::move(*output));
        }
      }
    }
    for (auto& npu : npus_) EXPECT_TRUE(npu->finished()) << npu->waiting_for();
  }

  // The reply of each step: slice after slice.
  std::vector<Halves> outputs() const {
    std::vector<Halves> out;
    for (std::size_t step = 0; step < replies_[0].size(); ++step) {
      Halves h = from_message(replies_[0][step].vectors);
      const Halves rest = from_message(replies_[1][step].vectors);
      h.insert(h.end(), rest.begin(), rest.end());
      out.push_back(std::move(h));
    }
    return out;
  }
  const std::vector<NpuOutput>& replies(std::size_t npu) const { return replies_[npu]; }

 private:
  void route(std::size_t from, NpuOutput output) {
    EXPECT_EQ(output.leaves.path.total(), output.leaves.at - kRunStart);
    if (output.port == 0) {
      replies_[from].push_back(std::move(output));
      return;
    }
    const Duration way =
        latency_ +
        transmit_time({static_cast<std::int64_t>(output.vectors.size())}, {40'000'000'000});
    Arrival arrival = output.leaves;
    arrival.at += way;
    arrival.path.network += way;
    npus_[1 - from]->deliver(output.port, std::move(output.vectors), arrival);
  }

  const std::array<Shard, 2>& shards_;
  Duration latency_;
  std::array<std::unique_ptr<Npu>, 2> npus_;
  std::array<std::vector<NpuOutput>, 2> replies_;
};

std::array<Shard, 2> halves_of(const NpuDevice& device, const NumberFormat& format,
                               std::int64_t beats, CellSpec spec, int border) {
  CellSpec lower = spec;
  lower.last = border;
  CellSpec upper = spec;
  upper.first = border;
  return {cell_shard(device, format, beats, lower), cell_shard(device, format, beats, upper)};
}

class SplitCell : public ::testing::TestWithParam<Cell> {};

TEST_P(SplitCell, GivesTheBitsOfTheWholeOne) {
  const Cell cell = GetParam();
  const CellWeights weights = random_weights(cell, 20, 75, 3);
  const std::vector<Halves> inputs = random_inputs(6, 20, 8);
  const std::vector<Halves> expected = reference_cell(cell, weights, inputs, msfp16_block8(), 16);
  std::vector<Payload> messages;
  for (const Halves& x : inputs) messages.push_back(to_message(x));
  for (const int border : {16, 32, 64}) {
    const auto shards =
        halves_of(small_device(), msfp16_block8(), 4, whole(cell, 20, 75, &weights), border);
    Pair pair(shards, ComputeMode::kFunctional, nanoseconds(1440));
    pair.run(messages);
    EXPECT_EQ(pair.outputs(), expected) << "cut at " << border;
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, SplitCell,
                         ::testing::Values(Cell::kLstm, Cell::kGruResetBefore,
                                           Cell::kGruResetAfter));

TEST(SplitTiming, EverySerialProductAddsOneExchange) {
  // docs/timing.md: GRU 4000, rows over 2, in a rack: 663 cycles and two
  // exchanges, 7.1 us a step.
  const auto shards = halves_of(bw_s10(), {}, 10, whole(Cell::kGruResetBefore, 4000, 4000), 2000);
  Pair pair(shards, ComputeMode::kTiming, nanoseconds(1440));
  pair.run(std::vector<Payload>(40, Payload{{}, 8000}));
  const auto& replies = pair.replies(0);
  const Duration steady = (replies[39].leaves.at - replies[19].leaves.at) / 20;
  const Duration exchange = nanoseconds(1440) + transmit_time({4000}, {40'000'000'000});
  const Duration compute = picoseconds((2 * 500 * 4000) / 6 + 2 * 248 * 4000);
  EXPECT_NEAR(in_us(steady), in_us(compute + 2 * exchange), 1e-4);
  EXPECT_NEAR(in_us(steady), 7.1, 0.142);
  // And the critical path says so.
  const Breakdown path = replies[39].leaves.path;
  EXPECT_EQ(path.network, (2 * 40 - 1) * exchange);
  EXPECT_EQ(path.compute, replies[39].leaves.at - kRunStart - path.network);
}

}  // namespace
}  // namespace soliton
