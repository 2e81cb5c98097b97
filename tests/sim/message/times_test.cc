// Times of message mode against formulas, on whole clusters.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/message/play.h"
#include "topologies/line.h"

namespace soliton {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

// Two switches between the nodes: three lines of 40 Gb/s, 200 ns each, and two switches of 500 ns.
constexpr std::string_view kChain =
    "topology:\n  kind: explicit\n  switches: [{name: \"s[0-1]\", forwarding: 500 ns}]\n  links: "
    "[{between: [f0, s0], latency: 200 ns}, {between: [s0, s1], latency: 200 ns}, {between: [s1, "
    "f1], latency: 200 ns}]\nnodes: [{name: \"f[0-1]\", device: bw-s10}]\n";
constexpr double kChainUs = 3 * 0.2 + 2 * 0.5;

// All packets of a message on a line of 40 Gb/s.
double line_us(std::int64_t bytes) {
  const std::int64_t packets = (bytes + 1407) / 1408;
  return static_cast<double>(bytes + packets * (32 + kFrameOverheadBytes)) * 8 / 40e3;
}

TEST(MessageTimes, APingTakesTheLineTimeOfItsPacketsOnce) {
  for (const std::int64_t bytes : {64, 1408, 16'384, 65'536, 1'000'000}) {
    const RunResults results =
        play("message",
             fmt::format("{}workload: {{kind: ping, from: f0, to: f1, count: 20, bytes: {} B}}\n",
                         kChain, bytes));
    // An acknowledgement may go right before an answer.
    const double alone = 2 * (line_us(bytes) + kChainUs);
    EXPECT_GE(latency_summary(results).min, alone - 1e-3) << bytes;
    EXPECT_LE(latency_summary(results).p90, alone + 0.2) << bytes;
  }
}

TEST(MessageTimes, AnIncastFillsTheReceiversLine) {
  const RunResults results = play(
      "message",
      "topology:\n  kind: explicit\n  ecn: false\n  switches: [{name: s, forwarding: 500 ns}]\n"
      "  links: [{between: [\"f[0-8]\", s], latency: 200 ns}]\n"
      "nodes: [{name: \"f[0-8]\", device: bw-s10}]\n"
      "workload: {kind: incast, from: \"f[0-7]\", to: f8, bytes: 16 KiB, count: 50}\n");
  EXPECT_NEAR(completion_us(results), 400 * line_us(16'384) + 0.9, 0.2);
  EXPECT_GE(results.traffic->fairness.value_or(0), 0.999);
}

// The sender waits for the line alone.
TEST(MessageTimes, AStreamTakesTheLineTimeOfAllItsPackets) {
  const RunResults results = play(
      "message",
      fmt::format("{}workload: {{kind: stream, from: f0, to: f1, count: 300, bytes: 64 KiB}}\n",
                  kChain));
  EXPECT_NEAR(completion_us(results), 300 * line_us(65'536) + kChainUs, 0.1);
}

TEST(MessageTimes, ALinkThatIsDownHoldsMessagesUntilItHeals) {
  const RunResults results = play(
      "message", fmt::format("{}workload: {{kind: ping, from: f0, to: f1, count: 100, bytes: 64}}\n"
                             "faults: [{{link: s0-s1, at: 50 us, for: 1 ms, link_down: true}}]\n",
                             kChain));
  const LatencySummary latency = latency_summary(results);
  const double alone = 2 * (line_us(64) + kChainUs);
  EXPECT_NEAR(latency.p90, alone, 1e-3);
  EXPECT_GE(latency.max, 1'000.0);
  EXPECT_LE(latency.max, 1'000.0 + 2 * alone);
  ASSERT_EQ(results.faults.size(), 1u);
  EXPECT_EQ(results.faults[0].counters.delayed, 1u);
  EXPECT_EQ(results.fabric.dropped, 0u);
}

TEST(MessageTimes, ALinkThatStaysDownIsNamedWithWhatWaits) {
  const FinishedRun finished = play_to_its_end(
      "message", fmt::format("{}workload: {{kind: ping, from: f0, to: f1, count: 100, bytes: 64}}\n"
                             "faults: [{{link: s0-s1, at: 50 us, link_down: true}}]\n",
                             kChain));
  ASSERT_TRUE(finished.error);
  EXPECT_EQ(finished.error->code, ErrorCode::kNoProgress);
  EXPECT_THAT(finished.error->message, HasSubstr("under way to f"));
  EXPECT_THAT(finished.error->message, HasSubstr("s0-s1 was down from 50 us on: 1 packet lost"));
}

TEST(MessageTimes, ADelayIsAddedOnceALink) {
  const RunResults results = play(
      "message", fmt::format("{}workload: {{kind: ping, from: f0, to: f1, count: 10, bytes: 64}}\n"
                             "faults: [{{link: s0-s1, delay: 10 us}}]\n",
                             kChain));
  EXPECT_NEAR(latency_summary(results).min, 2 * (line_us(64) + kChainUs + 10), 1e-3);
}

auto has_warning() {
  return Contains(Field(&RunWarning::id, std::string(warning_id::kMessageModeOutside)));
}

std::string incast_of(int senders, std::string_view more) {
  return fmt::format(
      "topology:\n  kind: explicit\n{}  switches: [{{name: s}}]\n  links: [{{between: "
      "[\"f[0-{}]\", s], latency: 200 ns}}]\nnodes: [{{name: \"f[0-{}]\", device: bw-s10}}]\n"
      "workload: {{kind: incast, from: \"f[0-{}]\", to: f{}, bytes: 1408, count: 10}}\n",
      more, senders, senders, senders - 1, senders);
}

TEST(MessageTimes, WarnsWherePacketModeWouldMark) {
  EXPECT_THAT(play("message", incast_of(64, "")).warnings, has_warning());
  EXPECT_THAT(play("message", incast_of(64, "  ecn: false\n")).warnings, Not(has_warning()));
  EXPECT_THAT(play("packet", incast_of(64, "")).warnings, Not(has_warning()));
}

TEST(MessageTimes, WarnsWhereTheWindowIsTooSmall) {
  const RunResults results =
      play("message",
           "topology: {kind: explicit, bandwidth: 1 Gb/s, switches: [{name: s}], links: [{between: "
           "[\"f[0-1]\", s], latency: 25 ms}]}\nnodes: [{name: \"f[0-1]\", device: bw-s10}]\n"
           "workload: {kind: stream, from: f0, to: f1, bytes: 1 MiB, count: 20}\n");
  EXPECT_THAT(results.warnings, has_warning());
}

TEST(MessageTimes, TheSameFileGivesTheSameBytes) {
  const std::string yaml =
      "seed: 7\ntopology: {kind: fat-tree, bandwidth: 10 Gb/s}\nnodes: [{name: \"f[0-15]\", "
      "device: "
      "bw-s10}]\nworkload: {kind: all-gather, nodes: \"f[0-15]\", bytes: 20 kB, count: 3, "
      "schedule: "
      "direct}\nfaults: [{link: \"*\", jitter: 1 us}]\n";
  EXPECT_EQ(results_json(play("message", yaml), false), results_json(play("message", yaml), false));
}

TEST(MessageTimes, SixteenThousandNodesTalk) {
  const RunResults results = play(
      "message",
      "topology: {kind: explicit, switches: [{name: s}], links: [{between: [\"f[0-16383]\", s], "
      "latency: 200 ns}]}\nnodes: [{name: \"f[0-16383]\", device: bw-s10}]\ncompute: timing\n"
      "workload: {kind: all-gather, nodes: \"f[0-15]\", bytes: 1 KiB, count: 2, schedule: ring}\n");
  EXPECT_EQ(results.requests.size(), 32u);
}

}  // namespace
}  // namespace soliton
