// Seeded runs of everything that can go wrong between two nodes at once. A failure prints the seed
// that repeats it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "tests/sim/ltl/two_nodes.h"

namespace soliton {
namespace {

constexpr std::uint64_t kSeeds = 1'000;

template <typename T, std::size_t n>
T pick(const Random& r, std::uint64_t ordinal, const T (&choices)[n]) {
  return choices[r.below(ordinal, n)];
}

Cable cable_of(const Random& r) {
  Cable cable;
  cable.loss =
      Probability{static_cast<std::int64_t>(r.below(0, 4) * r.below(1, 100'000'001))};  // to 30 %
  cable.duplicate = Probability{pick<std::int64_t>(r, 2, {0, 0, 10'000'000, 100'000'000})};
  cable.reorder = Probability{pick<std::int64_t>(r, 3, {0, 0, 50'000'000, 250'000'000})};
  cable.reorder_by = nanoseconds(pick<std::int64_t>(r, 4, {500, 3'000, 15'000}));
  cable.propagation = nanoseconds(pick<std::int64_t>(r, 5, {100, 1'500, 9'000}));
  cable.max_burst = pick<std::uint32_t>(r, 6, {UINT32_MAX, 1, 3, 6});
  cable.corrupt = Probability{pick<std::int64_t>(r, 7, {0, 0, 1'000'000, 20'000'000})};
  cable.replay = Probability{pick<std::int64_t>(r, 8, {0, 0, 50'000'000})};
  cable.replay_after = nanoseconds(pick<std::int64_t>(r, 9, {50'000, 2'000'000}));
  if (r.below(10, 4) == 0) {
    cable.cut = r.below(11, 3);
    cable.cut_from = kRunStart + nanoseconds(static_cast<std::int64_t>(r.below(12, 100'000)));
    cable.cut_until =
        cable.cut_from + nanoseconds(static_cast<std::int64_t>(r.below(13, 3'000'000)));
  }
  return cable;
}

LtlOptions options_of(const Random& r) {
  LtlOptions o;
  o.mtu = pick<std::uint32_t>(r, 20, {17, 256, 1408, 8192});
  o.window = pick<std::uint32_t>(r, 21, {1, 4, 32, 64, 128, 256});
  o.credit = Bytes{pick<std::int64_t>(r, 22, {512, 20'000, 1 << 20})};
  o.ack_every = pick<std::uint32_t>(r, 23, {1, 4, 16});
  o.ack_delay = nanoseconds(pick<std::int64_t>(r, 24, {0, 2'000, 4'000}));
  o.reorder_tolerance = nanoseconds(pick<std::int64_t>(r, 25, {0, 0, 2'000}));
  o.timeout_rtts = pick<std::uint32_t>(r, 26, {0, 4});
  o.recovery = r.below(27, 3) == 0 ? RecoveryMode::kGoBackN : RecoveryMode::kSelective;
  o.first_sequence = pick<std::uint32_t>(r, 28, {0, 0xffff'ff9c, 0x7fff'fff0});
  o.auth = r.below(29, 4) == 0 ? AuthMode::kHeader : AuthMode::kNone;
  o.packing = Bytes{pick<std::int64_t>(r, 30, {0, 1408, 8192})};
  return o;
}

std::uint64_t size_of(const Random& r, std::uint64_t i, std::uint32_t mtu) {
  switch (r.below(1000 + i, 8)) {
    case 0:
      return 0;
    case 1:
      return 1;
    case 2:
      return mtu - 1;
    case 3:
      return mtu;
    case 4:
      return mtu + 1;
    case 5:
      return 8 * mtu + r.below(2000 + i, std::min<std::uint64_t>(20'000, 60 * mtu));
    default:
      return r.below(2000 + i, 3 * mtu);
  }
}

struct Traffic {
  std::uint64_t sizes[2][30];
};

// Bursts and lone messages, both ways at once.
Traffic plan(TwoNodes& net, const Random& r, std::uint64_t seed, std::uint32_t mtu, bool ghost) {
  Traffic t;
  for (std::uint64_t from = 0; from < 2; ++from) {
    Instant at{};
    for (std::uint64_t i = 0; i < 30; ++i) {
      t.sizes[from][i] = size_of(r.child(from), i, mtu);
      net.send_at(at, from, TwoNodes::message(seed + from, i, t.sizes[from][i], ghost));
      if (r.child(from).below(3000 + i, 3) == 0)
        at += nanoseconds(static_cast<std::int64_t>(r.child(from).below(4000 + i, 40'000)));
    }
  }
  return t;
}

void expect_all_delivered(const TwoNodes& net, const Traffic& t, std::uint64_t seed) {
  for (std::uint64_t from = 0; from < 2; ++from) {
    const std::vector<Payload>& got = net.delivered(1 - from);
    ASSERT_EQ(got.size(), 30u);
    for (std::uint64_t i = 0; i < 30; ++i)
      ASSERT_EQ(got[i], TwoNodes::message(seed + from, i, t.sizes[from][i], false))
          << "message " << i;
  }
}

// How long a run may take: at worst (a window of one packet, 30 % loss each way) every packet waits
// for a timeout in turn, and now and then several times, doubled, for the same one.
Duration bound(const LtlOptions& o, std::uint64_t packets) {
  return milliseconds(20) + o.timeout * 2 * static_cast<std::int64_t>(packets);
}

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
    const Traffic traffic = plan(net, r, seed, options.mtu, false);
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
    // A cut delays everything by its length, and by the timeout that had doubled meanwhile.
    const Duration cut = cable.cut_from == kNever ? Duration{} : 2 * (cable.cut_until - kRunStart);
    EXPECT_LE(net.last_delivery() - kRunStart, bound(options, first_transmissions) + cut);
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
