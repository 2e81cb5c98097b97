// Seeded runs of everything that can go wrong between two nodes at once. A failure prints the seed
// that repeats it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "tests/sim/ltl/seeded.h"

namespace soliton {
namespace {

constexpr std::uint64_t kSeeds = 1'000;

TEST(Seeds, EveryMessageArrivesOnceInOrderAndWholeInBoundedTime) {
  std::uint64_t packets = 0, lost = 0, resent = 0, timeouts = 0, corrupted = 0, refused = 0;
  std::uint64_t replayed = 0;
  Duration longest{};
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Random r(seed, "sim");
    const LtlOptions options = options_of(r);
    const Cable cable = cable_of(r);
    TwoNodes net(seed, cable, options);
    const SeededTraffic traffic = plan(net, r, seed, options.mtu, false);
    ASSERT_TRUE(net.run()) << "no end";
    ASSERT_EQ(net.broken(), "");
    expect_all_delivered(net, traffic, seed);
    if (HasFatalFailure()) return;
    std::uint64_t first_transmissions = 0;
    for (std::size_t n = 0; n < 2; ++n) {
      const LtlStats& s = net.node(n).stats();
      const std::uint64_t dropped =
          s.dropped_malformed + s.dropped_checksum + s.dropped_stale + s.dropped_unauthentic;
      if (net.corrupted() == 0) {
        EXPECT_EQ(dropped, 0u);
      }
      refused += dropped;
      EXPECT_EQ(s.dropped_no_room, 0u);
      packets += s.packets_sent;
      resent += s.retransmitted;
      first_transmissions += s.packets_sent - s.retransmitted;
      timeouts += s.timeouts;
    }
    EXPECT_LE(net.last_delivery() - kRunStart,
              bound(options, first_transmissions) + bound_of_cut(cable));
    lost += net.lost();
    corrupted += net.corrupted();
    replayed += net.replayed();
    longest = std::max<Duration>(longest, net.last_delivery() - kRunStart);
  }
  std::printf(
      "%llu seeds, %llu packets, %llu lost, %llu damaged, %llu replayed, %llu resent, %llu "
      "timeouts, longest run %.2f ms\n",
      static_cast<unsigned long long>(kSeeds), static_cast<unsigned long long>(packets),
      static_cast<unsigned long long>(lost), static_cast<unsigned long long>(corrupted),
      static_cast<unsigned long long>(replayed), static_cast<unsigned long long>(resent),
      static_cast<unsigned long long>(timeouts), in_us(longest) / 1000);
  EXPECT_GT(lost, 1000u);  // or the runs were no test
  EXPECT_GT(replayed, 1000u);
  EXPECT_GT(corrupted, 1000u);
  EXPECT_GE(refused, corrupted) << "each damaged packet is refused, and its duplicates";
}

TEST(Seeds, GhostAndRealPayloadsGiveTheSamePacketTimes) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Random r(seed, "sim");
    const LtlOptions options = options_of(r);
    TwoNodes real(seed, cable_of(r), options), ghost(seed, cable_of(r), options);
    plan(real, r, seed, options.mtu, false);
    plan(ghost, r, seed, options.mtu, true);
    ASSERT_TRUE(real.run());
    ASSERT_TRUE(ghost.run());
    ASSERT_EQ(real.departures(), ghost.departures());
    ASSERT_EQ(real.last_delivery(), ghost.last_delivery());
  }
}

TEST(Seeds, SameSeedGivesTheSameRun) {
  const Random r(3, "sim");
  TwoNodes a(3, cable_of(r), options_of(r)), b(3, cable_of(r), options_of(r));
  for (TwoNodes* net : {&a, &b}) {
    plan(*net, r, 3, options_of(r).mtu, false);
    ASSERT_TRUE(net->run());
  }
  EXPECT_EQ(a.departures(), b.departures());
}

// Virtual time is free: an hour of delay is slow, not wrong.
TEST(Seeds, AnHourOfDelayIsSurvived) {
  Cable cable;
  cable.propagation = std::chrono::duration_cast<Duration>(std::chrono::minutes(30));
  LtlOptions options;
  options.timeout_max = std::chrono::duration_cast<Duration>(std::chrono::minutes(10));
  TwoNodes net(1, cable, options);
  net.send(0, TwoNodes::message(1, 0, 100'000, false));
  ASSERT_TRUE(net.run());
  ASSERT_EQ(net.delivered(1).size(), 1u);
  EXPECT_EQ(net.delivered(1)[0], TwoNodes::message(1, 0, 100'000, false));
}

TEST(Seeds, AMessageOfOneGibibyteArrives) {
  Cable cable;
  cable.rate = BitRate{400'000'000'000};
  LtlOptions options;
  options.mtu = 65'535;
  TwoNodes net(1, cable, options);
  net.send(0, Payload{{}, std::uint64_t{1} << 30});
  ASSERT_TRUE(net.run());
  ASSERT_EQ(net.delivered(1).size(), 1u);
  EXPECT_EQ(net.delivered(1)[0].size(), std::uint64_t{1} << 30);
}

}  // namespace
}  // namespace soliton
