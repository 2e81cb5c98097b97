// Switches with classes and shared buffers: stories computed by hand, the laws of the papers, and random
// traffic against a simulator of one switch that knows nothing of the other.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "protocol/base/rng.h"
#include "tests/unit/sim/worlds.h"
#include "topologies/switching.h"

namespace soliton {
namespace {

constexpr BitRate kRate{8'000'000'000};  // a byte takes a nanosecond

// Nodes n0, n1, ... on one switch that takes no time, over cables without latency.
Topology star(int nodes, SwitchQueues queues, Bytes queue = Bytes{1 << 30}) {
  TopologySpec spec{.name = "star", .kind = "explicit", .rate = kRate, .ecn = std::nullopt};
  spec.explicit_switches = {{.name = "s", .queues = std::move(queues)}};
  std::vector<PlacedNode> placed;
  for (int i = 0; i < nodes; ++i) {
    placed.push_back({fmt::format("n{}", i), ""});
    TopologyLink link;
    link.name = fmt::format("n{}-s", i);
    link.rate = kRate;
    link.queue = queue;
    spec.explicit_links.push_back({placed.back().name, "s", link});
  }
  return build(spec, placed);
}

struct Packet {
  std::uint32_t from = 0, to = 0;
  std::int64_t at_ns = 0;
  std::int64_t bytes = 0;  // on the line
  std::uint8_t channel = 0;
};

// Arrivals by the packets' numbers; unset: dropped.
std::vector<std::optional<Instant>> play(World& world, const std::vector<Packet>& packets) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const Packet& p = packets[i];
    world.network.send(
        {{.source = NodeId{p.from},
          .destination = NodeId{p.to},
          .traffic_class = p.channel,
          .payload = {.bytes = {},
                      .ghost = static_cast<std::uint64_t>(p.bytes - kFrameOverheadBytes)}},
         at_ns(p.at_ns),
         i});
  }
  std::vector<std::optional<Instant>> arrived(packets.size());
  for (const Frame& frame : world.drain()) arrived[frame.ordinal] = frame.at;
  EXPECT_EQ(world.network.counters().delivered + world.network.counters().dropped(),
            packets.size());
  return arrived;
}

std::vector<TrafficClass> two(TrafficClass a, TrafficClass b) {
  a.name = "a", a.channels = {1};
  b.name = "b", b.channels = {2};
  return {a, b};
}

// Four packets of 1,000 B come to n3's port: one of b goes at once, as nothing else is there. Then a's go,
// whenever they come, and b's last.
TEST(SwitchPorts, AStrictClassGoesBeforeTheOther) {
  World world(star(4, {.classes = two({.strict = true}, {})}));
  const auto arrived = play(world, {{0, 3, 0, 1'000, 2},
                                    {0, 3, 1'000, 1'000, 2},
                                    {1, 3, 100, 1'000, 1},
                                    {1, 3, 1'100, 1'000, 1}});
  // Cut through: the head of a packet is at the port when its sender starts it.
  EXPECT_EQ(arrived[0], at_ns(1'000));
  EXPECT_EQ(arrived[2], at_ns(2'000));
  EXPECT_EQ(arrived[3], at_ns(3'000));
  EXPECT_EQ(arrived[1], at_ns(4'000));
}

// Quanta of 3 x 1,538 B and 1,538 B, packets of 1,000 B. a has run empty when the others come, so b sends its
// first, and has run empty itself. Then a may send 4,614 B: 4 packets, 614 B are kept; b 1, and keeps 538 B;
// a 5 of 5,228 B; b 2 of 2,076 B.
TEST(SwitchPorts, WeightsShareTheLineByDeficitRoundRobin) {
  World world(star(4, {.classes = two({.weight = 3}, {.weight = 1})}));
  std::vector<Packet> packets{{2, 3, 0, 1'000, 1}};  // the line is taken while the others come
  for (int i = 0; i < 12; ++i) packets.push_back({0, 3, 1, 1'000, 1});
  for (int i = 0; i < 12; ++i) packets.push_back({1, 3, 1, 1'000, 2});
  const auto arrived = play(world, packets);
  std::map<Instant, char> order;
  for (std::size_t i = 1; i < packets.size(); ++i)
    order[arrived[i].value()] = packets[i].channel == 1 ? 'a' : 'b';
  std::string sent;
  for (const auto& [at, its] : order) sent += its;
  EXPECT_EQ(sent.substr(0, 13), "baaaabaaaaabb");
  EXPECT_EQ(order.size(), 24u);
}

// Everything of one queue: what is held is at most alpha x what is free, so alpha / (1 + alpha) of the
// buffer: half of it for alpha 1, two thirds for 2.
TEST(SwitchPorts, OneLongQueueLeavesAShareOfTheBuffer) {
  for (const auto& [alpha, share] : {std::pair(1.0, 50'000), {2.0, 66'000}, {0.5, 33'000}}) {
    SwitchQueues queues{.buffer = Bytes{100'000}, .alpha = alpha};
    World world(star(9, queues));
    std::vector<Packet> packets;
    for (std::uint32_t from = 0; from < 8; ++from)
      for (int i = 0; i < 100; ++i) packets.push_back({from, 8, from, 1'000});
    play(world, packets);
    const PortCounters& port = world.network.port({8, 1});
    EXPECT_NEAR(static_cast<double>(port.queue_max.count), share, 1'000) << alpha;
    EXPECT_GT(port.dropped_buffer, 0u);
    EXPECT_EQ(port.dropped_buffer, world.network.counters().dropped_buffer);
    EXPECT_EQ(port.dropped_queue, port.dropped_buffer) << "for lack of buffer, and no other cause";
  }
}

// Three ports with two senders each: all three queues end at alpha / (1 + 3 alpha) of the buffer.
TEST(SwitchPorts, LongQueuesHaveEqualShares) {
  World world(star(9, {.buffer = Bytes{120'000}, .alpha = 1}));
  std::vector<Packet> packets;
  for (int i = 0; i < 400; ++i)
    for (std::uint32_t from = 0; from < 6; ++from)
      packets.push_back({from, 6 + from % 3, 10 * i + from, 1'000});
  std::stable_sort(packets.begin(), packets.end(),
                   [](const Packet& a, const Packet& b) { return a.from < b.from; });
  play(world, packets);
  for (const std::uint32_t port : {6u, 7u, 8u})
    EXPECT_NEAR(static_cast<double>(world.network.port({port, 1}).queue_max.count), 30'000, 1'100);
}

// A buffer for all leaves room to a port that an equal share each would not.
TEST(SwitchPorts, ABurstToOnePortFindsTheBufferOfTheOthers) {
  std::vector<Packet> packets;
  for (std::uint32_t from = 0; from < 4; ++from)
    for (int i = 0; i < 12; ++i) packets.push_back({from, 4, from, 1'000});
  World shared(star(5, {.buffer = Bytes{100'000}, .alpha = 4}));
  World divided(star(5, {}, Bytes{20'000}));
  play(shared, packets);
  play(divided, packets);
  EXPECT_EQ(shared.network.counters().dropped(), 0u);
  EXPECT_GT(divided.network.counters().dropped_queue, 10u);
}

// ---- A simulator of one switch: its own arithmetic, one event after the other.

class OneSwitch {
 public:
  OneSwitch(int nodes, SwitchQueues queues, std::int64_t queue)
      : queues_(std::move(queues)), queue_(queue), card_free_(nodes), ports_(nodes) {
    for (Port& port : ports_) port.waiting.resize(std::max<std::size_t>(queues_.classes.size(), 1));
    for (Port& port : ports_) port.deficit.resize(port.waiting.size());
  }

  std::vector<std::optional<Instant>> run(const std::vector<Packet>& packets) {
    std::multimap<std::int64_t, std::size_t> comes;
    for (std::size_t i = 0; i < packets.size(); ++i) {
      std::int64_t& free = card_free_[packets[i].from];
      const std::int64_t start = std::max(free, packets[i].at_ns);
      free = start + packets[i].bytes;
      comes.emplace(start, i);
    }
    arrived_.resize(packets.size());
    packets_ = &packets;
    while (!comes.empty() || !ends_.empty()) {
      if (!ends_.empty() && (comes.empty() || ends_.begin()->first <= comes.begin()->first)) {
        const auto [now, port] = *ends_.begin();
        ends_.erase(ends_.begin());
        end(port, now);
      } else {
        const auto [now, number] = *comes.begin();
        comes.erase(comes.begin());
        come(number, now);
      }
    }
    return arrived_;
  }

  std::uint64_t dropped_buffer = 0, dropped = 0;

 private:
  struct Port {
    std::vector<std::deque<std::size_t>> waiting;  // by class
    std::vector<std::int64_t> deficit;
    std::optional<std::size_t> sending;
    std::size_t its_class = 0;
    std::int64_t until = 0;
    std::size_t visited = 0;
    bool paid = false;
  };

  std::int64_t size(std::size_t number) const { return (*packets_)[number].bytes; }
  std::size_t class_of(std::size_t number) const {
    for (std::size_t c = 0; c < queues_.classes.size(); ++c)
      for (const std::int64_t channel : queues_.classes[c].channels)
        if (channel == (*packets_)[number].channel) return c;
    return 0;
  }

  void come(std::size_t number, std::int64_t now) {
    Port& port = ports_[(*packets_)[number].to];
    const std::size_t its = class_of(number);
    std::int64_t all = port.sending ? port.until - now : 0;
    std::int64_t held = port.sending && port.its_class == its ? size(*port.sending) : 0;
    for (std::size_t c = 0; c < port.waiting.size(); ++c)
      for (const std::size_t other : port.waiting[c]) {
        all += size(other);
        if (c == its) held += size(other);
      }
    if (all > 0 && all + size(number) > queue_) return void(++dropped);
    if (queues_.buffer) {
      const std::int64_t free = queues_.buffer->count - used_;
      if (size(number) > free ||
          static_cast<double>(held + size(number)) > queues_.alpha * static_cast<double>(free))
        return void(++dropped), void(++dropped_buffer);
    }
    used_ += size(number);
    port.waiting[its].push_back(number);
    if (!port.sending) next((*packets_)[number].to, now);
  }

  void end(std::size_t at, std::int64_t now) {
    used_ -= size(*ports_[at].sending);
    ports_[at].sending.reset();
    next(at, now);
  }

  void next(std::size_t at, std::int64_t now) {
    Port& port = ports_[at];
    const auto send = [&](std::size_t its) {
      const std::size_t number = port.waiting[its].front();
      port.waiting[its].pop_front();
      port.sending = number;
      port.its_class = its;
      port.until = now + size(number);
      arrived_[number] = at_ns(port.until);
      ends_.emplace(port.until, at);
    };
    const auto strict = [&](std::size_t c) {
      return queues_.classes.empty() || queues_.classes[c].strict;
    };
    bool any = false;
    for (std::size_t c = 0; c < port.waiting.size(); ++c) {
      if (port.waiting[c].empty()) continue;
      if (strict(c)) return send(c);
      any = true;
    }
    while (any) {
      const std::size_t c = port.visited;
      if (!strict(c) && !port.waiting[c].empty()) {
        if (!port.paid) port.deficit[c] += 1'538 * queues_.classes[c].weight;
        port.paid = true;
        const std::int64_t bytes = size(port.waiting[c].front());
        if (bytes <= port.deficit[c]) {
          port.deficit[c] -= bytes;
          send(c);
          if (port.waiting[c].empty()) port.deficit[c] = 0;
          if (port.waiting[c].empty())
            port.visited = (c + 1) % port.waiting.size(), port.paid = false;
          return;
        }
      }
      port.visited = (c + 1) % port.waiting.size();
      port.paid = false;
    }
  }

  SwitchQueues queues_;
  std::int64_t queue_;
  std::vector<std::int64_t> card_free_;
  std::vector<Port> ports_;
  std::multimap<std::int64_t, std::size_t> ends_;
  std::int64_t used_ = 0;
  std::vector<std::optional<Instant>> arrived_;
  const std::vector<Packet>* packets_ = nullptr;
};

SwitchQueues random_queues(const Random& chance) {
  SwitchQueues queues;
  if (chance.below(1, 3) > 0)
    queues.buffer = Bytes{static_cast<std::int64_t>(5'000 + chance.below(2, 60'000))};
  const double alphas[] = {0.25, 0.5, 1, 2, 8};
  queues.alpha = alphas[chance.below(3, 5)];
  const std::uint64_t classes = chance.below(4, 5);
  for (std::uint64_t c = 0; c < classes; ++c) {
    TrafficClass its{.name = fmt::format("c{}", c)};
    its.strict = chance.below(10 + c, 4) == 0;
    its.weight = static_cast<std::int64_t>(1 + chance.below(20 + c, 4));
    if (c > 0) its.channels = {static_cast<std::int64_t>(c)};
    queues.classes.push_back(its);
  }
  if (!queues.buffer && queues.classes.empty()) queues.classes = {{.name = "all"}};
  return queues;
}

TEST(SwitchPorts, RandomTrafficIsThatOfASimulatorOfItsOwn) {
  std::uint64_t lost = 0, all = 0, lost_buffer = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Random chance(seed, "switch");
    const SwitchQueues queues = random_queues(chance);
    const std::int64_t room = chance.below(5, 2) == 0 ? 1 << 30 : 20'000;
    constexpr std::uint32_t kNodes = 5;
    std::vector<Packet> packets;
    // Senders start at instants of their own, modulo 5 ns: those of one instant come in an order that chance
    // decides.
    for (std::uint32_t from = 0; from < kNodes; ++from)
      for (std::uint64_t i = 0; i < 60; ++i) {
        const auto draw = [&](std::uint64_t what, std::uint64_t below) {
          return chance.below(1'000'000 + what + 10 * (i + 100 * from), below);
        };
        const auto to = static_cast<std::uint32_t>(draw(0, 10) < 6 ? 0 : draw(1, kNodes));
        packets.push_back({from, to == from ? (from + 1) % kNodes : to,
                           static_cast<std::int64_t>(kNodes * i * draw(2, 240) + from),
                           static_cast<std::int64_t>(70 + kNodes * draw(3, 500)),
                           static_cast<std::uint8_t>(draw(4, 5))});
      }
    std::stable_sort(packets.begin(), packets.end(), [](const Packet& a, const Packet& b) {
      return std::pair(a.from, a.at_ns) < std::pair(b.from, b.at_ns);
    });
    World world(star(kNodes, queues, Bytes{room}));
    OneSwitch expected(kNodes, queues, room);
    ASSERT_EQ(play(world, packets), expected.run(packets)) << seed;
    ASSERT_EQ(world.network.counters().dropped_queue, expected.dropped) << seed;
    ASSERT_EQ(world.network.counters().dropped_buffer, expected.dropped_buffer) << seed;
    lost += expected.dropped, lost_buffer += expected.dropped_buffer, all += packets.size();
  }
  EXPECT_GT(all, 20'000u);
  EXPECT_GT(lost, all / 100);
  EXPECT_GT(lost_buffer, all / 200);
}

// One class in a list of one is no class at all: every packet has the same times, drops and marks.
TEST(SwitchPorts, OneClassIsTheQueueOfAPlainPort) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Random chance(seed, "plain");
    std::vector<Packet> packets;
    for (std::uint32_t from = 0; from < 4; ++from)
      for (std::uint64_t i = 0; i < 80; ++i)
        packets.push_back(
            {from, 4, static_cast<std::int64_t>(i * 900 + chance.below(100 * i + from, 50)),
             static_cast<std::int64_t>(70 + chance.below(50'000 + 100 * i + from, 2'000))});
    const auto run = [&](std::vector<TrafficClass> classes) {
      Topology topology = star(5, {.classes = std::move(classes)}, Bytes{30'000});
      for (TopologyLink& link : topology.links) link.other = {{200'000'000}, nanoseconds(3'000)};
      World world(std::move(topology), {.seed = seed});
      const auto arrived = play(world, packets);
      return std::pair(arrived, world.network.counters().dropped_queue);
    };
    ASSERT_EQ(run({}), run({{.name = "all"}})) << seed;
  }
}

// The cards of two senders wait for one class each; what is paused is the one that is too much.
TEST(SwitchPorts, PausesHoldUpOneClassAndNotTheOther) {
  TopologySpec spec{.name = "line", .kind = "explicit", .rate = kRate, .ecn = std::nullopt};
  const SwitchQueues queues{.classes = two({}, {})};
  spec.explicit_switches = {{.name = "s", .queues = queues}, {.name = "t", .queues = queues}};
  const auto cable = [&](std::string a, std::string b, BitRate rate) {
    TopologyLink link;
    link.name = a + "-" + b;
    link.rate = rate;
    link.latency = nanoseconds(10);
    spec.explicit_links.push_back({a, b, link});
  };
  cable("n0", "s", kRate);
  cable("n1", "s", kRate);
  cable("s", "t", kRate);
  cable("n2", "t", BitRate{80'000'000});  // a byte takes 100 ns
  cable("n3", "t", kRate);
  spec.pause = PriorityPause{.xoff = Bytes{5'000}, .frame = Bytes{1'000}};
  World world(build(spec, {{"n0", ""}, {"n1", ""}, {"n2", ""}, {"n3", ""}}));
  std::vector<Packet> packets;
  for (int i = 0; i < 100; ++i) packets.push_back({0, 2, 0, 1'000, 1});
  for (int i = 0; i < 100; ++i) packets.push_back({1, 3, 10'000, 1'000, 2});
  const auto arrived = play(world, packets);
  EXPECT_EQ(world.network.counters().dropped(), 0u);
  EXPECT_GT(world.network.counters().pauses, 2u);
  Instant last_of_b{};
  for (std::size_t i = 100; i < 200; ++i) last_of_b = std::max(last_of_b, arrived[i].value());
  // b's 100 us, and no more than a few packets of a: these need 10 ms.
  EXPECT_LT(last_of_b, at_us(10 + 100 + 15));
  EXPECT_GT(arrived[99].value(), at_us(9'900));
  EXPECT_EQ(world.network.deadlocks().size(), 0u);
}

// A ring has a circle of cables, and every node sends to the one two further on: the routers stop each
// other, and the cables that wait are named.
TEST(SwitchPorts, CirclesOfPausesOnRingsAndToriAreFoundAndNamed) {
  for (const bool torus : {false, true})
    for (const int classes : {0, 2}) {
      TopologySpec spec{.name = "ring", .kind = torus ? "torus" : "ring", .ecn = std::nullopt};
      if (torus) spec.options = {{"dims", {std::vector<std::int64_t>{5, 2}}}};
      spec.pause =
          PriorityPause{.xoff = Bytes{10'000}, .watchdog = std::nullopt, .frame = Bytes{1'000}};
      if (classes == 2) spec.switches.classes = two({}, {});
      std::vector<PlacedNode> nodes;
      for (int i = 0; i < (torus ? 10 : 5); ++i) nodes.push_back({fmt::format("n{}", i), ""});
      World world(build(spec, nodes));
      const std::uint32_t step = torus ? 2 : 1;  // the last dimension changes first
      for (int k = 0; k < 400; ++k)
        for (std::uint32_t i = 0; i < 5; ++i)
          world.send(i * step, (i + 2) % 5 * step, kRunStart, 934);
      EXPECT_LT(world.drain().size(), 2'000u);
      world.network.finish(at_us(100));
      ASSERT_EQ(world.network.deadlocks().size(), 1u) << torus << classes;
      std::vector<std::string> names;
      for (const Hop hop : world.network.deadlocks()[0].circle)
        names.push_back(port_name(world.topology, hop));
      std::vector<std::string> expected;
      for (std::uint32_t i = 0; i < 5; ++i)
        expected.push_back(fmt::format("n{}-router -> n{}-router", i * step, (i + 1) % 5 * step));
      std::sort(names.begin(), names.end());
      EXPECT_EQ(names, expected) << torus << classes;
    }
}

TEST(Switching, ASwitchIsDividedOnlyWhereItsPortsAreAlone) {
  Topology topology = star(2, {});
  EXPECT_FALSE(whole_switch(topology, 2));
  topology.vertices[2].queues.classes = {{.name = "all"}};
  EXPECT_FALSE(whole_switch(topology, 2));
  topology.vertices[2].queues.buffer = Bytes{1'000'000};
  EXPECT_TRUE(whole_switch(topology, 2));
  EXPECT_FALSE(whole_switch(topology, 0)) << "a node is none";
  topology.vertices[2].queues = {};
  topology.pause.emplace();
  EXPECT_TRUE(whole_switch(topology, 2));
}

}  // namespace
}  // namespace soliton
