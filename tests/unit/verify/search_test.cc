// What the search states, checked without it: on random small graphs its plans pass, are the best
// of all assignments where they say so, and a refusal that is proved is right. SOLITON_BRUTE_CASES=2000
// tries more graphs than a test run does, SOLITON_BRUTE_FIRST begins with another one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "partition/assign/assign.h"
#include "partition/verify/verify_plan.h"
#include "tests/unit/verify/small_graphs.h"

namespace soliton::verify::test {
namespace {

using priced::Objective;
using priced::PricedGraph;

std::uint64_t asked(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What the reader refuses: a group that no node can run.
bool each_group_has_a_node(const PricedGraph& graph) {
  for (std::size_t group = 0; group < priced::group_count(graph); ++group) {
    const auto runs = [&](const priced::NodeClass& nodes) {
      const auto number = static_cast<std::size_t>(&nodes - graph.classes.data());
      std::int64_t bytes = 0;
      for (const priced::Operator& it : graph.operators) {
        if (it.group != group) continue;
        bytes += it.size.count;
        if (!it.times[number]) return false;
      }
      return nodes.kind == priced::NodeKind::kCpu || bytes <= nodes.memory.count;
    };
    if (std::ranges::none_of(graph.classes, runs)) return false;
  }
  return true;
}

std::string claim_of(const priced::Assignment& it) {
  return it.verdict + ", " + it.method + ", value " + std::to_string(it.value.count()) +
         ", bound " + std::to_string(it.lower_bound.count());
}

void check(const PricedGraph& graph, Objective objective) {
  const BestOfAll best = best_of_all(graph, objective);
  const Result<priced::Assignment> found = assign::find(graph, objective);
  if (!found) {
    EXPECT_EQ(found.error().code, ErrorCode::kDoesNotFit);
    EXPECT_EQ(best.value, std::nullopt) << found.error().message;
    return;
  }
  ASSERT_TRUE(best.value) << claim_of(*found);
  StatedPlan plan{{graph, *found}, 0.0};
  if (found->lower_bound.count() == 0 && found->value.count() > 0)
    plan.gap = std::nullopt;
  else if (found->value != found->lower_bound)
    plan.gap = static_cast<double>(found->value.count()) /
                   static_cast<double>(found->lower_bound.count()) -
               1;
  EXPECT_EQ(verify_plan(plan).difference, "") << claim_of(*found);
  EXPECT_EQ(found->value, *best.value) << claim_of(*found);
}

void check_random_graphs(Objective objective) {
  const std::uint64_t first = asked("SOLITON_BRUTE_FIRST", 0);
  int checked = 0;
  for (std::uint64_t seed = first; seed < first + asked("SOLITON_BRUTE_CASES", 300); ++seed) {
    const PricedGraph graph = random_graph(seed, 4 + seed % 6);
    if (!each_group_has_a_node(graph)) continue;
    SCOPED_TRACE("case " + std::to_string(seed) + ": " + words_of(graph));
    check(graph, objective);
    ++checked;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(checked, 0);
}

TEST(SearchedPlans, OfThroughputAreTheBestOfAll) { check_random_graphs(Objective::kThroughput); }

TEST(SearchedPlans, OfLatencyAreTheBestOfAll) { check_random_graphs(Objective::kLatency); }

}  // namespace
}  // namespace soliton::verify::test
