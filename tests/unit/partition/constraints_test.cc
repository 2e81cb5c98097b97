// Plans within constraints, and plans that are given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "partition/search/layer_pins.h"
#include "partition/search/node_orders.h"
#include "protocol/base/rng.h"
#include "tests/unit/partition/cluster.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using Names = std::vector<std::string>;

std::string error_of(const PartitionRequest& request) {
  const auto plan = partition_model(request);
  return plan ? "a plan" : plan.error().errors.front().message;
}

LayerGraph layers_of(std::int64_t count, std::int64_t hidden = 64) {
  return rnn({.cell = Cell::kGru, .hidden = hidden, .layers = count, .with_weights = false});
}

// Each stage as "gru0 gru1 on fpga2".
Names stages(const Plan& plan) {
  Names out;
  for (const PlanStage& stage : plan.stages) {
    std::string& line = out.emplace_back();
    for (const std::string& layer : stage.layers) line += layer + " ";
    line += "on";
    for (const std::string& node : stage.nodes) line += " " + node;
  }
  return out;
}

TEST(Constraints, ForbiddenNodesStayUnused) {
  const LayerGraph model = layers_of(2);
  Cluster cluster(model, pocket(64, 200), 3);
  cluster.request.constraints.forbidden = {true, true, false, false};
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_THAT(stages(plan), ElementsAre("gru0 gru1 on fpga2"));
  EXPECT_EQ(plan.certificate.plan_class, "contiguous within constraints");
  EXPECT_EQ(plan.certificate.verdict, "optimal");
}

TEST(Constraints, WithoutAUsableNodeTheyAreCounted) {
  const LayerGraph model = layers_of(1);
  Cluster cluster(model, pocket(64, 200), 4);
  cluster.request.constraints.forbidden.assign(4, true);
  EXPECT_EQ(error_of(cluster.request), "no usable node: 4 listed, 4 forbidden");
  cluster.request.constraints.forbidden[3] = false;
  cluster.request.nodes[3].device.npu.matrix_rf_tiles = 0;
  EXPECT_EQ(error_of(cluster.request),
            "no usable node: 4 listed, 3 forbidden, 1 without weight memory");
}

TEST(Constraints, LayersLieOnTheirNodesInAnyOrder) {
  const LayerGraph model = layers_of(3);
  Cluster cluster(model, pocket(64, 200), 3);
  cluster.request.constraints.only_on = {{2}, {0}, {1}};
  EXPECT_THAT(stages(partition_model(cluster.request).value()),
              ElementsAre("gru0 on fpga2", "gru1 on fpga0", "gru2 on fpga1"));
}

TEST(Constraints, AStageKeepsToAllItsLayers) {
  const LayerGraph model = layers_of(3);
  Cluster cluster(model, pocket(64, 200), 4);
  cluster.request.constraints.only_on = {{0, 1}, {}, {1, 2}};
  EXPECT_THAT(stages(partition_model(cluster.request).value()),
              ElementsAre("gru0 gru1 gru2 on fpga1"));
}

TEST(Constraints, JoinedLayersShareAStage) {
  const LayerGraph model =
      rnn({.cell = Cell::kGru, .hidden = 2048, .layers = 4, .with_weights = false});
  Cluster cluster(model, bw_s10(), 4);
  cluster.request.steps = 100;
  cluster.request.constraints.joined = {false, true, false, true};
  const Plan plan = partition_model(cluster.request).value();
  for (const PlanStage& stage : plan.stages) {
    EXPECT_NE(stage.layers.front(), "gru1");
    EXPECT_NE(stage.layers.front(), "gru3");
  }
  cluster.request.constraints = {};
  EXPECT_EQ(partition_model(cluster.request)->stages.size(), 4);
}

// Beyond the exact search only the quick one finds plans, and it has to meet 8 nodes in the order in
// which the layers want them.
TEST(Constraints, LongChainsFindTheirNodesToo) {
  const LayerGraph model = layers_of(80);
  Cluster cluster(model, pocket(64, 100), 9);
  PlanConstraints& constraints = cluster.request.constraints;
  constraints.only_on.resize(80);
  for (std::size_t layer = 0; layer < 80; ++layer)
    if (layer % 20 < 10) constraints.only_on[layer] = {8 - layer / 20};
  const Plan plan = partition_model(cluster.request).value();
  std::size_t layer = 0;
  for (const PlanStage& stage : plan.stages)
    for (std::size_t i = 0; i < stage.layers.size(); ++i, ++layer) {
      if (layer % 20 >= 10) continue;
      EXPECT_THAT(stage.nodes, ElementsAre(Cluster::name(8 - layer / 20))) << layer;
    }
  EXPECT_EQ(layer, 80);
}

TEST(Constraints, ARefusalSaysWhatWouldFitWithoutThem) {
  const LayerGraph model = layers_of(2, 256);
  const NpuDevice device = pocket(64, 100);
  Cluster cluster(model, device, 3);
  ASSERT_TRUE(partition_model(cluster.request));
  cluster.request.constraints.only_on = {{0}, {0}};
  EXPECT_THAT(error_of(cluster.request),
              testing::AllOf(HasSubstr("no packing exists on 3 nodes that keeps layers where "
                                       "placement and partition.colocate want them (proved); "
                                       "without these 2 nodes of device pocket suffice")));
}

TEST(LayerPins, NodesThatMayHoldTheSameLayersAreAlike) {
  const LayerGraph model = layers_of(3);
  Cluster cluster(model, pocket(64, 200), 4);
  cluster.request.constraints.only_on = {{0, 1}, {}, {1, 2}};
  const LayerPins pins(cluster.request);
  EXPECT_NE(pins.signature(0), pins.signature(1));
  EXPECT_NE(pins.signature(0), pins.signature(2));
  EXPECT_NE(pins.signature(2), pins.signature(3));
  EXPECT_TRUE(pins.allow(pins.signature(0), 0, 2));
  EXPECT_FALSE(pins.allow(pins.signature(0), 0, 3));
  EXPECT_TRUE(pins.allow(pins.signature(1), 0, 3));
  EXPECT_TRUE(pins.allow(pins.signature(3), 1, 2));
  EXPECT_FALSE(pins.allow(pins.signature(3), 0, 1));
  EXPECT_FALSE(LayerPins().any());
}

TEST(NodeOrders, HoldEveryNodeOnce) {
  const LayerGraph model = layers_of(6);
  for (const std::size_t fpgas : {2U, 5U, 12U}) {
    Cluster cluster(model, pocket(64, 200), fpgas);
    cluster.request.constraints.only_on = {{1}, {}, {0, 1}, {0}, {}, {}};
    const NodesView view = view_nodes(cluster.request).value();
    const auto orders = node_orders(cluster.request, view);
    EXPECT_GT(orders.size(), 1U);
    for (std::vector<std::size_t> order : orders) {
      std::ranges::sort(order);
      for (std::size_t i = 0; i < fpgas; ++i) EXPECT_EQ(order.at(i), i);
      EXPECT_EQ(order.size(), fpgas);
    }
  }
}

// ---- A plan that is given

struct Given : testing::Test {
  LayerGraph model = layers_of(3);
  Cluster cluster{model, pocket(64, 200), 3};
  std::vector<PlanStage> stages_of(const std::vector<std::pair<Names, Names>>& given) {
    std::vector<PlanStage> out;
    for (const auto& [layers, nodes] : given) out.push_back({layers, nodes});
    return out;
  }
  std::string refused(std::vector<PlanStage> stages) {
    cluster.request.constraints.given = std::move(stages);
    const std::string error = error_of(cluster.request);
    EXPECT_THAT(error, StartsWith("partition.plan: "));
    EXPECT_EQ(partition_model(cluster.request).error().errors.front().code, ErrorCode::kInvalid);
    return error.substr(std::string("partition.plan: ").size());
  }
};

TEST_F(Given, IsPlayedAsItIs) {
  cluster.request.steps = 5;
  const Plan best = partition_model(cluster.request).value();
  cluster.request.constraints.given =
      stages_of({{{"gru0"}, {"fpga2"}}, {{"gru1", "gru2"}, {"fpga0"}}});
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_THAT(stages(plan), ElementsAre("gru0 on fpga2", "gru1 gru2 on fpga0"));
  EXPECT_EQ(plan.certificate.plan_class, "given plan");
  EXPECT_EQ(plan.certificate.verdict, "no proof");
  EXPECT_EQ(plan.certificate.lower_bound.count(), 0);
  EXPECT_GT(plan.predicted_latency, best.predicted_latency);
  EXPECT_THAT(plan.explanation,
              testing::Contains("the plan is given (partition.plan); no other was looked at"));
}

TEST_F(Given, AMissedSlaIsSaid) {
  cluster.request.objective = Objective::kNodes;
  cluster.request.sla = picoseconds(1);
  cluster.request.constraints.given = stages_of({{{"gru0", "gru1", "gru2"}, {"fpga0"}}});
  EXPECT_THAT(partition_model(cluster.request)->missed,
              HasSubstr("is not met by the given plan: "));
}

TEST_F(Given, TheFirstDifferenceIsNamed) {
  EXPECT_EQ(refused(stages_of({{{"gru0", "gru2"}, {"fpga0"}}})),
            "the plan has layer \"gru2\" where the model has \"gru1\"");
  EXPECT_EQ(refused(stages_of({{{"gru0", "gru1"}, {"fpga0"}}})),
            "the plan ends before layer \"gru2\" of the model");
  EXPECT_EQ(refused(stages_of({{{"gru0", "gru1", "gru2", "gru3"}, {"fpga0"}}})),
            "the plan has a layer \"gru3\" behind the last one of the model");
  EXPECT_EQ(refused(stages_of({{{}, {"fpga0"}}})), "the plan has no layer in stage 1");
  EXPECT_EQ(refused(stages_of({{{"gru0", "gru1", "gru2"}, {"fpgo1"}}})),
            "the plan uses node \"fpgo1\", which the cluster does not have; did you mean "
            "\"fpga1\"?");
  EXPECT_EQ(refused(stages_of({{{"gru0", "gru1", "gru2"}, {"host0"}}})),
            "the plan uses node \"host0\", which has no NPU with weight memory");
  EXPECT_EQ(refused(stages_of({{{"gru0"}, {"fpga0"}}, {{"gru1", "gru2"}, {"fpga0"}}})),
            "the plan uses node \"fpga0\" twice");
  EXPECT_EQ(refused(stages_of({{{"gru0", "gru1", "gru2"}, {"fpga0", "fpga1"}}})),
            "the plan spreads gru0, gru1, gru2 over 2 node(s), which these layers cannot be");
  EXPECT_EQ(refused(stages_of({{{"gru0", "gru1", "gru2"}, {}}})),
            "the plan spreads gru0, gru1, gru2 over 0 node(s), which these layers cannot be");
}

// Numbers in a file that nobody checked: each is a plan or is refused.
TEST_F(Given, AnyStagesArePlayedOrRefused) {
  const Random random(3, "given stages");
  int played = 0;
  for (std::uint64_t round = 0; round < 400; ++round) {
    const Random draw = random.child(round);
    std::uint64_t next = 0;
    const auto below = [&](std::uint64_t limit) { return draw.below(next++, limit); };
    std::vector<PlanStage> stages;
    for (std::uint64_t layer = 0, node = below(2); layer < 3;) {
      PlanStage& stage = stages.emplace_back();
      for (std::uint64_t more = 1 + below(3); more > 0; --more)
        stage.layers.push_back("gru" + std::to_string(layer++));
      for (std::uint64_t more = below(3); more > 0; --more)
        stage.nodes.push_back(Cluster::name(node++));
      stage.option.split_directions = below(8) == 0;
      stage.option.scatter_input = below(8) == 0;
      stage.option.split_columns = below(8) == 0;
      stage.option.input_nodes = below(4) == 0 ? below(3) : 0;
    }
    cluster.request.constraints.given = stages;
    const auto plan = partition_model(cluster.request);
    if (!plan) continue;
    EXPECT_EQ(plan->stages, stages);
    ++played;
  }
  EXPECT_GT(played, 10);
}

TEST_F(Given, KeepsToTheOtherConstraints) {
  const auto given = stages_of({{{"gru0"}, {"fpga0"}}, {{"gru1", "gru2"}, {"fpga1"}}});
  PlanConstraints& constraints = cluster.request.constraints;
  constraints.forbidden = {false, true, false, false};
  EXPECT_EQ(refused(given), "the plan uses node \"fpga1\", which partition.forbid forbids");
  constraints = {};
  constraints.joined = {false, true, false};
  EXPECT_EQ(refused(given),
            "the plan cuts before \"gru1\", which partition.colocate keeps with the layer before "
            "it");
  constraints = {};
  constraints.only_on = {{}, {}, {0, 2}};
  EXPECT_EQ(refused(given),
            "the plan has \"gru2\" on fpga1, where its placement does not allow it");
  constraints = {};
  cluster.request.max_nodes = 1;
  EXPECT_EQ(refused(given), "the plan uses 2 nodes; allowed are 1 to 1");
}

TEST_F(Given, AMemoryThatIsTooSmallIsNamed) {
  Cluster small(model, pocket(64, 10), 3);
  small.request.constraints.given = stages_of({{{"gru0", "gru1", "gru2"}, {"fpga1"}}});
  EXPECT_THAT(error_of(small.request), HasSubstr("fpga1"));
  EXPECT_EQ(partition_model(small.request).error().errors.front().code, ErrorCode::kDoesNotFit);
}

}  // namespace
}  // namespace soliton::test
