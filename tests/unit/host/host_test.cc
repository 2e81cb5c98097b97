// The host as a story: requests go out, answers come back, each client asks again when it has its
// answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "node/host/host_role.h"

namespace soliton {
namespace {

HostShard embedding_shard() {
  HostShard shard;
  shard.node = "host0";
  shard.device.operator_overhead = nanoseconds(200);
  shard.device.memory_rate = BitRate{8'000'000'000};  // a byte a nanosecond
  shard.symbols = 3;
  shard.input = 2;
  shard.table = {to_half(0), to_half(1), to_half(2), to_half(3), to_half(4), to_half(5)};
  shard.inputs = {{false, {{"fpga0", 5}}}};
  shard.replies = {{1, 0, false}, {1, 1, false}};
  shard.output = 2;
  shard.after = HostShard::After::kLogSoftmax;
  return shard;
}

struct World {
  HostShard shard = embedding_shard();
  InputSource inputs;
  std::unique_ptr<HostRole> host;

  explicit World(std::uint32_t clients = 1, std::uint32_t requests = 2) {
    inputs.given = {{{2, 1}, {}, 2}};
    HostOptions options;
    options.clients = clients;
    options.requests = requests;
    host = std::make_unique<HostRole>(shard, inputs, options,
                                      std::vector<std::string>{"host0", "fpga0"}, nullptr);
    host->start(kRunStart);
  }
  std::vector<DataMessage> drain(Instant now) {
    std::vector<DataMessage> out;
    while (std::optional<RoleMessage> message = host->poll_message(now))
      out.push_back(*unpack_data(message->message));
    return out;
  }
  void reply(std::uint32_t request, std::uint16_t port, float value, Instant now) {
    DataHeader header;
    header.request = RequestId{request};
    header.port = port;
    header.started = kRunStart;
    Payload vectors;
    const Half half = to_half(value);
    vectors.append(std::as_bytes(std::span(&half, 1)));
    host->on_message(NodeId{1}, pack_data(header, vectors), now);
  }
};

// Two symbols: 2 * (8 + 4 * 2) bytes touched, a nanosecond each, after the overhead.
constexpr Duration kBefore = nanoseconds(200 + 32);
// Two values: 2 * 6 bytes.
constexpr Duration kAfter = nanoseconds(200 + 12);

TEST(Host, SendsEveryStepOfARequestWhenTheLookUpIsDone) {
  World world;
  EXPECT_EQ(world.host->next_deadline(), kRunStart);
  world.host->on_deadline(kRunStart);
  EXPECT_TRUE(world.drain(kRunStart).empty());
  ASSERT_EQ(world.host->next_deadline(), kRunStart + kBefore);
  const std::vector<DataMessage> sent = world.drain(kRunStart + kBefore);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].header.port, 5);
  EXPECT_EQ(sent[0].header.steps, 2);
  EXPECT_EQ(sent[0].header.path.host, kBefore);
  const Half expected[] = {to_half(4), to_half(5)};  // symbol 2
  EXPECT_EQ(std::memcmp(sent[0].vectors.bytes.data(), expected, sizeof expected), 0);
}

TEST(Host, CompletesWhenAllPartsAreThereAndAsksAgain) {
  World world;
  world.host->on_deadline(kRunStart);
  world.drain(kRunStart + kBefore);
  world.reply(0, 1, 1.0f, Instant{microseconds(2)});
  EXPECT_EQ(world.host->next_deadline(), kNever);
  world.reply(0, 0, 0.0f, Instant{microseconds(3)});
  const Instant done = Instant{microseconds(3)} + kAfter;
  ASSERT_EQ(world.host->next_deadline(), done);
  world.host->on_deadline(done);
  const std::vector<HostRecord> records = world.host->take_records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].completed, done);
  EXPECT_EQ(records[0].path.total(), done - kRunStart);
  EXPECT_EQ(records[0].path.host, kAfter);
  ASSERT_EQ(records[0].output.size(), 2u);
  EXPECT_NEAR(std::exp(records[0].output[0]) + std::exp(records[0].output[1]), 1.0, 1e-6);
  EXPECT_NEAR(records[0].output[1] - records[0].output[0], 1.0, 1e-6);
  EXPECT_EQ(world.host->sent(), 2u);
  EXPECT_EQ(world.host->next_deadline(), done + kBefore);
}

TEST(Host, ClientsShareOneCpu) {
  World world(2, 2);
  world.host->on_deadline(kRunStart);
  EXPECT_EQ(world.drain(kRunStart + kBefore).size(), 2u);
  const std::vector<DataMessage> second = world.drain(kRunStart + 2 * kBefore);
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0].header.path.queue, kBefore);
}

TEST(Host, LateAndForeignAnswersAreCountedAndDropped) {
  World world;
  world.host->on_deadline(kRunStart);
  world.reply(1, 0, 0.0f, Instant{microseconds(1)});  // not asked yet
  world.reply(0, 9, 0.0f, Instant{microseconds(1)});  // no such port
  world.host->on_message(NodeId{1}, Payload{std::vector<std::byte>(3), 0},
                         Instant{microseconds(1)});
  EXPECT_EQ(world.host->duplicated(), 3u);
  EXPECT_TRUE(world.host->take_records().empty());
  EXPECT_THAT(world.host->describe_outstanding().at(0),
              ::testing::HasSubstr("2 of 2 answers to request 0"));
}

TEST(HostWork, RandomInputsDependOnSeedAndRequestOnly) {
  HostShard shard;
  shard.input = 4;
  InputSource a, b;
  a.random_steps = b.random_steps = 3;
  EXPECT_EQ(a.request(5, shard).values, b.request(5, shard).values);
  EXPECT_NE(a.request(5, shard).values, a.request(6, shard).values);
  b.seed = 2;
  EXPECT_NE(a.request(5, shard).values, b.request(5, shard).values);
  for (const float value : a.request(5, shard).values) EXPECT_LE(std::abs(value), 1.0f);
}

}  // namespace
}  // namespace soliton
