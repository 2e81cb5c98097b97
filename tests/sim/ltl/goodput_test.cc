// Goodput under loss: 4 MiB messages at 40 Gb/s, 3 us round trip, 50 us timeout. The share is of
// what the line could carry as fragments: rate * mtu / (mtu + header + frame).
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <utility>

#include "tests/sim/ltl/two_nodes.h"

namespace soliton {
namespace {

struct Row {
  const char* name;
  std::int64_t loss_ppb;
  double share_min;
  double resend_ratio_max;
};

struct Measured {
  double share = 0;
  LtlStats sender;
  LtlStats receiver;
  std::uint64_t lost = 0;  // of the sender's packets
};

Measured stream(std::int64_t loss_ppb, const LtlOptions& options, int messages = 12) {
  Cable cable;
  cable.loss = Probability{loss_ppb};
  TwoNodes net(7, cable, options);
  const std::uint64_t size = 4 << 20;
  for (int i = 0; i < messages; ++i) net.send(0, TwoNodes::message(7, i, size, true));
  EXPECT_TRUE(net.run());
  EXPECT_EQ(net.broken(), "");
  EXPECT_EQ(net.delivered(1).size(), static_cast<std::size_t>(messages));
  const double fragments = static_cast<double>(options.mtu) / (options.mtu + 32 + 66);
  const double ideal_us = messages * 8.0 * size / (40e3 * fragments);
  return {ideal_us / in_us(net.last_delivery()), net.node(0).stats(), net.node(1).stats(),
          net.lost_from(0)};
}

void print(const char* mode, const Row& row, const Measured& m) {
  std::printf(
      "%s loss %s: goodput %.2f %%, resent %llu of %llu packets, %llu timeouts, %llu probes, %llu "
      "NACKs, "
      "%llu packets back, rtt mean %.2f us\n",
      mode, row.name, 100 * m.share, static_cast<unsigned long long>(m.sender.retransmitted),
      static_cast<unsigned long long>(m.sender.packets_sent),
      static_cast<unsigned long long>(m.sender.timeouts),
      static_cast<unsigned long long>(m.sender.tail_probes),
      static_cast<unsigned long long>(m.receiver.nacks_sent),
      static_cast<unsigned long long>(m.receiver.packets_sent), in_us(m.sender.rtt.mean()));
}

class Goodput : public testing::TestWithParam<Row> {};

TEST_P(Goodput, SelectiveReachesItsTarget) {
  for (const std::uint32_t window : {64u, 128u}) {
    LtlOptions options;
    options.window = window;
    const Measured m = stream(GetParam().loss_ppb, options);
    print(window == 64 ? "selective, window 64, " : "selective, window 128,", GetParam(), m);
    EXPECT_GE(m.share, GetParam().share_min);
    EXPECT_LE(static_cast<double>(m.sender.packets_sent) /
                  (m.sender.packets_sent - m.sender.retransmitted),
              GetParam().resend_ratio_max);
    // Hardly anything is sent again that was not lost.
    EXPECT_LE(static_cast<double>(m.sender.retransmitted), 1.1 * static_cast<double>(m.lost));
  }
}

// A hole costs all that is under way, the sender's own queue included, so go-back-N wants a window
// near the round trip.
TEST(GoodputGoBackN, PaysForItsWindowAtOneIn256) {
  double previous = 1;
  for (const auto& [window, share_min] :
       {std::pair{16u, 0.92}, {32u, 0.90}, {64u, 0.88}, {128u, 0.78}}) {
    LtlOptions options;
    options.recovery = RecoveryMode::kGoBackN;
    options.window = window;
    const Measured m = stream(3'906'250, options);
    print(("go-back-n, window " + std::to_string(window) + ",").c_str(), {"1/256", 0, 0, 0}, m);
    EXPECT_GE(m.share, share_min);
    EXPECT_LT(m.share, previous);
    previous = m.share;
  }
}

INSTANTIATE_TEST_SUITE_P(Loss, Goodput,
                         testing::Values(Row{"0", 0, 0.999, 1.0},
                                         Row{"1/256", 3'906'250, 0.985, 1.01},
                                         Row{"1 %", 10'000'000, 0.96, 1.02},
                                         Row{"5 %", 50'000'000, 0.75, 1.08}));

}  // namespace
}  // namespace soliton
