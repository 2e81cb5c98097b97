// The trial of all assignments against loops that know nothing of its sets: every product of nodes,
// judged by recompute.h.
#include "partition/verify/brute_force.h"

#include <gtest/gtest.h>

#include "partition/verify/recompute.h"
#include "tests/unit/verify/small_graphs.h"

namespace soliton::verify::test {
namespace {

using priced::Objective;
using priced::Place;
using priced::PricedGraph;

constexpr Objective kBoth[] = {Objective::kThroughput, Objective::kLatency};

bool keeps_rules(const PricedGraph& graph, Objective objective, const Places& places) {
  return misplaced(graph, places).empty() && overfull(graph, uses_of(graph, places)).empty() &&
         circle(graph, objective, places).empty();
}

// Counts through all nodes of all operators, equal nodes told apart.
std::optional<Duration> least_of_products(const PricedGraph& graph, Objective objective) {
  std::vector<Place> nodes;
  for (std::uint32_t c = 0; c < graph.classes.size(); ++c)
    for (std::uint32_t i = 0; i < graph.classes[c].count; ++i) nodes.push_back({c, i});
  std::vector<std::size_t> digits(graph.operators.size());
  std::optional<Duration> best;
  for (bool more = true; more;) {
    Places places;
    for (const std::size_t digit : digits) places.push_back(nodes[digit]);
    if (keeps_rules(graph, objective, places)) {
      const Duration value = *value_of(graph, objective, places);
      if (!best || value < *best) best = value;
    }
    more = false;
    for (std::size_t& digit : digits) {
      if (++digit < nodes.size()) {
        more = true;
        break;
      }
      digit = 0;
    }
  }
  return best;
}

TEST(BestOfAll, IsTheLeastOfEveryProduct) {
  std::size_t without = 0, with = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const PricedGraph graph = random_graph(seed, 4);
    for (const Objective objective : kBoth) {
      const std::optional<Duration> expected = least_of_products(graph, objective);
      ASSERT_EQ(best_of_all(graph, objective).value, expected)
          << "seed " << seed << ' ' << objective_name(objective) << '\n'
          << words_of(graph);
      ++(expected ? with : without);
    }
  }
  EXPECT_GT(with, 150u);
  EXPECT_GT(without, 5u);
}

TEST(BestOfAll, ALimitAtOrAboveTheBestChangesNothing) {
  for (std::uint64_t seed = 1000; seed < 1060; ++seed) {
    const PricedGraph graph = random_graph(seed, 7);
    for (const Objective objective : kBoth) {
      const BestOfAll free = best_of_all(graph, objective);
      if (!free.value) continue;
      const BestOfAll limited = best_of_all(graph, objective, *free.value);
      ASSERT_EQ(limited.value, free.value) << "seed " << seed << '\n' << words_of(graph);
      ASSERT_LE(limited.tried, free.tried);
    }
  }
}

TEST(BestOfAll, OfEqualNodesNoTwoAssignmentsThatDifferInNumbersOnly) {
  // Partitions of 4 operators into at most 3 sets: 1 + 7 + 6, of 81 products.
  const PricedGraph free = graph_of({{1}, {1}, {1}, {1}}, {}, 3, 0);
  EXPECT_LE(best_of_all(free, Objective::kThroughput).tried, 14);
  EXPECT_EQ(best_of_all(free, Objective::kThroughput).value->count(), 2);
}

TEST(BestOfAll, OfTheLargestGraphsItEndsSoon) {
  for (const std::int64_t time : {0, 1})
    for (const Objective objective : kBoth) {
      const PricedGraph graph = graph_of(std::vector<Small>(12, {time, time, 0, 1}), {}, 3, 3);
      EXPECT_LT(best_of_all(graph, objective).tried, 3'000'000) << time;
    }
}

TEST(BestOfAll, IsNoneWhereNothingFits) {
  const PricedGraph graph = graph_of({{1, 1, 0, 6}, {1, 1, 0, 6}, {1, 1, 0, 6}}, {}, 2, 0, 10);
  const BestOfAll best = best_of_all(graph, Objective::kThroughput);
  EXPECT_EQ(best.value, std::nullopt);
  EXPECT_EQ(best.tried, 0);
}

// n equal operators in a row without transfers on k nodes: ceil(n / k) of them on one.
TEST(BestOfAll, OfAUniformChainIsTheCeiling) {
  for (std::int64_t n = 1; n <= 12; ++n)
    for (std::int64_t k = 1; k <= 3; ++k) {
      std::vector<priced::Edge> edges;
      for (std::size_t i = 1; i < static_cast<std::size_t>(n); ++i) edges.push_back({i - 1, i});
      const PricedGraph chain =
          graph_of(std::vector<Small>(static_cast<std::size_t>(n), {7, 70, 0, 0}), edges, k, 0);
      EXPECT_EQ(best_of_all(chain, Objective::kThroughput).value->count(), (n + k - 1) / k * 7);
      EXPECT_EQ(best_of_all(chain, Objective::kLatency).value->count(), n * 7);
    }
}

TEST(BestOfAll, MoreNodesOrMemoryNeverHurt) {
  for (std::uint64_t seed = 2000; seed < 2060; ++seed) {
    const PricedGraph graph = random_graph(seed, 6);
    PricedGraph roomy = graph, more = graph;
    for (priced::NodeClass& it : roomy.classes) it.memory.count += 10;
    if (more.classes[0].count < kBruteNodes) ++more.classes[0].count;
    for (const Objective objective : kBoth) {
      const auto value = best_of_all(graph, objective).value;
      if (!value) continue;
      EXPECT_LE(best_of_all(roomy, objective).value, value) << "seed " << seed;
      EXPECT_LE(best_of_all(more, objective).value, value) << "seed " << seed;
    }
  }
}

TEST(SmallEnough, CountsOperatorsAndNodesOfEachClass) {
  const std::vector<Small> twelve(12), thirteen(13);
  EXPECT_TRUE(small_enough(graph_of(twelve, {}, 3, 3), Objective::kThroughput));
  EXPECT_FALSE(small_enough(graph_of(thirteen, {}, 3, 3), Objective::kThroughput));
  EXPECT_FALSE(small_enough(graph_of(twelve, {}, 4, 0), Objective::kThroughput));
  EXPECT_FALSE(small_enough(graph_of(twelve, {}, 3, 8), Objective::kThroughput));
  EXPECT_TRUE(small_enough(graph_of(twelve, {}, 3, 8), Objective::kLatency));
}

}  // namespace
}  // namespace soliton::verify::test
