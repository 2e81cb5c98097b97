// `soliton chaos` as a user runs it. Without checksums damage is delivered, which is a mistake that chaos
// finds and makes small.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kCluster = "configs/faults/clean.yaml";
const std::vector<std::string> kFew{"--set", "workload.requests=10"};

std::vector<std::string> chaos(std::vector<std::string> more) {
  std::vector<std::string> out{"chaos", kCluster};
  out.insert(out.end(), kFew.begin(), kFew.end());
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

TEST(ChaosCommand, SaysWhatItPlayedAndLeavesNothingWhenAllHolds) {
  TemporaryFolder folder;
  const Ended ended = run_soliton(
      chaos({"--seeds", "1..40", "--jobs", "2", "--json", "--out", folder.file("chaos")}));
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  const nlohmann::json found = nlohmann::json::parse(ended.out);
  EXPECT_EQ(found["seeds"], 40);
  EXPECT_EQ(found["played_twice"], 2);
  EXPECT_GT(found["packets"], 10'000);
  EXPECT_GT(found["firings_by_kind"]["loss"], 0);
  EXPECT_TRUE(found["violations"].empty());
  EXPECT_TRUE(found["repro"].is_null());
  EXPECT_FALSE(std::filesystem::exists(folder.file("chaos")));
}

TEST(ChaosCommand, PlaysTheSameOfTheSameSeedsHoweverManyAtOnce) {
  nlohmann::json one =
      nlohmann::json::parse(run_soliton(chaos({"--seeds", "7..26", "--json"})).out);
  nlohmann::json three =
      nlohmann::json::parse(run_soliton(chaos({"--seeds", "7..26", "--jobs", "3", "--json"})).out);
  one.erase("wall");
  three.erase("wall");
  EXPECT_EQ(one, three);
}

TEST(ChaosCommand, MakesAViolationSmallAndARunOfItFailsAlike) {
  TemporaryFolder folder;
  const std::string out = folder.file("chaos");
  const Ended ended =
      run_soliton(chaos({"--seeds", "48", "--set", "ltl.crc=false", "--json", "--out", out}));
  EXPECT_EQ(ended.status, 1) << ended.err;
  const nlohmann::json found = nlohmann::json::parse(ended.out);
  ASSERT_EQ(found["violations"].size(), 1u) << ended.out;
  EXPECT_EQ(found["violations"][0]["invariant"], "outputs");
  EXPECT_EQ(found["repro"]["file"], out + "/repro.yaml");
  EXPECT_EQ(found["repro"]["firings"], 1);
  EXPECT_EQ(found["repro"]["fails_alone"], true);
  for (int round = 0; round < 3; ++round) {
    const Ended run = run_soliton(
        {"run", out + "/repro.yaml", "--quiet", "--out", folder.file(std::to_string(round))});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.err, AllOf(HasSubstr("expected outputs bit_identical, but measured 1 of"),
                               HasSubstr("outputs differ from the unsharded run")));
  }
}

// The folder of an earlier one is written anew.
TEST(ChaosCommand, WritesOverAnEarlierRepro) {
  TemporaryFolder folder;
  for (int round = 0; round < 2; ++round)
    EXPECT_EQ(run_soliton(
                  chaos({"--seeds", "48", "--set", "ltl.crc=false", "--out", folder.file("chaos")}))
                  .status,
              1);
}

TEST(ChaosCommand, RefusesWhatItCannotPlay) {
  const Ended seeds = run_soliton(chaos({"--seeds", "9..3"}));
  EXPECT_EQ(seeds.status, 2);
  EXPECT_THAT(seeds.err, HasSubstr("--seeds: \"9..3\" is not A..B with A up to B"));
  const Ended wall = run_soliton(chaos({"--time", "wall"}));
  EXPECT_EQ(wall.status, 2);
  EXPECT_THAT(wall.err, HasSubstr("chaos plays packets in virtual time"));
  const Ended broken = run_soliton(chaos({"--set", "faults=[{kind: none}]"}));
  EXPECT_EQ(broken.status, 2);
}

// A cluster that is broken by itself is not blamed on faults.
TEST(ChaosCommand, SaysWhenARunWithoutFaultsIsNotGood) {
  const Ended ended = run_soliton(chaos({"--set", "limits.time=10 us"}));
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("without faults: liveness: "));
}

TEST(ChaosCommand, EndsInOrderWhenInterrupted) {
  Running running({"chaos", kCluster, "--seeds", "1..1000000", "--jobs", "2", "--json"});
  const auto begun = [&] {
    return std::filesystem::exists("/proc/" + std::to_string(running.pid()) + "/task/" +
                                   std::to_string(running.pid()) + "/children") &&
           !read_text("/proc/" + std::to_string(running.pid()) + "/task/" +
                      std::to_string(running.pid()) + "/children")
                .empty();
  };
  while (!begun()) {
  }
  kill(running.pid(), SIGTERM);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 143);
  EXPECT_EQ(nlohmann::json::parse(ended.out)["interrupted"], true);
}

}  // namespace
}  // namespace soliton
