// The test of the tests: mistakes that are planted in the transport and around it, all of which chaos has to
// find. In this program the files that may be wrong are compiled with SOLITON_CHAOS_BUILD.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cluster/chaos/repro.h"
#include "protocol/base/message.h"
#include "tests/chaos/clusters.h"
#include "tests/chaos/planted_sites.h"

namespace soliton {
namespace {

constexpr std::uint64_t kSeedsMost = 3'000;
constexpr std::uint64_t kMedianMost = 100;
constexpr std::uint64_t kEach = 8;  // seeds on one cluster before those on the next

class Planted : public testing::Test {
 protected:
  Planted() {
    for (const std::string& cluster : chaos_clusters()) stages_.push_back(chaos_stage(cluster));
    files_ = chaos_clusters();
  }
  ~Planted() override { plant(PlantedBug::kNone); }

  ChaosTally play(std::size_t cluster, ChaosSeeds seeds, std::size_t findings_most) {
    ChaosOptions options{.seeds = seeds, .jobs = 2};
    options.findings_most = findings_most;
    options.longest = std::chrono::seconds(10);
    options.in_trial = activate_sites;
    options.twice_every = 0;  // the second time sites would fire elsewhere
    const Result<ChaosTally> tally = play_seeds(*stages_[cluster], options);
    EXPECT_TRUE(tally) << tally.error().message;
    return tally ? *tally : ChaosTally();
  }

  // How many seeds it takes to find what is planted; 0: more than there may be.
  std::uint64_t seeds_to_find(const char* name) {
    std::uint64_t played = 0;
    for (std::uint64_t first = 1; played < kSeedsMost; first += kEach)
      for (std::size_t i = 0; i < stages_.size(); ++i) {
        const ChaosTally tally = play(i, {first, first + kEach - 1}, 1);
        played += tally.seeds;
        if (tally.findings.empty()) continue;
        const ChaosFinding& found = tally.findings.front();
        message("{:28} {:5} seeds; seed {} of {}: {}: {}\n", name, played, found.seed,
                short_name(files_[i]), found.violation.invariant,
                found.violation.what.substr(0, 120));
        return played;
      }
    message("{:28} not found in {} seeds\n", name, played);
    return 0;
  }

  std::vector<std::unique_ptr<ChaosStage>> stages_;
  std::vector<std::string> files_;
};

TEST_F(Planted, MistakesAreAllFound) {
  ASSERT_EQ(planted_bugs().size(), kPlantedBugs);
  ASSERT_GE(kPlantedBugs, 15u);
  std::vector<std::uint64_t> seeds;
  for (const auto& [bug, name] : planted_bugs()) {
    plant(bug);
    seeds.push_back(seeds_to_find(name));
    EXPECT_GT(seeds.back(), 0u) << name;
  }
  std::ranges::sort(seeds);
  message("median: {} seeds\n", seeds[seeds.size() / 2]);
  EXPECT_LE(seeds[seeds.size() / 2], kMedianMost);
}

// Trouble of its own making is legal, so that nothing may come of it but time.
TEST_F(Planted, SitesAloneBreakNothing) {
  std::uint64_t seeds = 0;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const ChaosTally tally = play(i, {1, 80}, 3);
    seeds += tally.seeds;
    for (const ChaosFinding& found : tally.findings)
      ADD_FAILURE() << "seed " << found.seed << " of " << short_name(files_[i]) << ": "
                    << found.violation.invariant << ": " << found.violation.what;
  }
  EXPECT_EQ(seeds, 80 * stages_.size());
}

// What is planted here must be found: a search that finds nothing any more is broken, or silent.
TEST_F(Planted, TheCanaryFails) {
  plant(PlantedBug::kNoDedup);
  std::uint64_t seeds = 0, findings = 0;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const ChaosTally tally = play(i, {1, 40}, SIZE_MAX);
    seeds += tally.seeds;
    findings += tally.findings.size();
  }
  EXPECT_EQ(seeds, 40 * stages_.size());
  EXPECT_GE(findings, 10u);
}

}  // namespace
}  // namespace soliton
