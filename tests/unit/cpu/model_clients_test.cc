// Copies of a model, guests of a front, and requests that are not let in, as stories of whole hosts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/cpu/cpu_host.h"
#include "partition/ir/array_bytes.h"
#include "partition/place/place_graph.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton {
namespace {

using test::floats;
using test::TestGraph;

const std::vector<std::string> kNames = {"a", "b"};
constexpr std::uint16_t kGuestInputs = 40, kGuestReplies = 50;

// y = |x| on host a, with the clients there.
CpuSpec one_copy(std::uint32_t requests) {
  TestGraph t;
  t.output(t.node("abs", "Abs", {t.input("x", {2})}));
  const PlaceRequest request{&t.graph, kNames, {0}, "a"};
  const PlacedGraph placed = place_graph(request).value();
  CpuSpec out;
  out.parts = placed.hosts.front().parts;
  GraphClients& clients = out.clients.emplace_back();
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

// Runs until nothing is due; messages arrive `hop` after they left. The records of all hosts.
std::vector<HostRecord> play(const std::vector<CpuHost*>& hosts, Duration hop) {
  for (CpuHost* host : hosts) host->start(Instant{});
  struct InFlight {
    std::size_t to;
    NodeId from;
    Payload message;
  };
  std::multimap<Instant, InFlight> flying;
  for (int turn = 0; turn < 10'000; ++turn) {
    Instant next = flying.empty() ? kNever : flying.begin()->first;
    for (const CpuHost* host : hosts) next = std::min(next, host->next_deadline());
    if (next == kNever) break;
    while (!flying.empty() && flying.begin()->first <= next) {
      InFlight due = std::move(flying.begin()->second);
      flying.erase(flying.begin());
      hosts[due.to]->on_message(due.from, std::move(due.message), next);
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
  for (CpuHost* host : hosts) host->hand_over(records);
  return std::move(records.requests);
}

std::vector<float> answer_of(const HostRecord& record) {
  Payload bytes;
  bytes.bytes = record.arrays;
  const std::vector<ir::Array> arrays = ir::arrays_of(bytes).value();
  const auto values = arrays.front().as<float>();
  return {values.begin(), values.end()};
}

// The second copy has the ports behind those of the first.
CpuSpec two_copies(std::uint32_t requests) {
  CpuSpec out = one_copy(requests);
  const std::uint16_t after = out.clients[0].copies[0].first_port + 1;
  CpuPart part = out.parts.front();
  const auto move = [after](std::vector<PartPort>& ports) {
    for (PartPort& port : ports) port.port = static_cast<std::uint16_t>(port.port + after);
  };
  part.first_port = static_cast<std::uint16_t>(part.first_port + after);
  for (auto& ports : part.outputs) move(ports);
  out.parts.push_back(part);
  ModelCopy copy = out.clients[0].copies[0];
  for (auto& ports : copy.sends) move(ports);
  copy.first_port = static_cast<std::uint16_t>(copy.first_port + after);
  out.clients[0].copies.push_back(copy);
  return out;
}

TEST(ModelClients, CopiesTakeTurnsAndAnswerTheSame) {
  const CpuSpec spec = two_copies(6);
  CpuHost host(spec, options_of(0), kNames, nullptr);
  const std::vector<HostRecord> records = play({&host}, {});
  ASSERT_EQ(records.size(), 6u);
  for (const HostRecord& record : records) {
    EXPECT_EQ(record.copy, index(record.request) % 2);
    EXPECT_EQ(answer_of(record), index(record.request) % 2 == 0 ? (std::vector<float>{1, 2})
                                                                : (std::vector<float>{3, 4}));
  }
  EXPECT_TRUE(host.finished());
}

// Host b has a third of the requests and no copy: its inputs go to a, and come back as answers.
std::vector<CpuSpec> with_guest(std::uint32_t requests) {
  std::vector<CpuSpec> out = {one_copy(requests), {}};
  GraphClients& front = out[0].clients[0];
  front.workload.hosts = 2;
  front.workload.clients = 2;
  GraphClients guest = front;
  guest.workload.host = 1;
  front.copies[0].guests = {{"b", kGuestInputs, kGuestReplies}};
  guest.copies[0].sends = {{{"a", kGuestInputs}}};
  guest.copies[0].first_port = kGuestReplies;
  out[1].clients = {guest};
  return out;
}

TEST(ModelClients, AGuestIsAnsweredThroughTheFrontAndPaysForTheWay) {
  const std::vector<CpuSpec> specs = with_guest(9);
  CpuHost a(specs[0], options_of(0), kNames, nullptr), b(specs[1], options_of(1), kNames, nullptr);
  const std::vector<HostRecord> records = play({&a, &b}, microseconds(1));
  ASSERT_EQ(records.size(), 9u);
  EXPECT_TRUE(a.finished());
  EXPECT_TRUE(b.finished());
  std::size_t of_guest = 0;
  for (const HostRecord& record : records) {
    const bool even = index(record.request) % 2 == 0;
    EXPECT_EQ(answer_of(record), even ? (std::vector<float>{1, 2}) : (std::vector<float>{3, 4}));
    EXPECT_EQ(record.client, index(record.request) % 2);
    EXPECT_EQ(record.path.total(), record.completed - record.sent);
    of_guest += !even;
    // A header tells the host's work in whole nanoseconds; what it leaves out counts as network.
    if (!even) {
      EXPECT_GE(record.path.network, microseconds(2));
    }
    if (even) {
      EXPECT_EQ(record.path.network, Duration{});
    }
  }
  EXPECT_EQ(of_guest, 4u);
}

TEST(ModelClients, WithoutValuesAGuestTakesTheSameTime) {
  const std::vector<CpuSpec> specs = with_guest(8);
  std::vector<Instant> last;
  for (const std::uint32_t every : {0U, 1U}) {
    CpuOptions first = options_of(0), second = options_of(1);
    first.functional_every = second.functional_every = every;
    CpuHost a(specs[0], first, kNames, nullptr), b(specs[1], second, kNames, nullptr);
    const std::vector<HostRecord> records = play({&a, &b}, microseconds(1));
    ASSERT_EQ(records.size(), 8u);
    EXPECT_EQ(records.back().arrays.empty(), every == 0);
    last.push_back(records.back().completed);
  }
  EXPECT_EQ(last[0], last[1]);
}

TEST(ModelClients, ABatchOfAGuestStaysOne) {
  std::vector<CpuSpec> specs = with_guest(8);
  for (CpuSpec& spec : specs) {
    spec.batch = 2;
    spec.clients[0].workload.batch = 2;
    spec.clients[0].workload.clients = 4;
    spec.clients[0].workload.batch_wait = microseconds(5);
  }
  CpuHost a(specs[0], options_of(0), kNames, nullptr), b(specs[1], options_of(1), kNames, nullptr);
  const std::vector<HostRecord> records = play({&a, &b}, microseconds(1));
  ASSERT_EQ(records.size(), 8u);
  for (const HostRecord& record : records)
    EXPECT_EQ(answer_of(record), index(record.request) % 2 == 0 ? (std::vector<float>{1, 2})
                                                                : (std::vector<float>{3, 4}));
}

TEST(ModelClients, WhatIsBeyondTheLimitIsRefusedAndNothingIsLost) {
  CpuSpec spec = one_copy(40);
  spec.clients[0].workload.clients = 5;
  spec.clients[0].workload.queue_limit = 2;
  CpuHost host(spec, options_of(0), kNames, nullptr);
  const std::vector<HostRecord> records = play({&host}, {});
  ASSERT_EQ(records.size(), 40u);
  EXPECT_TRUE(host.finished());
  std::size_t refused = 0;
  for (const HostRecord& record : records) {
    refused += record.refused;
    EXPECT_EQ(record.arrays.empty(), record.refused);
  }
  // Two of five are let in at first. Each answer lets its own client and those that were turned away try
  // again, and of these the first alone has room.
  EXPECT_GT(refused, 3u);
  EXPECT_LT(refused, 40u);
}

TEST(ModelClients, SaysForWhomItWaits) {
  const std::vector<CpuSpec> specs = with_guest(2);
  CpuHost b(specs[1], options_of(1), kNames, nullptr);
  b.start(Instant{});
  b.on_deadline(Instant{});
  const std::vector<std::string> waits = b.describe_outstanding();
  ASSERT_EQ(waits.size(), 1u);
  EXPECT_EQ(waits[0], "client 1 waits for 1 of 1 outputs of request 1");
}

}  // namespace
}  // namespace soliton
