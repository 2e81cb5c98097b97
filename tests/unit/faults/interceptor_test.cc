#include "fabric/faults/interceptor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "fabric/faults/outages.h"

namespace soliton {
namespace {

// A carrier under the test's control.
class Wire : public Link {
 public:
  void send(Datagram datagram, Instant now) override {
    sent.push_back({std::move(datagram), now, 0});
  }
  std::optional<Datagram> receive(Instant) override {
    if (incoming.empty()) return std::nullopt;
    Datagram datagram = std::move(incoming.front());
    incoming.pop_front();
    return datagram;
  }
  Instant next_wake() const override { return wake; }

  std::vector<Frame> sent;
  std::deque<Datagram> incoming;
  Instant wake = kNever;
};

Instant at_us(std::int64_t us) { return kRunStart + microseconds(us); }

// a - left - right - b: link 0 is a's cable, 1 the inner one, 2 b's cable.
Topology line() {
  TopologySpec spec{.name = "line", .kind = "explicit"};
  spec.explicit_switches = {{.name = "left"}, {.name = "right"}};
  spec.explicit_links = {{"a", "left", {}}, {"left", "right", {}}, {"right", "b", {}}};
  auto topology = build_topology(spec, {{"a", ""}, {"b", ""}});
  EXPECT_TRUE(topology) << topology.error().text();
  return std::move(*topology);
}

constexpr NodeId kA{0};
constexpr NodeId kB{1};

struct Story {
  explicit Story(NodeId self, std::vector<FaultRule> rules)
      : topology(line()),
        routes(topology),
        link(wire, {.seed = 3, .rules = std::move(rules)},
             node_routes(topology, routes, self, {self == kA ? kB : kA})) {}
  Topology topology;
  Routes routes;
  Wire wire;
  FaultInterceptor link;
};

FaultRule rule(const FaultKind& kind, std::uint32_t link) {
  return {.id = "r",
          .kind = &kind,
          .links = {link},
          .options = &kind == &kLossFault ? loss_settings({.p = {1'000'000'000}})
                                          : delay_settings({microseconds(5), {}})};
}

Datagram from(NodeId source, NodeId destination, std::uint64_t bytes) {
  return {.source = source, .destination = destination, .payload = {.bytes = {}, .ghost = bytes}};
}

TEST(Interceptor, SenderAppliesAllButTheLastLink) {
  for (const std::uint32_t link : {0u, 1u, 2u}) {
    Story story(kA, {rule(kLossFault, link)});
    story.link.send(from(kA, kB, 1), at_us(1));
    EXPECT_EQ(story.wire.sent.size(), link == 2 ? 1u : 0u) << link;
    EXPECT_EQ(story.link.counters()[0].dropped, link == 2 ? 0u : 1u);
  }
}

TEST(Interceptor, ReceiverAppliesTheLastLinkOnly) {
  for (const std::uint32_t link : {0u, 1u, 2u}) {
    Story story(kB, {rule(kLossFault, link)});
    story.wire.incoming.push_back(from(kA, kB, 1));
    EXPECT_EQ(story.link.receive(at_us(1)).has_value(), link != 2) << link;
  }
}

TEST(Interceptor, HoldsADelayedDatagramUntilItIsDue) {
  Story story(kA, {rule(kDelayFault, 0), rule(kDelayFault, 1)});
  story.link.send(from(kA, kB, 1), at_us(1));
  EXPECT_TRUE(story.wire.sent.empty());
  EXPECT_EQ(story.link.next_wake(), at_us(11));  // both cables delay by 5 us
  EXPECT_FALSE(story.link.receive(at_us(11) - picoseconds(1)));
  EXPECT_TRUE(story.wire.sent.empty());
  EXPECT_FALSE(story.link.receive(at_us(11)));
  ASSERT_EQ(story.wire.sent.size(), 1u);
  EXPECT_EQ(story.link.next_wake(), kNever);
}

TEST(Interceptor, HeldArrivalsComeOutWhenDueAndInOrder) {
  FaultRule first_two = rule(kDelayFault, 2);
  first_two.when.until = at_us(2);
  Story story(kB, {first_two});
  story.wire.wake = at_us(100);
  story.wire.incoming = {from(kA, kB, 1), from(kA, kB, 2)};
  EXPECT_FALSE(story.link.receive(at_us(1)));
  EXPECT_EQ(story.link.next_wake(), at_us(6));
  story.wire.incoming = {from(kA, kB, 3)};
  EXPECT_EQ(story.link.receive(at_us(3))->payload.size(), 3u);  // after the window: overtakes
  EXPECT_FALSE(story.link.receive(at_us(5)));
  EXPECT_EQ(story.link.receive(at_us(6))->payload.size(), 1u);
  EXPECT_EQ(story.link.receive(at_us(6))->payload.size(), 2u);
  EXPECT_EQ(story.link.next_wake(), at_us(100));
}

TEST(Interceptor, TwoSendersOverOneInnerLinkHaveDifferentLuck) {
  const auto survivors = [](NodeId self, NodeId peer) {
    FaultRule half = rule(kLossFault, 1);
    half.options = loss_settings({.p = {500'000'000}});
    Story story(self, {half});
    std::vector<std::uint64_t> sizes;
    for (std::uint64_t i = 1; i <= 64; ++i) story.link.send(from(self, peer, i), at_us(1));
    for (const Frame& frame : story.wire.sent) sizes.push_back(frame.datagram.payload.size());
    return sizes;
  };
  EXPECT_EQ(survivors(kA, kB), survivors(kA, kB));
  EXPECT_NE(survivors(kA, kB), survivors(kB, kA));
  EXPECT_GT(survivors(kA, kB).size(), 16u);
  EXPECT_LT(survivors(kA, kB).size(), 48u);
}

TEST(Interceptor, LeavesAStrangerToTheTransport) {
  Story story(kB, {rule(kLossFault, 2)});
  story.wire.incoming.push_back(from(NodeId{99}, kB, 1));
  EXPECT_TRUE(story.link.receive(at_us(1)));
}

// a and b on a leaf each, two spines between these: links 0 and 1 are the nodes' cables, 2 to 5 go from
// the leaves to the spines.
Topology two_spines(Routing routing) {
  TopologySpec spec{.name = "two", .kind = "explicit", .routing = routing};
  for (const char* name : {"leaf0", "leaf1", "spine0", "spine1"})
    spec.explicit_switches.push_back({.name = name});
  spec.explicit_links = {{"a", "leaf0", {}}, {"b", "leaf1", {}}};
  for (const char* leaf : {"leaf0", "leaf1"})
    for (const char* spine : {"spine0", "spine1"}) spec.explicit_links.push_back({leaf, spine, {}});
  for (TopologySpec::NamedLink& link : spec.explicit_links) link.link.name = link.a + "-" + link.b;
  auto topology = build_topology(spec, {{"a", ""}, {"b", ""}});
  EXPECT_TRUE(topology) << topology.error().text();
  return std::move(*topology);
}

// Which of the packets that leave at these instants are lost when the cables named are down from 100 us
// to 1 ms.
std::vector<bool> lost(const Topology& topology, std::vector<std::uint32_t> cut,
                       const std::vector<std::int64_t>& at) {
  FaultRule down{.id = "cut", .kind = &kLinkDownFault, .links = std::move(cut)};
  down.when.from = at_us(100);
  down.when.until = at_us(1'000);
  const FaultPlan plan{.seed = 3, .rules = {down}};
  const Routes routes(topology, outages_of(plan));
  Wire wire;
  FaultInterceptor link(wire, plan, node_routes(topology, routes, kA, {kB}));
  std::vector<bool> out;
  for (const std::int64_t us : at) {
    const std::size_t before = wire.sent.size();
    link.send(from(kA, kB, 1), at_us(us));
    out.push_back(wire.sent.size() == before);
  }
  return out;
}

TEST(Interceptor, PacketsAreLedAroundACutAfterTheTimeThatTakes) {
  const Topology topology = two_spines(Routing::kEcmp);
  const std::uint32_t taken = Routes(topology).path(kA, kB)[1].link;
  EXPECT_EQ(lost(topology, {taken}, {99, 100, 149, 150, 999, 1'000, 1'049, 1'050}),
            (std::vector<bool>{false, true, true, false, false, false, false, false}));
  // Nobody took the other one.
  EXPECT_EQ(lost(topology, {taken == 2 ? 3u : 2u}, {99, 100, 149, 150, 1'050}),
            (std::vector<bool>(5, false)));
  // Where no way is left, all is lost while the cables are down.
  EXPECT_EQ(lost(topology, {2, 3}, {99, 100, 149, 150, 999, 1'000, 1'050}),
            (std::vector<bool>{false, true, true, true, true, false, false}));
}

TEST(Interceptor, HalfOfSprayedPacketsAreLostUntilTheyAreLedAround) {
  const Topology topology = two_spines(Routing::kSpray);
  std::vector<std::int64_t> before(400, 120), after(400, 160);
  const auto count = [&](const std::vector<std::int64_t>& at) {
    const std::vector<bool> out = lost(topology, {2}, at);
    return std::count(out.begin(), out.end(), true);
  };
  EXPECT_NEAR(static_cast<double>(count(before)), 200, 50);
  EXPECT_EQ(count(after), 0);
}

// b cannot tell over which of its cables a packet of a came, so a judges that as well.
TEST(Interceptor, TheSenderJudgesTheLastLinkWherePacketsArriveOverSeveral) {
  TopologySpec spec{.name = "two cables", .kind = "explicit", .routing = Routing::kSpray};
  spec.explicit_switches = {{.name = "left"}, {.name = "right"}};
  for (const char* node : {"a", "b"})
    for (const char* side : {"left", "right"}) spec.explicit_links.push_back({node, side, {}});
  for (TopologySpec::NamedLink& link : spec.explicit_links) link.link.name = link.a + "-" + link.b;
  const auto topology = build_topology(spec, {{"a", ""}, {"b", ""}});
  ASSERT_TRUE(topology) << topology.error().text();
  const Routes routes(*topology);
  const auto play = [&](NodeId self, NodeId peer) {
    Wire wire;
    FaultInterceptor link(wire, {.seed = 3, .rules = {rule(kLossFault, 3)}},
                          node_routes(*topology, routes, self, {peer}));
    for (int i = 0; i < 400; ++i) link.send(from(self, peer, 1), at_us(i));
    wire.incoming.assign(400, from(peer, self, 1));
    std::size_t received = 0;
    while (link.receive(at_us(500))) ++received;
    return std::pair(wire.sent.size(), received);
  };
  const auto [sent_by_a, received_by_a] = play(kA, kB);
  EXPECT_NEAR(static_cast<double>(sent_by_a), 200, 50);  // b's second cable loses all
  EXPECT_EQ(received_by_a, 400u);
  const auto [sent_by_b, received_by_b] = play(kB, kA);
  EXPECT_NEAR(static_cast<double>(sent_by_b), 200, 50);
  EXPECT_EQ(received_by_b, 400u);
}

// What a process finds is what the network of virtual time finds.
TEST(NodeRoutes, LeadEveryPacketWhereRoutesDo) {
  for (const Routing routing : {Routing::kEcmp, Routing::kSpray, Routing::kFixed}) {
    const Topology topology = two_spines(routing);
    FaultRule down{.id = "cut", .kind = &kLinkDownFault, .links = {2}};
    down.when.from = at_us(100);
    down.when.until = at_us(1'000);
    const Routes routes(topology, outages_of({.seed = 3, .rules = {down}}));
    const NodeRoutes own = node_routes(topology, routes, kA, {kB});
    ASSERT_EQ(own.peers.size(), 1u);
    for (const std::int64_t us : {0, 99, 149, 150, 1'049, 1'050})
      for (std::uint32_t ordinal = 0; ordinal < 20; ++ordinal) {
        std::vector<Hop> hops;
        append_path(own.peers[0], own.spray, ordinal, at_us(us), hops);
        std::uint32_t at = 0;
        for (const Hop hop : hops) {
          EXPECT_EQ(routes.next_hop(at, kB, {routes.flow(kA, kB), ordinal, at_us(us)}), hop);
          at = far_end(topology.links[hop.link], hop.direction);
        }
        EXPECT_EQ(at, index(kB));
      }
  }
}

FaultRule always(std::string_view kind, std::uint32_t link) {
  FaultRule rule{.id = "r", .kind = find_fault_kind(kind), .links = {link}};
  const std::shared_ptr<void> options = rule.kind->fields.make();
  if (const Field* p = rule.kind->fields.find("p")) p->set(options.get(), {1'000'000'000});
  if (const Field* lag = rule.kind->fields.find("lag"))
    lag->set(options.get(), {microseconds(2).count()});
  rule.options = collect(rule.kind->fields, options.get());
  return rule;
}

TEST(Interceptor, SendsCopiesWhenTheyAreDue) {
  Story story(kA, {always("duplicate", 0)});
  story.link.send(from(kA, kB, 1), at_us(1));
  EXPECT_EQ(story.wire.sent.size(), 1u);
  EXPECT_EQ(story.link.next_wake(), at_us(3));
  EXPECT_FALSE(story.link.receive(at_us(3)));
  EXPECT_EQ(story.wire.sent.size(), 2u);
}

TEST(Interceptor, DamagesWhatItReceives) {
  Story story(kB, {always("corrupt", 2)});
  story.wire.incoming.push_back(from(kA, kB, 100));
  const std::optional<Datagram> datagram = story.link.receive(at_us(1));
  ASSERT_TRUE(datagram);
  EXPECT_TRUE(datagram->damaged);
  EXPECT_EQ(story.link.counters()[0].corrupted, 1u);
  EXPECT_EQ(story.link.take_firings().size(), 1u);
}

// To a node that this one knows no address of nothing can be sent.
TEST(Interceptor, LeadsAstrayToThoseItKnows) {
  FaultRule rule = always("misroute", 0);
  rule.sets = {{7}};
  Story story(kA, {rule});
  story.link.send(from(kA, kB, 1), at_us(1));
  EXPECT_TRUE(story.wire.sent.empty());
  EXPECT_EQ(story.link.counters()[0].misrouted, 1u);
}

}  // namespace
}  // namespace soliton
