// LTL over switches that pause: what a slow receiver does to the others, and that nothing is lost
// while it does it.
//
//   a, a2 -- s0 == trunk 40 Gb/s == s1 -- slow (4 Gb/s)
//       b --                           -- other (40 Gb/s)
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

#include "fabric/ltl/ltl.h"
#include "fabric/sim/engine.h"
#include "fabric/sim/local_node.h"

namespace soliton {
namespace {

constexpr std::uint64_t kMessage = 64 << 10;
// The first windows pause the trunk and mark everybody; rates then rise by 40 Mb/s each 55 us,
// which takes 42 ms to the 34 Gb/s of the other flow.
constexpr Instant kSettled = kRunStart + milliseconds(50);
constexpr Instant kEnd = kRunStart + milliseconds(65);

// An LTL that always has messages waiting on each of its connections, if it sends at all, and
// counts what it got.
class Talker : public Machine {
 public:
  Talker(NodeId self, const LtlOptions& options, std::vector<LtlConnection> rows, bool sends)
      : ltl_(self, options, rows), connections_(sends ? rows.size() : 0), sent_(connections_) {}

  void on_input(Datagram datagram, Instant now) override { ltl_.on_input(datagram, now); }
  void on_deadline(Instant now) override {
    started_ = true;
    ltl_.on_deadline(now);
  }
  Instant next_deadline() const override { return started_ ? ltl_.next_deadline() : kRunStart; }
  std::optional<Datagram> poll_output(Instant now) override {
    while (const auto delivery = ltl_.poll_delivery())
      if (now >= kSettled) received_ += delivery->message.size();
    for (std::uint16_t row = 0; row < connections_; ++row)
      for (; sent_[row] < ltl_.messages_acknowledged(ConnectionId{row}) + 3; ++sent_[row])
        EXPECT_TRUE(ltl_.send(ConnectionId{row}, Payload{{}, kMessage}, now));
    return ltl_.poll_output(now);
  }
  std::uint64_t received() const { return received_; }

 private:
  Ltl ltl_;
  std::size_t connections_;
  std::vector<std::uint64_t> sent_;
  bool started_ = false;
  std::uint64_t received_ = 0;
};

Topology two_switches(const PriorityPause& pause) {
  TopologySpec spec{.name = "two", .kind = "explicit", .pause = pause};
  spec.explicit_switches = {{.name = "s0", .forwarding = nanoseconds(300)},
                            {.name = "s1", .forwarding = nanoseconds(300)}};
  TopologyLink trunk, slow;
  trunk.latency = slow.latency = nanoseconds(500);
  slow.rate = BitRate{4'000'000'000};
  spec.explicit_links = {{"s0", "s1", trunk}, {"s1", "slow", slow}};
  auto topology =
      build_topology(spec, {{"a", "s0"}, {"a2", "s0"}, {"b", "s0"}, {"slow", ""}, {"other", "s1"}});
  EXPECT_TRUE(topology) << topology.error().text();
  return std::move(*topology);
}

struct Shares {
  double slow_gbps = 0, other_gbps = 0;
  NetworkCounters counters;
};

// a and a2 to the slow node, b to the other one, for 15 ms once the rates have settled.
Shares share_the_trunk(const LtlOptions& options) {
  // Above the marks' kmax, 200 kB.
  const Topology topology = two_switches({.xoff = Bytes{256 << 10}});
  const Routes routes(topology);
  Network network(topology, routes, {.seed = 1});
  const NodeId a{0}, a2{1}, b{2}, slow{3}, other{4};
  std::vector<std::unique_ptr<Talker>> talkers;
  const auto add = [&](NodeId self, std::vector<LtlConnection> rows, bool sends) {
    talkers.push_back(std::make_unique<Talker>(self, options, std::move(rows), sends));
  };
  add(a, {{slow, 0, 1, 1}}, true);
  add(a2, {{slow, 1, 2, 1}}, true);
  add(b, {{other, 0, 3, 1}}, true);
  add(slow, {{a, 0, 1, 1}, {a2, 0, 2, 1}}, false);
  add(other, {{b, 0, 3, 1}}, false);
  std::vector<std::unique_ptr<LocalNode>> nodes;
  std::vector<EngineNode*> engine_nodes;
  for (std::uint32_t i = 0; i < talkers.size(); ++i) {
    nodes.push_back(std::make_unique<LocalNode>(*talkers[i], NodeId{i}));
    engine_nodes.push_back(nodes.back().get());
  }
  EXPECT_TRUE(Engine(network, engine_nodes, {.time_limit = kEnd}).run());
  const auto gbps = [](std::uint64_t bytes) { return static_cast<double>(bytes) * 8 / 15e6; };
  const Shares shares{gbps(talkers[3]->received()), gbps(talkers[4]->received()),
                      network.counters()};
  std::printf("slow receiver %.2f Gb/s, the other flow %.2f Gb/s, %llu pauses, %llu dropped\n",
              shares.slow_gbps, shares.other_gbps,
              static_cast<unsigned long long>(shares.counters.pauses),
              static_cast<unsigned long long>(shares.counters.dropped()));
  return shares;
}

double payload_share() {
  const LtlOptions options;
  return static_cast<double>(options.mtu) / (options.mtu + 32 + 66);
}

TEST(SlowReceiver, LeavesTheOtherFlowItsShareOfTheTrunk) {
  const Shares shares = share_the_trunk({});
  // By max-min fairness: the slow node's 4 Gb/s, and the rest of the trunk.
  EXPECT_GE(shares.other_gbps, 0.80 * 36 * payload_share());
  EXPECT_GE(shares.slow_gbps, 0.90 * 4 * payload_share());
  EXPECT_EQ(shares.counters.dropped(), 0u);
}

// Who does not heed the marks fills the switch until the trunk itself is paused, and everybody on
// it waits for the slow node: why marks come before pauses.
TEST(SlowReceiver, BlocksTheTrunkWhereMarksAreNotHeeded) {
  LtlOptions options;
  options.congestion.enabled = false;
  options.window = 256;
  const Shares shares = share_the_trunk(options);
  EXPECT_LT(shares.other_gbps, 0.80 * 36 * payload_share());
  EXPECT_GT(shares.counters.pauses, 0u);
  EXPECT_EQ(shares.counters.dropped(), 0u);
}

}  // namespace
}  // namespace soliton
