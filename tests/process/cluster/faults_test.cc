// The shipped scenarios keep what they promise in both clocks; what happened can be done again; plans can
// be looked over before a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

// Those that say what they expect.
std::vector<std::string> scenarios() {
  std::vector<std::string> out;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SOLITON_SOURCE_DIR) + "/configs/faults"))
    if (read_text(entry.path()).find("\nexpect:") != std::string::npos)
      out.push_back("configs/faults/" + entry.path().filename().string());
  std::ranges::sort(out);
  return out;
}

class Scenarios : public testing::TestWithParam<std::string> {
 protected:
  nlohmann::json run(const std::string& name, const Arguments& options) {
    Arguments arguments{"run", GetParam(), "--quiet", "--out", folder_.file(name)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return read_json(folder_.file(name) + "/results.json");
  }

  TemporaryFolder folder_;
};

TEST_P(Scenarios, KeepTheirPromiseInEmulatedTime) {
  const auto results = run("virtual", {"--processes", "packed"});
  EXPECT_FALSE(results["expect"].empty());
  for (const auto& expect : results["expect"]) EXPECT_TRUE(expect["met"]) << expect;
  for (const auto& fault : results["faults"]) {
    EXPECT_TRUE(fault["armed"]) << fault;
    EXPECT_GT(fault["hits"], 0) << fault;
    EXPECT_TRUE(!results["complete"] || !fault["recovered_us"].is_null()) << fault;
  }
  EXPECT_TRUE(results["outputs"]["sha256"].is_string());
}

TEST_P(Scenarios, KeepTheirPromiseInWallTime) {
  const bool heavy = GetParam().find("heavy") != std::string::npos;
  const auto results = run(
      "wall", {"--time", "wall", "--set", heavy ? "workload.requests=3" : "workload.requests=30"});
  for (const auto& expect : results["expect"]) EXPECT_TRUE(expect["met"]) << expect;
}

INSTANTIATE_TEST_SUITE_P(Shipped, Scenarios, testing::ValuesIn(scenarios()),
                         [](const testing::TestParamInfo<std::string>& its) {
                           std::string name = std::filesystem::path(its.param).stem().string();
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(ScenarioFiles, AreAllHere) { EXPECT_GE(scenarios().size(), 15u); }

// The firings of a run, fed back in place of its rules, make the same run.
TEST(Replay, OfEventsIsTheSameRun) {
  const TemporaryFolder folder;
  for (const char* scenario : {"corrupt", "duplicate-replay", "clog", "reorder", "misroute",
                               "slow-cable", "pause-storm"}) {
    const std::string file = std::string("configs/faults/") + scenario + ".yaml";
    const std::string first = folder.file(std::string(scenario) + "-1");
    const std::string again = folder.file(std::string(scenario) + "-2");
    const Arguments common{"--processes", "packed", "--quiet", "--set", "workload.requests=100"};
    const auto run = [&](const std::string& out, const Arguments& more) {
      Arguments arguments{"run", file, "--out", out};
      arguments.insert(arguments.end(), common.begin(), common.end());
      arguments.insert(arguments.end(), more.begin(), more.end());
      const Ended ended = run_soliton(arguments);
      EXPECT_EQ(ended.status, 0) << ended.err;
    };
    run(first, {});
    run(again, {"--set", "faults=[{events: " + first + "/events.csv}]"});
    EXPECT_EQ(read_text(first + "/requests.csv"), read_text(again + "/requests.csv")) << scenario;
    EXPECT_EQ(read_text(first + "/events.csv"), read_text(again + "/events.csv")) << scenario;
  }
}

TEST(Replay, OfAFileThatIsNoneSaysWhere) {
  const TemporaryFolder folder;
  const std::string events = folder.write("events.csv",
                                          "rule,link,direction,ordinal,action,at_ps\n"
                                          "a,fpga0-tor0,tx,1,drop,5\n"
                                          "a,fpga9-tor0,tx,1,drop,5\n"
                                          "a,fpga0-tor0,up,1,drop,5\n"
                                          "a,fpga0-tor0,tx,1,dorp,5\n"
                                          "a,fpga0-tor0,tx,1,mark,5\n"
                                          "a,fpga0-tor0,tx,1\n");
  const Ended ended = run_soliton(
      {"check", "configs/faults/clean.yaml", "--set", "faults=[{events: " + events + "}]"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr(events + ":3: no link called \"fpga9-tor0\"; did you mean"));
  EXPECT_THAT(ended.err, HasSubstr(events + ":4: direction up is neither tx nor rx"));
  EXPECT_THAT(ended.err, HasSubstr(events + ":5: no action \"dorp\"; did you mean \"drop\"?"));
  EXPECT_THAT(ended.err, HasSubstr(events + ":6: rule a does another kind of thing"));
  EXPECT_THAT(ended.err, HasSubstr(events + ":7: has 4 columns and not 6"));
}

std::string hash_of(const std::string& text) {
  const std::size_t at = text.find("# fault plan ");
  return at == std::string::npos ? "" : text.substr(at + 13, 16);
}

TEST(Expand, ShowsRulesLinksWindowsAndAHash) {
  const auto expanded = [](const Arguments& more) {
    Arguments arguments{"check", "configs/faults/flap.yaml", "--expand", "--no-plan"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = run_soliton(arguments);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.out;
  };
  const std::string plan = expanded({});
  EXPECT_THAT(plan, HasSubstr("# flap: link_down; was down\n#   links, both ways: fpga1-tor0\n"));
  EXPECT_THAT(plan, HasSubstr("#   windows: "));
  EXPECT_EQ(hash_of(plan).size(), 16u);
  EXPECT_EQ(hash_of(plan), hash_of(expanded({"--set", "workload.requests=7"})));
  EXPECT_NE(hash_of(plan), hash_of(expanded({"--set", "faults[0].when.jitter=60 us"})));
  EXPECT_NE(hash_of(plan), hash_of(expanded({"--seed", "8"})));
}

TEST(Expect, WhatIsNotMetIsStatusOneAndAnEndThatIsExpectedNone) {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& name, const std::string& expect, const Arguments& more) {
    Arguments arguments{"run",
                        "configs/faults/clean.yaml",
                        "--processes",
                        "packed",
                        "--quiet",
                        "--out",
                        folder.file(name)};
    arguments.insert(arguments.end(), {"--set", "workload.requests=20", "--set", expect});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_soliton(arguments);
  };
  const Ended missed = run("missed", "expect={p99: '< 1 us', outputs: bit_identical}", {});
  EXPECT_EQ(missed.status, 1);
  EXPECT_THAT(missed.err, HasSubstr("expected p99 < 1 us, but measured 58.48 us"));
  const Arguments cut{"--set", "faults=[{link: fpga0-tor0, link_down: true}]"};
  EXPECT_EQ(run("ended", "expect={end: {status: 5}}", cut).status, 0);
  EXPECT_EQ(run("unexpected", "expect={fired: true}", cut).status, 5);
  EXPECT_EQ(run("survived", "expect={end: {status: 4}}", {}).status, 1);
}

}  // namespace
}  // namespace soliton
