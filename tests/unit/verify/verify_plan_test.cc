// Right plans pass; of wrong ones of every kind the first difference is named.
#include "partition/verify/verify_plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "partition/verify/recompute.h"
#include "tests/unit/verify/small_graphs.h"

namespace soliton::verify::test {
namespace {

using priced::Objective;
using priced::PricedGraph;
using testing::HasSubstr;
using testing::StartsWith;

// 0 > 1 > 3, 0 > 2 > 3 on two accelerators and a CPU. The best throughput puts 0 and 2 on one
// accelerator, 10 + 30 of computing and 1 + 4 of sending, and 1 and 3 on the other: 20 + 40 and
// 1 + 4 of fetching. All of it does not fit one.
PricedGraph diamond() {
  return graph_of({{10, 100, 1, 5}, {20, 200, 2, 6}, {30, 300, 4, 7}, {40, 400, 8, 8}},
                  {{0, 1}, {0, 2}, {1, 3}, {2, 3}}, 2, 1, 20);
}

// What a search that proves everything would state.
StatedPlan right_plan(const PricedGraph& graph, Objective objective, const Places& places,
                      std::optional<Duration> bound = std::nullopt) {
  StatedPlan out;
  out.planned.graph = graph;
  priced::Assignment& it = out.planned.assignment;
  it.objective = objective;
  it.places = places;
  it.value = value_of(graph, objective, places).value_or(Duration{});
  it.lower_bound = bound.value_or(it.value);
  it.verdict = priced::verdict_of(it.value, it.lower_bound);
  if (it.value == it.lower_bound)
    out.gap = 0;
  else if (it.lower_bound.count() > 0)
    out.gap =
        static_cast<double>(it.value.count()) / static_cast<double>(it.lower_bound.count()) - 1;
  return out;
}

StatedPlan best_plan() {
  return right_plan(diamond(), Objective::kThroughput, places_of({0, 1, 0, 1}));
}

std::string difference(const StatedPlan& plan) { return verify_plan(plan).difference; }

TEST(VerifyPlan, ARightPlanPasses) {
  const StatedPlan plan = best_plan();
  EXPECT_EQ(plan.planned.assignment.value.count(), 20 + 40 + 1 + 4);
  const Verification found = verify_plan(plan);
  EXPECT_EQ(found.difference, "");
  ASSERT_TRUE(found.best_of_all);
  EXPECT_EQ(found.best_of_all->value, plan.planned.assignment.value);
}

TEST(VerifyPlan, APlanThatClaimsLessPasses) {
  const Places worse = places_of({0, 0, 0, 1});
  const StatedPlan plan = right_plan(diamond(), Objective::kThroughput, worse, Duration{65});
  EXPECT_EQ(plan.planned.assignment.verdict, "within 1.54 %");  // 66 / 65
  EXPECT_EQ(difference(plan), "");
  EXPECT_EQ(difference(right_plan(diamond(), Objective::kThroughput, worse, Duration{})), "");
}

TEST(VerifyPlan, AnOperatorOnAnotherNodeChangesTheValue) {
  StatedPlan plan = best_plan();
  plan.planned.assignment.places = places_of({0, 0, 0, 1});
  EXPECT_EQ(
      difference(plan),
      "value_ms is 0.000000065 ms, but the assignment is worth 0.000000066 ms: fpga0 computes "
      "0.000000060 ms, fetches 0.000000000 ms and sends 0.000000006 ms");
}

TEST(VerifyPlan, ABrokenRuleIsNamedBeforeTheValue) {
  StatedPlan plan = best_plan();
  plan.planned.assignment.places = places_of({0, 1, 1, 1});
  EXPECT_EQ(difference(plan), "fpga1 holds 21 bytes, its memory is 20 bytes");
  plan.planned.assignment.places = places_of({0, 1, 0, 0});
  plan.planned.graph.classes[0].memory = Bytes{100};
  EXPECT_EQ(difference(plan), "nodes wait for each other: fpga1 > fpga0 > fpga1");
  plan.planned.graph.operators[1].group = 0;
  EXPECT_THAT(difference(plan), HasSubstr("of the same group"));
  plan.planned.graph.operators[0].times[0] = std::nullopt;
  EXPECT_EQ(difference(plan), "operator 0 is on fpga0, which cannot run it");
}

TEST(VerifyPlan, AValueThatIsAPicosecondOffIsFound) {
  for (const int off : {-1, 1}) {
    StatedPlan plan = best_plan();
    plan.planned.assignment.value += Duration{off};
    EXPECT_THAT(difference(plan), StartsWith("value_ms is 0.0000000")) << off;
  }
}

TEST(VerifyPlan, ABoundAboveTheValueIsFound) {
  StatedPlan plan = best_plan();
  plan.planned.assignment.lower_bound += Duration{1};
  EXPECT_EQ(difference(plan), "lower_bound_ms, 0.000000066 ms, is above value_ms, 0.000000065 ms");
}

TEST(VerifyPlan, ABoundAboveTheBestOfAllIsFound) {
  const StatedPlan plan =
      right_plan(diamond(), Objective::kThroughput, places_of({0, 0, 0, 1}), Duration{66});
  EXPECT_EQ(plan.planned.assignment.verdict, "optimal");
  EXPECT_EQ(
      difference(plan),
      "lower_bound_ms is 0.000000066 ms, but the best of all assignments is worth 0.000000065 "
      "ms");
}

TEST(VerifyPlan, OfALargeGraphTheBoundIsTakenAsStated) {
  PricedGraph graph = diamond();
  graph.classes[0].count = 4;
  const StatedPlan plan =
      right_plan(graph, Objective::kThroughput, places_of({0, 0, 0, 1}), Duration{66});
  const Verification found = verify_plan(plan);
  EXPECT_EQ(found.difference, "");
  EXPECT_FALSE(found.best_of_all);
}

TEST(VerifyPlan, AWrongGapIsFound) {
  StatedPlan plan =
      right_plan(diamond(), Objective::kThroughput, places_of({0, 0, 0, 1}), Duration{60});
  EXPECT_EQ(difference(plan), "");
  plan.gap = 10.0;  // of a percent
  EXPECT_THAT(difference(plan), StartsWith("gap is 10, but value_ms / lower_bound_ms - 1 is 0.1"));
  plan.gap = std::nullopt;
  EXPECT_THAT(difference(plan), StartsWith("gap is null, but"));
  plan = right_plan(diamond(), Objective::kThroughput, places_of({0, 0, 0, 1}), Duration{});
  plan.gap = 0.0;
  EXPECT_EQ(difference(plan), "gap is 0, but no bound is known");
}

TEST(VerifyPlan, WordsThatClaimMoreOrLessThanTheBoundAreFound) {
  const auto said = [](std::int64_t bound, const std::string& verdict) {
    StatedPlan plan =
        right_plan(diamond(), Objective::kThroughput, places_of({0, 0, 0, 1}), Duration{bound});
    plan.planned.assignment.verdict = verdict;
    return difference(plan);
  };
  // 66 / 65 is 1.538 % above.
  EXPECT_EQ(said(65, "optimal"),
            "verdict is \"optimal\", but value and bound allow \"within 1.54 %\"");
  EXPECT_THAT(said(65, "within 1.53 %"), HasSubstr("allow \"within 1.54 %\""));
  EXPECT_THAT(said(65, "within 1.55 %"), HasSubstr("allow \"within 1.54 %\""));
  EXPECT_THAT(said(65, "within 2 %"), HasSubstr("allow \"within 1.54 %\""));
  EXPECT_THAT(said(65, "no proof"), HasSubstr("allow \"within 1.54 %\""));
  // Exactly 10 %, and more than ten times as much.
  EXPECT_EQ(said(60, "within 10.00 %"), "");
  EXPECT_EQ(said(6, "within 1000.00 %"), "");
  EXPECT_EQ(said(5, "no proof"), "");
  EXPECT_THAT(said(0, "optimal"), HasSubstr("allow \"no proof\""));
}

TEST(VerifyPlan, TheClassMustBeOneThatCanBeChecked) {
  StatedPlan plan = best_plan();
  plan.planned.assignment.plan_class = "given order";
  EXPECT_EQ(difference(plan), "class is \"given order\"; allowed: contiguous");
}

TEST(VerifyPlan, LatencyIsCheckedByItsOwnRules) {
  const Places visits = places_of({-1, 0, 0, -1});
  EXPECT_EQ(difference(right_plan(diamond(), Objective::kLatency, visits, Duration{100})), "");
  // The best: two on each accelerator, one after the other.
  const StatedPlan best = right_plan(diamond(), Objective::kLatency, places_of({0, 0, 1, 1}));
  EXPECT_EQ(best.planned.assignment.value.count(), (30 + 1 + 2) + (70 + 1 + 2));
  EXPECT_EQ(difference(best), "");
}

TEST(VerifyPlan, WordsOfGapsAreThoseOfTheSearch) {
  for (std::int64_t bound = 0; bound < 300; ++bound)
    for (const std::int64_t above : {0, 1, 2, 7, 100, 1000, 3333}) {
      StatedPlan plan = right_plan(graph_of({{bound + above, 0}}, {}, 4, 0), Objective::kThroughput,
                                   places_of({0}), Duration{bound});
      ASSERT_EQ(difference(plan), "") << bound << ' ' << above;
    }
}

// Every plan with the right sums passes, and the same plan with one number off does not.
TEST(VerifyPlan, RandomPlansPassAsTheyAreAndFailWhenOneThingIsOff) {
  int passed = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const PricedGraph graph = random_graph(seed, 9);
    const Places places = random_places(graph, seed);
    const Objective objective = seed % 2 == 0 ? Objective::kThroughput : Objective::kLatency;
    if (!misplaced(graph, places).empty()) continue;
    const std::optional<Duration> value = value_of(graph, objective, places);
    StatedPlan plan = right_plan(graph, objective, places, Duration{});
    const std::string said = difference(plan);
    const bool legal =
        overfull(graph, uses_of(graph, places)).empty() && circle(graph, objective, places).empty();
    ASSERT_EQ(said.empty(), legal) << seed << said << words_of(graph);
    if (!legal || value->count() == 0) continue;
    ++passed;
    const Duration best = *best_of_all(graph, objective).value;
    ASSERT_LE(best, *value);
    ASSERT_EQ(difference(right_plan(graph, objective, places, best)), "") << seed;
    if (best < *value) {
      ASSERT_NE(difference(right_plan(graph, objective, places, best + Duration{1})), "") << seed;
    }
    plan.planned.assignment.value -= Duration{1};
    ASSERT_NE(difference(plan), "") << seed;
  }
  EXPECT_GT(passed, 100);
}

}  // namespace
}  // namespace soliton::verify::test
