// Random fault schedules: a function of their seed, rules that a cluster file may have, over by half time.
#include "cluster/chaos/chaos_plan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "fabric/faults/fault_kind.h"
#include "tests/cluster_text.h"

namespace soliton {
namespace {

const DataRoot kData{SOLITON_SOURCE_DIR};

ChaosGround ground() {
  return {.nodes = {"a", "b", "c"},
          .links = {"a-tor0", "b-tor0", "c-tor0"},
          .switches = {"tor0"},
          .devices = {"a", "b"},
          .recovers = true,
          .span = milliseconds(2)};
}

ClusterSpec cluster() {
  const Checked<ClusterSpec> spec = read_cluster_text(
      "topology: rack\nnodes: [{name: a, device: bw-pocket}, {name: b, device: bw-pocket}, {name: "
      "c, device: bw-pocket}]\n"
      "workload: {kind: all-gather, nodes: [a, b, c], bytes: 1 KiB, count: 1}\n",
      "chaos.yaml", {}, kData);
  EXPECT_TRUE(spec) << spec.error().text();
  return *spec;
}

std::string list_of(const std::vector<ChaosRule>& rules) {
  std::vector<std::string> texts;
  for (const ChaosRule& rule : rules) texts.push_back(rule.text());
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

TEST(ChaosPlan, IsAFunctionOfItsSeed) {
  EXPECT_EQ(chaos_rules(7, ground()), chaos_rules(7, ground()));
  EXPECT_NE(chaos_rules(7, ground()), chaos_rules(8, ground()));
}

TEST(ChaosPlan, HasRulesThatAClusterFileMayHaveAndThatEndInTime) {
  const ClusterSpec spec = cluster();
  std::map<std::string_view, int> seeds_with;
  constexpr int kSeeds = 400;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const std::string list = list_of(chaos_rules(seed, ground()));
    const Checked<std::vector<FaultSpec>> faults = read_fault_rules(list, spec);
    ASSERT_TRUE(faults) << seed << ": " << faults.error().text() << list;
    std::set<std::string_view> kinds;
    for (const FaultSpec& fault : *faults) {
      kinds.insert(fault.rule.kind->name);
      EXPECT_LE(fault.rule.when.until, kRunStart + milliseconds(1)) << seed;
    }
    for (const std::string_view kind : kinds) ++seeds_with[kind];
  }
  // Each in some seeds, and left out in others.
  EXPECT_EQ(seeds_with.size(), chaos_kinds().size());
  for (const auto& [kind, seeds] : seeds_with) {
    EXPECT_GT(seeds, kSeeds / 4) << kind;
    EXPECT_LT(seeds, kSeeds) << kind;
  }
}

// A cluster without a resource manager gets no faults that need one.
TEST(ChaosPlan, LeavesOutWhatAClusterCannotRecoverFrom) {
  ChaosGround plain = ground();
  plain.recovers = false;
  const ClusterSpec spec = cluster();
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Checked<std::vector<FaultSpec>> faults =
        read_fault_rules(list_of(chaos_rules(seed, plain)), spec);
    ASSERT_TRUE(faults) << seed;
    ClusterSpec with = spec;
    with.faults = std::move(*faults);
    EXPECT_FALSE(is_managed(with)) << seed;
  }
}

// A kind of fault that is new is drawn, or left out for a reason: cluster/chaos/chaos_plan.cc.
TEST(ChaosPlan, HasEveryKindOfFaultOrSaysWhyNot) {
  std::vector<std::string_view> known = chaos_kinds();
  for (const LeftOutKind& kind : kinds_left_out()) {
    EXPECT_FALSE(kind.why.empty()) << kind.name;
    known.push_back(kind.name);
  }
  std::vector<std::string_view> all;
  for (const FaultKind* kind : fault_kinds()) all.push_back(kind->name);
  EXPECT_THAT(known, testing::UnorderedElementsAreArray(all));
}

}  // namespace
}  // namespace soliton
