// Messages into a running program: blocking, order, reversed ports, and what is refused.
#include <gtest/gtest.h>

#include <memory>

#include "node/npu/npu.h"
#include "tests/unit/npu/reference.h"

namespace soliton {
namespace {

using namespace soliton::testing;

constexpr Memory kInitial = Memory::kInitialVrf;

Instant after_cycles(std::int64_t cycles) { return kRunStart + nanoseconds(4 * cycles); }
std::int64_t cycle(Instant at) { return (at - kRunStart) / nanoseconds(4); }
Arrival at_cycle(std::int64_t cycles) {
  return {after_cycles(cycles), {.network = after_cycles(cycles) - kRunStart}};
}
Payload ghost(std::uint64_t elements) { return {{}, 2 * elements}; }

TEST(NetQ, ALateMessageHoldsTheIssueOfEverythingBehindIt) {
  ShardBuilder b(bw_s10(), {}, 10);
  b.in_port("x", 400);
  b.out_port("before", 400);
  b.out_port("behind", 400);
  b.chain("before", 400, 400,
          {v_rd(kInitial, 1), operation(Opcode::kVRelu), v_wr(Memory::kNetQ, 0)});
  b.chain("x", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  // Does not need x at all.
  b.chain("behind", 400, 400,
          {v_rd(kInitial, 1), operation(Opcode::kVRelu), v_wr(Memory::kNetQ, 1)});
  b.segment(1, 0);
  Npu npu(b.shard, ComputeMode::kTiming);
  npu.begin(RequestId{0}, 1, {});
  EXPECT_EQ(cycle(npu.poll_output()->leaves.at), 654 + 183);
  EXPECT_FALSE(npu.poll_output().has_value());
  EXPECT_FALSE(npu.finished());
  npu.deliver(0, ghost(400), at_cycle(3000));
  const auto behind = npu.poll_output();
  ASSERT_TRUE(behind.has_value());
  EXPECT_EQ(cycle(behind->leaves.at), 3000 + 183);
  EXPECT_EQ(behind->leaves.path.network, nanoseconds(4 * 3000));
  EXPECT_TRUE(npu.finished());
}

TEST(NetQ, AnEarlyMessageBehindALateOneDoesNotTurnTimeBack) {
  ShardBuilder b(bw_s10(), {}, 10);
  b.in_port("late", 400);
  b.in_port("early", 400);
  b.out_port("y", 400);
  b.chain("late", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  b.chain("early", 400, 400, {v_rd(Memory::kNetQ, 1), v_wr(Memory::kNetQ, 0)});
  b.segment(1, 0);
  Npu npu(b.shard, ComputeMode::kTiming);
  npu.begin(RequestId{0}, 1, {});
  npu.deliver(1, ghost(400), at_cycle(1000));
  npu.deliver(0, ghost(400), at_cycle(2000));
  EXPECT_EQ(cycle(npu.poll_output()->leaves.at), 2000);
}

TEST(NetQ, LateInputsOfAnLstmDelayOnlyWhatNeedsThem) {
  const Shard shard = cell_shard(bw_s10(), {}, 10, whole(Cell::kLstm, 400, 400));
  Npu npu(shard, ComputeMode::kTiming);
  npu.begin(RequestId{0}, 3, {});
  npu.deliver(0, ghost(400), at_cycle(0));
  npu.deliver(0, ghost(400), at_cycle(5000));
  npu.deliver(0, ghost(400), at_cycle(5100));  // there before the second step is over
  const std::int64_t step = 3 * 68 + 68 + 248 + 183;
  EXPECT_EQ(cycle(npu.poll_output()->leaves.at), 654 + 4 * 68 + step);
  // The second step starts with its input side, the third has that done while the second runs.
  EXPECT_EQ(cycle(npu.poll_output()->leaves.at), 5000 + 4 * 68 + step);
  EXPECT_EQ(cycle(npu.poll_output()->leaves.at), 5000 + 4 * 68 + 2 * step);
}

TEST(NetQ, TimesDoNotDependOnTheOrderOfDeliveryAcrossPorts) {
  ShardBuilder b(bw_s10(), {}, 10);
  b.in_port("a", 400);
  b.in_port("b", 400);
  b.out_port("y", 400);
  b.chain("a", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  b.chain("b", 400, 400, {v_rd(Memory::kNetQ, 1), v_wr(Memory::kMultiplyVrf, 0)});
  b.chain("y", 400, 400, {v_rd(kInitial, 0), mul(0), v_wr(Memory::kNetQ, 0)});
  b.segment(0, 1);
  std::vector<Arrival> leaves[2];
  for (int order = 0; order < 2; ++order) {
    Npu npu(b.shard, ComputeMode::kTiming);
    npu.begin(RequestId{0}, 4, {});
    for (int round = 0; round < 2; ++round) {
      const std::uint16_t port = round == order ? 0 : 1;
      for (int step = 0; step < 4; ++step)
        npu.deliver(port, ghost(400), at_cycle(1000 + (port ? 250 : 310) * step));
    }
    while (const auto output = npu.poll_output()) leaves[order].push_back(output->leaves);
  }
  ASSERT_EQ(leaves[0].size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(leaves[0][i].at, leaves[1][i].at);
    EXPECT_EQ(leaves[0][i].path, leaves[1][i].path);
  }
}

TEST(NetQ, SaysWhichMessageIsMissing) {
  ShardBuilder b(bw_s10(), {}, 10);
  b.in_port("x from host", 400);
  b.in_port("gru0.h from fpga1", 400, true);
  b.out_port("y", 400);
  b.chain("x", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  b.segment(0, 1);
  b.chain("h", 400, 400, {v_rd(Memory::kNetQ, 1), v_wr(Memory::kNetQ, 0)});
  b.segment(0, 1);
  Npu npu(b.shard, ComputeMode::kTiming);
  EXPECT_EQ(npu.waiting_for(), "");
  EXPECT_FALSE(npu.waiting_port().has_value());
  npu.begin(RequestId{0}, 3, {});
  EXPECT_EQ(npu.waiting_for(), "port 0 (x from host), step 0");
  npu.deliver(0, ghost(400), {});
  npu.deliver(0, ghost(400), {});
  EXPECT_EQ(npu.waiting_for(), "port 0 (x from host), step 2");
  npu.deliver(1, ghost(400), {});
  EXPECT_EQ(npu.waiting_port(), 0);
  npu.deliver(0, ghost(400), {});
  EXPECT_EQ(npu.waiting_for(), "port 1 (gru0.h from fpga1), step 1");
  npu.deliver(1, ghost(400), {});
  npu.deliver(1, ghost(400), {});
  EXPECT_EQ(npu.waiting_for(), "");
  EXPECT_TRUE(npu.finished());
}

TEST(ReversedPort, HandsOutTheLastMessageFirstOnceAllAreThere) {
  ShardBuilder b(small_device(), msfp16_block8(), 4);
  b.in_port("h", 16, true);
  b.out_port("y", 16);
  b.chain("move", 16, 16, {v_rd(Memory::kNetQ, 0), v_wr(Memory::kNetQ, 0)});
  b.segment(0, 1);
  Npu npu(b.shard, ComputeMode::kFunctional);
  npu.begin(RequestId{0}, 3, {});
  const auto arrival = [](int us) {
    return Arrival{kRunStart + microseconds(us), {.network = microseconds(us)}};
  };
  // The second one is the latest to arrive.
  const int arrivals[] = {1, 9, 5};
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(npu.poll_output().has_value());
    npu.deliver(0, to_message(std::vector<Half>(16, static_cast<Half>(0x3c00 + i))),
                arrival(arrivals[i]));
  }
  for (int i = 2; i >= 0; --i) {
    const auto output = npu.poll_output();
    ASSERT_TRUE(output.has_value());
    EXPECT_EQ(output->vectors, to_message(std::vector<Half>(16, static_cast<Half>(0x3c00 + i))));
    EXPECT_EQ(output->leaves.at, kRunStart + microseconds(9));
    EXPECT_EQ(output->leaves.path.network, microseconds(9));
  }
  EXPECT_TRUE(npu.finished());

  // The next request starts from an empty port.
  npu.begin(RequestId{1}, 1, {npu.free_at(), {.queue = npu.free_at() - kRunStart}});
  npu.deliver(0, to_message(std::vector<Half>(16, 0x4000)), arrival(1));
  EXPECT_EQ(npu.poll_output()->vectors, to_message(std::vector<Half>(16, 0x4000)));
}

TEST(Requests, FollowOneAnotherOnOneClock) {
  const Shard shard = cell_shard(bw_s10(), {}, 10, whole(Cell::kLstm, 400, 400));
  Npu npu(shard, ComputeMode::kTiming);
  const std::int64_t alone = 654 + 4 * 68 + 2 * 703;
  Arrival start;
  for (std::uint32_t request = 0; request < 3; ++request) {
    npu.begin(RequestId{request}, 2, start);
    // In the queue since the run's start.
    npu.deliver(0, ghost(400), {});
    npu.deliver(0, ghost(400), {});
    npu.poll_output();
    const Arrival leaves = npu.poll_output()->leaves;
    EXPECT_EQ(cycle(leaves.at), alone * (request + 1));
    EXPECT_EQ(leaves.path.queue, nanoseconds(4 * alone * request));
    start = {npu.free_at(), {.queue = npu.free_at() - kRunStart}};
  }
  EXPECT_EQ(npu.stats().requests, 3u);
  EXPECT_EQ(npu.stats().busy, nanoseconds(4 * 3 * alone));
}

TEST(Requests, OfNoStepsEndAfterT0) {
  ShardBuilder b(bw_s10(), {}, 10);
  b.in_port("x", 400);
  b.chain("x", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
  b.segment(0, 1);
  b.segment(-1, 1);
  Npu npu(b.shard, ComputeMode::kTiming);
  npu.begin(RequestId{0}, 0, {});
  EXPECT_TRUE(npu.finished());
  EXPECT_EQ(cycle(npu.free_at()), 654);
}

class Misuse : public ::testing::Test {
 protected:
  Misuse() : b(bw_s10(), {}, 10) {
    b.in_port("x", 400);
    b.chain("x", 400, 400, {v_rd(Memory::kNetQ, 0), v_wr(kInitial, 0)});
    b.segment(0, 1);
    npu = std::make_unique<Npu>(b.shard, ComputeMode::kTiming);
  }
  ShardBuilder b;
  std::unique_ptr<Npu> npu;
};
using MisuseDeathTest = Misuse;

TEST_F(MisuseDeathTest, AMessageForNoRequest) {
  EXPECT_DEATH(npu->deliver(0, ghost(400), {}), "a message arrived while no request runs");
}

TEST_F(MisuseDeathTest, AMessageNobodyReads) {
  b.in_port("y", 400);
  npu = std::make_unique<Npu>(b.shard, ComputeMode::kTiming);
  npu->begin(RequestId{4}, 1, {});
  npu->deliver(1, ghost(400), {});
  EXPECT_DEATH(npu->deliver(0, ghost(400), {}),
               "request 4 ended with unread messages: port 1 \\(y\\): 1");
}

TEST_F(MisuseDeathTest, AMessageOfTheWrongSize) {
  npu->begin(RequestId{0}, 1, {});
  EXPECT_DEATH(npu->deliver(0, ghost(399), {}), "798 bytes for 400 elements");
}

TEST_F(MisuseDeathTest, APathFromAnotherOrigin) {
  npu->begin(RequestId{0}, 1, {});
  EXPECT_DEATH(
      npu->deliver(0, ghost(400), {kRunStart + nanoseconds(10), {.network = nanoseconds(9)}}),
      "the path is 9000 ps long, but the request was sent 10000 ps ago");
}

TEST_F(MisuseDeathTest, ASecondRequestWhileOneRuns) {
  npu->begin(RequestId{0}, 1, {});
  EXPECT_DEATH(npu->begin(RequestId{1}, 1, {}), "request 1 begins while 0 runs");
}

TEST_F(MisuseDeathTest, ARequestBeforeTheNpuIsFree) {
  npu->begin(RequestId{0}, 1, {});
  npu->deliver(0, ghost(400), {});
  EXPECT_DEATH(npu->begin(RequestId{1}, 1, {}), "request 1 begins 2.616 us before the NPU is free");
}

}  // namespace
}  // namespace soliton
