// Plans one change away from another, and the best of them.
#include "partition/search/neighbours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/partition/cluster.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

LayerGraph layers_of(std::int64_t count) {
  return rnn({.cell = Cell::kGru, .hidden = 128, .layers = count, .with_weights = false});
}

struct Around {
  LayerGraph model = layers_of(3);
  Cluster cluster{model, pocket(64, 400), 4};

  std::vector<std::string> changes(const std::vector<Stage>& stages, NodeLimits limits = {1, 4}) {
    const NodesView view = view_nodes(cluster.request).value();
    std::vector<std::string> out;
    for (const Neighbour& it : neighbours(cluster.request, view, limits, stages, 100)) {
      EXPECT_GE(nodes_of_stages(it.stages), limits.least);
      EXPECT_LE(nodes_of_stages(it.stages), limits.most);
      EXPECT_EQ(it.stages.front().first, 0u);
      EXPECT_EQ(it.stages.back().last, 3u);
      for (std::size_t s = 1; s < it.stages.size(); ++s)
        EXPECT_EQ(it.stages[s].first, it.stages[s - 1].last);
      out.push_back(it.change);
    }
    return out;
  }
};

TEST(Neighbours, MoveLayersAndNodesByOne) {
  Around it;
  const auto all = it.changes({stage(0, 1, 0, 1), stage(1, 3, 1, 2)});
  EXPECT_THAT(all, IsSupersetOf({"gru0 on 2 nodes", "gru1 moved to the stage before it",
                                 "gru0 to gru2 on 1 node", "gru1 to gru2 on 1 node"}));
}

TEST(Neighbours, KeepToLimitsAndConstraints) {
  Around it;
  EXPECT_THAT(it.changes({stage(0, 3, 0, 1)}, {1, 1}), ElementsAre());
  it.cluster.request.constraints.joined = {false, false, true};
  const auto joined = it.changes({stage(0, 1, 0, 1), stage(1, 3, 1, 1)});
  EXPECT_THAT(joined, testing::Not(testing::Contains(HasSubstr("gru1 moved"))));
}

TEST(Neighbours, TheBestIsNoBetterThanAProvedPlanAndIsSaid) {
  Around it;
  it.cluster.request.steps = 20;
  const Plan plan = partition_model(it.cluster.request).value();
  ASSERT_EQ(plan.certificate.verdict, "optimal");
  EXPECT_THAT(fmt::format("{}", fmt::join(plan.explanation, "\n")),
              testing::ContainsRegex("next best change: gru.*: [0-9.]+ us \\(\\+[0-9.]+ %\\)"));
  it.cluster.request.max_nodes = 1;
  const Plan alone = partition_model(it.cluster.request).value();
  EXPECT_THAT(alone.explanation, testing::Contains("next best change: none fits"));
}

}  // namespace
}  // namespace soliton::test
