// Load and queues of links over time add up to the totals of the run, whatever its ports do.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cluster/engine/control_loop.h"
#include "cluster/file/spec.h"
#include "cluster/run/run.h"
#include "tests/cluster_text.h"

namespace soliton {
namespace {

RunResults play(const std::string& yaml) {
  const Checked<ClusterSpec> spec = read_cluster_text(
      "name: test\nseed: 3\nprocesses: packed\n" + yaml, "test.yaml", {}, {SOLITON_SOURCE_DIR});
  EXPECT_TRUE(spec) << spec.error().text() << yaml;
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
  EXPECT_TRUE(prepared) << prepared.error().text() << yaml;
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = (*prepared)->spec.time_limit;
  return std::move(execute_run(**prepared, control).results);
}

// Of the link with this name.
SeriesInterval sum_of(const SeriesResult& series, const std::string& name) {
  SeriesInterval sum;
  for (const SeriesResult::Link& link : series.links) {
    if (link.name != name) continue;
    for (const SeriesInterval& one : link.intervals) {
      sum.packets += one.packets;
      sum.bytes += one.bytes;
      sum.dropped_queue += one.dropped_queue;
      sum.dropped_fault += one.dropped_fault;
      sum.dropped_watchdog += one.dropped_watchdog;
      sum.marked += one.marked;
      sum.busy += one.busy;
      sum.queue_max = std::max(sum.queue_max, one.queue_max);
      EXPECT_GE(one.queue, Bytes{}) << name;
      EXPECT_LE(one.busy, series.interval) << name;
    }
  }
  return sum;
}

// The share of a link in the whole run says how long that was.
Duration length_of(const RunResults& results) {
  const LinkResult& first = results.links->front();
  const SeriesInterval sum = sum_of(*results.series, first.name);
  return Duration{
      static_cast<std::int64_t>(static_cast<double>(sum.busy.count()) / first.busy_fraction)};
}

void expect_sums(const RunResults& results, Duration length) {
  ASSERT_TRUE(results.series);
  ASSERT_FALSE(results.links->empty());
  EXPECT_EQ(results.series->links.size(), results.links->size());
  for (const LinkResult& link : *results.links) {
    SCOPED_TRACE(link.name);
    const SeriesInterval sum = sum_of(*results.series, link.name);
    EXPECT_EQ(sum.packets, link.packets);
    EXPECT_EQ(sum.bytes, link.bytes);
    EXPECT_EQ(sum.dropped_queue, link.dropped_queue);
    EXPECT_EQ(sum.dropped_fault, link.dropped_fault);
    EXPECT_EQ(sum.dropped_watchdog, link.dropped_watchdog);
    EXPECT_EQ(sum.marked, link.marked);
    // The queue of a card is in the totals only where it may be paused, without what is on the line.
    if (!link.name.starts_with("f")) {
      EXPECT_EQ(sum.queue_max, link.queue_max);
    } else {
      EXPECT_GE(sum.queue_max, link.queue_max);
    }
    // Each packet's line time is rounded up to a picosecond. A run that was cut may have more to send.
    if (link.busy_fraction < 1) {
      EXPECT_NEAR(in_us(sum.busy), link.busy_fraction * in_us(length),
                  1e-6 * static_cast<double>(link.packets + 1) + 1e-9 * in_us(length));
    }
  }
}

std::string incast(std::string_view options, std::string_view link, std::string_view more) {
  return fmt::format(
      "topology:\n  kind: explicit\n{}  switches: [{{name: s}}, {{name: t}}]\n  links:\n    - "
      "{{between: [\"f[0-7]\", s], latency: 200 ns, bandwidth: 40 Gb/s{}}}\n    - {{between: [s, "
      "t], "
      "latency: 200 ns, bandwidth: 40 Gb/s{}}}\n    - {{between: [f8, t], latency: 200 ns, "
      "bandwidth: 10 Gb/s{}}}\nnodes: [{{name: \"f[0-8]\", device: bw-s10}}]\nworkload: {{kind: "
      "incast, from: \"f[0-7]\", to: f8, bytes: 64 KiB, count: 4}}\n{}",
      options, link, link, link, more);
}

class Series : public testing::TestWithParam<std::tuple<const char*, const char*, const char*>> {};

TEST_P(Series, AddsUpToTheTotals) {
  const auto [options, link, faults] = GetParam();
  for (const char* interval : {"100 ns", "7 us", "1 s"}) {
    SCOPED_TRACE(interval);
    const RunResults results =
        play(incast(options, link, fmt::format("{}trace: {{links: {}}}\n", faults, interval)));
    ASSERT_TRUE(results.complete) << results.error;
    expect_sums(results, length_of(results));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ports, Series,
    testing::Values(
        std::tuple{"  ecn: false\n", ", queue: 64 KiB", ""},  // tail drop
        std::tuple{"", "", ""},                               // marks
        std::tuple{"  pfc: {xoff: 32 KiB}\n  ecn: false\n", "", ""},
        std::tuple{"  pfc: {xoff: 300 kB}\n", ", other_traffic: {busy: 20 %, longest: 2 us}", ""},
        std::tuple{"", ", other_traffic: {busy: 30 %, longest: 5 us}", ""},
        std::tuple{"", "", "faults: [{link: s-t, loss: 5 %}, {link: f0-s, jitter: 20 us}]\n"}));

// A run that a limit cuts leaves packets in queues; they are in the series as far as they were.
TEST(Series, ARunThatIsCutAddsUpAsWell) {
  for (const char* options : {"", "  pfc: {xoff: 32 KiB}\n  ecn: false\n"}) {
    const RunResults results =
        play(incast(options, "", "limits: {time: 200 us}\ntrace: {links: 3 us}\n"));
    EXPECT_FALSE(results.complete);
    expect_sums(results, microseconds(200));
  }
}

TEST(Series, AreCoarserWhereTheyWouldBeTooMany) {
  const RunResults results = play(
      "topology: rack\nnodes: [{name: \"f[0-1]\", device: bw-s10}]\nworkload: {kind: ping, from: "
      "f0, to: f1, count: 5000, bytes: 64}\ntrace: {links: 1 ns}\n");
  expect_sums(results, length_of(results));
  EXPECT_GT(results.series->interval, nanoseconds(1));
  EXPECT_THAT(results.warnings, testing::Contains(testing::Field(
                                    &RunWarning::id, std::string(warning_id::kSeriesCoarser))));
}

TEST(Series, OfLinksThatCarryNothingAreEmpty) {
  const RunResults results = play(
      "topology: rack\nnodes: [{name: \"f[0-3]\", device: bw-s10}]\nworkload: {kind: ping, from: "
      "f0, to: f1, count: 3, bytes: 64}\ntrace: {links: 1 us}\n");
  EXPECT_EQ(results.series->links.size(), 4u) << "two cables, both directions";
  EXPECT_EQ(results.series->interval, results.series->asked);
}

}  // namespace
}  // namespace soliton
