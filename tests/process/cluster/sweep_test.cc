// A sweep as a user runs it: what is kept, what is marked, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// `soliton ARGUMENTS` through a shell, for what pipes cannot show: redirections and limits.
int in_shell(const std::string& before, const std::string& arguments) {
  const std::string command = "cd '" SOLITON_SOURCE_DIR "' && " + before +
                              "'" SOLITON_BINARY_DIR "/bin/soliton' " + arguments;
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class SweepProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    project_.write("dev.yaml", "base: bw-pocket\nname: mydev\n");
    project_.write(
        "base.yaml",
        "name: base\n"
        "processes: packed\n"
        "nodes: [{name: \"fpga[0-1]\", device: ./dev.yaml}, {name: host0, device: cpu}]\n"
        "model: {rnn: {cell: gru, hidden: 16, steps: 2}}\n"
        "workload: {requests: 3}\n");
    experiment("{x: 1, set: {partition.max_nodes: 1}}, {x: 2, set: {workload.requests: 5}}");
  }

  void experiment(const std::string& points) const {
    project_.write("e.yaml", "name: e\ncluster: base.yaml\nseries:\n  - {name: a, points: [" +
                                 points + "]}\n");
  }

  std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> out = {"sweep", project_.file("e.yaml"), "--out", out_};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  Ended sweep(const std::vector<std::string>& more = {}) const {
    return run_soliton(arguments(more));
  }
  // In a shell, with what stands before the program and behind its arguments.
  int sweep_in_shell(const std::string& before, const std::string& after) const {
    return in_shell(before,
                    "sweep '" + project_.file("e.yaml") + "' --out '" + out_ + "' " + after);
  }
  std::string text(const std::string& name) const { return read_text(out_ + "/" + name); }
  nlohmann::json point(std::size_t i) const {
    return read_json(out_ + "/sweep.json")["series"][0]["points"][i];
  }

  TemporaryFolder project_;
  std::string out_ = project_.file("out");
};

TEST_F(SweepProgram, KeepsWhatWouldComeOutTheSame) {
  ASSERT_EQ(sweep().status, 0);
  const std::string csv = text("sweep.csv");
  const Ended again = sweep();
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.err, HasSubstr("a nodes 1: kept"));
  EXPECT_THAT(again.err, HasSubstr("a nodes 2: kept"));
  EXPECT_EQ(text("sweep.csv"), csv);
}

TEST_F(SweepProgram, RunsAgainWhatADeviceFileChanged) {
  const Ended first = sweep();
  ASSERT_EQ(first.status, 0) << first.err;
  const auto before = point(0)["latency_mean_us"];
  project_.write("dev.yaml", "base: bw-pocket\nname: mydev\nclock: 10 MHz\n");
  const Ended changed = sweep();
  EXPECT_THAT(changed.err, Not(HasSubstr("kept")));
  EXPECT_GT(point(0)["latency_mean_us"], before);
}

TEST_F(SweepProgram, RunsAgainOnlyWhatASetChanges) {
  ASSERT_EQ(sweep({"--set", "workload.think=1 ms"}).status, 0);
  EXPECT_THAT(sweep({"--set", "workload.think=1000 us"}).err, Not(HasSubstr("done")));
  EXPECT_THAT(sweep({"--set", "workload.think=2 ms"}).err, Not(HasSubstr("kept")));
  EXPECT_THAT(text("sweep.csv"), HasSubstr("set.workload.think"));
  EXPECT_EQ(point(0)["set"]["workload.think"], "2 ms");
}

TEST_F(SweepProgram, ItsNumbersAreThoseOfResultsJson) {
  ASSERT_EQ(sweep().status, 0);
  const auto results = read_json(out_ + "/points/a-2/results.json");
  EXPECT_EQ(point(1)["results"]["latency_us.p99"], results["latency_us"]["p99"]);
  EXPECT_EQ(point(1)["results"]["requests.sent"], 5);
  EXPECT_EQ(point(1)["set"]["workload.requests"], 5);
  EXPECT_EQ(point(0)["set"]["partition.max_nodes"], 1);
  const std::string csv = text("sweep.csv");
  EXPECT_THAT(csv, StartsWith("series,axis,x,nodes_used,requests,latency_mean_us,"));
  EXPECT_THAT(csv.substr(0, csv.find('\n')),
              HasSubstr(",note,set.partition.max_nodes,set.workload.requests,soliton,name,seed,"));
}

TEST_F(SweepProgram, AFailedPointIsARowWithItsReasonAndTheOthersRun) {
  experiment(
      "{x: 1}, {x: 2, set: {model.rnn.hidden: 4000}}, {x: 3, set: {model.rnn.hiden: 3}}, {x: 4}");
  const Ended ended = sweep({"--quiet"});
  EXPECT_EQ(ended.status, 3) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("a nodes 2: "));
  EXPECT_THAT(ended.err, HasSubstr("did you mean \"hidden\"?"));
  EXPECT_EQ(point(1)["state"], "failed");
  EXPECT_EQ(point(2)["state"], "failed");
  EXPECT_EQ(point(3)["state"], "done");
  EXPECT_THAT(text("sweep.csv"), HasSubstr("model.rnn.hiden"));
}

TEST_F(SweepProgram, AClosedOrFullStandardErrorEndsNothing) {
  for (const char* redirection :
       {">/dev/null 2>/dev/full", ">/dev/null 2>&-", ">&- 2>&-", ">/dev/full 2>/dev/full"}) {
    fs::remove_all(out_);
    EXPECT_EQ(sweep_in_shell("", redirection), 0) << redirection;
    for (const char* name : {"table.txt", "sweep.csv", "sweep.json", "report.html"})
      EXPECT_TRUE(fs::exists(out_ + "/" + name)) << redirection << " " << name;
  }
}

TEST_F(SweepProgram, JsonThatCannotBePrintedIsStatus6AndTheFilesAreThere) {
  EXPECT_EQ(sweep_in_shell("", "--json >/dev/full 2>/dev/null"), 6);
  EXPECT_TRUE(read_json(out_ + "/sweep.json")["complete"]);
  EXPECT_EQ(sweep_in_shell("", "--json >&- 2>&-"), 6);
}

// A limit on the size of files stands for a disk that is full.
TEST_F(SweepProgram, ResultsThatDoNotFitTheDiskEndItAtOnceWith6) {
  EXPECT_EQ(sweep_in_shell("ulimit -f 2; ", "--quiet 2>/dev/null"), 6);
  EXPECT_THAT(text("table.txt"), HasSubstr("PARTIAL: results could not be written"));
  EXPECT_FALSE(fs::exists(out_ + "/points/a-1/results.json"));
  EXPECT_FALSE(fs::exists(out_ + "/points/a-2"));
  EXPECT_EQ(sweep().status, 0);
}

// A grid, seeds and a search, as a user types them.
class AxesProgram : public SweepProgram {
 protected:
  void axes(const std::string& text) const {
    project_.write("e.yaml", "name: e\ncluster: base.yaml\n" + text);
  }
};

TEST_F(AxesProgram, PointsRunBesideEachOtherAndTheTableIsTheSame) {
  axes("grid: {workload.requests: [2, 3, 4, 5], partition.max_nodes: [1, 2]}\n");
  ASSERT_EQ(sweep({"--jobs", "1"}).status, 0);
  // Apart from the time of this machine, which is a group of columns of its own.
  const auto without_wall = [this] {
    auto json = read_json(out_ + "/sweep.json");
    for (auto& series : json["series"])
      for (auto& one : series["points"])
        std::erase_if(one["results"].get_ref<nlohmann::json::object_t&>(),
                      [](const auto& member) { return member.first.starts_with("wall."); });
    return json;
  };
  const auto alone = without_wall();
  fs::remove_all(out_);
  const Ended beside = sweep({"--jobs", "4"});
  ASSERT_EQ(beside.status, 0) << beside.err;
  EXPECT_THAT(beside.err, HasSubstr("8 of 8"));
  EXPECT_EQ(without_wall(), alone);
  EXPECT_THAT(sweep().err, Not(HasSubstr("done")));
}

TEST_F(AxesProgram, AKeyThatDoesNotExistIsSaidBeforeTheStart) {
  axes("grid: {model.rnn.hiden: [8]}\n");
  const Ended ended = sweep();
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("e.yaml:3:8: grid: unknown key \"hiden\" in model.rnn; did you "
                                   "mean \"hidden\"?"));
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(AxesProgram, ASearchThatNoValueFulfilsEndsWith1AndNamesTheNearest) {
  axes("find: {max: workload.clients, subject_to: \"p99 < 1 ns\", to: 4}\n");
  const Ended ended = sweep({"--junit", project_.file("junit.xml")});
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("none of them meets p99 < 1 ns"));
  EXPECT_THAT(ended.out, HasSubstr("nearest is 1 with latency_us.p99"));
  EXPECT_THAT(read_text(project_.file("junit.xml")), HasSubstr("<failure message=\"none of them"));
}

TEST_F(AxesProgram, AFailedPointIsARowAndEndsItWith1) {
  axes("grid: {model.rnn.hidden: [16, 4000, 32]}\n");
  const Ended ended = sweep();
  EXPECT_EQ(ended.status, 1) << ended.err;
  const auto json = read_json(out_ + "/sweep.json");
  EXPECT_EQ(json["series"][0]["points"][1]["state"], "failed");
  EXPECT_EQ(json["series"][0]["points"][2]["state"], "done");
}

TEST_F(AxesProgram, ADatabaseThatIsNoneIsRefusedInWords) {
  axes("grid: {workload.requests: [2]}\n");
  ASSERT_EQ(sweep().status, 0);
  project_.write("out/sweep.db", std::string(10'000, 'x'));
  const Ended ended = sweep();
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("is not the database of a sweep"));
}

TEST_F(AxesProgram, AMillionRunsHaveToBeAskedFor) {
  std::string more = "grid: {workload.requests: [";
  for (int i = 1; i <= 100; ++i) more += std::to_string(i) + (i < 100 ? ", " : "]}\n");
  axes(more + "seeds: 10000\n");
  const Ended ended = sweep();
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("has 1,000,000 runs; say --yes"));
}

// One that is killed keeps what had ended, and the next goes on from there.
TEST_F(AxesProgram, WhatHadEndedWhenItWasKilledIsKept) {
  axes(
      "points:\n"
      "  - {label: short}\n"
      "  - {label: long, set: {workload.requests: 20000000, compute: timing, processes: "
      "per-node}}\n");
  {
    Running running(arguments());
    ASSERT_EQ(running.wait_for_nodes(3).size(), 3u);
    ::kill(running.pid(), SIGKILL);
    running.wait();
  }
  axes("points: [{label: short}]\n");
  EXPECT_THAT(sweep().err, HasSubstr("label short: kept"));
}

class SweepSignals : public SweepProgram, public ::testing::WithParamInterface<int> {};

TEST_P(SweepSignals, KeepFinishedPointsAndMarkTheTables) {
  experiment(
      "{x: 1}, {x: 2, set: {processes: per-node, workload.requests: 20000000, compute: timing}},"
      "{x: 3}");
  for (const char* how : {"a nodes 1: done", "a nodes 1: kept"}) {
    Running running(arguments());
    const auto nodes = running.wait_for_nodes(3);
    ASSERT_EQ(nodes.size(), 3u);
    ::kill(running.pid(), GetParam());
    const Ended ended = running.wait();
    EXPECT_EQ(ended.status, GetParam() == SIGINT ? 130 : 143) << ended.err;
    EXPECT_TRUE(all_gone(nodes, 1000));
    EXPECT_THAT(ended.err, HasSubstr(how));
    EXPECT_THAT(ended.err, HasSubstr("interrupted: 1 finished points are kept"));
    EXPECT_THAT(text("table.txt"), HasSubstr("PARTIAL: interrupted"));
    const auto sweep = read_json(out_ + "/sweep.json");
    EXPECT_FALSE(sweep["complete"]);
    EXPECT_TRUE(sweep["interrupted"]);
    EXPECT_EQ(point(0)["state"], "done");
    EXPECT_EQ(point(1)["state"], "interrupted");
    EXPECT_EQ(point(2)["state"], "not run");
  }
}

INSTANTIATE_TEST_SUITE_P(All, SweepSignals, ::testing::Values(SIGINT, SIGTERM, SIGHUP));

}  // namespace
}  // namespace soliton
