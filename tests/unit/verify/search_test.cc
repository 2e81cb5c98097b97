// What the search states, checked without it: on random small graphs its plans pass, and they are the
// best of all assignments. For latency a group on a CPU is several operators that wait apart; there
// the search may miss the best, and then does not call its plan optimal. SOLITON_BRUTE_CASES=2000
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

StatedPlan stated(const PricedGraph& graph, const priced::Assignment& found) {
  const auto value = static_cast<double>(found.value.count());
  const auto bound = static_cast<double>(found.lower_bound.count());
  StatedPlan out{{graph, found}, std::nullopt};
  if (value == bound)
    out.gap = 0;
  else if (bound > 0)
    out.gap = value / bound - 1;
  return out;
}

// `best`: the plan must be as good as any.
void check(const PricedGraph& graph, Objective objective, bool best) {
  const BestOfAll all = best_of_all(graph, objective);
  const Result<priced::Assignment> found = assignment::find(graph, objective);
  if (!found) {
    const std::string& message = found.error().message;
    EXPECT_EQ(found.error().code, ErrorCode::kDoesNotFit);
    EXPECT_TRUE(!all.value || (!best && message.find("no proof") != std::string::npos)) << message;
    return;
  }
  ASSERT_TRUE(all.value) << claim_of(*found);
  EXPECT_EQ(verify_plan(stated(graph, *found)).difference, "") << claim_of(*found);
  EXPECT_TRUE(!best || found->value == *all.value)
      << all.value->count() << " is the best; " << claim_of(*found);
}

enum class Groups { kAsTheyAre, kNone };

PricedGraph drawn(std::uint64_t seed, Groups groups) {
  PricedGraph graph = random_graph(seed, 4 + seed % 6);
  if (groups == Groups::kNone)
    for (std::size_t i = 0; i < graph.operators.size(); ++i) graph.operators[i].group = i;
  return graph;
}

void check_random_graphs(Objective objective, Groups groups) {
  const bool best = objective == Objective::kThroughput || groups == Groups::kNone;
  const std::uint64_t first = asked("SOLITON_BRUTE_FIRST", 0);
  int checked = 0;
  for (std::uint64_t seed = first; seed < first + asked("SOLITON_BRUTE_CASES", 300); ++seed) {
    const PricedGraph graph = drawn(seed, groups);
    if (!each_group_has_a_node(graph)) continue;
    SCOPED_TRACE("case " + std::to_string(seed) + ": " + words_of(graph));
    check(graph, objective, best);
    ++checked;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(checked, 0);
}

TEST(SearchedPlans, OfThroughputAreTheBestOfAll) {
  check_random_graphs(Objective::kThroughput, Groups::kAsTheyAre);
}

TEST(SearchedPlans, OfLatencyAreTheBestOfAllWithoutGroups) {
  check_random_graphs(Objective::kLatency, Groups::kNone);
}

TEST(SearchedPlans, OfLatencyClaimNoMoreThanIsTrueWithGroups) {
  check_random_graphs(Objective::kLatency, Groups::kAsTheyAre);
}

}  // namespace
}  // namespace soliton::verify::test
