// The search against all assignments of small graphs.
#include <gtest/gtest.h>

#include "partition/assign/assign.h"
#include "tests/unit/assign/brute_force.h"

namespace soliton::priced {
namespace {

// Groups that no node can run are refused by the reader, not by the search.
bool may_be_asked(const PricedGraph& graph) {
  std::vector<std::vector<bool>> runs(group_count(graph),
                                      std::vector<bool>(graph.classes.size(), true));
  for (const Operator& it : graph.operators)
    for (std::size_t c = 0; c < graph.classes.size(); ++c)
      if (!it.times[c] || graph.classes[c].count == 0) runs[it.group][c] = false;
  return std::ranges::all_of(
      runs, [](const std::vector<bool>& it) { return std::ranges::find(it, true) != it.end(); });
}

struct Tally {
  int asked = 0, optimal = 0, refused = 0;
};

// The answer is legal, worth what it says, no better than the best and no worse where it says so,
// and its bound is below the best.
void compare(const PricedGraph& graph, Objective objective, std::uint64_t seed, Tally& tally) {
  if (!may_be_asked(graph)) return;
  ++tally.asked;
  const std::optional<std::int64_t> best = brute_force(graph, objective);
  const Result<Assignment> answer = assignment::find(graph, objective);
  if (!answer) {
    ++tally.refused;
    const bool proved = answer.error().message.find("(proved)") != std::string::npos;
    EXPECT_FALSE(proved && best) << "seed " << seed << ": " << answer.error().message;
    EXPECT_EQ(answer.error().code, ErrorCode::kDoesNotFit);
    return;
  }
  ASSERT_TRUE(best) << "seed " << seed;
  EXPECT_EQ(value_of(graph, objective, answer->places), answer->value.count()) << "seed " << seed;
  EXPECT_GE(answer->value.count(), *best) << "seed " << seed;
  EXPECT_LE(answer->lower_bound.count(), *best) << "seed " << seed;
  EXPECT_EQ(answer->verdict, verdict_of(answer->value, answer->lower_bound)) << "seed " << seed;
  if (answer->verdict == "optimal") {
    ++tally.optimal;
    EXPECT_EQ(answer->value.count(), *best) << "seed " << seed;
  }
}

TEST(AssignBrute, ThroughputOfSmallGraphsIsTheOptimum) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 3000; ++seed)
    compare(random_graph(seed, {.most = 6}), Objective::kThroughput, seed, tally);
  EXPECT_EQ(tally.optimal + tally.refused, tally.asked);
  EXPECT_GT(tally.optimal, 2000);
}

TEST(AssignBrute, LatencyOfSmallGraphsIsWhatItSays) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 3000; ++seed)
    compare(random_graph(seed, {.most = 6}), Objective::kLatency, seed, tally);
  EXPECT_GT(tally.optimal, 1500);
}

TEST(AssignBrute, LatencyWithoutGroupsIsTheOptimum) {
  Tally tally;
  for (std::uint64_t seed = 10'000; seed < 12'000; ++seed)
    compare(random_graph(seed, {.most = 6, .groups = false}), Objective::kLatency, seed, tally);
  EXPECT_EQ(tally.optimal + tally.refused, tally.asked);
  EXPECT_GT(tally.optimal, 1000);
}

}  // namespace
}  // namespace soliton::priced
