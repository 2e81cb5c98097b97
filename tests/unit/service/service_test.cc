// The service of one FPGA as a story: who is served when, what waits, what leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/service/npu_service.h"
#include "tests/unit/service/adder.h"

namespace soliton {
namespace {

constexpr Duration kRequest = kAdderRequest;
constexpr Duration kChain = kAdderChain;

struct World {
  Shard shard = adder(1.0f);
  NpuService service;

  explicit World(TimeBase time = TimeBase::kEmulated, std::uint32_t functional_every = 1)
      : service(shard, {NodeId{1}, time, functional_every, 0}, {"host0", "fpga0"}, nullptr) {}

  void message(std::uint32_t request, float value, Instant now, std::uint16_t port = 0) {
    message_of(request, {value}, now, {.port = port, .steps = 1});
  }
  // A value a lane; `header` says the rest.
  void message_of(std::uint32_t request, const std::vector<float>& lanes, Instant now,
                  DataHeader header) {
    header.request = RequestId{request};
    Payload vectors;
    for (const float value : lanes) {
      const std::vector<Half> values(4, to_half(value));
      vectors.append(std::as_bytes(std::span(values)));
    }
    service.on_message(NodeId{0}, pack_data(header, vectors), now);
  }
  std::optional<DataMessage> leaves(Instant now) {
    const std::optional<RoleMessage> message = service.poll_message(now);
    return message ? std::optional(*unpack_data(message->message)) : std::nullopt;
  }
};

TEST(Service, AnswersWhenTheTimingModelSaysSo) {
  World world;
  world.message(0, 2.0f, Instant{microseconds(1)});
  const Instant done = Instant{microseconds(1)} + kRequest + kChain;
  EXPECT_EQ(world.service.next_deadline(), done);
  EXPECT_FALSE(world.leaves(done - picoseconds(1)));
  const std::optional<DataMessage> reply = world.leaves(done);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header.port, 9);
  EXPECT_EQ(reply->header.path.compute, kRequest + kChain);
  Half first = 0;
  std::memcpy(&first, reply->vectors.bytes.data(), sizeof first);
  EXPECT_EQ(to_float(first), 3.0f);
  EXPECT_EQ(world.service.next_deadline(), kNever);
}

TEST(Service, TheNextRequestQueuesUntilTheDeviceIsFree) {
  World world;
  world.message(0, 0.0f, kRunStart);
  world.message(1, 0.0f, kRunStart + nanoseconds(100));
  const Instant first = kRunStart + kRequest + kChain;
  ASSERT_TRUE(world.leaves(first));
  const std::optional<DataMessage> second = world.leaves(first + kRequest + kChain);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->header.path.queue, first - (kRunStart + nanoseconds(100)));
  EXPECT_EQ(world.service.stats().requests, 2u);
}

TEST(Service, ALaterRequestIsHeldUntilItsTurn) {
  World world;
  world.message(1, 5.0f, kRunStart);
  EXPECT_EQ(world.service.next_deadline(), kNever);
  EXPECT_THAT(world.service.describe_outstanding().at(0),
              ::testing::HasSubstr("but request 0 has not"));
  world.message(0, 1.0f, kRunStart + microseconds(10));
  EXPECT_EQ(world.service.next_deadline(), kRunStart + microseconds(10) + kRequest + kChain);
  world.leaves(kNever);
  EXPECT_EQ(index(world.leaves(kNever)->header.request), 1u);
}

// State that the request before sent does not say how many steps this one has.
TEST(Service, ARequestBeginsWhenItsStepsAreKnown) {
  World world;
  world.message_of(0, {1.0f}, kRunStart, {.port = 0, .steps = 0});
  EXPECT_EQ(world.service.next_deadline(), kNever);
  const Instant known = kRunStart + microseconds(10);
  world.message_of(0, {2.0f}, known, {.port = 0, .steps = 2, .started = known});
  EXPECT_EQ(world.service.next_deadline(), known + kRequest + kChain);
  for (const float value : {2.0f, 3.0f}) {
    const std::optional<DataMessage> reply = world.leaves(kNever);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header.steps, 2);
    EXPECT_EQ(reply->header.started, known);
    Half first = 0;
    std::memcpy(&first, reply->vectors.bytes.data(), sizeof first);
    EXPECT_EQ(to_float(first), value);
  }
}

TEST(Service, WhatIsNotForItIsRefusedAndCounted) {
  World world;
  world.message(0, 0.0f, kRunStart, 7);  // no such port
  world.service.on_message(NodeId{0}, Payload{std::vector<std::byte>(5), 0},
                           kRunStart);  // no header
  world.message(0, 0.0f, kRunStart);
  world.message(0, 0.0f, kRunStart + microseconds(50));  // already answered
  EXPECT_EQ(world.service.refused(), 3u);
  EXPECT_EQ(world.service.stats().requests, 1u);
}

TEST(Service, InWallTimeResultsLeaveAtOnceAndTheWorkIsBookedAsCompute) {
  World world(TimeBase::kWall);
  world.message(0, 2.0f, Instant{milliseconds(3)});
  const std::optional<DataMessage> reply = world.leaves(Instant{milliseconds(3)} + microseconds(7));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->header.path.compute, microseconds(7));
  EXPECT_EQ(world.service.device_time().max(), kRequest + kChain);
}

TEST(Service, SampledRequestsTakeTheSameTimeWithoutValues) {
  World world(TimeBase::kEmulated, 2);
  world.message(0, 0.0f, kRunStart);
  world.message_of(1, {0.0f}, Instant{milliseconds(1)}, {.steps = 1, .functional = false});
  EXPECT_EQ(world.leaves(kNever)->vectors.ghost, 0u);
  EXPECT_EQ(world.service.next_deadline(), Instant{milliseconds(1)} + kRequest + kChain);
  EXPECT_EQ(world.leaves(kNever)->vectors.ghost, 8u);
}

// State that was sent with the request before, from another client's instant on.
TEST(Service, APathBeginsWhenTheClientSentTheRequest) {
  Shard shard = adder(1.0f);
  shard.in_ports.push_back({"state", 4, false});
  shard.program.chains.push_back(
      {"state", 1, 1, {{Opcode::kVRd, Memory::kNetQ, 1}, {Opcode::kVWr, Memory::kAddSubVrf0, 0}}});
  std::swap(shard.program.chains[0], shard.program.chains[1]);
  shard.program.segments[0].last = 2;
  NpuService service(shard, {NodeId{1}, TimeBase::kEmulated, 0, 0}, {"host0", "fpga0"}, nullptr);
  const auto arrives = [&](std::uint16_t port, Duration started, Duration at) {
    DataHeader header{.port = port, .steps = 1, .started = Instant{started}, .functional = false};
    service.on_message(NodeId{0}, pack_data(header, {{}, 8}), Instant{at});
  };
  arrives(1, microseconds(2), microseconds(9));
  arrives(0, microseconds(8), microseconds(10));
  const Instant leaves = service.next_deadline();
  const DataHeader reply = unpack_data(service.poll_message(leaves)->message)->header;
  EXPECT_EQ(reply.started, Instant{microseconds(8)});
  const Arrival arrival = arrival_of(reply, leaves);
  EXPECT_EQ(arrival.path.total(), leaves - Instant{microseconds(8)});
  EXPECT_GE(arrival.path.network, Duration{});
}

TEST(Service, ABatchIsServedAsOneRequestWithALaneEach) {
  World world;
  world.shard.batch = 3;
  world.message_of(0, {2.0f, 5.0f, -1.0f}, kRunStart, {.steps = 1});
  // Two further lanes of one native vector, 4 elements at 4 a cycle.
  const Instant done = kRunStart + kRequest + kChain + nanoseconds(2 * 4);
  EXPECT_EQ(world.service.next_deadline(), done);
  const std::optional<DataMessage> reply = world.leaves(done);
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->vectors.size(), 3u * 4u * sizeof(Half));
  std::vector<Half> values(12);
  std::memcpy(values.data(), reply->vectors.bytes.data(), reply->vectors.bytes.size());
  EXPECT_EQ(to_float(values[0]), 3.0f);
  EXPECT_EQ(to_float(values[4]), 6.0f);
  EXPECT_EQ(to_float(values[8]), 0.0f);
  EXPECT_EQ(world.service.stats().requests, 3u);
  // The next one may be smaller.
  world.message_of(1, {2.0f}, done, {.steps = 1});
  EXPECT_EQ(world.leaves(kNever)->vectors.size(), 4u * sizeof(Half));
}

TEST(Service, MessagesOfTheWrongNumberOfLanesAreRefused) {
  World world;
  world.shard.batch = 2;
  world.message_of(0, {1.0f, 2.0f, 3.0f}, kRunStart, {.steps = 2});  // more than the shard is for
  world.message_of(0, {}, kRunStart, {.steps = 2});
  EXPECT_EQ(world.service.refused(), 2u);
  world.message_of(0, {1.0f, 2.0f}, kRunStart, {.steps = 2});
  world.message_of(0, {1.0f}, kRunStart, {.steps = 2});  // two began
  world.message_of(1, {1.0f}, kRunStart, {.steps = 1});
  world.message_of(1, {1.0f, 2.0f}, kRunStart, {.steps = 1});  // one is held
  EXPECT_EQ(world.service.refused(), 4u);
}

TEST(Service, WithoutAnyFunctionalRequestsOneIsRefused) {
  World world(TimeBase::kEmulated, 0);
  world.message_of(0, {1.0f}, kRunStart, {.steps = 1});
  EXPECT_EQ(world.service.refused(), 1u);
  world.message_of(0, {1.0f}, kRunStart, {.steps = 1, .functional = false});
  EXPECT_EQ(world.service.stats().requests, 1u);
}

// What was held has a path of its own, and the wait for the device is queueing.
TEST(Service, InWallTimeAHeldRequestKeepsItsPath) {
  World world(TimeBase::kWall);
  DataHeader later{.port = 0, .steps = 1};
  later.path.host = microseconds(10);
  world.message_of(1, {1.0f}, Instant{microseconds(100)}, later);
  DataHeader first{.port = 0, .steps = 1};
  first.path.host = microseconds(3);
  world.message_of(0, {1.0f}, Instant{microseconds(150)}, first);
  const auto zero = world.leaves(Instant{microseconds(170)});
  const auto one = world.leaves(Instant{microseconds(170)});
  ASSERT_TRUE(zero && one);
  EXPECT_EQ(zero->header.path.host, microseconds(3));
  EXPECT_EQ(zero->header.path.compute, microseconds(20));
  EXPECT_EQ(zero->header.path.queue, Duration{});
  EXPECT_EQ(one->header.path.host, microseconds(10));
  EXPECT_EQ(one->header.path.queue, microseconds(50));
  EXPECT_EQ(one->header.path.compute, microseconds(20));
  EXPECT_EQ(arrival_of(one->header, Instant{microseconds(200)}).path.total(), microseconds(200));
}

}  // namespace
}  // namespace soliton
