// Loads, memory, order and values against sums done by hand.
#include "partition/verify/recompute.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/verify/small_graphs.h"

namespace soliton::verify::test {
namespace {

using priced::Objective;
using priced::PricedGraph;

std::int64_t throughput(const PricedGraph& graph, const std::vector<int>& nodes) {
  return value_of(graph, Objective::kThroughput, places_of(nodes))->count();
}
std::optional<Duration> latency(const PricedGraph& graph, const std::vector<int>& nodes) {
  return value_of(graph, Objective::kLatency, places_of(nodes));
}

// 0 > 1 > 3, 0 > 2 > 3
PricedGraph diamond(std::int64_t cpus = 2) {
  return graph_of({{10, 100, 1, 5}, {20, 200, 2, 6}, {30, 300, 4, 7}, {40, 400, 8, 8}},
                  {{0, 1}, {0, 2}, {1, 3}, {2, 3}}, 3, cpus, 20);
}

TEST(Load, IsTheTimesOfANodeThatHoldsEverything) {
  EXPECT_EQ(throughput(diamond(), {0, 0, 0, 0}), 100);
  EXPECT_EQ(throughput(diamond(), {-1, -1, -1, -1}), 1000);
}

TEST(Load, AnOutsideProducerIsFetchedOnceHoweverManyReadIt) {
  // fpga1 computes 20 + 30 and fetches 0 once; it sends 1 and 2 to fpga2.
  const std::vector<NodeUse> uses = uses_of(diamond(), places_of({0, 1, 1, 2}));
  ASSERT_EQ(uses.size(), 3u);
  EXPECT_EQ(uses[1].computing.count(), 50);
  EXPECT_EQ(uses[1].fetching.count(), 1);
  EXPECT_EQ(uses[1].sending.count(), 2 + 4);
  EXPECT_EQ(uses[1].bytes.count, 13);
  // The one that reads both fetches both.
  EXPECT_EQ(uses[2].fetching.count(), 2 + 4);
  EXPECT_EQ(uses[2].sending.count(), 0);
}

TEST(Load, AnOutputIsSentOnceHoweverManyNodesReadIt) {
  const std::vector<NodeUse> uses = uses_of(diamond(), places_of({0, 1, 2, 2}));
  EXPECT_EQ(uses[0].sending.count(), 1);
  EXPECT_EQ(throughput(diamond(), {0, 1, 2, 2}), 30 + 40 + 1 + 2);
}

TEST(Load, ACpuPaysForNoTransferButItsPartnerDoes) {
  EXPECT_EQ(throughput(diamond(), {-1, 0, 0, 0}), 100);
  const std::vector<NodeUse> uses = uses_of(diamond(), places_of({-1, 0, 0, -2}));
  ASSERT_EQ(uses.size(), 3u);
  EXPECT_EQ(uses[0].load().count(), 20 + 30 + 1 + 2 + 4);
  EXPECT_EQ(uses[1].load().count(), 100);
  EXPECT_EQ(uses[2].load().count(), 400);
}

TEST(Latency, AnAcceleratorRunsInOnePieceOnceAllItReadsIsThere) {
  EXPECT_EQ(latency(diamond(), {0, 0, 0, 0})->count(), 100);
  // fpga0 ends at 10 + 1, fpga1 at 11 + 20 + 1 + 2, fpga2 at 11 + 30 + 1 + 4; 3 follows on fpga0's
  // neighbour only when both are there.
  const PricedGraph wide = graph_of({{10, 100, 1}, {20, 200, 2}, {30, 300, 4}, {40, 400, 8}},
                                    {{0, 1}, {0, 2}, {1, 3}, {2, 3}}, 4, 1);
  EXPECT_EQ(latency(wide, {0, 1, 2, 3})->count(), 46 + 40 + 2 + 4);
}

TEST(Latency, ResultsOfAnAcceleratorAppearTogetherAtItsEnd) {
  // 0 and 1 share a node; 2 reads 0 alone, yet waits for 1 as well.
  const PricedGraph graph = graph_of({{10, 0, 1}, {50, 0, 0}, {5, 7, 0}}, {{0, 2}}, 2, 1);
  EXPECT_EQ(latency(graph, {0, 0, 1})->count(), (10 + 50 + 1) + (5 + 1));
  EXPECT_EQ(latency(graph, {0, 0, -1})->count(), (10 + 50 + 1) + 7);
}

TEST(Latency, OperatorsOnCpusDoNotWaitForEachOther) {
  // The longest way through: 0, 2, 3.
  EXPECT_EQ(latency(diamond(), {-1, -1, -1, -1})->count(), 100 + 300 + 400);
  // However many CPUs there are.
  EXPECT_EQ(latency(diamond(1), {-1, -1, -1, -1})->count(), 100 + 300 + 400);
}

TEST(Latency, OfAPathThatPaysForOneTransferAtManyNodesIsCut) {
  // Each node computes nothing, but fetches the output of 0, which takes a quarter of all time.
  const std::int64_t quarter = std::int64_t{1} << 61;
  std::vector<Small> operators(8, {0, 0, 0, 0});
  operators[0].transfer = quarter;
  std::vector<priced::Edge> edges;
  for (std::size_t i = 1; i < operators.size(); ++i) {
    edges.push_back({0, i});
    if (i > 1) edges.push_back({i - 1, i});
  }
  const PricedGraph graph = graph_of(operators, edges, 8, 1);
  EXPECT_EQ(latency(graph, {0, 1, 2, -1, -1, -1, -1, -1})->count(), 3 * quarter);
  EXPECT_EQ(latency(graph, {0, 1, 2, 3, 4, 5, 6, 7}), Duration::max());
}

TEST(Circles, NodesThatWaitForEachOtherAreNamed) {
  EXPECT_EQ(circle(diamond(), Objective::kThroughput, places_of({0, 1, 0, 0})),
            "fpga1 > fpga0 > fpga1");
  EXPECT_EQ(latency(diamond(), {0, 1, 0, 0}), std::nullopt);
  EXPECT_EQ(circle(diamond(), Objective::kThroughput, places_of({0, 1, 2, 2})), "");
  // A load is known nevertheless.
  EXPECT_EQ(throughput(diamond(), {0, 1, 0, 0}), 10 + 30 + 40 + 1 + 2);
}

TEST(Circles, TwoChainsInOppositeDirectionsAreOne) {
  const PricedGraph graph = graph_of({{1}, {1}, {1}, {1}}, {{0, 1}, {2, 3}}, 2, 0);
  EXPECT_EQ(circle(graph, Objective::kThroughput, places_of({0, 1, 0, 1})), "");
  EXPECT_THAT(circle(graph, Objective::kThroughput, places_of({0, 1, 1, 0})),
              testing::AnyOf("fpga0 > fpga1 > fpga0", "fpga1 > fpga0 > fpga1"));
}

TEST(Circles, ACpuWaitsAsOneForThroughputAndByOperatorForLatency) {
  // cpu0 > fpga0 > cpu0
  const Places visits = places_of({-1, 0, 0, -1});
  EXPECT_NE(circle(diamond(), Objective::kThroughput, visits), "");
  EXPECT_EQ(circle(diamond(), Objective::kLatency, visits), "");
  EXPECT_EQ(latency(diamond(), {-1, 0, 0, -1})->count(), 100 + (20 + 30 + 1 + 2 + 4) + 400);
  // Through a CPU an accelerator can still wait for itself.
  EXPECT_THAT(circle(diamond(), Objective::kLatency, places_of({0, -1, 0, 0})),
              testing::AnyOf("fpga0 > operator 1 > fpga0", "operator 1 > fpga0 > operator 1"));
}

TEST(Circles, WhatOnlyFollowsACircleIsNotNamed) {
  // fpga0 and fpga1 wait for each other; fpga2 waits for both.
  const PricedGraph graph = graph_of({{1}, {1}, {1}, {1}}, {{0, 1}, {1, 2}, {2, 3}}, 3, 0);
  const std::string around = circle(graph, Objective::kThroughput, places_of({0, 1, 0, 2}));
  EXPECT_EQ(around.find("fpga2"), std::string::npos) << around;
  EXPECT_NE(around, "");
}

TEST(Memory, CountsOnAcceleratorsAlone) {
  const PricedGraph graph = diamond();
  EXPECT_EQ(overfull(graph, uses_of(graph, places_of({0, 0, 0, 1}))), "");  // 18 of 20
  EXPECT_EQ(overfull(graph, uses_of(graph, places_of({0, 1, 1, 1}))),
            "fpga1 holds 21 bytes, its memory is 20 bytes");
  EXPECT_EQ(overfull(graph, uses_of(graph, places_of({-1, -1, -1, -1}))), "");
}

TEST(Misplaced, NamesTheFirstOperator) {
  PricedGraph graph = diamond();
  EXPECT_EQ(misplaced(graph, places_of({0, 1, 2, -2})), "");
  EXPECT_EQ(misplaced(graph, places_of({0, 1, 2})), "3 operators have a place, of 4");
  EXPECT_EQ(misplaced(graph, places_of({0, 3, 2, 2})),
            "operator 1 is on a node that does not exist");
  EXPECT_EQ(misplaced(graph, places_of({0, -3, 2, 2})),
            "operator 1 is on a node that does not exist");
  EXPECT_EQ(misplaced(graph, {{0, 0}, {2, 0}, {0, 0}, {0, 0}}),
            "operator 1 is on a node that does not exist");
  graph.operators[2].times[0] = std::nullopt;
  EXPECT_EQ(misplaced(graph, places_of({0, 1, 2, 2})),
            "operator 2 is on fpga2, which cannot run it");
  graph.operators[3].group = 0;
  EXPECT_EQ(misplaced(graph, places_of({0, 0, -1, 1})),
            "operator 3 is on fpga1, but operator 0, of the same group, on fpga0");
}

}  // namespace
}  // namespace soliton::verify::test
