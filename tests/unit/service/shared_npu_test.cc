// A device with several models: whose request it takes up, and that it has one at a time.
#include "node/service/shared_npu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/service/adder.h"

namespace soliton {
namespace {

// Two models, which add 1 and 10. Ports of the second one begin at 3.
SharedShards two_adders() { return {{{adder(1.0f), 0}, {adder(10.0f), 3}}}; }

struct World {
  SharedShards shards = two_adders();
  SharedNpu device{shards, {.self = NodeId{1}}, {"host0", "fpga0"}, nullptr};

  void message(std::uint16_t port, std::uint32_t request, float value, Instant now) {
    const std::vector<Half> values(4, to_half(value));
    Payload vectors;
    vectors.append(std::as_bytes(std::span(values)));
    DataHeader header{.port = port, .steps = 1};
    header.request = RequestId{request};
    device.on_message(NodeId{0}, pack_data(header, vectors), now);
  }
  struct Answer {
    Instant at{};
    float value = 0;
    Duration queue{};
    bool operator==(const Answer&) const = default;
  };
  std::vector<Answer> answers() {
    std::vector<Answer> out;
    while (device.next_deadline() != kNever) {
      const Instant at = device.next_deadline();
      const std::optional<RoleMessage> sent = device.poll_message(at);
      const DataMessage message = *unpack_data(sent->message);
      Half first = 0;
      std::memcpy(&first, message.vectors.bytes.data(), sizeof first);
      out.push_back({at, to_float(first), message.header.path.queue});
    }
    return out;
  }
};

constexpr Instant kBegin{microseconds(1)};

TEST(SharedNpu, EachModelHasItsProgramAndItsNumbers) {
  World world;
  world.message(3, 0, 5.0f, kBegin);
  world.message(0, 0, 5.0f, kBegin + milliseconds(1));
  world.message(3, 1, 6.0f, kBegin + milliseconds(2));
  const std::vector<World::Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].value, 15.0f);
  EXPECT_EQ(answers[1].value, 6.0f);
  EXPECT_EQ(answers[2].value, 16.0f);
  for (const World::Answer& answer : answers) EXPECT_EQ(answer.queue, Duration{});
}

TEST(SharedNpu, TheDeviceHasOneRequestAtATimeWhosesoeverItIs) {
  World world;
  world.message(0, 0, 1.0f, kBegin);
  world.message(3, 0, 1.0f, kBegin);
  world.message(0, 1, 2.0f, kBegin);
  const std::vector<World::Answer> answers = world.answers();
  ASSERT_EQ(answers.size(), 3u);
  const Duration each = kAdderRequest + kAdderChain;
  EXPECT_EQ(answers[0], (World::Answer{kBegin + each, 2.0f, Duration{}}));
  EXPECT_EQ(answers[1], (World::Answer{kBegin + each * 2, 11.0f, each}));
  EXPECT_EQ(answers[2], (World::Answer{kBegin + each * 3, 3.0f, each * 2}));
}

// Request 1 of the first model cannot begin before its request 0; the second model's need not wait for it.
TEST(SharedNpu, AModelThatLacksARequestHoldsUpNobodyElse) {
  World world;
  world.message(0, 1, 2.0f, kBegin);
  world.message(3, 0, 1.0f, kBegin + microseconds(1));
  EXPECT_EQ(world.answers().size(), 1u);
  EXPECT_THAT(world.device.describe_outstanding(),
              testing::ElementsAre("request 1 has arrived, but request 0 has not"));
  world.message(0, 0, 1.0f, kBegin + microseconds(5));
  EXPECT_EQ(world.answers().size(), 2u);
}

// The same with a second input each, which is answered as well.
SharedShards two_of_two_inputs() {
  SharedShards shards = two_adders();
  for (SharedShards::Part& part : shards.parts) {
    part.shard.in_ports.push_back({"z", 4, false});
    std::vector<Chain>& chains = part.shard.program.chains;
    chains.push_back(chains.front());
    chains.back().instructions.front().index = 1;
    part.shard.program.segments.front().last = 2;
  }
  return shards;
}

// A request that waits for the rest of its inputs keeps the device.
TEST(SharedNpu, WhoCameFirstIsServedToItsEnd) {
  World world{two_of_two_inputs()};
  world.message(0, 0, 1.0f, kBegin);
  world.message(3, 0, 1.0f, kBegin + microseconds(1));
  EXPECT_EQ(world.answers().size(), 1u);
  world.message(1, 0, 2.0f, kBegin + microseconds(10));
  EXPECT_EQ(world.answers().size(), 2u) << "the rest of the first, and what the second has";
  EXPECT_THAT(world.device.describe_outstanding(),
              testing::ElementsAre(testing::HasSubstr("request 0 waits for")));
  world.message(4, 0, 2.0f, kBegin + microseconds(20));
  EXPECT_EQ(world.answers().size(), 1u);
  EXPECT_TRUE(world.device.describe_outstanding().empty());
}

TEST(SharedNpu, MessagesForNobodyAreCounted) {
  World world;
  world.message(1, 0, 1.0f, kBegin);
  world.message(9, 0, 1.0f, kBegin);
  world.device.on_message(NodeId{0}, Payload{}, kBegin);
  EXPECT_EQ(world.device.refused(), 3u);
  EXPECT_EQ(world.device.next_deadline(), kNever);
}

TEST(SharedNpu, WhatItsModelsDidIsAddedUp) {
  World world;
  world.message(0, 0, 1.0f, kBegin);
  world.message(3, 0, 1.0f, kBegin);
  RoleStats stats;
  world.device.add_stats(stats);
  EXPECT_EQ(stats.device_time.count(), 2u);
}

}  // namespace
}  // namespace soliton
