// CPU hosts as times: how several are played.
#include "partition/cost/priced_host.h"

#include <gtest/gtest.h>

#include "partition/cost/connections.h"
#include "partition/cost/cost_model.h"

namespace soliton {
namespace {

Topology rack(const std::vector<std::string>& names) {
  TopologySpec spec;
  spec.kind = "rack";
  std::vector<PlacedNode> nodes;
  for (const std::string& name : names) nodes.push_back({name, ""});
  return build_topology(spec, nodes).value();
}

Prediction played(const std::vector<PricedHost>& hosts, const Topology* topology = nullptr,
                  std::uint32_t before = 0) {
  CostRequest request;
  request.hosts = hosts;
  request.before = before;
  if (topology == nullptr) return predict(request);
  const Routes routes(*topology);
  request.topology = topology;
  request.routes = &routes;
  return predict(request);
}

PricedSend array_to(const std::string& node, std::uint16_t port, std::int64_t bytes) {
  return {.node = node, .port = port, .bytes = bytes, .tensor_bytes = bytes};
}

// Host a works, sends 1000 bytes to b, which works and sends 200 bytes back.
std::vector<PricedHost> there_and_back(Duration there, Duration back) {
  PricedHost a{"a", {}, {}}, b{"b", {}, {}};
  a.parts.push_back({.inputs = {{.port = 0}}, .work = there, .sends = {array_to("b", 0, 1000)}});
  a.clients = {.sends = {array_to("a", 0, 8)}, .initial = {}, .replies = {{.port = 1}}};
  b.parts.push_back({.inputs = {{.port = 0}}, .work = back, .sends = {array_to("a", 1, 200)}});
  return {a, b};
}

TEST(PricedHost, SeveralPayForTheWaysBetweenThem) {
  const std::vector<PricedHost> hosts = there_and_back(nanoseconds(700), nanoseconds(90));
  const Prediction at_once = played(hosts);
  EXPECT_EQ(at_once.latency, nanoseconds(790));
  EXPECT_EQ(at_once.path.host, nanoseconds(790));
  const Topology topology = rack({"a", "b"});
  const Routes routes(topology);
  // message_time() counts in fp16 values.
  const Duration ways = message_time(topology, routes, NodeId{0}, NodeId{1}, 500, 1408) +
                        message_time(topology, routes, NodeId{1}, NodeId{0}, 100, 1408);
  for (const std::uint32_t before : {0u, 3u}) {
    const Prediction it = played(hosts, &topology, before);
    EXPECT_EQ(it.latency, nanoseconds(790) + ways);
    EXPECT_EQ(it.path.network, ways);
    EXPECT_EQ(it.messages, 2);
    EXPECT_EQ(it.cut_bytes, 1200);
    // Messages may share packets, so that no packet's header belongs to one of them.
    EXPECT_EQ(it.interval, transmit_time(Bytes{1000 + 48}, topology.links[0].rate));
  }
}

TEST(PricedHost, PartsShareTheCpuInOrderOfDemand) {
  PricedHost a{"a", {}, {}};
  const auto part = [&](std::uint16_t port, Duration work, std::uint16_t to) {
    a.parts.push_back({.inputs = {{.port = port}}, .work = work, .sends = {array_to("a", to, 4)}});
  };
  // Both are ready at the beginning; what follows the second part is ready last.
  part(0, nanoseconds(30), 10);
  part(1, nanoseconds(50), 2);
  part(2, nanoseconds(5), 11);
  a.clients = {.sends = {array_to("a", 1, 4), array_to("a", 0, 4)},
               .initial = {},
               .replies = {{.port = 10}, {.port = 11}}};
  const Prediction it = played({a});
  // 50 of part 1, 30 of part 0, which waited, then 5 of part 2, which waited for part 0.
  EXPECT_EQ(it.latency, nanoseconds(85));
  EXPECT_EQ(it.path.queue, nanoseconds(30));
  EXPECT_EQ(it.path.host, nanoseconds(55));
  // Without its own time on the CPU it waits for nobody.
  a.parts[2].on_cpu = false;
  EXPECT_EQ(played({a}).latency, nanoseconds(80));
}

TEST(PricedHost, StateIsThereForTheFirstRequestAndComesFromTheOneBefore) {
  PricedHost a{"a", {}, {}};
  PricedSend state = array_to("a", 1, 4);
  state.next_request = true;
  a.parts.push_back({.inputs = {{.port = 0}, {.port = 1, .carried = true}},
                     .work = nanoseconds(40),
                     .sends = {array_to("a", 2, 4), array_to("a", 3, 4)}});
  // The state takes longer than the answer, so the next request waits for it.
  a.parts.push_back({.inputs = {{.port = 2}}, .work = nanoseconds(60), .sends = {state}});
  a.clients = {.sends = {array_to("a", 0, 4)}, .initial = {}, .replies = {{.port = 3}}};
  EXPECT_EQ(played({a}).latency, nanoseconds(40));
  const Prediction second = played({a}, nullptr, 1);
  EXPECT_EQ(second.latency, nanoseconds(100));
  EXPECT_EQ(second.path.total(), second.latency);
  EXPECT_EQ(second.path.host, nanoseconds(40));
}

TEST(PricedHost, HostsTalkOnTheChannelOfHosts) {
  const std::vector<PricedHost> hosts = there_and_back({}, {});
  const auto pairs = talking_pairs(
      {}, hosts, [](const std::string& name) -> std::uint32_t { return name == "a" ? 5 : 3; });
  EXPECT_EQ(pairs, (std::set<NodePair>{{3, 5}}));
  EXPECT_EQ(channel_of({3, 5}, {3, 5}), kHostChannel);
  EXPECT_EQ(channel_of({1, 5}, {3, 5}), kHostChannel);
  EXPECT_EQ(channel_of({1, 2}, {3, 5}), kExchangeChannel);
}

TEST(PricedHost, PlayingStopsAboveALimit) {
  const std::vector<PricedHost> hosts = there_and_back(microseconds(700), microseconds(90));
  const Topology topology = rack({"a", "b"});
  const Routes routes(topology);
  CostRequest request;
  request.hosts = hosts;
  request.topology = &topology;
  request.routes = &routes;
  const Duration latency = predict(request).latency;
  request.latency_limit = latency;
  EXPECT_FALSE(predict(request).over_limit);
  request.latency_limit = latency / 2;
  EXPECT_TRUE(predict(request).over_limit);
}

}  // namespace
}  // namespace soliton
