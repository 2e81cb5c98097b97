// Warnings of a run whose requests are too few, or come faster than they are answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/run/check_transport.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

// `count` requests, one every `apart`, the last of them twice as long as the others.
RunResults answered(std::size_t count, Duration apart) {
  RunResults results;
  for (std::size_t i = 0; i < count; ++i) {
    RequestRecord record;
    record.request = RequestId{static_cast<std::uint32_t>(i)};
    record.sent = kRunStart + static_cast<std::int64_t>(i) * apart;
    record.completed = record.sent + (i + 1 == count ? 2 : 1) * microseconds(10);
    results.requests.push_back(record);
  }
  results.first_sent = results.requests.front().sent;
  results.last_completed = results.requests.back().completed;
  return results;
}

auto id(std::string_view which) { return Field(&RunWarning::id, std::string(which)); }

TEST(CheckLoad, FewRequestsHaveNoNinetyNinthPercentile) {
  const PreparedRun run;
  RunResults few = answered(20, microseconds(10));
  check_load(run, few);
  EXPECT_THAT(few.warnings, ElementsAre(id(warning_id::kFewSamples)));
  RunResults many = answered(100, microseconds(10));
  check_load(run, many);
  EXPECT_THAT(many.warnings, IsEmpty());
}

TEST(CheckLoad, MoreRequestsThanAnswersAreAnOverload) {
  PreparedRun run;
  run.spec.workload.arrival = "poisson";
  run.spec.workload.rate = EventRate{100'000};
  RunResults slow = answered(1000, microseconds(20));
  check_load(run, slow);
  EXPECT_THAT(slow.warnings, ElementsAre(id(warning_id::kOverload)));
  RunResults enough = answered(1000, microseconds(10));
  check_load(run, enough);
  EXPECT_THAT(enough.warnings, IsEmpty());
}

TEST(CheckTransport, WhatTheKernelDidNotTakeIsSaid) {
  PreparedRun run;
  RunResults results;
  results.ltl.carrier = "udp";
  ClusterOutcome outcome;
  outcome.stats.emplace_back(NodeStats{});
  check_transport(run, {}, outcome, results);
  EXPECT_THAT(results.warnings, IsEmpty());
  outcome.stats.front()->carrier.refused = 3;
  check_transport(run, {}, outcome, results);
  EXPECT_THAT(results.warnings, ElementsAre(id(warning_id::kUdpRefused)));
}

TEST(CheckTransport, ResendsWithoutLossesAreSaid) {
  PreparedRun run;
  RunResults results;
  results.ltl.retransmitted = 5;
  results.fabric.dropped = 5;
  check_transport(run, {}, {}, results);
  EXPECT_THAT(results.warnings, IsEmpty());
  results.fabric.dropped = 4;
  check_transport(run, {}, {}, results);
  EXPECT_THAT(results.warnings, ElementsAre(id(warning_id::kResendsExceedDrops)));
}

}  // namespace
}  // namespace soliton
