#include <gtest/gtest.h>

#include "topologies/routes.h"

namespace soliton {
namespace {

constexpr Bytes kPing{32 + 64};  // LTL header and payload

Duration one_way(const std::string& a, const std::string& b, Bytes packet) {
  const auto topology =
      build_topology({.name = "datacenter", .kind = "datacenter"}, {{"a", a}, {"b", b}});
  EXPECT_TRUE(topology) << topology.error().text();
  const Routes routes(*topology);
  return transfer_time(*topology, routes.path(NodeId{0}, NodeId{1}), packet);
}

// Caulfield et al., MICRO 2016, figure 10: within 3 % of 2.88, 7.72 and 18.71 us; the composition is
// exact.
TEST(Transfer, RoundTripsAreThePublishedMeans) {
  EXPECT_EQ(2 * one_way("rack0", "rack0", kPing), nanoseconds(2'880));
  EXPECT_EQ(2 * one_way("pod0/rack0", "pod0/rack39", kPing), nanoseconds(7'720));
  EXPECT_EQ(2 * one_way("pod0/rack0", "pod9/rack3", kPing), nanoseconds(18'710));
}

// Cut-through: another byte costs its line time once, however many switches are on the way.
TEST(Transfer, BytesArePaidOnceBehindCutThroughSwitches) {
  const Duration more = transmit_time(Bytes{1408}, BitRate{40'000'000'000});
  for (const char* b : {"rack0", "pod0/rack1", "pod1/rack0"}) {
    EXPECT_EQ(one_way("rack0", b, Bytes{96 + 1408}) - one_way("rack0", b, kPing), more);
  }
}

Topology chain(BitRate first, BitRate second, bool store_and_forward) {
  TopologySpec spec{.name = "chain", .kind = "explicit"};
  spec.explicit_switches = {
      {.name = "s", .forwarding = nanoseconds(300), .store_and_forward = store_and_forward}};
  TopologyLink cable;
  cable.latency = nanoseconds(500);
  cable.rate = first;
  spec.explicit_links.push_back({"a", "s", cable});
  cable.rate = second;
  spec.explicit_links.push_back({"s", "b", cable});
  auto topology = build_topology(spec, {{"a", ""}, {"b", ""}});
  EXPECT_TRUE(topology);
  return std::move(*topology);
}

Duration over(const Topology& topology, Bytes packet) {
  return transfer_time(topology, Routes(topology).path(NodeId{0}, NodeId{1}), packet);
}

constexpr BitRate kFast{40'000'000'000};
constexpr BitRate kSlow{10'000'000'000};
// 934 + 66 bytes: 200 ns at 40 Gb/s, 800 ns at 10 Gb/s.
constexpr Bytes kKilo{934};

TEST(Transfer, StoreAndForwardPaysTheLineTimeOnEachLink) {
  EXPECT_EQ(over(chain(kFast, kFast, true), kKilo), nanoseconds(500 + 200 + 300 + 200 + 500));
  EXPECT_EQ(over(chain(kFast, kFast, false), kKilo), nanoseconds(500 + 300 + 200 + 500));
}

TEST(Transfer, TheSlowerLinkDecidesInEitherOrder) {
  EXPECT_EQ(over(chain(kFast, kSlow, false), kKilo), nanoseconds(500 + 300 + 800 + 500));
  // The last byte is through the slow line at 1300 ns and cannot leave the switch before 1600 ns.
  EXPECT_EQ(over(chain(kSlow, kFast, false), kKilo), nanoseconds(500 + 800 + 300 + 500));
}

TEST(Transfer, LeastLatencyIsBelowEveryPacket) {
  for (const bool stored : {false, true}) {
    const Topology topology = chain(kSlow, kFast, stored);
    const Routes routes(topology);
    const Duration least = least_latency(topology, routes.path(NodeId{0}, NodeId{1}));
    EXPECT_LE(least, over(topology, Bytes{32}));
    EXPECT_GE(least, nanoseconds(1300));
  }
}

TEST(Transfer, LocalCostsNextToNothing) {
  const auto topology = build_topology({.name = "local", .kind = "local"}, {{"a", ""}, {"b", ""}});
  ASSERT_TRUE(topology);
  const Duration cost = over(*topology, Bytes{1440});
  EXPECT_GT(cost, Duration{});
  EXPECT_LT(cost, picoseconds(20));
}

}  // namespace
}  // namespace soliton
