// The host as a story: requests go out, answers come back, each client asks again when it has its
// answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

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

  explicit World(std::uint32_t clients = 1, std::uint32_t requests = 2, HostOptions options = {}) {
    inputs.given = {{{2, 1}, {}, 2}};
    options.clients = clients;
    options.requests = requests;
    start(options);
  }
  void start(const HostOptions& options) {
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
    reply_lanes(request, port, {value}, now, kRunStart);
  }
  void reply_lanes(std::uint32_t batch, std::uint16_t port, const std::vector<float>& lanes,
                   Instant now, Instant started) {
    DataHeader header;
    header.request = RequestId{batch};
    header.port = port;
    header.started = started;
    Payload vectors;
    for (const float value : lanes) {
      const Half half = to_half(value);
      vectors.append(std::as_bytes(std::span(&half, 1)));
    }
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

// ---- batches ----

HostOptions batch_of(std::uint32_t size, Duration wait) {
  HostOptions options;
  options.batch = size;
  options.batch_wait = wait;
  return options;
}

std::vector<float> floats_of(const Payload& payload) {
  std::vector<float> out(payload.bytes.size() / sizeof(Half));
  for (std::size_t i = 0; i < out.size(); ++i) {
    Half half = 0;
    std::memcpy(&half, payload.bytes.data() + i * sizeof half, sizeof half);
    out[i] = to_float(half);
  }
  return out;
}

TEST(Batches, AFullOneLeavesAtOnceWithItsRequestsLaneAfterLane) {
  World world;
  world.inputs.given = {{{2, 1}, {}, 2}, {{0, 2}, {}, 2}};
  HostOptions options = batch_of(2, milliseconds(1));
  options.clients = options.requests = 2;
  world.start(options);
  world.host->on_deadline(kRunStart);
  EXPECT_EQ(world.host->next_deadline(), kRunStart + 2 * kBefore);
  const std::vector<DataMessage> sent = world.drain(kRunStart + 2 * kBefore);
  ASSERT_EQ(sent.size(), 2u);  // a message a step, not a request
  EXPECT_EQ(index(sent[0].header.request), 0u);
  EXPECT_EQ(sent[0].header.path.host, 2 * kBefore);
  EXPECT_EQ(floats_of(sent[0].vectors), (std::vector<float>{4, 5, 0, 1}));  // symbols 2 and 0
  EXPECT_EQ(floats_of(sent[1].vectors), (std::vector<float>{2, 3, 4, 5}));  // symbols 1 and 2
  EXPECT_EQ(world.host->batches(), 1u);
}

TEST(Batches, APartFullOneLeavesWhenItsFirstRequestHasWaitedLongEnough) {
  World world(1, 2, batch_of(3, microseconds(40)));
  world.host->on_deadline(kRunStart);
  ASSERT_EQ(world.host->next_deadline(), kRunStart + microseconds(40));
  EXPECT_THAT(world.host->describe_outstanding().at(0),
              ::testing::HasSubstr("request 0 waits for its batch to fill: 1 of 3 are there"));
  world.host->on_deadline(kRunStart + microseconds(40) - picoseconds(1));
  EXPECT_EQ(world.host->batches(), 0u);
  world.host->on_deadline(kRunStart + microseconds(40));
  EXPECT_EQ(world.host->batches(), 1u);
  const std::vector<DataMessage> sent = world.drain(kNever);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].header.started, kRunStart + microseconds(40));
  EXPECT_EQ(sent[0].vectors.size(), 4u);
}

TEST(Batches, EveryRequestHasItsOwnRecordAndItsWaitIsQueue) {
  HostOptions options = batch_of(2, milliseconds(1));
  options.arrivals = Arrivals::kPoisson;
  options.mean_gap = microseconds(3);
  World world(2, 2, options);
  const Instant first = world.host->next_deadline();
  world.host->on_deadline(first);
  const Instant second = world.host->next_deadline();
  world.host->on_deadline(second);
  ASSERT_EQ(world.drain(kNever).size(), 2u);
  const Instant answered = second + microseconds(9);
  world.reply_lanes(0, 0, {1.0f, 0.0f}, answered, second);
  world.reply_lanes(0, 1, {0.0f, 2.0f}, answered, second);
  world.host->on_deadline(answered + 2 * kAfter);
  const std::vector<HostRecord> records = world.host->take_records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].sent, first);
  EXPECT_EQ(records[1].sent, second);
  EXPECT_EQ(records[0].path.queue, second - first);
  EXPECT_EQ(records[0].completed, answered + kAfter);
  EXPECT_EQ(records[1].path.queue, kAfter);  // the CPU worked on the first lane's answer
  EXPECT_EQ(records[1].completed, answered + 2 * kAfter);
  for (const HostRecord& record : records)
    EXPECT_EQ(record.path.total(), record.completed - record.sent);
  // A log-softmax keeps differences: each has its own lane's answer.
  EXPECT_NEAR(records[0].output[0] - records[0].output[1], 1.0, 1e-6);
  EXPECT_NEAR(records[1].output[1] - records[1].output[0], 2.0, 1e-6);
  EXPECT_TRUE(world.host->finished());
}

TEST(Batches, RequestsOfDifferentLengthsNeverShareOne) {
  World world;
  world.inputs.given = {{{2, 1}, {}, 2}, {{1}, {}, 1}, {{0, 0}, {}, 2}, {{2}, {}, 1}};
  HostOptions options = batch_of(2, milliseconds(1));
  options.clients = options.requests = 4;
  world.start(options);
  world.host->on_deadline(kRunStart);
  EXPECT_EQ(world.host->batches(), 2u);
  std::map<std::uint32_t, std::vector<std::vector<float>>> sent;
  for (const DataMessage& message : world.drain(kNever)) {
    sent[index(message.header.request)].push_back(floats_of(message.vectors));
    EXPECT_EQ(message.header.steps, index(message.header.request) == 0 ? 2 : 1);
  }
  EXPECT_EQ(sent[0], (std::vector<std::vector<float>>{{4, 5, 0, 1}, {2, 3, 0, 1}}));
  EXPECT_EQ(sent[1], (std::vector<std::vector<float>>{{2, 3, 4, 5}}));
}

TEST(Batches, OneWithASampledRequestComputesButOnlySampledOnesHaveOutputs) {
  HostOptions options = batch_of(2, milliseconds(1));
  options.functional_every = 4;
  World world(4, 4, options);
  world.host->on_deadline(kRunStart);
  for (const DataMessage& message : world.drain(kNever)) {
    const bool first = index(message.header.request) == 0;
    EXPECT_EQ(message.header.functional, first);
    EXPECT_EQ(message.vectors.ghost, first ? 0u : 8u);
  }
  for (const std::uint16_t port : {0, 1}) {
    world.reply_lanes(0, port, {1.0f, 2.0f}, Instant{microseconds(9)}, kRunStart);
    world.reply_lanes(1, port, {1.0f, 2.0f}, Instant{microseconds(9)}, kRunStart);
  }
  world.host->on_deadline(Instant{milliseconds(1)});
  std::vector<bool> has_output(4);
  for (const HostRecord& record : world.host->take_records())
    has_output[index(record.request)] = !record.output.empty();
  EXPECT_EQ(has_output, (std::vector<bool>{true, false, false, false}));
}

TEST(Batches, AnAnswerWithTheWrongNumberOfLanesIsCountedAndDropped) {
  World world(2, 2, batch_of(2, milliseconds(1)));
  world.host->on_deadline(kRunStart);
  world.reply_lanes(0, 0, {1.0f}, Instant{microseconds(9)}, kRunStart);
  world.reply_lanes(0, 0, {1.0f, 2.0f, 3.0f}, Instant{microseconds(9)}, kRunStart);
  EXPECT_EQ(world.host->duplicated(), 2u);
  EXPECT_THAT(world.host->describe_outstanding().at(0),
              ::testing::HasSubstr("2 of 2 answers to request 0 and 1 more of its batch"));
}

// ---- open loop ----

TEST(Arrivals, PoissonRequestsDoNotWaitForAnswersAndAreAFunctionOfTheSeed) {
  const auto instants = [](std::uint64_t seed) {
    World world;
    world.inputs.seed = seed;
    HostOptions options;
    options.clients = 3;
    options.requests = 2000;
    options.arrivals = Arrivals::kPoisson;
    options.mean_gap = microseconds(5);
    world.start(options);
    std::vector<Instant> out;
    for (std::uint64_t sent = 0; sent < options.requests; sent = world.host->sent()) {
      const Instant at = world.host->next_deadline();
      world.host->on_deadline(at);
      if (world.host->sent() > sent) out.push_back(at);
      world.drain(at);
    }
    return out;
  };
  const std::vector<Instant> once = instants(1);
  EXPECT_EQ(once, instants(1));
  EXPECT_NE(once, instants(2));
  // 2,000 gaps of mean 1 and deviation 1: the mean is within 4 deviations of its own, 0.09.
  EXPECT_NEAR(in_us(once.back() - kRunStart) / 2000, 5.0, 5.0 * 4 / std::sqrt(2000.0));
  std::size_t longer = 0;
  for (std::size_t i = 1; i < once.size(); ++i) longer += once[i] - once[i - 1] > microseconds(5);
  EXPECT_NEAR(static_cast<double>(longer) / 2000, std::exp(-1.0),
              4 * std::sqrt(0.37 * 0.63 / 2000));
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
