// Whole clusters on networks other than a rack at 40 Gb/s: slow and long ones, many senders,
// pauses, tail drop, jitter. A network that loses nothing has nothing sent twice, and what a run
// says of its times is the network's.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/networks/play.h"

namespace soliton {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

auto has_warning(std::string_view id) { return Contains(Field(&RunWarning::id, std::string(id))); }

void expect_nothing_twice(const RunResults& results) {
  EXPECT_EQ(results.fabric.dropped, 0u);
  EXPECT_EQ(results.ltl.retransmitted, 0u);
  EXPECT_EQ(results.ltl.timeouts, 0u);
  EXPECT_THAT(results.warnings, Not(has_warning(warning_id::kResendsExceedDrops)));
}

constexpr std::string_view kPair = "nodes: [{name: \"f[0-1]\", device: bw-s10}]\n";

TEST(Networks, ASlowLineIsNoLossyOne) {
  for (const std::string_view rate : {"1 Gb/s", "100 Mb/s", "10 Mb/s", "1 Mb/s"}) {
    SCOPED_TRACE(rate);
    const RunResults results = play(
        fmt::format("topology: {{kind: rack, bandwidth: {}}}\n{}workload: {{kind: ping, from: f0, "
                    "to: f1, count: 100, bytes: 1408}}\n",
                    rate, kPair));
    expect_nothing_twice(results);
    const LatencySummary latency = latency_summary(results);
    EXPECT_LE(latency.mean, 1.02 * latency.min);
  }
}

TEST(Networks, ALongCableIsNoLossyOne) {
  const RunResults results = play(fmt::format(
      "topology: {{kind: explicit, links: [{{between: [f0, f1], latency: 300 us, bandwidth: 40 "
      "Gb/s}}]}}\n{}workload: {{kind: ping, from: f0, to: f1, count: 200, bytes: 64}}\n",
      kPair));
  expect_nothing_twice(results);
  EXPECT_LE(latency_summary(results).mean, 1.02 * latency_summary(results).min);
}

TEST(Networks, ACableOfAnHourIsNoLossyOne) {
  const RunResults results =
      play(fmt::format("topology: {{kind: explicit, links: [{{between: [f0, f1], latency: 1 "
                       "h}}]}}\n{}limits: {{time: "
                       "2 d}}\nworkload: {{kind: ping, from: f0, to: f1, count: 5, bytes: 64}}\n",
                       kPair));
  expect_nothing_twice(results);
  EXPECT_NEAR(latency_summary(results).mean, 7'200e6, 1);
}

TEST(Networks, TheQuickstartsModelOnASlowRackHasNothingSentTwice) {
  for (const std::string_view rate : {"200 Mb/s", "100 Mb/s"}) {
    SCOPED_TRACE(rate);
    const RunResults results = play(fmt::format(
        "topology: {{kind: rack, bandwidth: {}}}\nnodes: [{{name: \"fpga[0-3]\", device: "
        "bw-pocket}}, {{name: host0, device: cpu}}]\nmodel: {{onnx: "
        "{}/configs/models/language-gru/tuned-ms-fp9.onnx, precision: ms-fp9}}\nworkload: "
        "{{requests: 20, input: {}/configs/models/language-gru/tokens.npy}}\n",
        rate, SOLITON_SOURCE_DIR, SOLITON_SOURCE_DIR));
    expect_nothing_twice(results);
  }
}

std::string incast(int senders, std::string_view more, std::string_view link, int count) {
  return fmt::format(
      "topology:\n  kind: explicit\n{}  switches: [{{name: s, forwarding: 500 ns}}]\n  links: "
      "[{{between: [\"f[0-{}]\", s], latency: 200 ns, bandwidth: 40 Gb/s{}}}]\nnodes: [{{name: "
      "\"f[0-{}]\", device: bw-s10}}]\nworkload: {{kind: incast, from: \"f[0-{}]\", to: f{}, "
      "bytes: "
      "64 KiB, count: {}}}\n",
      more, senders, link, senders, senders - 1, senders, count);
}

TEST(Networks, ManySendersAtOnceStayBelowTheReceiversQueue) {
  const RunResults results = play(incast(256, "", "", 4));
  expect_nothing_twice(results);
  EXPECT_GE(results.traffic->line_share.value_or(0), 0.85) << "in its first 15 ms";
}

TEST(Networks, APausedCardIsNoLoss) {
  const RunResults results = play(incast(48, "  pfc: {xoff: 32 KiB}\n  ecn: false\n", "", 20));
  expect_nothing_twice(results);
  EXPECT_GT(results.fabric.pauses, 0u);
  EXPECT_GE(results.traffic->line_share.value_or(0), 0.99);
}

TEST(Networks, EqualSendersShareALineThatDropsTheTail) {
  for (const int senders : {2, 8, 16}) {
    SCOPED_TRACE(senders);
    const RunResults results = play(incast(senders, "  ecn: false\n", ", queue: 64 KiB", 60));
    EXPECT_GE(results.traffic->fairness.value_or(0), 0.95);
    EXPECT_GE(results.traffic->line_share.value_or(0), 0.97);
  }
}

// Not a broken network but a full one: what is dropped is sent again, and nothing else.
TEST(Networks, AllToAllAcrossRacksTakesLittleMoreThanItsBound) {
  const RunResults results = play(
      "topology: datacenter\nnodes: [{name: \"f[0-47]\", device: bw-s10}]\nworkload: {kind: "
      "all-gather, nodes: \"f[0-47]\", bytes: 16 KiB, count: 2, schedule: direct}\n");
  EXPECT_LE(results.ltl.retransmitted, results.fabric.dropped);
  EXPECT_EQ(results.ltl.timeouts, 0u);
  // A rack's 24 nodes send 24 blocks each to the other rack, over one cable.
  const double packets = 24 * 24 * 2 * (16384.0 / 1408);
  const double bound_us = packets * (1408 + 32 + 66) * 8 / 40e3;
  EXPECT_LE(in_us(results.last_completed - results.first_sent), 1.2 * bound_us);
}

TEST(Networks, ALongPathIsFilledByALargeWindow) {
  const auto stream = [](int window) {
    return play(fmt::format(
        "topology:\n  kind: explicit\n  switches: [{{name: s}}]\n  links: [{{between: [\"f[0-1]\", "
        "s], latency: 25 ms, bandwidth: 1 Gb/s}}]\n{}ltl: {{mtu: 9000 B, window: {}}}\nworkload: "
        "{{kind: stream, from: f0, to: f1, bytes: 1 MiB, count: 200}}\n",
        kPair, window));
  };
  const RunResults small = stream(128), large = stream(4096);
  EXPECT_LE(small.traffic->line_share.value_or(1), 0.12);
  EXPECT_THAT(small.warnings, Contains(Field(&RunWarning::text, HasSubstr("ltl.window: 2048"))));
  EXPECT_GE(large.traffic->line_share.value_or(0), 0.95);
  EXPECT_THAT(large.warnings, Not(has_warning(warning_id::kWindowLimited)));
  expect_nothing_twice(large);
}

TEST(Networks, PacketsThatOvertakeTeachTheConnection) {
  const RunResults results = play(fmt::format(
      "topology:\n  kind: explicit\n  bandwidth: 2 Gb/s\n  switches: [{{name: s}}]\n  links: "
      "[{{between: [\"f[0-1]\", s], latency: 49 ms}}]\n{}ltl: {{mtu: 8 KiB, window: "
      "256}}\nworkload: {{kind: stream, from: f0, to: f1, bytes: 64 KiB, count: 200}}\nfaults: "
      "[{{link: f0-s, jitter: 5 ms}}]\n",
      kPair));
  EXPECT_LE(results.ltl.retransmitted, 100u) << "of 1,600 packets";
  EXPECT_EQ(results.ltl.timeouts, 0u);
  EXPECT_THAT(results.warnings, has_warning(warning_id::kWindowLimited));
}

TEST(Networks, HeavyLossLeavesMostOfWhatIsLeft) {
  const auto mean_share = [](int percent) {
    double sum = 0;
    for (int seed = 1; seed <= 4; ++seed) {
      const RunResults results = play(fmt::format(
          "topology: rack\n{}workload: {{kind: stream, from: f0, to: f1, bytes: 4 MiB, count: "
          "4}}\nfaults: [{{link: f0-tor0, loss: {} %, id: seed{}}}]\n",
          kPair, percent, seed));
      sum += results.traffic->line_share.value_or(0);
    }
    return sum / 4;
  };
  EXPECT_GE(mean_share(5), 0.94);
  EXPECT_GE(mean_share(20), 0.75);
  EXPECT_GE(mean_share(40), 0.40);
}

TEST(Networks, ARuleThatNeverFiredIsSaid) {
  const RunResults results = play(fmt::format(
      "topology: rack\n{}workload: {{kind: ping, from: f0, to: f1, count: 10, bytes: 64}}\nfaults: "
      "[{{link: f0-tor0, loss: 1 %, when: {{from: 1 s}}}}]\n",
      kPair));
  EXPECT_THAT(results.warnings, has_warning(warning_id::kRuleNeverFired));
}

}  // namespace
}  // namespace soliton
