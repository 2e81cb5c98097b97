// The role of a CPU host as a story: what comes in, what must go out, and when.
#include "node/cpu/cpu_host.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

#include "node/cpu/cpu_codec.h"
#include "partition/ir/array_bytes.h"
#include "partition/place/place_graph.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton {
namespace {

using test::floats;
using test::TestGraph;

const std::vector<std::string> kNames = {"a", "b"};

// y = |-relu(x)| over both hosts and back, or on one.
std::vector<CpuSpec> specs(const std::vector<std::size_t>& host_of, std::uint32_t requests) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {2});
  const ir::ValueId one = t.node("one", "Relu", {x});
  const ir::ValueId two = t.node("two", "Neg", {one});
  t.output(t.node("three", "Abs", {two}));
  const PlaceRequest request{&t.graph, kNames, host_of, "a"};
  const PlacedGraph placed = place_graph(request).value();
  std::vector<CpuSpec> out(2);
  for (const HostParts& host : placed.hosts) out[host.node == "b" ? 1 : 0].parts = host.parts;
  GraphClients& clients = out[0].clients.emplace_back();
  clients.workload.requests = requests;
  clients.inputs.given = {{floats({-1, 2})}, {floats({3, -4})}};
  clients.copies[0].sends = placed.sends;
  clients.copies[0].first_port = placed.first_reply;
  clients.replies = 1;
  return out;
}

CpuOptions options_of(std::uint32_t self) {
  CpuOptions options;
  options.self = NodeId{self};
  return options;
}

// Runs until nothing is due; messages arrive `hop` after they left.
std::vector<HostRecord> play(std::vector<CpuHost*> hosts, Duration hop) {
  for (CpuHost* host : hosts) host->start(Instant{});
  struct InFlight {
    std::size_t to;
    NodeId from;
    Payload message;
  };
  std::multimap<Instant, InFlight> flying;
  for (int turn = 0; turn < 1000; ++turn) {
    Instant next = flying.empty() ? kNever : flying.begin()->first;
    for (const CpuHost* host : hosts) next = std::min(next, host->next_deadline());
    if (next == kNever) break;
    while (!flying.empty() && flying.begin()->first <= next) {
      InFlight due = std::move(flying.begin()->second);
      flying.erase(flying.begin());
      if (due.to < hosts.size()) hosts[due.to]->on_message(due.from, std::move(due.message), next);
    }
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      hosts[i]->on_deadline(next);
      while (std::optional<RoleMessage> sent = hosts[i]->poll_message(next))
        flying.emplace(later(next, hop),
                       InFlight{index(sent->peer), NodeId{static_cast<std::uint32_t>(i)},
                                std::move(sent->message)});
    }
  }
  Records records;
  hosts[0]->hand_over(records);
  return std::move(records.requests);
}

std::vector<float> answer_of(const HostRecord& record) {
  Payload bytes;
  bytes.bytes = record.arrays;
  const std::vector<ir::Array> arrays = ir::arrays_of(bytes).value();
  const auto values = arrays.front().as<float>();
  return {values.begin(), values.end()};
}

TEST(CpuHost, RunsItsPartAndAnswersItsClients) {
  const std::vector<CpuSpec> spec = specs({0, 0, 0}, 3);
  CpuHost host(spec[0], options_of(0), kNames, nullptr);
  const std::vector<HostRecord> records = play({&host}, {});
  ASSERT_EQ(records.size(), 3u);
  EXPECT_TRUE(host.finished());
  EXPECT_EQ(answer_of(records[0]), (std::vector<float>{0, 2}));
  EXPECT_EQ(answer_of(records[1]), (std::vector<float>{3, 0}));
  EXPECT_EQ(records[2].arrays, records[0].arrays);
  // Three operators of 200 ns and 16 bytes at 160 Gb/s each, all of it work of the host.
  const Duration each = nanoseconds(200) + transmit_time(Bytes{16}, BitRate{160'000'000'000});
  EXPECT_EQ(records[0].completed - records[0].sent, 3 * each);
  EXPECT_EQ(records[0].path.host, 3 * each);
}

TEST(CpuHost, TwoHostsGiveTheSameBytesAndPayForTheWay) {
  const std::vector<CpuSpec> spec = specs({0, 1, 0}, 2);
  CpuHost a(spec[0], options_of(0), kNames, nullptr), b(spec[1], options_of(1), kNames, nullptr);
  const std::vector<HostRecord> records = play({&a, &b}, microseconds(1));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(answer_of(records[1]), (std::vector<float>{3, 0}));
  // A header tells the host's work in whole nanoseconds; what it leaves out counts as network.
  EXPECT_GE(records[0].path.network, microseconds(2));
  EXPECT_LT(records[0].path.network, microseconds(2) + 2 * nanoseconds(1));
  EXPECT_EQ(records[0].path.total(), records[0].completed - records[0].sent);
}

TEST(CpuHost, WithoutValuesTakesTheSameTime) {
  const std::vector<CpuSpec> spec = specs({0, 1, 0}, 1);
  const auto time = [&](std::uint32_t functional_every) {
    CpuOptions first = options_of(0), second = options_of(1);
    first.functional_every = second.functional_every = functional_every;
    CpuHost a(spec[0], first, kNames, nullptr), b(spec[1], second, kNames, nullptr);
    const std::vector<HostRecord> records = play({&a, &b}, microseconds(1));
    EXPECT_EQ(records.at(0).arrays.empty(), functional_every == 0);
    return records.at(0).completed;
  };
  EXPECT_EQ(time(0), time(1));
}

TEST(CpuHost, SaysWhatItWaitsFor) {
  const std::vector<CpuSpec> spec = specs({0, 1, 0}, 1);
  CpuHost a(spec[0], options_of(0), kNames, nullptr);
  const std::vector<HostRecord> records = play({&a}, {});
  EXPECT_TRUE(records.empty());
  EXPECT_FALSE(a.finished());
  const std::vector<std::string> waits = a.describe_outstanding();
  ASSERT_EQ(waits.size(), 1u);
  EXPECT_EQ(waits[0], "client 0 waits for 1 of 1 outputs of request 0");
}

TEST(CpuHost, CountsMessagesThatBelongToNothing) {
  const std::vector<CpuSpec> spec = specs({0, 0, 0}, 1);
  CpuHost host(spec[0], options_of(0), kNames, nullptr);
  host.on_message(NodeId{1}, Payload{}, Instant{});
  DataHeader header;
  header.port = 77;
  Payload array;
  ir::append_array(floats({1}), array);
  host.on_message(NodeId{1}, pack_data(header, array), Instant{});
  RoleStats stats;
  host.add_stats(stats);
  EXPECT_EQ(stats.duplicated, 2u);
}

TEST(CpuHost, ExplainsAnOperatorThatCannotRunOnItsInputs) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {2});
  const ir::ValueId table = t.constant("table", floats({1, 2}));
  const ir::ValueId index = t.input("i", {1}, ir::ElementType::kInt64);
  t.output(t.node("y", "Gather", {table, index}));
  t.output(t.node("z", "Relu", {x}));
  const PlaceRequest request{&t.graph, {"a"}, {0, 0}, "a"};
  const PlacedGraph placed = place_graph(request).value();
  CpuSpec spec;
  spec.parts = placed.hosts[0].parts;
  GraphClients& clients = spec.clients.emplace_back();
  clients.workload.requests = 1;
  clients.inputs.given = {{floats({1, 2}), ir::Array::integers({5})}};
  clients.copies[0].sends = placed.sends;
  clients.copies[0].first_port = placed.first_reply;
  clients.replies = 2;
  CpuHost host(spec, options_of(0), kNames, nullptr);
  EXPECT_TRUE(play({&host}, {}).empty());
  const std::vector<std::string> waits = host.describe_outstanding();
  ASSERT_EQ(waits.size(), 2u);
  EXPECT_NE(waits[1].find("cannot run request 0: node \"y\" (Gather)"), std::string::npos)
      << waits[1];
}

// The same for requests that run together; the inputs of request k are -k and k + 10.
std::vector<CpuSpec> batch_specs(const std::vector<std::size_t>& host_of, std::uint32_t requests,
                                 std::uint32_t clients, std::uint32_t batch) {
  std::vector<CpuSpec> out = specs(host_of, requests);
  for (CpuSpec& spec : out) spec.batch = batch;
  GraphClients& made = out[0].clients[0];
  made.workload.clients = clients;
  made.workload.batch = batch;
  made.inputs.given.clear();
  for (std::uint32_t k = 0; k < requests; ++k)
    made.inputs.given.push_back({floats({-static_cast<float>(k), static_cast<float>(k + 10)})});
  return out;
}

// One operator on one lane.
const Duration kEach = nanoseconds(200) + transmit_time(Bytes{16}, BitRate{160'000'000'000});

TEST(CpuBatches, EachRequestGetsItsOwnAnswer) {
  for (const bool two_hosts : {false, true}) {
    const std::vector<CpuSpec> spec = batch_specs({0, two_hosts ? 1U : 0U, 0}, 4, 2, 2);
    CpuHost a(spec[0], options_of(0), kNames, nullptr), b(spec[1], options_of(1), kNames, nullptr);
    const std::vector<HostRecord> records = play({&a, &b}, microseconds(1));
    ASSERT_EQ(records.size(), 4U);
    EXPECT_TRUE(a.finished());
    for (std::uint32_t k = 0; k < 4; ++k) {
      EXPECT_EQ(index(records[k].request), k);
      EXPECT_EQ(records[k].client, k % 2);
      EXPECT_EQ(answer_of(records[k]), (std::vector<float>{0, static_cast<float>(k + 10)}));
      EXPECT_EQ(records[k].path.total(), records[k].completed - records[k].sent);
      // Two lanes of three operators, one after the other; then both answers are there.
      EXPECT_EQ(records[k].completed, records[k ^ 1U].completed);
      EXPECT_EQ(records[k].path.network > Duration{}, two_hosts);
      if (two_hosts) continue;
      EXPECT_EQ(records[k].path.host, 6 * kEach);
    }
    EXPECT_EQ(records[2].sent, records[0].completed);
  }
}

// A third client finds the batch full, and waits for the clients who are answered first.
TEST(CpuBatches, TheFirstOfABatchWaitsForTheOthers) {
  std::vector<CpuSpec> spec = batch_specs({0, 0, 0}, 4, 3, 2);
  spec[0].clients[0].workload.batch_wait = milliseconds(1);
  CpuHost host(spec[0], options_of(0), kNames, nullptr);
  const std::vector<HostRecord> records = play({&host}, {});
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(index(records[2].request), 2U);
  EXPECT_EQ(records[2].client, 2U);
  EXPECT_EQ(records[2].sent, kRunStart);
  EXPECT_EQ(records[2].path.queue, records[0].completed - kRunStart);
  EXPECT_EQ(records[3].path.queue, Duration{});
  EXPECT_EQ(records[3].sent, records[0].completed);
  EXPECT_EQ(records[2].completed, records[3].completed);
}

TEST(CpuBatches, APartFilledBatchGoesWhenItsWaitIsOver) {
  std::vector<CpuSpec> spec = batch_specs({0, 0, 0}, 1, 1, 2);
  spec[0].clients[0].workload.batch_wait = microseconds(5);
  CpuHost host(spec[0], options_of(0), kNames, nullptr);
  host.start(kRunStart);
  host.on_deadline(kRunStart);
  EXPECT_EQ(host.next_deadline(), kRunStart + microseconds(5));
  EXPECT_EQ(host.describe_outstanding(),
            (std::vector<std::string>{"request 0 waits for its batch to fill: 1 of 2 are "
                                      "there"}));
  while (host.next_deadline() != kNever) host.on_deadline(host.next_deadline());
  Records records;
  host.hand_over(records);
  ASSERT_EQ(records.requests.size(), 1U);
  const HostRecord& record = records.requests[0];
  EXPECT_EQ(answer_of(record), (std::vector<float>{0, 10}));
  EXPECT_EQ(record.sent, kRunStart);
  EXPECT_EQ(record.completed, kRunStart + microseconds(5) + 3 * kEach);
  EXPECT_EQ(record.path.queue, microseconds(5));
  EXPECT_EQ(record.path.host, 3 * kEach);
  EXPECT_TRUE(host.finished());
}

TEST(CpuBatches, RequestsOfDifferentStepsRunApart) {
  std::vector<CpuSpec> spec = batch_specs({0, 0, 0}, 4, 4, 2);
  GraphInputs& inputs = spec[0].clients[0].inputs;
  inputs.given = {{floats({1, 2})}, {floats({3, 4, 5})}, {floats({6, 7})}, {floats({8, 9, 10})}};
  inputs.step_axis = ir::StepAxis{0, 0};
  spec[0].clients[0].workload.batch_wait = milliseconds(1);
  CpuHost host(spec[0], options_of(0), kNames, nullptr);
  const std::vector<HostRecord> records = play({&host}, {});
  ASSERT_EQ(records.size(), 4U);
  for (const HostRecord& record : records) {
    const std::uint32_t k = index(record.request);
    EXPECT_EQ(record.steps, k % 2 == 0 ? 2 : 3);
    const auto values = inputs.given[k][0].as<float>();
    EXPECT_EQ(answer_of(record), (std::vector<float>{values.begin(), values.end()}));
  }
  EXPECT_EQ(records[0].completed, records[1].completed);
  EXPECT_EQ(index(records[1].request), 2U);
}

// Of a batch with any request whose values are wanted all values are computed.
TEST(CpuBatches, OnlyFunctionalRequestsHaveAnAnswer) {
  const std::vector<CpuSpec> spec = batch_specs({0, 0, 0}, 4, 2, 2);
  CpuOptions options = options_of(0);
  options.functional_every = 3;
  CpuHost host(spec[0], options, kNames, nullptr);
  const std::vector<HostRecord> records = play({&host}, {});
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(answer_of(records[0]), (std::vector<float>{0, 10}));
  EXPECT_TRUE(records[1].arrays.empty());
  EXPECT_TRUE(records[2].arrays.empty());
  EXPECT_EQ(answer_of(records[3]), (std::vector<float>{0, 13}));
}

Payload lanes_of(std::uint16_t port, const std::vector<ir::Array>& lanes) {
  DataHeader header;
  header.port = port;
  Payload arrays;
  ir::append_arrays(lanes, arrays);
  return pack_data(header, arrays);
}

std::uint64_t duplicated(const CpuHost& host) {
  RoleStats stats;
  host.add_stats(stats);
  return stats.duplicated;
}

TEST(CpuBatches, AnswersOfTheWrongNumberOfLanesBelongToNothing) {
  const std::vector<CpuSpec> spec = batch_specs({1, 1, 1}, 2, 2, 2);
  CpuHost host(spec[0], options_of(0), kNames, nullptr);
  host.start(kRunStart);
  host.on_deadline(kRunStart);
  const std::optional<RoleMessage> sent = host.poll_message(kRunStart);
  ASSERT_TRUE(sent);
  const DataMessage message = unpack_data(sent->message).value();
  const std::vector<ir::Array> lanes = ir::arrays_of(message.vectors).value();
  ASSERT_EQ(lanes.size(), 2U);
  EXPECT_TRUE(identical(lanes[1], floats({-1, 11})));
  EXPECT_FALSE(host.poll_message(kRunStart)) << "one message has all lanes";
  EXPECT_EQ(host.describe_outstanding(),
            (std::vector<std::string>{"client 0 waits for 1 of 1 outputs of request 0 and 1 more "
                                      "of its batch"}));
  const std::uint16_t reply = spec[0].clients[0].copies[0].first_port;
  const ir::Array one = floats({1}), two = floats({2});
  const Instant now = kRunStart + microseconds(9);
  host.on_message(NodeId{1}, lanes_of(reply, {one}), now);
  EXPECT_EQ(duplicated(host), 1U);
  host.on_message(NodeId{1}, lanes_of(reply, {one, two, one}), now);
  EXPECT_EQ(duplicated(host), 2U);
  EXPECT_FALSE(host.finished());
  host.on_message(NodeId{1}, lanes_of(reply, {one, two}), now);
  EXPECT_TRUE(host.finished());
  host.on_message(NodeId{1}, lanes_of(reply, {one, two}), now);
  EXPECT_EQ(duplicated(host), 3U);
  Records records;
  host.hand_over(records);
  ASSERT_EQ(records.requests.size(), 2U);
  EXPECT_EQ(answer_of(records.requests[1]), std::vector<float>{2});
}

TEST(CpuBatches, InputsOfAPartHaveAsManyLanes) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1}), y = t.input("y", {1});
  t.output(t.node("sum", "Add", {x, y}));
  CpuSpec spec;
  spec.batch = 2;
  spec.parts.push_back({"sum", t.graph, 0, {{{"a", 9}}}, {}});
  CpuHost host(spec, options_of(1), kNames, nullptr);
  const ir::Array one = floats({1}), two = floats({2}), three = floats({3});
  host.on_message(NodeId{0}, lanes_of(0, {one, two}), kRunStart);
  host.on_message(NodeId{0}, lanes_of(1, {three}), kRunStart);
  host.on_message(NodeId{0}, lanes_of(0, {one, two}), kRunStart);
  EXPECT_EQ(duplicated(host), 2U);
  host.on_message(NodeId{0}, lanes_of(1, {three, one}), kRunStart);
  EXPECT_EQ(duplicated(host), 2U);
  const std::optional<RoleMessage> sum = host.poll_message(host.next_deadline());
  ASSERT_TRUE(sum);
  const std::vector<ir::Array> lanes =
      ir::arrays_of(unpack_data(sum->message).value().vectors).value();
  ASSERT_EQ(lanes.size(), 2U);
  EXPECT_TRUE(identical(lanes[0], floats({4})));
  EXPECT_TRUE(identical(lanes[1], floats({3})));
}

TEST(CpuCodec, SpecsSurviveAsBytes) {
  std::vector<CpuSpec> spec = specs({0, 1, 0}, 2);
  spec[0].device.operator_overhead = nanoseconds(17);
  spec[0].batch = 4;
  spec[0].clients[0].workload.clients = 3;
  spec[0].clients[0].workload.batch = 4;
  spec[0].clients[0].workload.batch_wait = microseconds(5);
  spec[0].clients[0].inputs.kinds = {ir::Array::unknown(ir::ElementType::kBool, {4})};
  spec[0].parts[0].initial = {floats({9, 9})};
  capnp::MallocMessageBuilder message;
  write_cpu_spec(spec[0], message.initRoot<wire::CpuRole>());
  const Result<CpuSpec> back = read_cpu_spec(message.getRoot<wire::CpuRole>().asReader());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->device.operator_overhead, nanoseconds(17));
  ASSERT_EQ(back->parts.size(), spec[0].parts.size());
  EXPECT_EQ(back->parts[0].name, spec[0].parts[0].name);
  EXPECT_EQ(back->parts[0].outputs, spec[0].parts[0].outputs);
  EXPECT_EQ(back->parts[1].first_port, spec[0].parts[1].first_port);
  EXPECT_TRUE(identical(back->parts[0].initial[0], floats({9, 9})));
  EXPECT_EQ(back->parts[0].graph.nodes[0].op, "Relu");
  EXPECT_EQ(back->batch, 4u);
  EXPECT_EQ(back->clients[0].workload.clients, 3u);
  EXPECT_EQ(back->clients[0].workload.batch, 4u);
  EXPECT_EQ(back->clients[0].workload.batch_wait, microseconds(5));
  EXPECT_EQ(back->clients[0].copies[0].sends, spec[0].clients[0].copies[0].sends);
  EXPECT_TRUE(identical(back->clients[0].inputs.given[1][0], floats({3, -4})));
  EXPECT_EQ(back->clients[0].inputs.kinds[0].shape(), ir::Shape{4});
}

}  // namespace
}  // namespace soliton
