// Models without a recurrent layer have requests of one step: what is said of a step is said of
// that one, all of its layers included.
#include <gtest/gtest.h>

#include "node/npu/critical_path.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

constexpr std::int64_t kMacs = 16 * 64 + 64 * 32 + 32 * 32 + 32 * 5;

LayerGraph mlp(bool per_step) {
  LayerGraph model = no_layers(16, per_step);
  for (const std::int64_t output : {64, 32, 32, 5}) add_dense(model, output, true);
  return model;
}

TEST(DenseOnly, AStepIsTheWholeRequest) {
  for (const bool per_step : {true, false}) {
    const LayerGraph model = mlp(per_step);
    ASSERT_EQ(check_layers(model).text(), "");
    const Lowered made = lowered(model, bw_s10(), 1);
    const StepAnalysis step = analyse_step(made.shards.front(), 1);
    EXPECT_EQ(step.macs, kMacs);
    EXPECT_EQ(2 * step.macs, operations(model, 1));
    // Four products, each of which waits for the one before it.
    const NpuTimingParameters timing = bw_s10().timing;
    const double least = static_cast<double>(timing.request_cycles +
                                             4 * (timing.dispatch_cycles + timing.depth_cycles));
    EXPECT_NEAR(step.cycles, least, 4) << per_step;
    EXPECT_EQ(step.limit, StepLimit::kDependence);
  }
}

// Where requests have many steps, a step is one of many.
TEST(DenseOnly, AStepOfManyOverlapsWithTheNext) {
  const LayerGraph model = mlp(true);
  const Lowered made = lowered(model, bw_s10(), 1);
  EXPECT_LT(analyse_step(made.shards.front(), 100).cycles,
            analyse_step(made.shards.front(), 1).cycles);
}

}  // namespace
}  // namespace soliton::test
