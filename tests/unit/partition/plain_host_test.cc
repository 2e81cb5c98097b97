// A host without work of its own, and the work of hosts around a chain.
#include "partition/search/plain_host.h"

#include <gtest/gtest.h>

#include "partition/search/chain.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

TEST(PlainHost, SendsEverySourceAndIsAnsweredWithTheLastResult) {
  HostPorts ports;
  ports.sends = {
      {.host = "host", .elements = 64, .destinations = {{"x", 4}, {"y", 5}}},
      {.source = 1, .host = "host", .tokens = 3, .elements = 32, .destinations = {{"x", 6}}}};
  ports.takes = {{.host = "host", .port = 2, .elements = 8},
                 {.host = "host", .port = 3, .tokens = 1, .elements = 4}};
  const PricedHost host = plain_host("host", ports, 10, 3);
  ASSERT_TRUE(host.clients);
  const std::vector<PricedSend>& sends = host.clients->sends;
  ASSERT_EQ(sends.size(), 3u);
  EXPECT_EQ(sends[1].node, "y");
  EXPECT_EQ(sends[1].port, 5);
  EXPECT_EQ(sends[1].messages, 10);
  EXPECT_EQ(sends[1].bytes, 3 * 2 * 64);
  EXPECT_EQ(sends[1].tensor_bytes, 2 * 64);
  EXPECT_EQ(sends[2].messages, 3);
  EXPECT_EQ(sends[2].steps, 10u);
  ASSERT_EQ(host.parts.size(), 1u);
  ASSERT_EQ(host.parts[0].inputs.size(), 2u);
  EXPECT_EQ(host.parts[0].inputs[0].messages, 10);
  EXPECT_EQ(host.parts[0].inputs[1].messages, 1);
  EXPECT_EQ(host.parts[0].work, Duration{});
  EXPECT_EQ(host.clients->replies.at(0).port, 4);
}

PricedSend to(const std::string& node, std::uint16_t port) { return {.node = node, .port = port}; }

// Clients to part a (30 ns) and b (50 ns) to an FPGA; its results to c (7 ns), then d (5 ns).
PricedHost around() {
  PricedHost host{"host", {}, {}};
  const auto part = [&](std::uint16_t port, std::int64_t work, PricedSend send) {
    host.parts.push_back(
        {.inputs = {{.port = port}}, .work = nanoseconds(work), .sends = {std::move(send)}});
  };
  part(3, 5, to("host", 4));
  part(0, 30, to("host", 1));
  part(1, 50, to("fpga", 0));
  part(2, 7, to("host", 3));
  host.clients = {.sends = {to("host", 0)}, .initial = {}, .replies = {{.port = 4}}};
  return host;
}

TEST(HostWork, IsWhatNoRequestCanDoWithout) {
  const HostWork work = host_work({around()}, "host");
  EXPECT_EQ(work.before, nanoseconds(80));
  EXPECT_EQ(work.after, nanoseconds(12));
}

TEST(HostWork, OfWhatMayNotBeOnTheWayIsNothing) {
  PricedHost host = around();
  // A second way into the FPGA that needs no work, and a second result that goes straight to a client.
  host.clients->sends.push_back(to("fpga", 1));
  host.parts.push_back({.inputs = {{.port = 9}},
                        .on_cpu = false,
                        .work = nanoseconds(99),
                        .sends = {to("host", 4)}});
  const HostWork work = host_work({host}, "host");
  EXPECT_EQ(work.before, Duration{});
  EXPECT_EQ(work.after, Duration{});
  EXPECT_EQ(host_work({around()}, "other").before, Duration{});
}

TEST(HostWork, StateThatGoesRoundEndsSomewhere) {
  PricedHost host = around();
  host.parts[3].sends.push_back({.node = "host", .port = 3, .next_request = true});
  host.parts[0].sends.push_back(to("host", 2));
  host.parts[3].inputs.push_back({.port = 9});
  EXPECT_GE(host_work({host}, "host").after, nanoseconds(12));
}

TEST(Chains, AreLayersThatReadTheOneBefore) {
  LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 8, .layers = 3, .with_weights = false});
  EXPECT_TRUE(is_chain(model));
  model.results.push_back({LayerInput::From::kLayer, 2, LayerInput::What::kLast});
  EXPECT_TRUE(is_chain(model));
  model.results.push_back({LayerInput::From::kLayer, 1, LayerInput::What::kLast});
  EXPECT_FALSE(is_chain(model));
  model.results.resize(1);
  std::get<RecurrentLayer>(model.layers[2]).inputs.push_back({LayerInput::From::kLayer, 0});
  EXPECT_FALSE(is_chain(model));
  std::get<RecurrentLayer>(model.layers[2]).inputs.pop_back();
  model.sources[0].per_step = false;
  EXPECT_FALSE(is_chain(model));
}

}  // namespace
}  // namespace soliton::test
