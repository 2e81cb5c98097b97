// The simple planners that ours is compared with: they keep the rules they know of, and are as good
// as their descriptions say.
#include "cluster/bench/partition_peers.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "cluster/bench/chain_split.h"
#include "cluster/bench/contracted_graph.h"
#include "cluster/bench/generated_graphs.h"
#include "cluster/bench/partition_bench.h"
#include "partition/verify/brute_force.h"
#include "tests/unit/verify/small_graphs.h"

namespace soliton {
namespace {

using priced::Objective;
using priced::PricedGraph;
using testing::ElementsAre;
using testing::HasSubstr;
using verify::test::graph_of;
using verify::test::places_of;
using verify::test::random_graph;
using verify::test::words_of;

constexpr Objective kBoth[] = {Objective::kThroughput, Objective::kLatency};

std::vector<priced::Edge> chain_edges(std::size_t operators) {
  std::vector<priced::Edge> out;
  for (std::size_t i = 1; i < operators; ++i) out.push_back({i - 1, i});
  return out;
}

// 0 > 1 > 3, 0 > 2 > 3, 4 > 3
PricedGraph with_branches() {
  return graph_of({{10, 99, 1, 1}, {10, 99, 1, 1}, {10, 99, 1, 1}, {10, 99, 1, 1}, {0, 0, 1, 1}},
                  {{0, 1}, {0, 2}, {1, 3}, {2, 3}, {4, 3}}, 4, 0);
}

TEST(ContractedGraph, UnitsComeInOrderAndSourcesRightBeforeTheirReader) {
  const ContractedGraph units = contracted(with_branches());
  std::vector<std::size_t> order;
  for (const GraphUnit& unit : units.units) order.push_back(unit.operators.front());
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 4, 3));
}

TEST(ContractedGraph, GroupsOnACycleOfGroupsAreOneUnit) {
  PricedGraph graph = with_branches();
  // {0, 3} waits for 1 and 2, which wait for it.
  graph.operators[3].group = 0;
  graph.operators[4].group = 3;
  const ContractedGraph units = contracted(graph);
  ASSERT_EQ(units.units.size(), 2u);
  EXPECT_THAT(units.units[1].operators, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(units.units[1].times[0]->count(), 40);
  EXPECT_EQ(units.units[1].bytes.count, 4);
}

TEST(ContractedGraph, EveryRandomGraphIsInOrderAndKeepsItsGroups) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const PricedGraph graph = random_graph(seed, 12);
    const ContractedGraph units = contracted(graph);
    for (const priced::Edge& edge : graph.edges)
      ASSERT_LE(units.unit_of[edge.from], units.unit_of[edge.to]) << words_of(graph);
    std::size_t operators = 0;
    for (const GraphUnit& unit : units.units) operators += unit.operators.size();
    ASSERT_EQ(operators, graph.operators.size());
    for (std::size_t i = 0; i < operators; ++i)
      for (std::size_t j = 0; j < i; ++j)
        ASSERT_TRUE(graph.operators[i].group != graph.operators[j].group ||
                    units.unit_of[i] == units.unit_of[j])
            << words_of(graph);
  }
}

// A chain has one order, and its cuts are all plans of the class.
TEST(ChainSplit, OfAChainIsTheBest) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    PricedGraph graph = random_graph(seed, 9);
    graph.edges = chain_edges(graph.operators.size());
    graph.classes.resize(std::min<std::size_t>(graph.classes.size(), 2));
    for (priced::Operator& it : graph.operators) it.times.resize(graph.classes.size());
    if (graph.classes.size() == 2 && graph.classes[1].kind == priced::NodeKind::kAccelerator)
      continue;
    if (graph.classes.size() == 2) graph.classes[1].count = 1;
    const auto best = verify::best_of_all(graph, Objective::kThroughput).value;
    const auto places = chain_split(graph, contracted(graph));
    ASSERT_EQ(places.has_value(), best.has_value()) << seed << words_of(graph);
    if (!places) continue;
    ++found;
    ASSERT_EQ(verify::circle(graph, Objective::kThroughput, *places), "") << words_of(graph);
    ASSERT_EQ(verify::value_of(graph, Objective::kThroughput, *places), *best)
        << seed << words_of(graph);
  }
  EXPECT_GT(found, 50);
}

TEST(ChainSplit, BranchesStayTogether) {
  const auto places = chain_split(with_branches(), contracted(with_branches()));
  ASSERT_TRUE(places);
  // 0, then both branches and the weight, then 3; on as many nodes as it takes.
  EXPECT_EQ((*places)[1], (*places)[2]);
  EXPECT_EQ(verify::value_of(with_branches(), Objective::kThroughput, *places)->count(),
            10 + 10 + 1 + 1 + 1 + 1);
}

TEST(ChainSplit, WhatTransfersNothingIsNoBranch) {
  // 0 > 1 > 2 > 3, and 0, which costs nothing to send, is read by all.
  const PricedGraph graph = graph_of({{0, 0, 0}, {10, 0, 1}, {10, 0, 1}, {10, 0, 1}},
                                     {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {2, 3}}, 3, 0);
  const auto places = chain_split(graph, contracted(graph));
  ASSERT_TRUE(places);
  EXPECT_EQ(verify::value_of(graph, Objective::kThroughput, *places)->count(), 12);
}

// While it lives, no program is found.
class EmptyPath {
 public:
  EmptyPath() { setenv("PATH", "", 1); }
  ~EmptyPath() { setenv("PATH", before_.c_str(), 1); }
  EmptyPath(const EmptyPath&) = delete;

 private:
  const std::string before_ = std::getenv("PATH");
};

// The number of plans of the class.
int compare_peers_with_the_best(std::uint64_t first_seed, std::uint64_t seeds) {
  int plans = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    const PricedGraph graph = random_graph(seed, 8);
    for (const Objective objective : kBoth) {
      const auto best = verify::best_of_all(graph, objective).value;
      for (const PeerPlan& peer : peer_plans(graph, objective)) {
        if (!peer.value || !peer.remark.empty()) continue;
        ++plans;
        EXPECT_TRUE(best && *peer.value >= *best)
            << seed << ' ' << objective_name(objective) << ' ' << peer.name << words_of(graph);
      }
    }
  }
  return plans;
}

TEST(Peers, AreNeverBetterThanTheBest) {
  const EmptyPath nowhere;
  EXPECT_GT(compare_peers_with_the_best(0, 150), 200);
}

// METIS and Scotch, as far as they are installed: each call is a process.
TEST(Peers, OfOtherProgramsAreNeverBetterThanTheBest) { compare_peers_with_the_best(500, 8); }

TEST(Greedy, FillsMemoryForLatencyAndSpreadsComputingForThroughput) {
  const PricedGraph graph = graph_of(
      {{10, 99, 0, 5}, {10, 99, 0, 5}, {10, 99, 0, 5}, {10, 99, 0, 5}}, chain_edges(4), 4, 1, 15);
  EXPECT_EQ(greedy_split(graph, Objective::kLatency).value(), places_of({0, 0, 0, 1}));
  EXPECT_EQ(greedy_split(graph, Objective::kThroughput).value(), places_of({0, 1, 2, 3}));
  const PricedGraph narrow =
      graph_of({{10, 99, 0, 5}, {10, 99, 0, 5}, {10, 99, 0, 5}}, chain_edges(3), 2, 1, 5);
  EXPECT_EQ(greedy_split(narrow, Objective::kLatency).value(), places_of({0, 1, -1}));
  const PricedGraph none = graph_of({{10, 99, 0, 5}, {10, 99, 0, 5}}, chain_edges(2), 1, 0, 5);
  EXPECT_EQ(greedy_split(none, Objective::kLatency).error().code, ErrorCode::kDoesNotFit);
}

TEST(Peers, ARemarkSaysWhyAPlanIsNotOfTheClass) {
  const PricedGraph graph =
      graph_of({{10, 0, 0, 5}, {10, 0, 0, 5}, {10, 0, 0, 5}}, chain_edges(3), 2, 0, 10);
  const auto remark = [&](const verify::Places& places) {
    return scored("peer", graph, Objective::kThroughput, places).remark;
  };
  EXPECT_EQ(remark(places_of({0, 0, 1})), "");
  EXPECT_EQ(remark(places_of({0, 1, 0})), "not contiguous");
  EXPECT_EQ(remark(places_of({0, 0, 0})), "over memory");
  const PeerPlan circular =
      scored("peer", graph, Objective::kLatency, Result<verify::Places>(places_of({0, 1, 0})));
  EXPECT_EQ(circular.value, std::nullopt);
  EXPECT_EQ(circular.remark, "not contiguous");
}

TEST(GeneratedGraphs, HaveTheirSizeAndOnlyEdgesForward) {
  for (const std::size_t operators : {1, 2, 3, 10, 997})
    for (const PricedGraph& graph :
         {backbone(operators, {.fast = 4}), branches(operators, {.fast = 2, .slow = 2})}) {
      EXPECT_EQ(graph.operators.size(), operators);
      for (const priced::Edge& edge : graph.edges) ASSERT_LT(edge.from, edge.to);
      for (const priced::Operator& it : graph.operators)
        ASSERT_EQ(it.times.size(), graph.classes.size());
    }
  const PricedGraph graph = backbone(500, {});
  for (std::size_t i = 1; i < 500; ++i)
    EXPECT_TRUE(std::ranges::any_of(
        graph.edges, [&](const priced::Edge& edge) { return edge.from == i - 1 && edge.to == i; }));
}

TEST(PartitionBench, ComparesOurValueWithBoundAndPeers) {
  const EmptyPath nowhere;
  const BenchReport report =
      bench_partition({{"small", with_branches()}}, {Objective::kThroughput});
  std::vector<std::string> peers;
  for (const BenchRow& row : report.rows) {
    EXPECT_THAT(row.name, testing::AnyOf(testing::StartsWith("small, throughput, "),
                                         testing::StrEq("all graphs, peak memory")));
    EXPECT_TRUE(row.met()) << row.peer;
    peers.push_back(row.peer);
  }
  EXPECT_THAT(peers, ElementsAre("lower bound", "goal", "greedy", "PipeDream chains",
                                 "METIS, not installed", "Scotch, not installed", "goal", "goal"));
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_THAT(report.notes[0], HasSubstr("small, throughput: optimal (contiguous)"));
  EXPECT_THAT(bench_json(report), HasSubstr("\"peer_value\": null"));
}

}  // namespace
}  // namespace soliton
