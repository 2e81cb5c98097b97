// Graphs with known answers, and what must hold of any answer.
#include <gtest/gtest.h>

#include "partition/assign/assign.h"
#include "protocol/base/rng.h"
#include "tests/unit/assign/brute_force.h"

namespace soliton::priced {
namespace {

constexpr Objective kBoth[] = {Objective::kThroughput, Objective::kLatency};

Operator make(std::size_t index, std::int64_t time, std::int64_t transfer = 0,
              std::int64_t size = 0) {
  Operator out;
  out.id = std::to_string(index);
  out.times = {Duration{time}};
  out.transfer = Duration{transfer};
  out.size = Bytes{size};
  out.group = index;
  return out;
}

PricedGraph nodes(std::int64_t count, std::int64_t memory = 1'000'000) {
  PricedGraph out;
  out.classes = {{"fpga", NodeKind::kAccelerator, count, Bytes{memory}}};
  return out;
}

Assignment solve(const PricedGraph& graph, Objective objective) {
  Result<Assignment> answer = assignment::find(graph, objective);
  EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
  if (!answer) return {};
  EXPECT_EQ(value_of(graph, objective, answer->places), answer->value.count());
  EXPECT_LE(answer->lower_bound, answer->value);
  return *answer;
}

TEST(AssignKnown, AUniformChainGivesEachNodeItsShare) {
  for (const std::size_t size : {7u, 30u, 211u}) {
    PricedGraph graph = nodes(4);
    for (std::size_t i = 0; i < size; ++i) {
      graph.operators.push_back(make(i, 10));
      if (i > 0) graph.edges.push_back({i - 1, i});
    }
    const Assignment answer = solve(graph, Objective::kThroughput);
    EXPECT_EQ(answer.value.count(), static_cast<std::int64_t>((size + 3) / 4 * 10));
    EXPECT_EQ(answer.verdict, "optimal");
  }
}

TEST(AssignKnown, TwoBranchesRunAtTheSameTime) {
  // 0 > {1, 2} > 3, free transfers: with three accelerators the branches overlap.
  PricedGraph graph = nodes(3);
  for (std::size_t i = 0; i < 4; ++i) graph.operators.push_back(make(i, 10));
  graph.edges = {{0, 1}, {0, 2}, {1, 3}, {2, 3}};
  EXPECT_EQ(solve(graph, Objective::kLatency).value.count(), 40);
  graph.classes[0].count = 4;
  EXPECT_EQ(solve(graph, Objective::kLatency).value.count(), 30);
}

// Operators without edges, and sizes as large as their times: bins of 100.
TEST(AssignKnown, IndependentOperatorsAreBinPacking) {
  PricedGraph graph = nodes(3, 100);
  std::size_t index = 0;
  for (const std::int64_t size : {60, 40, 50, 30, 20, 70, 30}) {
    graph.operators.push_back(make(index, size, 0, size));
    ++index;
  }
  EXPECT_EQ(solve(graph, Objective::kThroughput).value.count(), 100);
  graph.operators.push_back(make(index, 1, 0, 1));
  const Result<Assignment> none = assignment::find(graph, Objective::kThroughput);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kDoesNotFit);
  EXPECT_THAT(none.error().message, testing::HasSubstr("proved"));
}

// k segments that are exactly full, cut where transfers are cheap, in shuffled numbers.
TEST(AssignKnown, APlantedOptimumIsFound) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Random chance(seed, "planted");
    constexpr std::size_t kNodes = 5, kEach = 12;
    constexpr std::int64_t kFull = 1000, kCheap = 1, kDear = 300;
    std::vector<std::int64_t> times;
    for (std::size_t node = 0; node < kNodes; ++node) {
      // What a segment pays at its two borders is part of its load.
      const std::int64_t border = (node > 0 ? kCheap : 0) + (node + 1 < kNodes ? kCheap : 0);
      std::int64_t left = kFull - border;
      for (std::size_t i = 0; i + 1 < kEach; ++i) {
        times.push_back(1 + static_cast<std::int64_t>(chance.below(times.size(), 120)));
        left -= times.back();
      }
      ASSERT_GT(left, -kFull);
      times.push_back(std::max<std::int64_t>(left, 1));
      if (left < 1) times[times.size() - 2] += left - 1;
    }
    std::vector<std::size_t> name(times.size());
    for (std::size_t i = 0; i < name.size(); ++i) name[i] = i;
    for (std::size_t i = name.size(); i > 1; --i)
      std::swap(name[i - 1], name[chance.below(1000 + i, i)]);
    PricedGraph graph = nodes(kNodes);
    graph.operators.resize(times.size());
    for (std::size_t i = 0; i < times.size(); ++i) {
      const bool border = i % kEach == kEach - 1;
      graph.operators[name[i]] = make(name[i], times[i], border ? kCheap : kDear);
      if (i > 0) graph.edges.push_back({name[i - 1], name[i]});
    }
    const Assignment answer = solve(graph, Objective::kThroughput);
    EXPECT_EQ(answer.value.count(), kFull) << "seed " << seed;
    EXPECT_EQ(answer.verdict, "optimal") << "seed " << seed;
  }
}

// Graphs small enough for the search to be exact in both objectives.
std::vector<PricedGraph> samples() {
  std::vector<PricedGraph> out;
  for (std::uint64_t seed = 500; out.size() < 60; ++seed) {
    PricedGraph graph = random_graph(seed, {.most = 10, .groups = false, .second_class = false});
    if (assignment::find(graph, Objective::kThroughput) && graph.classes[1].count > 0)
      out.push_back(std::move(graph));
  }
  return out;
}

TEST(AssignLaws, OtherNumbersChangeNoValue) {
  for (const PricedGraph& graph : samples())
    for (const Objective objective : kBoth) {
      PricedGraph turned = graph;
      const std::size_t last = graph.operators.size() - 1;
      for (std::size_t i = 0; i <= last; ++i) {
        turned.operators[i] = graph.operators[last - i];
        turned.operators[i].group = i;
      }
      for (Edge& edge : turned.edges) edge = {last - edge.from, last - edge.to};
      EXPECT_EQ(solve(graph, objective).value, solve(turned, objective).value);
    }
}

TEST(AssignLaws, TimesAndValuesScaleTogether) {
  constexpr std::int64_t kFactor = 7919;
  for (const PricedGraph& graph : samples())
    for (const Objective objective : kBoth) {
      PricedGraph scaled = graph;
      for (Operator& it : scaled.operators) {
        it.transfer *= kFactor;
        for (std::optional<Duration>& time : it.times)
          if (time) *time *= kFactor;
      }
      EXPECT_EQ(solve(scaled, objective).value, kFactor * solve(graph, objective).value);
    }
}

TEST(AssignLaws, MoreNodesAndMoreMemoryNeverHurt) {
  for (const PricedGraph& graph : samples())
    for (const Objective objective : kBoth) {
      const Duration before = solve(graph, objective).value;
      PricedGraph more = graph;
      ++more.classes[0].count;
      EXPECT_LE(solve(more, objective).value, before);
      more = graph;
      more.classes[0].memory.count += 5;
      EXPECT_LE(solve(more, objective).value, before);
    }
}

TEST(AssignLaws, TheSameGraphGivesTheSameAnswer) {
  for (const PricedGraph& graph : samples())
    for (const Objective objective : kBoth)
      EXPECT_EQ(solve(graph, objective).places, solve(graph, objective).places);
}

// Wide enough that nothing is exact: what is said must still be true of itself.
TEST(AssignLimits, LittleEffortGivesHonestAnswers) {
  PricedGraph graph = nodes(6);
  graph.classes.push_back({"cpu", NodeKind::kCpu, 1});
  const Random chance(3, "wide");
  for (std::size_t i = 0; i < 400; ++i) {
    Operator it = make(i, 1 + static_cast<std::int64_t>(chance.below(3 * i, 1000)),
                       static_cast<std::int64_t>(chance.below(3 * i + 1, 50)));
    it.times.push_back(10 * *it.times[0]);
    graph.operators.push_back(std::move(it));
    if (i >= 20) graph.edges.push_back({i - 1 - chance.below(3 * i + 2, 20), i});
  }
  const assignment::Effort little{.orders = 3,
                                  .order_steps = 200'000,
                                  .lattice_sets = 500,
                                  .lattice_steps = 10'000,
                                  .label_steps = 2'000'000};
  for (const Objective objective : kBoth) {
    const Result<Assignment> answer = assignment::find(graph, objective, little);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(value_of(graph, objective, answer->places), answer->value.count());
    EXPECT_NE(answer->verdict, "optimal");
    EXPECT_LE(answer->lower_bound, answer->value);
    EXPECT_GT(answer->lower_bound.count(), 0);
  }
}

}  // namespace
}  // namespace soliton::priced
