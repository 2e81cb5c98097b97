// The planner against all plans there are. SOLITON_BRUTE_CASES=2000 tries more clusters than a test
// run does, SOLITON_BRUTE_FIRST begins with another number.
#include <fmt/format.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "partition/plan/explain.h"
#include "partition/plan/read_plan.h"
#include "partition/search/chain.h"
#include "partition/search/graph_bounds.h"
#include "tests/unit/partition/brute_force.h"

namespace soliton::test {
namespace {

constexpr std::uint64_t kSeed = 20;
constexpr std::uint64_t kCases = 160;
// Every so many is a large one.
constexpr std::uint64_t kLargeEvery = 20;

std::uint64_t asked(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

template <typename Try>
void for_random_clusters(std::uint64_t share, Try one) {
  const std::uint64_t first = asked("SOLITON_BRUTE_FIRST", 0);
  const std::uint64_t cases = asked("SOLITON_BRUTE_CASES", kCases) / share;
  for (std::uint64_t number = first; number < first + cases; ++number) {
    RandomCluster cluster = random_cluster(kSeed, number, number % kLargeEvery == 0);
    SCOPED_TRACE(fmt::format("case {}: {}", number, cluster.words()));
    one(cluster, number);
    if (testing::Test::HasFailure()) return;
  }
}

Duration value_of(const BruteForce& all, Objective objective) {
  return objective == Objective::kThroughput ? *all.interval : *all.latency;
}

// A plan's verdict and bounds, where the objective is a time.
void check_time(const Plan& plan, const BruteForce& all, Objective objective) {
  const Certificate& it = plan.certificate;
  const Duration best = value_of(all, objective);
  EXPECT_EQ(it.value.count(), best.count()) << it.verdict << ", " << it.method;
  EXPECT_LE(it.lower_bound.count(), best.count()) << it.verdict;
  EXPECT_EQ(it.verdict == "optimal", it.lower_bound == it.value) << it.verdict;
}

void check_nodes(const Plan& plan, const BruteForce& all, Duration sla) {
  const Certificate& it = plan.certificate;
  EXPECT_LE(it.lower_bound.count(), all.latency->count());
  const auto meets = std::ranges::find_if(
      all.latency_on, [&](const auto& on) { return sla.count() == 0 || on.second <= sla; });
  if (meets == all.latency_on.end()) {
    EXPECT_NE(plan.missed, "");
    EXPECT_EQ(it.value.count(), all.latency->count());
    return;
  }
  EXPECT_EQ(plan.missed, "");
  EXPECT_EQ(plan.nodes_used, static_cast<std::int64_t>(meets->first)) << it.verdict;
  EXPECT_EQ(it.value.count(), meets->second.count());
  EXPECT_LE(it.nodes_bound, static_cast<std::int64_t>(meets->first));
}

void check_refusal(const Diagnostics& problems, const BruteForce& all) {
  EXPECT_EQ(all.plans, 0) << problems.text();
  EXPECT_EQ(problems.text().find("no proof"), std::string::npos) << problems.text();
}

void expect_kept(const Plan& plan, const RandomCluster& cluster) {
  std::size_t layer = 0;
  for (const PlanStage& stage : plan.stages) {
    EXPECT_FALSE(layer < cluster.joined.size() && cluster.joined[layer]) << layer;
    for (std::size_t i = 0; i < stage.layers.size(); ++i, ++layer)
      for (const std::string& node : stage.nodes) {
        EXPECT_EQ(std::ranges::count(cluster.forbidden, node), 0) << node;
        if (layer >= cluster.only_on.size() || cluster.only_on[layer].empty()) continue;
        EXPECT_EQ(std::ranges::count(cluster.only_on[layer], node), 1) << layer << " " << node;
      }
  }
  EXPECT_EQ(layer, cluster.model.layers.size());
}

// Counts what it saw.
struct Compared {
  std::uint64_t plans = 0;
  std::uint64_t refused = 0;
  std::uint64_t unproved = 0;
};

void compare(const RandomCluster& cluster, std::uint64_t number, Compared& seen) {
  const BuiltCluster built(cluster);
  PartitionRequest request = built.request;
  const BruteForce all = all_plans(request);
  seen.plans += static_cast<std::uint64_t>(all.plans);
  if (request.objective == Objective::kNodes && number % 3 != 0 && all.latency)
    request.sla = *all.latency * static_cast<std::int64_t>(80 + number % 100) / 100;
  const Checked<Plan> plan = partition_model(request);
  if (!plan) {
    ++seen.refused;
    return check_refusal(plan.error(), all);
  }
  ASSERT_GT(all.plans, 0);
  expect_kept(*plan, cluster);
  const bool graph = !is_chain(cluster.model);
  EXPECT_EQ(plan->certificate.plan_class,
            std::string(graph ? "given order" : "contiguous") +
                (request.constraints.any() ? " within constraints" : ""));
  // Of a graph the best plan is not claimed where not all plans were played, but its bounds hold.
  if (request.objective != Objective::kNodes) {
    EXPECT_LE(plan->certificate.lower_bound.count(), value_of(all, request.objective).count());
  }
  if (graph && plan->certificate.method.find("every plan") == std::string::npos) {
    ++seen.unproved;
    return;
  }
  if (request.objective == Objective::kNodes) {
    check_nodes(*plan, all, request.sla);
  } else {
    check_time(*plan, all, request.objective);
  }
}

TEST(BruteForce, NoPlanOfTheClassIsBetterAndNoBoundIsAboveTheBest) {
  Compared seen;
  for_random_clusters(
      1, [&](RandomCluster& cluster, std::uint64_t number) { compare(cluster, number, seen); });
  RecordProperty("plans", std::to_string(seen.plans));
  RecordProperty("refused", std::to_string(seen.refused));
}

// Layers of one width that read any layers before them, or the host's vector; what nobody reads
// leaves.
LayerGraph random_graph_model(std::uint64_t number) {
  const Random random = Random(kSeed, "graph").child(number);
  std::uint64_t ordinal = 0;
  const auto below = [&](std::uint64_t most) {
    return static_cast<std::size_t>(random.below(ordinal++, most));
  };
  LayerGraph model;
  model.name = "graph";
  model.fixed_steps = 1;
  const auto width = static_cast<std::int64_t>(100 + below(900));
  model.sources = {{"x", width, 1, false, 0}};
  std::vector<bool> read;
  const std::size_t layers = 2 + below(3);
  const auto pick = [&](std::size_t layer) {
    const std::size_t from = below(layer + 1);
    if (from == layer) return LayerInput{LayerInput::From::kHost, 0, LayerInput::What::kEvery};
    read[from] = true;
    return LayerInput{LayerInput::From::kLayer, from, LayerInput::What::kEvery};
  };
  for (std::size_t layer = 0; layer < layers; ++layer) {
    DenseLayer it;
    it.name = fmt::format("layer{}", layer);
    it.input = it.output = width;
    it.tokens = 1;
    it.inputs = {pick(layer)};
    if (layer == 0 || below(3) != 0)
      it.weights = {it.name + ".W", {width, width}, nullptr};
    else
      it.operations = {{Opcode::kVvAdd, pick(layer), {}}};
    model.layers.emplace_back(std::move(it));
    read.push_back(false);
  }
  for (std::size_t layer = 0; layer < layers; ++layer)
    if (!read[layer])
      model.results.push_back({LayerInput::From::kLayer, layer, LayerInput::What::kEvery});
  return model;
}

TEST(BruteForce, NoPlanOfAGraphInItsOrderIsBetter) {
  Compared seen;
  for_random_clusters(1, [&](RandomCluster& cluster, std::uint64_t number) {
    cluster.model = random_graph_model(number);
    cluster.steps = 1;
    compare(cluster, number, seen);
  });
  EXPECT_LT(seen.unproved, asked("SOLITON_BRUTE_CASES", kCases) / 4);
  RecordProperty("plans", std::to_string(seen.plans));
}

// A vector for each step of a request, in place of one.
void make_sequence(LayerGraph& model, std::int64_t steps) {
  model.fixed_steps = steps;
  for (LayerSource& source : model.sources) {
    source.per_step = true;
    source.tokens = steps;
  }
  for (Layer& layer : model.layers) {
    auto& it = std::get<DenseLayer>(layer);
    it.per_step = true;
    it.tokens = steps;
  }
}

// By which the bound on the latency is near the best plan; 0 where there is no plan.
double check_bounds(RandomCluster& cluster, std::uint64_t number) {
  if (number % 3 > 0) cluster.model = random_graph_model(number);
  if (number % 3 == 1) cluster.steps = 1;
  if (number % 3 == 2) make_sequence(cluster.model, cluster.steps);
  const BuiltCluster built(cluster);
  const BruteForce all = all_plans(built.request);
  const Checked<NodesView> view = view_nodes(built.request);
  if (all.plans == 0 || !view) return 0;
  StageCosts costs(built.request, *view);
  const PlanPlayer player(built.request, *view);
  const std::size_t most = view->nodes.size();
  const GraphBounds bounds(built.request, *view, costs, player, most);
  const Duration least = bounds.latency(most);
  EXPECT_LE(least.count(), all.latency->count());
  EXPECT_LE(bounds.interval(most).count(), all.interval->count());
  EXPECT_GT(least.count(), 0);
  for (const auto& [nodes, latency] : all.latency_on)
    EXPECT_LE(bounds.latency(nodes).count(), latency.count()) << nodes;
  return static_cast<double>(least.count()) / static_cast<double>(all.latency->count());
}

// Of branches and chains alike, on any number of nodes, however the best plan was found.
TEST(BruteForce, BoundsOfGraphsAreBelowEveryPlan) {
  double nearest = 0;
  for_random_clusters(1, [&](RandomCluster& cluster, std::uint64_t number) {
    nearest = std::max(nearest, check_bounds(cluster, number));
  });
  EXPECT_GT(nearest, 0.9);
}

// Two devices that exchange vectors begin at different instants, and wait for less than a tick then.
TEST(BruteForce, DevicesThatBeginApartAreNoFasterThanTheBound) {
  RandomCluster cluster = random_cluster(kSeed, 4727, false);
  EXPECT_GT(check_bounds(cluster, 4727), 0);
}

// Flows between two leaves choose among spines by the names of nodes, so no node stands for another.
TEST(BruteForce, NoPlanOverSeveralWaysIsBetter) {
  Compared seen;
  for_random_clusters(2, [&](RandomCluster& cluster, std::uint64_t number) {
    cluster.kind = "explicit";
    cluster.spines = 2;
    for (RandomCluster::Node& node : cluster.nodes) node.at = "";
    compare(cluster, number, seen);
  });
  RecordProperty("plans", std::to_string(seen.plans));
}

TEST(BruteForce, NoPlanWithinConstraintsIsBetter) {
  Compared seen;
  for_random_clusters(1, [&](RandomCluster& cluster, std::uint64_t number) {
    constrain(cluster, kSeed, number);
    SCOPED_TRACE(cluster.words());
    compare(cluster, number, seen);
  });
  RecordProperty("plans", std::to_string(seen.plans));
  RecordProperty("refused", std::to_string(seen.refused));
}

// A plan as JSON is the same plan again: the same stages, programs and times, and no search.
TEST(BruteForce, AGivenPlanIsThePlanItWasTakenFrom) {
  for_random_clusters(2, [](RandomCluster& cluster, std::uint64_t number) {
    if (number % 2 == 0) constrain(cluster, kSeed, number);
    const BuiltCluster built(cluster);
    PartitionRequest request = built.request;
    const Checked<Plan> plan = partition_model(request);
    if (!plan) return;
    request.constraints.given = read_plan_stages(plan_json(*plan)).value();
    const Checked<Plan> again = partition_model(request);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->stages, plan->stages);
    EXPECT_EQ(again->predicted_latency, plan->predicted_latency);
    EXPECT_EQ(again->predicted_interval, plan->predicted_interval);
    EXPECT_EQ(again->certificate.value, plan->certificate.value);
    EXPECT_EQ(again->certificate.plan_class, "given plan");
    EXPECT_EQ(again->certificate.verdict, "no proof");
    ASSERT_EQ(again->shards.size(), plan->shards.size());
    for (std::size_t i = 0; i < plan->shards.size(); ++i)
      EXPECT_EQ(again->placements[i].holds, plan->placements[i].holds);
  });
}

// The checks see a plan that is worse, and a bound that is too high, by the least there is.
TEST(BruteForce, APicosecondTooMuchIsSeen) {
  const RandomCluster cluster = random_cluster(kSeed, 4, false);
  const BuiltCluster built(cluster);
  PartitionRequest request = built.request;
  request.objective = Objective::kLatency;
  request.max_nodes = 0;
  const Plan plan = partition_model(request).value();
  BruteForce all = all_plans(request);
  check_time(plan, all, Objective::kLatency);
  all.latency = *all.latency - picoseconds(1);
  testing::TestPartResultArray failures;
  {
    testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    check_time(plan, all, Objective::kLatency);
  }
  EXPECT_EQ(failures.size(), 2);
}

// What a plan puts where, by name.
std::string placed(const Plan& plan) {
  std::vector<std::string> lines;
  for (const Placement& it : plan.placements) {
    std::string line = it.node + ":";
    for (const std::string& holds : it.holds) line += " " + holds;
    lines.push_back(std::move(line));
  }
  std::ranges::sort(lines);
  std::string out = fmt::format("{} {}", plan.certificate.value.count(), plan.certificate.verdict);
  for (const std::string& line : lines) out += "; " + line;
  return out;
}

std::string placed(const Checked<Plan>& plan) { return plan ? placed(*plan) : "none"; }

TEST(BruteForce, TheOrderOfTheNodeListChangesNothing) {
  for_random_clusters(2, [](RandomCluster& cluster, std::uint64_t number) {
    if (number % 2 == 0) constrain(cluster, kSeed, number);
    const BuiltCluster built(cluster);
    const std::string before = placed(partition_model(built.request));
    const Random random = Random(kSeed, "order").child(number);
    for (std::size_t i = cluster.nodes.size(); i > 1; --i)
      std::swap(cluster.nodes[i - 1], cluster.nodes[random.below(i, i)]);
    const BuiltCluster shuffled(cluster);
    EXPECT_EQ(before, placed(partition_model(shuffled.request)));
  });
}

std::int64_t cost(const Checked<Plan>& plan, Objective objective) {
  if (!plan) return INT64_MAX;
  return objective == Objective::kNodes ? plan->nodes_used : plan->certificate.value.count();
}

TEST(BruteForce, OneNodeMoreNeverHurts) {
  for_random_clusters(4, [](RandomCluster& cluster, std::uint64_t number) {
    cluster.max_nodes = 0;
    const BuiltCluster built(cluster);
    const std::int64_t before = cost(partition_model(built.request), cluster.objective);
    RandomCluster::Node another = cluster.nodes[number % (cluster.nodes.size() - 1)];
    another.name = "another";
    cluster.nodes.insert(cluster.nodes.begin() + 1, another);
    const BuiltCluster larger(cluster);
    EXPECT_LE(cost(partition_model(larger.request), cluster.objective), before);
  });
}

TEST(BruteForce, MoreMemoryNeverHurts) {
  for_random_clusters(4, [](RandomCluster& cluster, std::uint64_t number) {
    const BuiltCluster built(cluster);
    const std::int64_t before = cost(partition_model(built.request), cluster.objective);
    RandomCluster::Node& node = cluster.nodes[number % (cluster.nodes.size() - 1)];
    node.device->matrix_rf_tiles += 1 + static_cast<std::int64_t>(number * 37 % 200);
    node.device->name += "+";
    const BuiltCluster roomier(cluster);
    EXPECT_LE(cost(partition_model(roomier.request), cluster.objective), before);
  });
}

}  // namespace
}  // namespace soliton::test
