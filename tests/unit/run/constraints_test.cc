// From names in a cluster file to layers and nodes, and what contradicts itself.
#include "cluster/run/constraints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Names = std::vector<std::string>;

// Five layers on four FPGAs beside a host. Layer c is made of two operators.
class ConstraintsOf : public testing::Test {
 protected:
  ConstraintsOf() {
    model_.name = "m";
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      DenseLayer layer;
      layer.name = name;
      layer.operators = {name};
      if (layer.name == "c") layer.operators = {"c1", "c2"};
      model_.layers.emplace_back(std::move(layer));
    }
    for (const char* name : {"fpga0", "fpga1", "fpga2", "fpga3", "host0", "host1"}) {
      NodeSpec& node = spec_.nodes.emplace_back();
      node.name = name;
      node.device.kind = node.name.starts_with("fpga") ? Device::Kind::kNpu : Device::Kind::kCpu;
    }
  }
  void place(const std::string& pattern, Names nodes) {
    spec_.placement.push_back({pattern, false, std::move(nodes), "rule " + pattern});
  }
  void together(Names patterns) {
    spec_.partition.colocate.push_back({std::move(patterns), "together"});
  }
  PlanConstraints good() {
    FilesRead files;
    const auto out = constraints_of(spec_, model_, others_, files);
    EXPECT_TRUE(out) << out.error().text();
    return out.value();
  }
  std::string bad() {
    FilesRead files;
    const auto out = constraints_of(spec_, model_, others_, files);
    return out ? "good" : out.error().errors.front().message;
  }

  ClusterSpec spec_;
  LayerGraph model_;
  std::vector<OtherOperator> others_ = {{"on0", "host0"}, {"on1", "host1"}, {"move", ""}};
};

TEST_F(ConstraintsOf, NothingAskedIsNoConstraint) { EXPECT_FALSE(good().any()); }

TEST_F(ConstraintsOf, NodesAreForbiddenByNumber) {
  spec_.partition.forbid = {"fpga1", "fpga3"};
  EXPECT_THAT(good().forbidden, ElementsAre(false, true, false, true, false, false));
}

TEST_F(ConstraintsOf, TheLongestPatternDecidesAndALayerTakesWhatIsCommon) {
  place("*", {"fpga0", "fpga1", "fpga2", "host0"});
  place("c1", {"fpga2", "fpga1"});
  place("c2", {"fpga3", "fpga2"});
  EXPECT_THAT(good().only_on,
              ElementsAre(ElementsAre(0, 1, 2), ElementsAre(0, 1, 2), ElementsAre(2),
                          ElementsAre(0, 1, 2), ElementsAre(0, 1, 2)));
  place("a", {"host1"});
  EXPECT_THAT(good().only_on.front(), IsEmpty());
}

TEST_F(ConstraintsOf, ColocationTakesInWhatLiesBetween) {
  together({"b", "d"});
  EXPECT_THAT(good().joined, ElementsAre(false, false, true, true, false));
  together({"move", "e"});  // the one makes no layer
  EXPECT_THAT(good().joined, ElementsAre(false, false, true, true, false));
  together({"*2", "e"});
  EXPECT_THAT(good().joined, ElementsAre(false, false, true, true, true));
}

TEST_F(ConstraintsOf, OperatorsOfOneStageArePlacedApart) {
  place("b", {"fpga0"});
  place("d", {"fpga1"});
  together({"b", "d"});
  EXPECT_EQ(bad(), "together: operator b pinned to fpga0 and colocated with d pinned to fpga1");
}

TEST_F(ConstraintsOf, AnOperatorBetweenIsPlacedApart) {
  place("c2", {"fpga0"});
  place("b", {"fpga1", "fpga2"});
  together({"b", "d"});
  EXPECT_EQ(bad(),
            "together: operator b pinned to fpga1, fpga2 and colocated with c2 pinned to fpga0");
}

TEST_F(ConstraintsOf, OperatorsOfOneLayerArePlacedApart) {
  place("c1", {"fpga0"});
  place("c2", {"fpga1"});
  EXPECT_EQ(bad(),
            "rule c2: operator c1 pinned to fpga0 and fused into one layer with c2 pinned to "
            "fpga1");
}

TEST_F(ConstraintsOf, ThreeOperatorsHaveNoNodeInCommon) {
  place("b", {"fpga0", "fpga1"});
  place("c1", {"fpga1", "fpga2"});
  place("d", {"fpga0", "fpga2"});
  together({"b", "d"});
  EXPECT_EQ(bad(),
            "rule d: operator d pinned to fpga0, fpga2, of which no node is left to all 3 "
            "operators that share its stage");
}

TEST_F(ConstraintsOf, WhatLiesBetweenTwoLayersOfANodeLiesThereToo) {
  place("a", {"fpga0"});
  place("c1", {"fpga1"});
  place("e", {"fpga0"});
  EXPECT_EQ(bad(),
            "rule c1: operator c1 pinned to fpga1 lies between a and e, both pinned to fpga0, "
            "which holds one run of layers");
  spec_.placement[1].nodes = {"fpga0", "fpga1"};
  EXPECT_TRUE(good().any());
}

TEST_F(ConstraintsOf, APinnedNodeIsForbidden) {
  place("b", {"fpga1", "fpga3"});
  spec_.partition.forbid = {"fpga1"};
  EXPECT_TRUE(good().any());
  spec_.partition.forbid = {"fpga1", "fpga3"};
  EXPECT_EQ(bad(), "rule b: operator b pinned to fpga1, fpga3, which partition.forbid forbids");
}

TEST_F(ConstraintsOf, OperatorsOnHostsAreColocatedWithTheirLikeAlone) {
  together({"on0", "move"});
  EXPECT_FALSE(good().any());
  together({"on1", "a"});
  EXPECT_EQ(bad(), "together: operator on1 runs on host1 and is colocated with a on FPGAs");
  spec_.partition.colocate.pop_back();
  together({"on*"});
  EXPECT_EQ(bad(), "together: operator on0 runs on host0 and is colocated with on1 on host1");
}

TEST_F(ConstraintsOf, APatternMatchesSomething) {
  together({"a", "mov"});
  EXPECT_EQ(bad(),
            "together: partition.colocate: no operator of m is called \"mov\"; did you mean "
            "\"move\"?");
}

TEST_F(ConstraintsOf, AGivenPlanIsReadAndRecorded) {
  const std::string path = testing::TempDir() + "/given-plan.json";
  spec_.partition.plan = path;
  spec_.partition.plan_position = "here";
  std::ofstream(path) << R"({"stages": []})";
  FilesRead files;
  EXPECT_TRUE(constraints_of(spec_, model_, others_, files)->given->empty());
  EXPECT_TRUE(files.has(path));
  std::ofstream(path) << "no";
  EXPECT_EQ(bad(), "here: partition.plan: " + path + " is not JSON");
}

TEST(PositionOfRefusal, IsThatOfTheKeyAtFault) {
  ClusterSpec spec;
  spec.model.position = "model";
  EXPECT_EQ(position_of_refusal(spec, "min_nodes 3"), "model");
  EXPECT_EQ(position_of_refusal(spec, "no usable node: 1 listed"), "model");
  spec.partition.position = "partition";
  spec.partition.forbid = {"fpga0"};
  spec.partition.forbid_position = "forbid";
  spec.partition.plan_position = "plan";
  EXPECT_EQ(position_of_refusal(spec, "min_nodes 3"), "partition");
  EXPECT_EQ(position_of_refusal(spec, "no usable node: 1 listed"), "forbid");
  EXPECT_EQ(position_of_refusal(spec, "partition.plan: the plan"), "plan");
  EXPECT_EQ(position_of_refusal(spec, "model needs"), "model");
}

}  // namespace
}  // namespace soliton
