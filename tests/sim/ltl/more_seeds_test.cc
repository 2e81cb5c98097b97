// Seeded runs over the same bad cables of what the ordinary ones leave out: connections opened on
// the wire under every authentication, networks that mark, the least and the greatest MTU.
#include <gtest/gtest.h>

#include <cstdio>

#include "fabric/aead/aead.h"
#include "tests/sim/ltl/seeded.h"

namespace soliton {
namespace {

// The handshake is repeated at doubling intervals up to timeout_max. At 30 % loss each way an
// attempt fails with 51 %, so that 20 of them do with 1.4e-6.
constexpr std::int64_t kAttempts = 20;

LtlIdentity member() {
  LtlIdentity who;
  who.run_id = 7;
  who.epoch = 1;
  who.key.fill(std::byte{0x3c});
  who.cipher = *packet_cipher(AeadKind::kChaCha20Poly1305);
  return who;
}

std::uint64_t first_transmissions(TwoNodes& net) {
  std::uint64_t packets = 0;
  for (std::size_t n = 0; n < 2; ++n)
    packets += net.node(n).stats().packets_sent - net.node(n).stats().retransmitted;
  return packets;
}

TEST(OpenedSeeds, ConnectionsOpenOnceAndCarryEveryMessageUnderEveryAuthentication) {
  std::uint64_t lost = 0, corrupted = 0, refused = 0, replayed = 0;
  for (std::uint64_t seed = 1; seed <= 450; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Random r(seed, "opened");
    LtlOptions options = options_of(r);
    options.handshake = true;
    options.auth = static_cast<AuthMode>(seed % 3);
    const Cable cable = cable_of(r);
    TwoNodes net(seed, cable, options, member());
    const SeededTraffic traffic = plan(net, r, seed, options.mtu, false);
    ASSERT_TRUE(net.run()) << "no end";
    ASSERT_EQ(net.broken(), "");
    expect_all_delivered(net, traffic, seed);
    if (HasFatalFailure()) return;
    for (std::size_t n = 0; n < 2; ++n) {
      const LtlStats& s = net.node(n).stats();
      EXPECT_EQ(s.connections_opened, 1u) << "what comes again opens nothing";
      refused += s.dropped_checksum + s.dropped_unauthentic + s.dropped_malformed + s.dropped_stale;
      replayed += s.dropped_replayed;
    }
    EXPECT_LE(net.last_delivery() - kRunStart, bound(options, first_transmissions(net)) +
                                                   bound_of_cut(cable) +
                                                   kAttempts * options.timeout_max);
    lost += net.lost();
    corrupted += net.corrupted();
  }
  std::printf("%llu lost, %llu damaged, %llu refused, %llu numbers seen twice\n",
              static_cast<unsigned long long>(lost), static_cast<unsigned long long>(corrupted),
              static_cast<unsigned long long>(refused), static_cast<unsigned long long>(replayed));
  EXPECT_GT(lost, 1000u);
  EXPECT_GE(refused, corrupted);
  EXPECT_GT(replayed, 1000u);
}

// However many packets are marked, rates have a floor, and what waits for it arrives.
TEST(MarkedSeeds, MarksSlowAndNeverLose) {
  std::uint64_t marks = 0, notifications = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Random r(seed, "marked");
    LtlOptions options = options_of(r);
    Cable cable = cable_of(r);
    cable.mark = Probability{pick<std::int64_t>(r, 50, {1'000'000, 50'000'000, 1'000'000'000})};
    TwoNodes net(seed, cable, options);
    const SeededTraffic traffic = plan(net, r, seed, options.mtu, false);
    ASSERT_TRUE(net.run()) << "no end";
    ASSERT_EQ(net.broken(), "");
    expect_all_delivered(net, traffic, seed);
    if (HasFatalFailure()) return;
    std::uint64_t bytes = 0;
    for (std::size_t n = 0; n < 2; ++n) {
      bytes += net.node(n).stats().bytes_sent;
      marks += net.node(n).stats().marks_received;
      notifications += net.node(n).stats().notifications_received;
    }
    const Duration slowest =
        transmit_time(Bytes{static_cast<std::int64_t>(bytes)}, options.congestion.rate_min);
    EXPECT_LE(net.last_delivery() - kRunStart,
              bound(options, first_transmissions(net)) + bound_of_cut(cable) + slowest);
  }
  EXPECT_GT(marks, 10'000u);
  EXPECT_GT(notifications, 500u);
}

class LimitSeeds : public testing::TestWithParam<std::uint32_t> {};

// TwoNodes refuses a packet above packet_bytes_max().
TEST_P(LimitSeeds, MessagesAroundTheMtuArriveInPacketsOfNoMore) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Random r(seed, "limits");
    LtlOptions options = options_of(r);
    options.mtu = GetParam();
    const Cable cable = cable_of(r);
    TwoNodes net(seed, cable, options);
    const SeededTraffic traffic = plan(net, r, seed, options.mtu, false);
    ASSERT_TRUE(net.run()) << "no end";
    ASSERT_EQ(net.broken(), "");
    expect_all_delivered(net, traffic, seed);
    if (HasFatalFailure()) return;
    EXPECT_LE(net.last_delivery() - kRunStart,
              bound(options, first_transmissions(net)) + bound_of_cut(cable) +
                  transmit_time(Bytes{static_cast<std::int64_t>(2 * traffic.bytes())}, cable.rate));
  }
}

INSTANTIATE_TEST_SUITE_P(Mtu, LimitSeeds, testing::Values(1u, 2u, 9'000u, 65'535u));

}  // namespace
}  // namespace soliton
