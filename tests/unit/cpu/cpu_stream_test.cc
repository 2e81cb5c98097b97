// A CPU host among FPGAs as a story: arrays leave as fp16 tokens, and come back in slices.
#include <capnp/message.h>
#include <gtest/gtest.h>

#include "node/cpu/cpu_codec.h"
#include "node/cpu/cpu_host.h"
#include "partition/ir/array_bytes.h"
#include "protocol/tensor/half.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton {
namespace {

using test::TestGraph;
using Values = std::vector<float>;

const std::vector<std::string> kNames = {"a", "fpga0", "fpga1"};
constexpr std::uint16_t kReply = 3;  // port of the answer, after an input and two slices

ir::Array matrix(Values values) {
  const auto rows = static_cast<std::int64_t>(values.size() / 2);
  return ir::Array::of<float>({rows, 2}, std::move(values));
}

CpuPart part_of(const std::string& op, std::uint16_t first_port, std::vector<PartPort> to) {
  TestGraph t;
  t.output(t.node(op, op, {t.input("x", {3, 2})}));
  return {op, t.graph, first_port, {std::move(to)}, {}};
}

// Host a answers f(relu(x)) for arrays of three tokens and two values: one FPGA gets all of relu(x),
// the other its second column in reverse, and each sends a column of f() back, the second in
// reverse.
CpuSpec relay(std::uint32_t requests) {
  CpuSpec spec;
  spec.parts.push_back(part_of("Relu", 0,
                               {{"fpga0", 5, false, StreamCut{3, 0, 2, false, 3}},
                                {"fpga1", 6, false, StreamCut{3, 1, 1, true, 3}}}));
  StreamIn& stream = spec.streams.emplace_back();
  stream.first_port = 1;
  stream.slices = {{0, 1, false}, {1, 1, true}};
  stream.shape = {3, 2};
  stream.tokens = 3;
  stream.to = {{"a", kReply}};
  GraphClients& clients = spec.clients.emplace_back();
  clients.workload.requests = requests;
  clients.inputs.given = {{matrix({1, -2, 3, 4, 5, 6})}};
  clients.copies[0].sends = {{{"a", 0}}};
  clients.copies[0].first_port = kReply;
  clients.replies = 1;
  return spec;
}

struct Sent {
  NodeId peer{};
  DataHeader header;
  Payload vectors;
  Instant at{};
  Values values() const {
    Values out;
    for (std::size_t i = 0; i + 1 < vectors.bytes.size(); i += sizeof(Half)) {
      Half half;
      std::memcpy(&half, vectors.bytes.data() + i, sizeof half);
      out.push_back(to_float(half));
    }
    return out;
  }
};

struct World {
  CpuSpec spec;
  TraceBuffer trace{1000};
  CpuHost host;

  explicit World(CpuSpec given, TimeBase time = TimeBase::kEmulated,
                 std::uint32_t functional_every = 1)
      : spec(std::move(given)),
        host(spec, CpuOptions{NodeId{0}, time, functional_every, 1}, kNames, &trace) {
    host.start(kRunStart);
  }

  // Everything that leaves until nothing is due.
  std::vector<Sent> run() {
    std::vector<Sent> out;
    for (Instant now = host.next_deadline(); now != kNever; now = host.next_deadline()) {
      host.on_deadline(now);
      while (const std::optional<RoleMessage> message = host.poll_message(now)) {
        DataMessage data = unpack_data(message->message).value();
        out.push_back({message->peer, data.header, std::move(data.vectors), now});
      }
    }
    return out;
  }
  void arrives(NodeId from, std::uint16_t port, std::uint32_t request, float value, Instant now,
               bool functional = true) {
    DataHeader header;
    header.request = RequestId{request};
    header.port = port;
    header.functional = functional;
    header.started = kRunStart;
    const Half half = to_half(value);
    Payload vectors;
    if (functional)
      vectors.append(std::as_bytes(std::span(&half, 1)));
    else
      vectors.ghost = sizeof half;
    host.on_message(from, pack_data(header, vectors), now);
  }
  std::vector<HostRecord> records() {
    Records out;
    host.hand_over(out);
    return std::move(out.requests);
  }
  std::uint64_t duplicated() const {
    RoleStats stats;
    host.add_stats(stats);
    return stats.duplicated;
  }
};

Values answer_of(const HostRecord& record) {
  Payload bytes;
  bytes.bytes = record.arrays;
  const auto arrays = ir::arrays_of(bytes).value();
  const auto values = arrays.front().as<float>();
  return {values.begin(), values.end()};
}

// 200 ns, and 48 bytes in and out at 160 Gb/s.
const Duration kRelu = nanoseconds(200) + transmit_time(Bytes{48}, BitRate{160'000'000'000});

TEST(CpuStreams, LeaveTokenByTokenToAllPorts) {
  World world(relay(1));
  const std::vector<Sent> sent = world.run();
  ASSERT_EQ(sent.size(), 6u);
  // relu(x) is 1 0 | 3 4 | 5 6; fpga1 gets the second column from the last token on.
  const std::vector<Values> expected = {{1, 0}, {6}, {3, 4}, {4}, {5, 6}, {0}};
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(sent[i].peer, NodeId{i % 2 == 0 ? 1u : 2u}) << i;
    EXPECT_EQ(sent[i].header.port, i % 2 == 0 ? 5 : 6) << i;
    EXPECT_EQ(sent[i].header.steps, 3) << i;
    EXPECT_TRUE(sent[i].header.functional) << i;
    EXPECT_EQ(sent[i].values(), expected[i]) << i;
    EXPECT_EQ(sent[i].at, kRunStart + kRelu) << i;
  }
}

TEST(CpuStreams, ValuesAreRoundedToTheNearestEvenHalf) {
  CpuSpec spec = relay(1);
  // Halfway between 2048 and 2050 and between 2050 and 2052; beyond fp16; and exact values.
  spec.clients[0].inputs.given = {{matrix({2049, 2051, 1e6f, 0.5f, 65504, 0x1p-24f})}};
  World world(spec);
  const std::vector<Sent> sent = world.run();
  ASSERT_EQ(sent.size(), 6u);
  EXPECT_EQ(sent[0].values(), (Values{2048, 2052}));
  EXPECT_EQ(sent[2].values(), (Values{std::numeric_limits<float>::infinity(), 0.5f}));
  EXPECT_EQ(sent[4].values(), (Values{65504, 0x1p-24f}));
}

TEST(CpuStreams, AnAnswerIsPutTogetherFromAllSlices) {
  World world(relay(1));
  world.run();
  for (int token = 0; token < 3; ++token) {
    const Instant now = kRunStart + microseconds(10 + token);
    world.arrives(NodeId{1}, 1, 0, static_cast<float>(10 + token), now);
    world.arrives(NodeId{2}, 2, 0, static_cast<float>(20 + token), now);
  }
  world.run();
  const std::vector<HostRecord> records = world.records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(answer_of(records[0]), (Values{10, 22, 11, 21, 12, 20}));
  // It costs nothing here.
  EXPECT_EQ(records[0].completed, kRunStart + microseconds(12));
  EXPECT_EQ(records[0].path.network, microseconds(12));
  EXPECT_EQ(records[0].path.total(), records[0].completed - records[0].sent);
  EXPECT_EQ(world.duplicated(), 0u);
}

TEST(CpuStreams, GoOnToAPartAndToFpgasAgain) {
  CpuSpec spec = relay(1);
  // The part has a port of its own, so everything behind it moves.
  spec.parts.push_back(part_of("Neg", 1, {{"fpga1", 7, false, StreamCut{1, 1, 3, false, 1}}}));
  spec.streams[0].first_port = 2;
  spec.clients[0].copies[0].first_port = kReply + 1;
  spec.streams[0].to = {
      {"a", 1}, {"a", kReply + 1}, {"fpga0", 9, false, StreamCut{3, 1, 1, false, 3}}};
  World world(spec);
  world.run();
  for (int token = 0; token < 3; ++token)
    for (const std::uint16_t slice : {0, 1})
      world.arrives(NodeId{1u + slice}, static_cast<std::uint16_t>(2 + slice), 0,
                    static_cast<float>(10 * slice + token), kRunStart + microseconds(1));
  const std::vector<Sent> sent = world.run();
  ASSERT_EQ(sent.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sent[i].header.port, 9);
    EXPECT_EQ(sent[i].at, kRunStart + microseconds(1));
    EXPECT_EQ(sent[i].values(), (Values{12.0f - static_cast<float>(i)}));
  }
  // The array is 0 12 | 1 11 | 2 10, here as one token of six values.
  EXPECT_EQ(sent[3].values(), (Values{-12, -1, -11}));
  EXPECT_EQ(sent[3].at, kRunStart + microseconds(1) + kRelu);
  EXPECT_EQ(sent[3].header.path.host, nanoseconds(kRelu / nanoseconds(1)));
  EXPECT_EQ(world.records().size(), 1u);
}

TEST(CpuStreams, WithoutValuesTakeTheSameTimeAndBytes) {
  const auto play = [](std::uint32_t functional_every) {
    World world(relay(1), TimeBase::kEmulated, functional_every);
    std::vector<std::pair<Instant, std::uint64_t>> out;
    for (const Sent& sent : world.run()) {
      out.emplace_back(sent.at, sent.vectors.size());
      EXPECT_EQ(sent.header.functional, functional_every != 0);
      EXPECT_EQ(sent.vectors.ghost == 0, functional_every != 0);
    }
    for (int token = 0; token < 3; ++token)
      for (const std::uint16_t slice : {0, 1})
        world.arrives(NodeId{1u + slice}, static_cast<std::uint16_t>(1 + slice), 0, 0,
                      kRunStart + microseconds(2), functional_every != 0);
    world.run();
    const std::vector<HostRecord> records = world.records();
    EXPECT_EQ(records.at(0).arrays.empty(), functional_every == 0);
    out.emplace_back(records.at(0).completed, 0);
    return out;
  };
  EXPECT_EQ(play(0), play(1));
}

// FPGAs compute with real numbers only, so an array of integers is as unknown to them as any where
// no values are computed.
TEST(CpuStreams, IntegersLeaveAsRealNumbers) {
  for (const std::uint32_t every : {0u, 1u}) {
    CpuSpec spec = relay(1);
    spec.clients[0].inputs.given = {{ir::Array::of<std::int64_t>({3, 2}, {1, -2, 3, 4, 5, 6})}};
    World world(spec, TimeBase::kEmulated, every);
    const std::vector<Sent> sent = world.run();
    ASSERT_EQ(sent.size(), 6u);
    EXPECT_EQ(sent[0].header.functional, every == 1);
    EXPECT_EQ(sent[0].vectors.ghost, every == 1 ? 0u : 4u);
    if (every == 1) {
      EXPECT_EQ(sent[0].values(), (Values{1, 0}));
    }
  }
}

TEST(CpuStreams, InWallTimeEveryByteIsSentAndNothingIsModelled) {
  World world(relay(1), TimeBase::kWall, 0);
  world.host.on_deadline(kRunStart);
  world.host.on_deadline(kRunStart);
  EXPECT_EQ(world.host.next_deadline(), kRunStart);
  const Instant sent_at = kRunStart + microseconds(3);
  std::size_t count = 0;
  while (const std::optional<RoleMessage> message = world.host.poll_message(sent_at)) {
    const DataMessage data = unpack_data(message->message).value();
    EXPECT_EQ(data.vectors.ghost, 0u);
    EXPECT_EQ(data.header.path.host, microseconds(3));
    EXPECT_FALSE(data.header.functional);
    ++count;
  }
  EXPECT_EQ(count, 6u);
  const Instant now = kRunStart + microseconds(50);
  for (int token = 0; token < 3; ++token)
    for (const std::uint16_t slice : {0, 1})
      world.arrives(NodeId{1u + slice}, static_cast<std::uint16_t>(1 + slice), 0, 0, now, false);
  world.host.on_deadline(now + microseconds(1));
  const std::vector<HostRecord> records = world.records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].completed, now + microseconds(1));
  EXPECT_EQ(records[0].path.total(), records[0].completed - records[0].sent);
}

TEST(CpuStreams, StateGoesToTheNextRequestAndTheClientsSendTheFirst) {
  CpuSpec spec = relay(2);
  spec.parts[0].outputs[0].push_back({"fpga0", 8, true, StreamCut{1, 4, 2, false, 3}});
  spec.clients[0].copies[0].initial.emplace_back(
      test::floats({7, 8}),
      std::vector<PartPort>{{"fpga0", 8, false, StreamCut{1, 0, 2, false, 3}}});
  World world(spec);
  const auto states = [&] {
    std::vector<Sent> out;
    for (Sent& sent : world.run())
      if (sent.header.port == 8) out.push_back(std::move(sent));
    return out;
  };
  std::vector<Sent> sent = states();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(index(sent[0].header.request), 0u);
  EXPECT_EQ(sent[0].values(), (Values{7, 8}));
  EXPECT_EQ(sent[0].at, kRunStart);
  EXPECT_EQ(index(sent[1].header.request), 1u);
  EXPECT_EQ(sent[1].header.steps, 3);
  EXPECT_EQ(sent[1].values(), (Values{5, 6}));
  for (int token = 0; token < 3; ++token)
    for (const std::uint16_t slice : {0, 1})
      world.arrives(NodeId{1u + slice}, static_cast<std::uint16_t>(1 + slice), 0, 0,
                    kRunStart + microseconds(5));
  sent = states();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(index(sent[0].header.request), 2u);
}

TEST(CpuStreams, CountMessagesThatBelongToNothing) {
  World world(relay(1));
  world.run();
  for (int token = 0; token < 4; ++token)  // one too many
    world.arrives(NodeId{1}, 1, 0, 1, kRunStart + microseconds(1));
  EXPECT_EQ(world.duplicated(), 1u);
  DataHeader header;
  header.port = 2;
  world.host.on_message(NodeId{2}, pack_data(header, {{}, 4}), kRunStart + microseconds(1));
  EXPECT_EQ(world.duplicated(), 2u);
  for (int token = 0; token < 3; ++token)
    world.arrives(NodeId{2}, 2, 0, 1, kRunStart + microseconds(1));
  world.run();
  EXPECT_EQ(world.records().size(), 1u);
  world.arrives(NodeId{2}, 2, 0, 1, kRunStart + microseconds(2));
  EXPECT_EQ(world.duplicated(), 3u);
}

TEST(CpuStreams, SayWhatTheyWaitFor) {
  World world(relay(1));
  world.run();
  world.arrives(NodeId{1}, 1, 0, 1, kRunStart + microseconds(1));
  const std::vector<std::string> waits = world.host.describe_outstanding();
  ASSERT_EQ(waits.size(), 2u);
  EXPECT_EQ(waits[0], "client 0 waits for 1 of 1 outputs of request 0");
  EXPECT_EQ(waits[1],
            "an array [3, 2] from FPGAs waits for 5 of 6 messages of request 0: 2 at port 1, 3 at "
            "port 2");
}

TEST(CpuStreams, AnArrayOfAnotherShapeIsNamed) {
  CpuSpec spec = relay(1);
  spec.clients[0].inputs.given = {{matrix({1, 2, 3, 4})}};
  World world(spec);
  EXPECT_TRUE(world.run().empty());
  EXPECT_EQ(world.host.describe_outstanding().back(),
            "an array [2, 2] does not go to FPGAs as 3 tokens");
}

TEST(CpuStreams, BothEndsOfEachMessageAreTraced) {
  World world(relay(1));
  world.run();
  for (int token = 0; token < 3; ++token)
    for (const std::uint16_t slice : {0, 1})
      world.arrives(NodeId{1u + slice}, static_cast<std::uint16_t>(1 + slice), 0, 0,
                    kRunStart + microseconds(5));
  std::size_t sent = 0, received = 0;
  for (const TraceEvent& event : world.trace.take()) {
    sent += event.kind == TraceKind::kMessageSent ? 1 : 0;
    received += event.kind == TraceKind::kMessageReceived ? 1 : 0;
  }
  EXPECT_EQ(sent, 6u);
  EXPECT_EQ(received, 6u);
}

// Arrays of as many tokens as the request has steps, and state for the next request, whose steps are
// not known yet.
CpuSpec relay_each_step() {
  CpuSpec spec = relay(2);
  for (PartPort& port : spec.parts[0].outputs[0]) {
    port.stream->tokens = 0;
    port.stream->steps = 0;
  }
  spec.parts[0].outputs[0].push_back({"fpga0", 8, true, StreamCut{1, 0, 2, false, 0}});
  spec.streams[0].shape = {ir::kOpen, 2};
  spec.streams[0].tokens = 0;
  spec.clients[0].inputs.given = {{matrix({1, -2, 3, 4})}, {matrix({5, 6})}};
  spec.clients[0].inputs.step_axis = ir::StepAxis{0, 0};
  return spec;
}

TEST(CpuStreams, HaveATokenForEachStepOfARequest) {
  World world(relay_each_step());
  const std::vector<Sent> sent = world.run();
  const std::vector<Values> expected = {{1, 0}, {4}, {1, 0}, {3, 4}, {0}};
  ASSERT_EQ(sent.size(), expected.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const bool state = sent[i].header.port == 8;
    EXPECT_EQ(sent[i].values(), expected[i]) << i;
    EXPECT_EQ(sent[i].header.steps, state ? 0 : 2) << i;
    EXPECT_EQ(index(sent[i].header.request), state ? 1u : 0u) << i;
  }
}

TEST(CpuStreams, AStepAxisMustBeThere) {
  CpuSpec spec = relay_each_step();
  for (const ir::StepAxis axis : {ir::StepAxis{0, 2}, ir::StepAxis{1, 0}}) {
    spec.clients[0].inputs.step_axis = axis;
    capnp::MallocMessageBuilder message;
    write_cpu_spec(spec, message.initRoot<wire::CpuRole>());
    EXPECT_FALSE(read_cpu_spec(message.getRoot<wire::CpuRole>().asReader()));
  }
}

TEST(CpuStreams, SurviveAsBytes) {
  CpuSpec spec = relay_each_step();
  spec.clients[0].inputs.steps_of_all = 9;
  spec.streams[0].to.push_back({"fpga0", 9, true, StreamCut{3, 1, 1, true, 4}});
  spec.clients[0].copies[0].initial.emplace_back(
      test::floats({7, 8}), std::vector<PartPort>{{"fpga0", 8, false, StreamCut{1, 0, 2}}});
  capnp::MallocMessageBuilder message;
  write_cpu_spec(spec, message.initRoot<wire::CpuRole>());
  const auto bytes = message.getRoot<wire::CpuRole>();
  const Result<CpuSpec> back = read_cpu_spec(bytes.asReader());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->streams, spec.streams);
  EXPECT_EQ(back->clients[0].inputs.step_axis, spec.clients[0].inputs.step_axis);
  EXPECT_EQ(back->clients[0].inputs.steps_of_all, 9);
  EXPECT_EQ(back->parts[0].outputs, spec.parts[0].outputs);
  ASSERT_EQ(back->clients[0].copies[0].initial.size(), 1u);
  EXPECT_TRUE(identical(back->clients[0].copies[0].initial[0].first, test::floats({7, 8})));
  EXPECT_EQ(back->clients[0].copies[0].initial[0].second,
            spec.clients[0].copies[0].initial[0].second);

  spec.streams[0].slices.pop_back();
  capnp::MallocMessageBuilder broken;
  write_cpu_spec(spec, broken.initRoot<wire::CpuRole>());
  const Result<CpuSpec> refused = read_cpu_spec(broken.getRoot<wire::CpuRole>().asReader());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("do not hold each of the 2 values"), std::string::npos);
}

}  // namespace
}  // namespace soliton
