#include "fabric/faults/interceptor.h"

#include <gtest/gtest.h>

#include <deque>

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
  first_two.until = at_us(2);
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

}  // namespace
}  // namespace soliton
