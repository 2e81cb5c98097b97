// What a run left is held against what must hold: each invariant finds a mistake that is planted in the
// results of a good run.
#include "cluster/chaos/invariants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fabric/faults/fault_kind.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Good {
  PreparedRun run;
  FinishedRun finished;
  ChaosGauge gauge{.span = microseconds(100), .sha256 = "ab", .checked = 2};

  Good() {
    run.faults.rules.push_back({.id = "r",
                                .kind = find_fault_kind("loss"),
                                .options = loss_settings({.p = Probability{10'000'000}})});
    run.faults.rules[0].when.until = kRunStart + microseconds(10);
    RunResults& r = finished.results;
    r.sent = 2;
    r.outputs = {.sha256 = "ab", .checked = 2};
    r.last_completed = kRunStart + microseconds(110);
    r.fabric.packets = r.ltl.packets_sent = 7;
    r.ltl.messages_sent = r.ltl.messages_delivered = 4;
    r.faults.push_back({.id = "r", .kind = "loss"});
    r.faults[0].counters.dropped = 3;
    r.links.emplace().push_back({.name = "a -> b", .dropped_fault = 3});
  }
  std::vector<std::string> violated() const {
    std::vector<std::string> out;
    for (const ChaosViolation& v : violations_of(run, finished, {}, gauge))
      out.push_back(v.invariant);
    return out;
  }
};

TEST(Invariants, AGoodRunViolatesNone) { EXPECT_THAT(Good().violated(), IsEmpty()); }

TEST(Invariants, WrongOutputsAreFound) {
  Good run;
  run.finished.results.outputs.mismatched = 1;
  EXPECT_THAT(run.violated(), ElementsAre("outputs"));
}

TEST(Invariants, OtherOutputsThanWithoutFaultsAreFound) {
  Good run;
  run.finished.results.outputs.sha256 = "cd";
  EXPECT_THAT(run.violated(), ElementsAre("outputs"));
}

TEST(Invariants, MissingAndDoubleAnswersAreFound) {
  Good missing, twice;
  missing.finished.results.failed = 1;
  EXPECT_THAT(missing.violated(), ElementsAre("delivery"));
  twice.finished.results.duplicated = 1;
  EXPECT_THAT(twice.violated(), ElementsAre("delivery"));
}

TEST(Invariants, ARunThatDoesNotEndIsFoundUnlessItMayGiveAPeerUp) {
  Good run;
  run.finished.error = Error{ErrorCode::kNoProgress, "waits"};
  run.finished.results.complete = false;
  EXPECT_THAT(run.violated(), ElementsAre("liveness"));
  run.finished.error->code = ErrorCode::kBroken;
  EXPECT_THAT(run.violated(), ElementsAre("liveness"));
  run.run.spec.ltl.misses = 3;
  EXPECT_THAT(run.violated(), IsEmpty());
}

// Fifty timeouts of 50 us, the run itself twice, and the end of the rule.
TEST(Invariants, ARunThatIsDoneLateIsFound) {
  Good run;
  Instant& done = run.finished.results.last_completed;
  done = kRunStart + microseconds(10 + 2 * 100 + 50 * 50);
  EXPECT_THAT(run.violated(), IsEmpty());
  done += picoseconds(1);
  EXPECT_THAT(run.violated(), ElementsAre("liveness"));
}

TEST(Invariants, WhatARuleHoldsBackEndsLater) {
  Good run;
  run.run.faults.rules[0].kind = find_fault_kind("delay");
  run.run.faults.rules[0].options = delay_settings({.delay = microseconds(5)});
  EXPECT_EQ(last_end(run.run.faults), kRunStart + microseconds(10));
  EXPECT_EQ(healed_by(run.run.faults), kRunStart + microseconds(15));
}

TEST(Invariants, CountersThatDoNotAddUpAreFound) {
  Good packets, messages, drops;
  packets.finished.results.fabric.packets = 8;
  EXPECT_THAT(packets.violated(), ElementsAre("conservation"));
  messages.finished.results.ltl.messages_delivered = 3;
  EXPECT_THAT(messages.violated(), ElementsAre("conservation"));
  drops.finished.results.faults[0].counters.dropped = 2;
  EXPECT_THAT(drops.violated(), ElementsAre("conservation"));
}

// Three packets were dropped: 32 for nothing, and 4 for each.
TEST(Invariants, NacksAndResendsForNothingAreFound) {
  Good run;
  run.finished.results.fabric.dropped = 3;
  run.finished.results.ltl.nacks_sent = run.finished.results.ltl.retransmitted = 44;
  EXPECT_THAT(run.violated(), IsEmpty());
  ++run.finished.results.ltl.nacks_sent;
  EXPECT_THAT(run.violated(), ElementsAre("economy"));
  ++run.finished.results.ltl.retransmitted;
  EXPECT_THAT(run.violated(), ElementsAre("economy", "economy"));
  run.run.spec.ltl.recovery = RecoveryMode::kGoBackN;
  EXPECT_THAT(run.violated(), ElementsAre("economy"));
  run.gauge.nacks = 1;
  EXPECT_THAT(run.violated(), IsEmpty());
}

}  // namespace
}  // namespace soliton
