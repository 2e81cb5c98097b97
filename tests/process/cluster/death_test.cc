// Whoever is killed, nothing stays behind and what was measured is kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> long_run(const TemporaryFolder& folder, const char* time) {
  return {
      "run",   "configs/quickstart.yaml",  "--quiet", "--time", time, "--out", folder.file("run"),
      "--set", "workload.requests=2000000"};
}

class Death : public ::testing::TestWithParam<const char*> {};

TEST_P(Death, InterruptKeepsWhatWasMeasuredAndMarksIt) {
  const TemporaryFolder folder;
  Running running(long_run(folder, GetParam()));
  const auto nodes = running.wait_for_nodes(5);
  ASSERT_EQ(nodes.size(), 5u);
  ::kill(running.pid(), SIGINT);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.status, 130) << ended.err;
  EXPECT_TRUE(all_gone(nodes, 1000));
  const auto results = read_json(folder.file("run") + "/results.json");
  EXPECT_FALSE(results["complete"]);
  const bool answered = results["requests"]["completed"] > 0;
  EXPECT_EQ(results["outputs"]["mismatched"], answered ? nlohmann::json(0) : nlohmann::json());
}

TEST_P(Death, TermEndsWith143) {
  const TemporaryFolder folder;
  Running running(long_run(folder, GetParam()));
  const auto nodes = running.wait_for_nodes(5);
  ASSERT_EQ(nodes.size(), 5u);
  ::kill(running.pid(), SIGTERM);
  EXPECT_EQ(running.wait().status, 143);
  EXPECT_TRUE(all_gone(nodes, 1000));
}

TEST_P(Death, KilledControllerTakesEveryNodeWithIt) {
  const TemporaryFolder folder;
  Running running(long_run(folder, GetParam()));
  const auto nodes = running.wait_for_nodes(5);
  ASSERT_EQ(nodes.size(), 5u);
  ::kill(running.pid(), SIGKILL);
  EXPECT_EQ(running.wait().status, 128 + SIGKILL);
  EXPECT_TRUE(all_gone(nodes, 2000));
}

TEST_P(Death, KilledNodeEndsTheRunByName) {
  for (const char* victim : {"fpga2", "host0"}) {
    const TemporaryFolder folder;
    Running running(long_run(folder, GetParam()));
    const auto nodes = running.wait_for_nodes(5);
    ASSERT_EQ(nodes.size(), 5u);
    for (const auto& [name, pid] : nodes)
      if (name == victim) ::kill(pid, SIGKILL);
    const Ended ended = running.wait();
    EXPECT_EQ(ended.status, 4) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(victim));
    EXPECT_THAT(ended.err, HasSubstr("signal 9"));
    EXPECT_TRUE(all_gone(nodes, 1000));
    const auto results = read_json(folder.file("run") + "/results.json");
    EXPECT_FALSE(results["complete"]);
  }
}

TEST_P(Death, KilledControllersFolderCanBeUsedAgain) {
  const TemporaryFolder folder;
  {
    Running running(long_run(folder, GetParam()));
    ASSERT_EQ(running.wait_for_nodes(5).size(), 5u);
    ::kill(running.pid(), SIGKILL);
    running.wait();
  }
  const Ended again =
      run_soliton({"run", "configs/quickstart.yaml", "--quiet", "--processes", "packed", "--set",
                   "workload.requests=10", "--out", folder.file("run")});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_TRUE(read_json(folder.file("run") + "/results.json")["complete"]);
  EXPECT_FALSE(std::filesystem::exists(folder.file("run") + "/lock"));
}

INSTANTIATE_TEST_SUITE_P(Times, Death, ::testing::Values("virtual", "wall"));

}  // namespace
}  // namespace soliton
