// `soliton verify-determinism` and what it compares with: the folders of real runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cluster/results/compare_runs.h"
#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kLossy = R"(
name: lossy
seed: 5
topology: rack
nodes: [{name: "fpga[0-2]", device: bw-pocket}]
workload: {kind: all-gather, nodes: "fpga[0-2]", bytes: 8 KiB, count: 4, schedule: ring}
faults: [{link: fpga1-tor0, loss: 10 %}]
trace: {links: 10 us}
)";

struct Verify : testing::Test {
  TemporaryFolder folder;
  std::string file = folder.write("cluster.yaml", kLossy);

  Ended run(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"verify-determinism", file, "--seeds", "2"});
    return run_soliton(more);
  }
};

TEST_F(Verify, SameBytesAreStatusZero) {
  const Ended ended = run({"--out", folder.file("runs")});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("the same bytes in "));
  EXPECT_THAT(ended.err, HasSubstr("seed 5, packed: the same bytes"));
  EXPECT_THAT(ended.err, HasSubstr("seed 6, packed again: the same bytes"));
  EXPECT_TRUE(std::filesystem::exists(folder.file("runs/seed-6-packed/links_series.csv")));
  const Ended quiet = run({"--quiet"});
  EXPECT_EQ(quiet.status, 0);
  EXPECT_EQ(quiet.out + quiet.err, "");
}

TEST_F(Verify, AsJsonEachRunIsListed) {
  const Ended ended = run({"--json"});
  const auto json = nlohmann::json::parse(ended.out);
  EXPECT_EQ(ended.status, 0);
  EXPECT_TRUE(json["same"]);
  EXPECT_TRUE(json["first_event"].is_null());
  EXPECT_EQ(json["runs"].size(), 10u);
  for (const auto& run : json["runs"]) {
    EXPECT_TRUE(run["same"]);
    EXPECT_EQ(run["status"], 0);
    if (run["variant"] != "per node") {
      EXPECT_GE(run["files"], 7);
    }
  }
}

// Messages are played in one layout, so only a second run is to be the same.
TEST_F(Verify, RunsOfMessagesAreComparedWithThemselves) {
  const Ended ended = run({"--json", "--set", "fidelity=message", "--set", "faults=[]", "--set",
                           "trace={requests: 3}"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(nlohmann::json::parse(ended.out)["runs"].size(), 4u);
}

// Statuses are part of what a run leaves: a time limit ends all in the same way.
TEST_F(Verify, ARunThatIsCutIsTheSameInEveryLayout) {
  const Ended ended = run({"--set", "limits.time=10 us", "--json"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(nlohmann::json::parse(ended.out)["runs"][0]["status"], 5);
}

TEST_F(Verify, WhatCannotBeVerifiedIsRefused) {
  const auto refused = [&](const std::vector<std::string>& more, const char* why) {
    const Ended ended = run(more);
    EXPECT_EQ(ended.status, 2) << why;
    EXPECT_THAT(ended.err, HasSubstr(why));
  };
  refused({"--processes", "packed"}, "--processes: the file is run in all layouts");
  refused({"--time", "wall"}, "--time virtual");
  refused({"--set", "nodes[0].device=bw-pokcet"}, "did you mean");
  refused({"--seeds", "0"}, "--seeds");
  const Ended piped = run_soliton({"verify-determinism", "-"}, file);
  EXPECT_EQ(piped.status, 2);
  EXPECT_THAT(piped.err, HasSubstr("name a file"));
}

// A planted difference: two runs of different seeds. The first event that differs is a loss of one
// that the other does not have, or what follows from it.
TEST_F(Verify, RunsOfOtherSeedsDifferAndTheFirstEventIsNamed) {
  for (const char* seed : {"5", "6"})
    ASSERT_EQ(run_soliton({"run", file, "--seed", seed, "--quiet", "--processes", "packed", "--out",
                           folder.file(seed), "--set", "trace.requests=1000"})
                  .status,
              0);
  const auto compared = compare_runs(folder.file("5"), folder.file("6"));
  ASSERT_TRUE(compared);
  EXPECT_TRUE(std::ranges::any_of(compared->differences, [](const RunDifference& it) {
    return it.file == "requests.csv" && it.line > 1;
  }));
  const auto event = first_different_event(read_text(folder.file("5/trace.json")),
                                           read_text(folder.file("6/trace.json")));
  ASSERT_TRUE(event && *event);
  const TracedEvent& first = (*event)->first();
  // By hand: everything before it is the same in both.
  const auto before = [&](const char* run) {
    std::vector<std::string> out;
    const auto trace = read_json(folder.file(std::string(run) + "/trace.json"));
    for (const auto& one : trace["traceEvents"])
      if (one.contains("ts") && one["ph"] == "i" &&
          one["ts"].get<double>() < std::stod(first.at_us))
        out.push_back(one["name"].get<std::string>() + one["ts"].dump());
    std::ranges::sort(out);
    return out;
  };
  EXPECT_EQ(before("5"), before("6"));
}

struct Profile : testing::Test {
  TemporaryFolder folder;

  nlohmann::json wall_of(const std::string& processes, bool profiled, Ended& ended) const {
    const std::string out = folder.file(processes + (profiled ? "-profiled" : ""));
    std::vector<std::string> words{"run",   "configs/quickstart.yaml", "--processes", processes,
                                   "--set", "workload.requests=300",   "--out",       out};
    if (profiled) words.push_back("--profile");
    ended = run_soliton(words);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return read_json(out + "/results.json")["wall"];
  }
};

TEST_F(Profile, HasSharesOfTheWholeAndChangesNothingElse) {
  for (const std::string processes : {"packed", "per-node"}) {
    SCOPED_TRACE(processes);
    Ended plain, profiled;
    EXPECT_FALSE(wall_of(processes, false, plain).contains("profile"));
    const nlohmann::json profile = wall_of(processes, true, profiled)["profile"];
    EXPECT_THAT(plain.out, Not(HasSubstr("profile")));
    EXPECT_THAT(profiled.out, HasSubstr("\nprofile   "));
    double sum = 0;
    for (const auto& [key, value] : profile.items())
      if (key != "samples" && key != "nodes_cpu_seconds") sum += value.get<double>();
    EXPECT_GT(profile["samples"], 0);
    EXPECT_NEAR(sum, 1, 1e-9);
    if (processes == "packed") {
      EXPECT_GT(profile["roles"].get<double>(), profile["waiting"].get<double>());
    } else {
      EXPECT_GT(profile["waiting"].get<double>(), profile["roles"].get<double>());
      EXPECT_GT(profile["nodes_cpu_seconds"].get<double>(), 0);
    }
    EXPECT_EQ(results_without_wall(folder.file(processes)),
              results_without_wall(folder.file(processes + "-profiled")));
  }
}

}  // namespace
}  // namespace soliton
