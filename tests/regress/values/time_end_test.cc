// Emulated time ends: what would pass the end stops there or is refused, and nothing wraps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fabric/sim/engine.h"
#include "node/npu/op_time.h"
#include "partition/cost/cost_model.h"
#include "partition/ir/cpu_part.h"
#include "partition/search/partition.h"
#include "protocol/base/clock_domain.h"
#include "protocol/base/histogram.h"
#include "tests/unit/partition/harness.h"
#include "topologies/line.h"

namespace soliton::test {
namespace {

using testing::HasSubstr;

constexpr Duration kDay = std::chrono::hours{24};
constexpr BitRate kSlow{1'000};

TEST(TimeEnd, SumsAndProductsStopThere) {
  EXPECT_EQ(later(kRunStart + 49 * kDay, 2 * kDay), kRunEnd);
  EXPECT_EQ(later(kRunStart + 49 * kDay, Duration::max()), kRunEnd);
  EXPECT_EQ(later(kRunStart + 48 * kDay, kDay), kRunStart + 49 * kDay);
  EXPECT_EQ(later(kNever, kDay), kNever);
  EXPECT_EQ(sum(30 * kDay, 30 * kDay), kLongestTime);
  EXPECT_EQ(times(kDay, 1'000'000), kLongestTime);
  EXPECT_EQ(times(kDay, 3), 3 * kDay);
  EXPECT_EQ(transmit_time(Bytes{std::int64_t{1} << 40}, kSlow), kLongestTime);
}

TEST(TimeEnd, TicksStopThereAndMeanTheEnd) {
  const ClockDomain fast({10'000'000'000}, 1024);
  EXPECT_EQ(add_ticks(kTicksEnd, kTicksEnd), kTicksEnd);
  EXPECT_EQ(times_ticks(kTicksEnd, 4096), kTicksEnd);
  EXPECT_EQ(fast.duration(kTicksEnd), kLongestTime);
  EXPECT_EQ(fast.ticks(kLongestTime), kTicksEnd);
  const ClockDomain slow({1'000'000}, 1);
  EXPECT_EQ(slow.duration(std::int64_t{1} << 60), kLongestTime);
}

TEST(TimeEnd, APacketIsNeverThereBeforeItLeft) {
  TopologyLink link;
  link.rate = kSlow;
  link.latency = 10 * kDay;
  const AtPort late{kRunStart + 45 * kDay, kRunStart + 45 * kDay};
  const OnLine on_line = cross_line(late, kRunEnd, line_time(link, Bytes{1408}), link.latency);
  EXPECT_EQ(on_line.start, kRunEnd);
  EXPECT_EQ(on_line.tail, kRunEnd);
}

TEST(TimeEnd, AHostThatIsSlowerThanTimeItself) {
  constexpr std::int64_t kMany = std::int64_t{1} << 60;
  CpuDevice slow;
  slow.memory_rate = kSlow;
  EXPECT_EQ(cpu_time(slow, ir::Work{}, std::int64_t{1} << 40), kLongestTime);
  EXPECT_EQ(cpu_time(CpuDevice(), ir::Work{.multiply_adds = kMany}, 0), kLongestTime);
}

TEST(TimeEnd, TheMeanOfManyLongTimesIsExact) {
  DurationHistogram waits;
  for (int i = 0; i < 1'000; ++i) waits.add(40 * kDay + picoseconds(i % 2));
  EXPECT_EQ(waits.mean(), 40 * kDay + picoseconds(1));
  const DurationHistogram read =
      DurationHistogram::restore(waits.buckets(), waits.min(), waits.max(), waits.sum_ps());
  EXPECT_EQ(read.mean(), waits.mean());
}

// A request of a thousand steps, each of which streams all weights at 1 kb/s.
struct Slow {
  LayerGraph model;
  Topology topology;
  Routes routes;
  PartitionRequest request;

  explicit Slow(BitRate dram)
      : model(rnn({.hidden = 2'000, .steps = 1'000, .with_weights = false})),
        topology(
            build_topology(TopologySpec{.kind = "rack"}, {{"fpga0", ""}, {"host0", ""}}).value()),
        routes(topology) {
    std::get<RecurrentLayer>(model.layers.front()).in_dram = true;
    NpuDevice device = bw_s10();
    device.dram = Bytes{std::int64_t{8} << 30};
    device.dram_rate = dram;
    request.model = &model;
    request.topology = &topology;
    request.routes = &routes;
    request.nodes = {{"fpga0", {Device::Kind::kNpu, device, {}}},
                     {"host0", {Device::Kind::kCpu, {}, {}}}};
    request.steps = 1'000;
    request.with_weights = false;
  }
};

TEST(TimeEnd, APlanWhoseRequestWouldPassItIsRefusedWithTheReason) {
  const Slow slow(kSlow);
  const Checked<Plan> plan = partition_model(slow.request);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().errors.front().code, ErrorCode::kDoesNotFit);
  EXPECT_THAT(plan.error().text(), HasSubstr("a request of 1000 step(s) would take"));
  EXPECT_THAT(plan.error().text(), HasSubstr("where emulated time ends"));
  EXPECT_THAT(plan.error().text(), HasSubstr("dram_bandwidth"));
}

TEST(TimeEnd, APlanOfDaysIsOne) {
  const Slow slow({1'000'000});
  const Checked<Plan> plan = partition_model(slow.request);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_GT(plan->predicted_latency, kDay / 24);
}

}  // namespace
}  // namespace soliton::test
