// A sweep that several processes play at once, each its part, as a scheduler starts them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cluster/results/lock_file.h"
#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kProgram = SOLITON_BINARY_DIR "/bin/soliton";
constexpr const char* kLong = "{workload.requests: 20000, compute: timing, processes: per-node}";

int in_shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class SweepParts : public ::testing::Test {
 protected:
  void SetUp() override {
    project_.write("base.yaml",
                   "name: base\n"
                   "processes: packed\n"
                   "nodes: [{name: \"fpga[0-1]\", device: bw-pocket}, {name: host0, device: cpu}]\n"
                   "model: {rnn: {cell: gru, hidden: 16, steps: 2}}\n"
                   "workload: {requests: 3}\n");
    experiment("grid: {workload.requests: [2, 3, 4, 5, 6], model.rnn.hidden: [16, 24]}\n");
  }
  void experiment(const std::string& axes) const {
    project_.write("e.yaml", "name: e\ncluster: base.yaml\n" + axes);
  }

  std::vector<std::string> arguments(const std::string& out,
                                     const std::vector<std::string>& more) const {
    std::vector<std::string> all = {"sweep", project_.file("e.yaml"), "--out", project_.file(out)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Ended sweep(const std::string& out, const std::vector<std::string>& more = {}) const {
    return run_soliton(arguments(out, more));
  }
  std::string text(const std::string& name) const { return read_text(project_.file(name)); }
  bool exists(const std::string& name) const { return fs::exists(project_.file(name)); }
  // `soliton sweep e.yaml --out OUT MORE` in a shell, behind `before`.
  std::string command(const std::string& before, const std::string& out,
                      const std::string& more) const {
    return before + " '" + kProgram + "' sweep '" + project_.file("e.yaml") + "' --out '" +
           project_.file(out) + "' " + more + " >/dev/null 2>&1";
  }

  // sweep.json without the columns that tell of this machine's time.
  nlohmann::json without_wall(const std::string& out) const {
    auto json = read_json(project_.file(out + "/sweep.json"));
    for (auto& series : json["series"])
      for (auto& point : series["points"])
        std::erase_if(point["results"].get_ref<nlohmann::json::object_t&>(),
                      [](const auto& member) { return member.first.starts_with("wall."); });
    return json;
  }
  // The same of sweep.csv, where they are the last ones.
  std::vector<std::string> csv_without_wall(const std::string& out) const {
    std::istringstream lines(text(out + "/sweep.csv"));
    std::vector<std::string> cut;
    std::size_t kept = 0;
    for (std::string line; std::getline(lines, line);) {
      if (cut.empty()) {
        const std::size_t wall = line.find(",wall.");
        kept = static_cast<std::size_t>(
            std::count(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(wall), ','));
      }
      std::size_t end = 0;
      for (std::size_t i = 0; i <= kept && end != std::string::npos; ++i)
        end = line.find(',', end + (i > 0 ? 1 : 0));
      cut.push_back(line.substr(0, end));
    }
    return cut;
  }
  void expect_as_in_one_go(const std::string& out) const {
    ASSERT_EQ(sweep("one").status, 0);
    EXPECT_EQ(text(out + "/table.txt"), text("one/table.txt"));
    EXPECT_EQ(text(out + "/columns.json"), text("one/columns.json"));
    EXPECT_EQ(without_wall(out), without_wall("one"));
    EXPECT_EQ(csv_without_wall(out), csv_without_wall("one"));
  }

  TemporaryFolder project_;
};

TEST_F(SweepParts, AtOnceGiveTheBytesOfTheSweepInOneGo) {
  {
    std::vector<std::unique_ptr<Running>> parts;
    for (const char* part : {"0/3", "1/3", "2/3"})
      parts.push_back(std::make_unique<Running>(arguments("out", {"--part", part})));
    for (const auto& part : parts) {
      const Ended ended = part->wait();
      EXPECT_EQ(ended.status, 0) << ended.err;
    }
  }
  EXPECT_FALSE(exists("out/sweep.db"));
  const Ended collected = sweep("out", {"--collect"});
  EXPECT_EQ(collected.status, 0) << collected.err;
  EXPECT_THAT(collected.err, Not(HasSubstr("done")));
  expect_as_in_one_go("out");
  // What was collected is kept by a sweep in one go.
  EXPECT_THAT(sweep("out").err, Not(HasSubstr("done")));
}

TEST_F(SweepParts, ThatOverlapPlayNoPointTwice) {
  Running all(arguments("out", {"--part", "0/1"}));
  Running half(arguments("out", {"--part", "1/2"}));
  const Ended first = all.wait(), second = half.wait();
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(second.status, 0) << second.err;
  std::size_t done = 0;
  for (const std::string& words : {first.err, second.err})
    for (std::size_t at = words.find(": done"); at != std::string::npos;
         at = words.find(": done", at + 1))
      ++done;
  EXPECT_EQ(done, 10u) << first.err << second.err;
  EXPECT_EQ(sweep("out", {"--collect"}).status, 0);
}

TEST_F(SweepParts, MissingPointsAre5AndTheTableHasTheOthers) {
  ASSERT_EQ(sweep("out", {"--part", "1/2"}).status, 0);
  const Ended collected = sweep("out", {"--collect"});
  EXPECT_EQ(collected.status, 5);
  EXPECT_THAT(collected.err, HasSubstr("5 of 10 points are missing"));
  EXPECT_FALSE(read_json(project_.file("out/sweep.json"))["complete"]);
  const Ended listed = sweep("out", {"--list", "--part", "/2", "--json"});
  const auto rows = nlohmann::json::parse(listed.out);
  ASSERT_EQ(rows.size(), 10u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i]["part"], i % 2);
    EXPECT_EQ(rows[i]["state"], i % 2 == 1 ? "done" : "missing");
  }
  ASSERT_EQ(sweep("out", {"--part", "0/2"}).status, 0);
  EXPECT_EQ(sweep("out", {"--collect"}).status, 0);
  expect_as_in_one_go("out");
}

TEST_F(SweepParts, FailedPointsAre1AndRowsWithTheirReason) {
  experiment("points: [{label: fits}, {label: large, set: {model.rnn.hidden: 4000}}]\n");
  EXPECT_EQ(sweep("out", {"--part", "0/2"}).status, 0);
  EXPECT_EQ(sweep("out", {"--part", "1/2"}).status, 1);
  const Ended collected = sweep("out", {"--collect"});
  EXPECT_EQ(collected.status, 1);
  EXPECT_THAT(collected.out, HasSubstr("model needs"));
  EXPECT_EQ(sweep("one").status, 1);
  EXPECT_EQ(text("out/table.txt"), text("one/table.txt"));
  EXPECT_EQ(without_wall("out"), without_wall("one"));
}

TEST_F(SweepParts, WhatAChangedFileMadeAnewIsMissing) {
  ASSERT_EQ(sweep("out", {"--part", "0/1"}).status, 0);
  project_.write("base.yaml", text("base.yaml") + "ltl: {window: 16}\n");
  EXPECT_EQ(sweep("out", {"--collect"}).status, 5);
}

// As a scheduler does when a host is lost and the task is put into the queue again.
TEST_F(SweepParts, AKilledPartGoesOnWithWhatItHadNotFinished) {
  experiment(std::string("points: [{label: short}, {label: long, set: ") + kLong + "}]\n");
  {
    Running part(arguments("out", {"--part", "0/1"}));
    ASSERT_EQ(part.wait_for_nodes(3).size(), 3u);
    ::kill(part.pid(), SIGKILL);
    part.wait();
  }
  EXPECT_EQ(sweep("out", {"--collect"}).status, 5);
  const Ended again = sweep("out", {"--part", "0/1"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("label short: kept"));
  EXPECT_THAT(again.err, HasSubstr("label long: done"));
  EXPECT_EQ(sweep("out", {"--collect"}).status, 0);
}

TEST_F(SweepParts, ThatLosesItsLeaseWritesNothingAndEndsWith6) {
  experiment(std::string("points: [{label: long, set: ") + kLong + "}]\n");
  Running part(arguments("out", {"--part", "0/1"}));
  ASSERT_EQ(part.wait_for_nodes(3).size(), 3u);
  LockOwner thief = this_process(0).value();
  thief.who = "anna";
  const std::string point =
      fs::directory_iterator(project_.file("out/points"))->path().string();  // the only one
  ASSERT_TRUE(fs::exists(point + "/lock"));
  // As it is taken over: another file gets the name.
  project_.write("lock", lock_text(thief));
  fs::rename(project_.file("lock"), point + "/lock");
  const Ended ended = part.wait();
  EXPECT_EQ(ended.status, 6);
  EXPECT_THAT(ended.err, HasSubstr("taken over by process"));
  EXPECT_FALSE(fs::exists(point + "/results.json"));
  EXPECT_FALSE(fs::exists(point + "/outcome.json"));
  EXPECT_THAT(read_text(point + "/lock"), HasSubstr("anna"));
}

TEST_F(SweepParts, ThePartIsThatOfTheSchedulersArray) {
  const std::string array =
      "SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_STEP=5 SLURM_ARRAY_TASK_COUNT=2 ";
  ASSERT_EQ(in_shell(command(array + "SLURM_ARRAY_TASK_ID=15", "out", "")), 0);
  EXPECT_EQ(sweep("out", {"--collect"}).status, 5);
  ASSERT_EQ(in_shell(command("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2", "out", "")), 0);
  EXPECT_EQ(sweep("out", {"--collect"}).status, 0);
  EXPECT_EQ(in_shell(command("JOB_COMPLETION_INDEX=1", "index", "--part /2")), 0);
  EXPECT_EQ(in_shell(command("JOB_COMPLETION_INDEX=2", "index", "--part /2")), 2);
}

TEST_F(SweepParts, AnEmittedScriptPlaysThemAll) {
  const Ended script =
      sweep("out", {"--emit", "slurm", "--part", "/3", "--set", "workload.think=1 us"});
  ASSERT_EQ(script.status, 0) << script.err;
  EXPECT_THAT(script.out, HasSubstr("#SBATCH --array=0-2\n"));
  project_.write("script.sh", script.out);
  for (const char* task : {"0", "1", "2"})
    EXPECT_EQ(in_shell(std::string("SLURM_ARRAY_TASK_ID=") + task + " bash '" +
                       project_.file("script.sh") + "' >/dev/null 2>&1"),
              0);
  EXPECT_EQ(sweep("out", {"--collect", "--set", "workload.think=1 us"}).status, 0);
}

// Lines are independent commands, each for a shell.
TEST_F(SweepParts, EmittedCommandsPlayThemAll) {
  const Ended commands = sweep("out", {"--emit", "parallel", "--part", "/4"});
  ASSERT_EQ(commands.status, 0);
  project_.write("commands", commands.out);
  EXPECT_EQ(in_shell("tr '\\n' '\\0' <'" + project_.file("commands") +
                     "' | xargs -0 -P4 -I{} sh -c '{} >/dev/null 2>&1'"),
            0);
  EXPECT_EQ(sweep("out", {"--collect"}).status, 0);
  expect_as_in_one_go("out");
}

TEST_F(SweepParts, AManifestCarriesTheFiles) {
  const Ended manifest = sweep("out", {"--emit", "kubernetes", "--part", "/2"});
  ASSERT_EQ(manifest.status, 0) << manifest.err;
  EXPECT_THAT(manifest.out, HasSubstr("completionMode: Indexed\n  completions: 2\n"));
  EXPECT_THAT(manifest.out, HasSubstr("path: \"base.yaml\""));
  EXPECT_THAT(manifest.out, HasSubstr("\"--part\", \"/2\"]"));
}

TEST_F(SweepParts, ASearchHasNone) {
  experiment("find: {max: workload.clients, subject_to: \"p99 < 1 ms\", to: 4}\n");
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{"--part", "0/2"}, {"--collect"}, {"--list"}}) {
    const Ended ended = sweep("out", how);
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.err, HasSubstr("a search is not played in parts"));
  }
}

}  // namespace
}  // namespace soliton
