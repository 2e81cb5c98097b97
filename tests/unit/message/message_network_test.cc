#include "fabric/message/message_network.h"

#include <gtest/gtest.h>

#include "fabric/faults/outages.h"

namespace soliton {
namespace {

constexpr std::uint32_t kHeader = 32;

// Nodes on one switch at 40 Gb/s.
Topology star(std::uint32_t nodes) {
  Topology t;
  t.nodes = nodes;
  t.vertices.resize(nodes + 1);
  for (std::uint32_t i = 0; i < nodes; ++i) t.vertices[i].name = "n" + std::to_string(i);
  t.vertices[nodes].name = "s";
  t.vertices[nodes].is_switch = true;
  t.vertices[nodes].forwarding = nanoseconds(450);
  for (std::uint32_t i = 0; i < nodes; ++i) {
    TopologyLink link;
    link.name = t.vertices[i].name + "-s";
    link.ends[0] = i;
    link.ends[1] = nodes;
    link.latency = nanoseconds(100);
    t.links.push_back(link);
  }
  return t;
}

struct World {
  explicit World(std::uint32_t nodes, MessageOptions options = {})
      : topology(star(nodes)), routes(topology), network(topology, routes, plan, options) {}

  Duration packet(std::int64_t payload) const {
    return line_time(topology.links[0], Bytes{payload + kHeader});
  }
  // Of a message alone: the head goes on as soon as a packet has.
  Duration crossing(std::uint64_t bytes) {
    const std::uint64_t packets = bytes == 0 ? 1 : (bytes + 1407) / 1408;
    const Duration line = packet(1408) * static_cast<std::int64_t>(packets - 1) +
                          packet(static_cast<std::int64_t>(bytes - (packets - 1) * 1408));
    return line + nanoseconds(650);
  }
  bool send(std::uint32_t from, std::uint32_t to, std::uint64_t bytes, Instant now = kRunStart) {
    const bool room = network.send(NodeId{from}, NodeId{to}, Payload{{}, bytes}, now);
    network.flush(now);
    return room;
  }
  MessageTurn next() {
    MessageTurn turn;
    EXPECT_TRUE(network.next(kRunEnd, turn));
    return turn;
  }

  Topology topology;
  Routes routes;
  FaultPlan plan;
  MessageNetwork network;
};

TEST(MessageNetwork, AMessageAloneTakesTheTimeOfItsPackets) {
  for (const std::uint64_t bytes : {0u, 1u, 1408u, 1409u, 65'536u, 10'000'000u}) {
    World world(2);
    world.send(0, 1, bytes);
    const MessageTurn turn = world.next();
    EXPECT_EQ(turn.what, MessageTurn::What::kMessage);
    EXPECT_EQ(turn.node, NodeId{1});
    EXPECT_EQ(turn.peer, NodeId{0});
    EXPECT_EQ(turn.message.size(), bytes);
    EXPECT_EQ(turn.now - kRunStart, world.crossing(bytes)) << bytes;
  }
}

TEST(MessageNetwork, CarriesBytesAndGhosts) {
  World world(2);
  const Payload message{{std::byte{1}, std::byte{2}}, 5'000};
  world.network.send(NodeId{0}, NodeId{1}, Payload(message), kRunStart);
  world.network.flush(kRunStart);
  EXPECT_EQ(world.next().message, message);
}

TEST(MessageNetwork, SendersShareALineByPackets) {
  // Two messages of 16 packets meet at the switch: both are there when nearly all of 32 are.
  World world(3);
  world.send(0, 2, 16 * 1408);
  world.send(1, 2, 16 * 1408);
  const Duration all = world.packet(1408) * 32 + nanoseconds(650);
  const Duration first = world.next().now - kRunStart, second = world.next().now - kRunStart;
  EXPECT_EQ(second, all);
  EXPECT_EQ(first, all - world.packet(1408));
}

TEST(MessageNetwork, FlowsOfANodeTakeTurns) {
  World world(3);
  world.network.send(NodeId{0}, NodeId{1}, Payload{{}, 20 * 1408}, kRunStart);
  world.network.send(NodeId{0}, NodeId{2}, Payload{{}, 1408}, kRunStart);
  world.network.flush(kRunStart);
  const MessageTurn first = world.next();
  EXPECT_EQ(first.node, NodeId{2});
  EXPECT_EQ(first.now - kRunStart, world.packet(1408) * 2 + nanoseconds(650));
}

TEST(MessageNetwork, MessagesOfAFlowStayInOrder) {
  World world(2);
  for (const std::uint64_t bytes : {30'000u, 10u, 0u, 5'000u}) world.send(0, 1, bytes);
  for (const std::uint64_t bytes : {30'000u, 10u, 0u, 5'000u})
    EXPECT_EQ(world.next().message.size(), bytes);
}

TEST(MessageNetwork, ASenderIsToldToWaitAndToGoOn) {
  World world(2, {.queue_limit = 3'000});
  EXPECT_TRUE(world.send(0, 1, 100'000));
  EXPECT_FALSE(world.send(0, 1, 1'000)) << "more than the limit has not left";
  MessageTurn turn = world.next();
  EXPECT_EQ(turn.what, MessageTurn::What::kRoom);
  EXPECT_EQ(turn.node, NodeId{0});
  EXPECT_EQ(turn.peer, NodeId{1});
  EXPECT_EQ(world.next().message.size(), 100'000u);
  EXPECT_EQ(world.next().message.size(), 1'000u);
}

TEST(MessageNetwork, CallsANodeWhenItAsked) {
  World world(2);
  world.network.wake(NodeId{1}, kRunStart + microseconds(3));
  const MessageTurn turn = world.next();
  EXPECT_EQ(turn.what, MessageTurn::What::kWake);
  EXPECT_EQ(turn.node, NodeId{1});
  EXPECT_EQ(turn.now, kRunStart + microseconds(3));
}

TEST(MessageNetwork, NothingHappensAtTheLimit) {
  World world(2);
  world.network.wake(NodeId{1}, kRunStart + microseconds(3));
  MessageTurn turn;
  EXPECT_FALSE(world.network.next(kRunStart + microseconds(3), turn));
}

TEST(MessageNetwork, AcknowledgesLikeLtl) {
  // The first message at once, then every fourth packet, and the rest after 4 us.
  World world(2);
  const auto acknowledgements = [&] { return world.network.ports()[port_of({1, 0})].packets; };
  for (int i = 0; i < 6; ++i) world.send(0, 1, 1408);
  world.next();
  EXPECT_EQ(acknowledgements(), 1u);
  for (int i = 0; i < 4; ++i) world.next();
  EXPECT_EQ(acknowledgements(), 2u);
  world.next();
  MessageTurn turn;
  EXPECT_FALSE(world.network.next(kRunEnd, turn));
  EXPECT_EQ(acknowledgements(), 3u);
  EXPECT_EQ(world.network.counters().packets, 9u);
  EXPECT_EQ(world.network.counters().delivered, 9u);
}

TEST(MessageNetwork, AnAnswerCarriesTheAcknowledgement) {
  World world(2);
  Instant now = kRunStart;
  for (int i = 0; i < 10; ++i) {
    world.send(0, 1, 64, now);
    now = world.next().now;
    world.send(1, 0, 64, now);
    now = world.next().now;
  }
  // But the first of either end, which its sender asked for, and the last.
  MessageTurn turn;
  EXPECT_FALSE(world.network.next(kRunEnd, turn));
  EXPECT_EQ(world.network.counters().packets, 20u + 3u);
}

TEST(MessageNetwork, UnderWayIsWhatLtlLets) {
  // A receiver's line is shared by 8 senders, so their queues build up before their own lines.
  World world(9);
  for (std::uint32_t i = 0; i < 8; ++i)
    for (int message = 0; message < 100; ++message) world.send(i, 8, 1408);
  for (int i = 0; i < 800; ++i)
    while (world.next().what != MessageTurn::What::kMessage) continue;
  // Twice what the way holds, or sixteen: docs/ltl.md, "Own queue".
  const Duration round_trip = world.crossing(1408) + world.crossing(0);
  const std::int64_t held = round_trip / transmit_time(Bytes{1408}, BitRate{40'000'000'000});
  const Bytes most{8 * std::max<std::int64_t>(2 * held, 16) * (1408 + 32 + 66)};
  EXPECT_LE(world.network.ports()[port_of({8, 1})].queue_max, most);
}

// Two nodes with two switches between them.
Topology two_ways() {
  Topology t;
  t.nodes = 2;
  t.vertices.resize(4);
  for (const int i : {0, 1, 2, 3}) t.vertices[i].name = {"abst"[i]};
  for (const std::uint32_t s : {2u, 3u}) {
    t.vertices[s].is_switch = true;
    for (const std::uint32_t node : {0u, 1u}) {
      TopologyLink link;
      link.name = t.vertices[node].name + "-" + t.vertices[s].name;
      link.ends[0] = node;
      link.ends[1] = s;
      link.latency = nanoseconds(100);
      t.links.push_back(link);
    }
  }
  t.routing = Routing::kEcmp;
  t.reroute = microseconds(20);
  return t;
}

// The cable to b of the way that messages from a take is cut: what comes meanwhile waits at the
// switch until ways change, and starts again, as nothing leads on from there.
TEST(MessageNetwork, ACutIsGoneAround) {
  const Topology topology = two_ways();
  const std::uint32_t used = Routes(topology).path(NodeId{0}, NodeId{1}).back().link;
  FaultRule rule;
  rule.id = "cut";
  rule.kind = &kLinkDownFault;
  rule.links = {used};
  rule.when.from = kRunStart + microseconds(10);
  rule.when.until = kRunStart + milliseconds(10);
  const FaultPlan plan{1, {rule}};
  const Routes routes(topology, outages_of(plan));
  MessageNetwork network(topology, routes, plan, {});
  std::vector<Duration> arrivals;
  for (const int at_us : {0, 15, 50, 10'100})
    network.wake(NodeId{0}, kRunStart + microseconds(at_us));
  MessageTurn turn;
  while (network.next(kRunEnd, turn)) {
    if (turn.what == MessageTurn::What::kWake) {
      network.send(NodeId{0}, NodeId{1}, Payload{{}, 1'000}, turn.now);
      network.flush(turn.now);
    } else {
      arrivals.push_back(turn.now - kRunStart);
    }
  }
  const Duration alone = arrivals.front();
  ASSERT_EQ(arrivals.size(), 4u);
  EXPECT_GE(arrivals[1], microseconds(30)) << "ways change 20 us after the cut";
  EXPECT_LE(arrivals[1], microseconds(30) + 2 * alone);
  EXPECT_EQ(arrivals[2], microseconds(50) + alone);
  EXPECT_EQ(arrivals[3], microseconds(10'100) + alone);
  EXPECT_GT(network.ports()[port_of({used, 1})].packets, 1u) << "the cable is used again";
  const FaultCounters counted = network.fault_counters()[0];
  EXPECT_EQ(counted.hits, 1u) << "of the message that met the cut";
  EXPECT_EQ(counted.delayed, 1u);
  EXPECT_EQ(counted.dropped, 0u);
}

}  // namespace
}  // namespace soliton
