// The words about a plan, from values alone.
#include "partition/plan/why.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace soliton {
namespace {

using testing::ElementsAre;

PlanAccount two_of_four() {
  PlanAccount it;
  it.nodes = 2;
  it.value = microseconds(100);
  it.path.compute = microseconds(70);
  it.path.network = microseconds(25);
  it.path.host = microseconds(5);
  it.stages = {{"embedding to gru0", 1, ""}, {"gru1", 1, ", by rows"}};
  it.nodes_usable = it.nodes_max = 4;
  return it;
}

std::string line(const PlanAccount& it, const std::string& begin) {
  for (const std::string& text : why(it))
    if (text.starts_with(begin)) return text.substr(begin.size());
  return "none";
}

TEST(Why, SaysNodesPathAndStages) {
  const std::vector<std::string> lines = why(two_of_four());
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[0], "uses 2 of 4 usable nodes (fewest that hold the weights: 1)");
  EXPECT_EQ(lines[1], "critical path of a request: compute 70 us + network 25 us + host 5 us");
  EXPECT_EQ(lines[2], "stages: embedding to gru0 on 1 node, gru1 on 1 node, by rows");
}

TEST(Why, ComparesWithPlansOnOtherNumbersOfNodes) {
  PlanAccount it = two_of_four();
  it.fewer = {1, microseconds(130)};
  it.more = {3, microseconds(101)};
  EXPECT_EQ(line(it, "why not fewer nodes: "), "1 node gives 130 us (+30.0 %)");
  EXPECT_EQ(line(it, "why not more nodes: "), "3 nodes give 101 us (+1.0 %)");
}

TEST(Why, TellsWhatCannotBeFromWhatWasNotFound) {
  PlanAccount it = two_of_four();
  EXPECT_EQ(line(it, "why not fewer nodes: "), "no plan was found for 1 node");
  it.nodes_that_fit = 2;
  EXPECT_EQ(line(it, "why not fewer nodes: "), "no plan fits 1 node");
  it.nodes_min = 2;
  EXPECT_EQ(line(it, "why not fewer nodes: "), "min_nodes is 2");
  EXPECT_EQ(line(it, "why not more nodes: "), "the layers cannot be spread over more");
  it.nodes_spread = 3;
  EXPECT_EQ(line(it, "why not more nodes: "), "none was found that is estimated to be faster");
  it.constrained = true;
  EXPECT_EQ(line(it, "why not more nodes: "), "no plan within the constraints was found for more");
  it.nodes_max = 2;
  EXPECT_EQ(line(it, "why not more nodes: "), "max_nodes is 2");
  it.nodes_usable = 2;
  EXPECT_EQ(line(it, "why not more nodes: "), "all usable nodes are used");
  it.objective = Objective::kNodes;
  EXPECT_EQ(line(it, "why not more nodes: "), "the objective is to use as few as possible");
}

TEST(Why, AGivenPlanIsComparedWithNone) {
  PlanAccount it = two_of_four();
  it.given = true;
  const std::vector<std::string> lines = why(it);
  EXPECT_EQ(lines.front(), "uses 2 of 4 usable nodes");
  EXPECT_EQ(std::ranges::count(lines, "the plan is given (partition.plan); no other was looked at"),
            1);
  for (const std::string& text : lines) EXPECT_FALSE(text.starts_with("why not")) << text;
}

TEST(Why, NamesTheNextBestChange) {
  PlanAccount it = two_of_four();
  EXPECT_EQ(line(it, "next best change: "), "none fits");
  it.next = {"gru0 on 3 nodes", microseconds(110)};
  EXPECT_EQ(line(it, "next best change: "), "gru0 on 3 nodes: 110 us (+10.0 %)");
  it.next->value = it.value;
  EXPECT_EQ(line(it, "next best change: "), "gru0 on 3 nodes: 100 us, the same");
}

TEST(Remarks, NameBatchesAndDevicesWithoutCalibrationOnce) {
  Shard shard;
  shard.device.name = "custom";
  shard.device.timing.calibrated = false;
  shard.device.timing.source = "guessed";
  EXPECT_THAT(remarks(4, {shard, shard}),
              ElementsAre("note: times of custom are not calibrated: guessed",
                          "a batch of 4 runs together: times are those of a full one"));
}

}  // namespace
}  // namespace soliton
