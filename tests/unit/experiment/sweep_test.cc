#include "cluster/experiment/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cluster/results/file_io.h"
#include "cluster/results/lock_file.h"
#include "tests/unit/experiment/samples.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kBase =
    "name: base\n"
    "nodes: [{name: \"fpga[0-3]\", device: bw-pocket}, {name: host0, device: cpu}]\n"
    "model: {rnn: {cell: gru, hidden: 8, steps: 2}}\n";

// Runs points by a table of latencies, and remembers what it was asked to run: a point is known by
// its partition.max_nodes.
class SweepTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write_file(scratch_ / "base.yaml", kBase));
    experiment_.name = "scale";
    experiment_.cluster = scratch_ / "base.yaml";
    experiment_.series = {sample::series("rows", Scaling::kStrong, {1, 2, 4})};
    options_.folder = scratch_ / "out";
    options_.data = {SOLITON_SOURCE_DIR};
    options_.build = "a build";
    options_.progress = [this](const std::string& line) { lines_.push_back(line); };
  }

  Result<Sweep> sweep() {
    asked_.clear();
    specs_.clear();
    return run_sweep(
        experiment_,
        [this](const ClusterSpec& spec) -> Checked<PointRun> {
          EXPECT_EQ(spec.file, experiment_.cluster);
          const std::int64_t nodes = spec.partition.max_nodes;
          asked_.push_back(nodes);
          specs_.push_back(spec);
          Checked<RunResults> results = runner_ ? runner_(nodes) : sample::run(400 / nodes);
          if (!results) return tl::unexpected<Diagnostics>(results.error());
          PointRun run{std::move(*results), spec.files_read, {}};
          for (const std::string& file : files_) run.files.note(file);
          if (opened_) opened_();
          return run;
        },
        options_);
  }

  std::string text_of(const std::string& name) {
    return read_whole_file(options_.folder + "/" + name).value_or("");
  }

  ScratchFolder scratch_;
  Experiment experiment_;
  SweepOptions options_;
  std::function<Checked<RunResults>(std::int64_t nodes)> runner_;
  std::vector<std::string> files_;  // that a point opens beside those of its cluster file
  std::function<void()> opened_;    // called when they are
  std::vector<std::int64_t> asked_;
  std::vector<ClusterSpec> specs_;
  std::vector<std::string> lines_;
};

TEST_F(SweepTest, RunsEveryPointOnceAndWritesEverything) {
  const Result<Sweep> result = sweep();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->complete);
  EXPECT_EQ(result->ran, 3u);
  EXPECT_THAT(asked_, ElementsAre(1, 2, 4));
  EXPECT_EQ(lines_.size(), 3u);
  for (const char* name :
       {"table.txt", "sweep.csv", "sweep.json", "report.html", "points/rows-4/results.json"})
    EXPECT_TRUE(fs::exists(options_.folder + "/" + name)) << name;
  EXPECT_FALSE(fs::exists(options_.folder + "/lock"));
}

TEST_F(SweepTest, ASecondRunKeepsFinishedPointsAndWritesTheSameTable) {
  ASSERT_TRUE(sweep());
  const std::string csv = text_of("sweep.csv"), page = text_of("report.html");
  const Result<Sweep> again = sweep();
  ASSERT_TRUE(again);
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(again->kept, 3u);
  EXPECT_TRUE(again->complete);
  EXPECT_EQ(text_of("sweep.csv"), csv);
  EXPECT_EQ(text_of("report.html"), page);
}

TEST_F(SweepTest, ThatLostItsFolderWritesNothingMore) {
  runner_ = [this](std::int64_t nodes) -> Checked<RunResults> {
    LockOwner other = this_process(0).value();
    other.who = "anna";
    if (nodes == 2) {
      EXPECT_TRUE(write_file(options_.folder + "/lock", lock_text(other)));
    }
    return sample::run(400 / nodes);
  };
  const Result<Sweep> result = sweep();
  ASSERT_TRUE(result);
  EXPECT_THAT(asked_, ElementsAre(1, 2));
  ASSERT_TRUE(result->not_written);
  EXPECT_THAT(result->not_written->message, HasSubstr("anna"));
  EXPECT_TRUE(fs::exists(options_.folder + "/points/rows-1/results.json"));
  for (const char* name : {"points/rows-2/results.json", "sweep.csv"})
    EXPECT_FALSE(fs::exists(options_.folder + "/" + name)) << name;
  EXPECT_THAT(text_of("lock"), HasSubstr("anna"));
}

TEST_F(SweepTest, ANewOrChangedPointAloneIsRun) {
  ASSERT_TRUE(sweep());
  experiment_.series[0].points[1].overrides = {"seed=9", "partition.max_nodes=2"};
  experiment_.series[0].points.push_back({8, {"partition.max_nodes=3"}});
  ASSERT_TRUE(sweep());
  EXPECT_THAT(asked_, ElementsAre(2, 3));
}

TEST_F(SweepTest, AChangedBaseFileOrAnotherBuildRunsEverythingAgain) {
  ASSERT_TRUE(sweep());
  ASSERT_TRUE(write_file(experiment_.cluster, std::string(kBase) + "seed: 2\n"));
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
  options_.build = "another build";
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
  ASSERT_TRUE(sweep());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(SweepTest, ABuildThatIsNotKnownKeepsNothing) {
  options_.build = "";
  ASSERT_TRUE(sweep());
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
}

TEST_F(SweepTest, AFileThatOnlyTheRunOpenedCounts) {
  files_ = {scratch_ / "weights.bin"};
  ASSERT_TRUE(write_file(files_[0], "one"));
  ASSERT_TRUE(sweep());
  ASSERT_TRUE(sweep());
  EXPECT_TRUE(asked_.empty());
  ASSERT_TRUE(write_file(files_[0], "two"));
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
  fs::remove(files_[0]);
  files_.clear();
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
}

TEST_F(SweepTest, TheSameContentWrittenAnewIsKept) {
  files_ = {scratch_ / "weights.bin"};
  ASSERT_TRUE(write_file(files_[0], "one"));
  ASSERT_TRUE(sweep());
  ASSERT_TRUE(write_file(files_[0], "one"));
  ASSERT_TRUE(write_file(experiment_.cluster, kBase));
  ASSERT_TRUE(sweep());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(SweepTest, AFileThatChangedWhileItWasReadMakesThePointRunAgain) {
  files_ = {scratch_ / "weights.bin"};
  ASSERT_TRUE(write_file(files_[0], "one"));
  experiment_.series[0].points.resize(1);
  opened_ = [&] { EXPECT_TRUE(write_file(files_[0], "two")); };
  EXPECT_TRUE(sweep()->complete);
  opened_ = nullptr;
  for (const char* content : {"two", "one"}) {
    ASSERT_TRUE(write_file(files_[0], content));
    ASSERT_TRUE(sweep());
    EXPECT_THAT(asked_, ElementsAre(1)) << content;
  }
}

TEST_F(SweepTest, AFileThatChangedAfterItWasReadIsWhatItWas) {
  experiment_.series[0].points.resize(1);
  opened_ = [&] { EXPECT_TRUE(write_file(experiment_.cluster, std::string(kBase) + "seed: 2\n")); };
  EXPECT_TRUE(sweep()->complete);
  opened_ = nullptr;
  ASSERT_TRUE(sweep());
  EXPECT_THAT(asked_, ElementsAre(1));
  EXPECT_EQ(specs_[0].seed, 2u);
}

TEST_F(SweepTest, AMovedProjectKeepsItsPoints) {
  fs::create_directories(scratch_ / "here");
  experiment_.cluster = scratch_ / "here/base.yaml";
  ASSERT_TRUE(write_file(experiment_.cluster, kBase));
  files_ = {scratch_ / "here/weights.bin"};
  ASSERT_TRUE(write_file(files_[0], "one"));
  ASSERT_TRUE(sweep());
  fs::rename(scratch_ / "here", scratch_ / "there");
  experiment_.cluster = scratch_ / "there/base.yaml";
  files_ = {scratch_ / "there/weights.bin"};
  ASSERT_TRUE(sweep());
  EXPECT_TRUE(asked_.empty());
  ASSERT_TRUE(write_file(files_[0], "two"));
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
}

TEST_F(SweepTest, ASetSpelledOtherwiseIsTheSamePointAndADefaultThatIsSetToo) {
  experiment_.series[0].points.resize(1);
  experiment_.series[0].points[0].overrides = {"workload.think=1 ms", "partition.max_nodes=1"};
  ASSERT_TRUE(sweep());
  experiment_.series[0].points[0].overrides = {
      "workload={think: 1000 us}", "partition.max_nodes=0x1", "partition.objective=latency"};
  ASSERT_TRUE(sweep());
  EXPECT_TRUE(asked_.empty());
  experiment_.series[0].points[0].overrides = {"workload.think=2 ms", "partition.max_nodes=1"};
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(SweepTest, RenamedAndExchangedSeriesKeepNothingWrong) {
  ExperimentSeries other = sample::series("grow", Scaling::kStrong, {1, 2, 4});
  for (ExperimentPoint& point : other.points) point.overrides.push_back("seed=9");
  experiment_.series.push_back(other);
  ASSERT_TRUE(sweep());
  std::swap(experiment_.series[0].name, experiment_.series[1].name);
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 6u);
  experiment_.series[0].name = "new";
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
  experiment_.series[0].title = "only words";
  ASSERT_TRUE(sweep());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(SweepTest, PointsOfOneNameNeverShareAFolder) {
  experiment_.series = {sample::series("rows", Scaling::kStrong, {1}),
                        sample::series("rows", Scaling::kStrong, {1}),
                        sample::series("Rows", Scaling::kStrong, {1})};
  for (std::size_t i = 0; i < 3; ++i)
    experiment_.series[i].points[0].overrides = {"partition.max_nodes=" + std::to_string(i + 1)};
  const Result<Sweep> first = sweep();
  ASSERT_TRUE(first);
  ASSERT_TRUE(sweep());
  EXPECT_TRUE(asked_.empty());
  for (const char* folder : {"rows-1", "rows-1~2", "Rows-1~3"})
    EXPECT_TRUE(fs::exists(options_.folder + "/points/" + folder + "/results.json")) << folder;
}

TEST_F(SweepTest, ResultsThatWereChangedOrAreOfAnotherVersionRunAgain) {
  experiment_.series[0].points.resize(1);
  ASSERT_TRUE(sweep());
  const std::string path = options_.folder + "/points/rows-1/results.json";
  for (const char* damage : {"{}", "", "{\"soliton\": \"0.0.9\", \"complete\": true}"}) {
    ASSERT_TRUE(write_file(path, damage));
    ASSERT_TRUE(sweep());
    EXPECT_EQ(asked_.size(), 1u) << damage;
  }
  fs::remove(path);
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 1u);
  ASSERT_TRUE(sweep());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(SweepTest, APointThatFailsNowLeavesNoResultsOfWhatItWas) {
  ASSERT_TRUE(sweep());
  options_.build = "another build";
  runner_ = [](std::int64_t) -> Checked<RunResults> {
    return tl::unexpected<Diagnostics>(Diagnostics{{{ErrorCode::kDoesNotFit, "too large"}}});
  };
  EXPECT_EQ(sweep()->first_failure, ErrorCode::kDoesNotFit);
  EXPECT_FALSE(fs::exists(options_.folder + "/points/rows-1/results.json"));
}

TEST_F(SweepTest, InterruptedBetweenPointsKeepsTheFinishedOnesAndMarksTheTable) {
  options_.stop = [this] { return asked_.size() == 2; };
  const Result<Sweep> first = sweep();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->interrupted);
  EXPECT_FALSE(first->complete);
  EXPECT_THAT(asked_, ElementsAre(1, 2));
  EXPECT_THAT(text_of("table.txt"), HasSubstr("PARTIAL"));
  EXPECT_THAT(text_of("table.txt"), HasSubstr("not run"));
  EXPECT_THAT(text_of("report.html"), HasSubstr("not complete"));
  options_.stop = nullptr;
  const Result<Sweep> second = sweep();
  ASSERT_TRUE(second);
  EXPECT_THAT(asked_, ElementsAre(4));
  EXPECT_TRUE(second->complete);
  EXPECT_THAT(text_of("table.txt"), Not(HasSubstr("PARTIAL")));
}

TEST_F(SweepTest, InterruptedInsideThePointRunsItAgain) {
  bool stopped = false;
  options_.stop = [&] { return stopped; };
  runner_ = [&](std::int64_t point) -> Checked<RunResults> {
    RunResults r = sample::run(100);
    r.complete = point != 4;
    stopped = !r.complete;
    return r;
  };
  const Result<Sweep> first = sweep();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->interrupted);
  EXPECT_FALSE(first->first_failure);
  EXPECT_STREQ(state_name(first->series[0].points[2]), "interrupted");
  runner_ = nullptr;
  stopped = false;
  ASSERT_TRUE(sweep());
  EXPECT_THAT(asked_, ElementsAre(4));
}

TEST_F(SweepTest, KeptPointsStillCountAfterAnInterrupt) {
  ASSERT_TRUE(sweep());
  options_.stop = [] { return true; };
  const Result<Sweep> again = sweep();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->complete);
  EXPECT_EQ(again->kept, 3u);
}

TEST_F(SweepTest, AFailedPointIsNamedAndTheOthersStillRun) {
  runner_ = [](std::int64_t point) -> Checked<RunResults> {
    if (point != 2) return sample::run(100);
    Diagnostics why;
    why.add(ErrorCode::kDoesNotFit, "model needs 4 bytes more");
    return tl::unexpected<Diagnostics>(why);
  };
  const Result<Sweep> result = sweep();
  ASSERT_TRUE(result);
  EXPECT_EQ(asked_.size(), 3u);
  EXPECT_EQ(result->first_failure, ErrorCode::kDoesNotFit);
  EXPECT_FALSE(result->complete);
  EXPECT_THAT(text_of("table.txt"), HasSubstr("model needs 4 bytes more"));
  EXPECT_THAT(text_of("sweep.csv"), HasSubstr("rows,nodes,2,,,"));
}

TEST_F(SweepTest, WrongOutputsAreAFailedCheckAlsoWhenKept) {
  runner_ = [](std::int64_t) -> Checked<RunResults> {
    RunResults r = sample::run(100);
    r.outputs.mismatched = 1;
    return r;
  };
  EXPECT_EQ(sweep()->first_failure, ErrorCode::kCheckFailed);
  const Result<Sweep> again = sweep();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kept, 3u);
  EXPECT_EQ(again->first_failure, ErrorCode::kCheckFailed);
  EXPECT_FALSE(again->complete);
}

TEST_F(SweepTest, AnErrorAfterAStopIsAnInterruptionNotAFailure) {
  bool stopped = false;
  options_.stop = [&] { return stopped; };
  runner_ = [&](std::int64_t) -> Checked<RunResults> {
    stopped = true;
    Diagnostics why;
    why.add(ErrorCode::kBroken, "interrupted by INT");
    return tl::unexpected<Diagnostics>(why);
  };
  experiment_.series[0].points.resize(1);
  const Result<Sweep> result = sweep();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->interrupted);
  EXPECT_FALSE(result->first_failure);
  EXPECT_FALSE(result->complete);
}

TEST_F(SweepTest, OverridesOfTheCommandLineComeLastAndCountAsInputs) {
  options_.overrides = {"seed=7"};
  runner_ = [](std::int64_t) -> Checked<RunResults> { return sample::run(100); };
  ASSERT_TRUE(sweep());
  ASSERT_EQ(specs_.size(), 3u);
  for (const ClusterSpec& spec : specs_) EXPECT_EQ(spec.seed, 7u);
  options_.overrides = {"seed=8"};
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
}

TEST_F(SweepTest, RefusesAFolderWithOtherThingsInIt) {
  fs::create_directories(options_.folder);
  ASSERT_TRUE(write_file(options_.folder + "/thesis.tex", "x"));
  const Result<Sweep> result = sweep();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(SweepTest, RefusesAFolderThatCannotBeMade) {
  options_.folder = scratch_ / "base.yaml/out";
  EXPECT_EQ(sweep().error().code, ErrorCode::kNotWritten);
}

TEST_F(SweepTest, WhatTheClusterFileDoesNotHaveFailsThePointThatSetsIt) {
  experiment_.series[0].points[1].overrides = {"partition.max_node=2"};
  const Result<Sweep> result = sweep();
  ASSERT_TRUE(result);
  EXPECT_THAT(asked_, ElementsAre(1, 4));
  EXPECT_EQ(result->first_failure, ErrorCode::kInvalid);
  EXPECT_THAT(text_of("table.txt"), HasSubstr("did you mean \"max_nodes\"?"));
}

TEST_F(SweepTest, ResultsThatCannotBeWrittenEndItWithTheTablesOfWhatThereIs) {
  runner_ = [this](std::int64_t nodes) -> Checked<RunResults> {
    // The second point's results meet a folder in their place.
    if (nodes == 2) fs::create_directories(options_.folder + "/points/rows-2/results.json/in");
    return sample::run(100);
  };
  const Result<Sweep> result = sweep();
  ASSERT_TRUE(result);
  ASSERT_TRUE(result->not_written);
  EXPECT_EQ(result->not_written->code, ErrorCode::kNotWritten);
  EXPECT_THAT(asked_, ElementsAre(1, 2));
  EXPECT_THAT(text_of("table.txt"), HasSubstr("PARTIAL"));
  EXPECT_THAT(text_of("sweep.csv"), HasSubstr("rows,nodes,1,2,4,100"));
  EXPECT_THAT(text_of("sweep.csv"), HasSubstr("rows,nodes,2,2,4,100"));
  EXPECT_THAT(text_of("sweep.csv"), HasSubstr("cannot write"));
  EXPECT_THAT(text_of("sweep.csv"), HasSubstr("not run"));
}

TEST_F(SweepTest, APointThatCouldNotWriteEndsTheSweepToo) {
  runner_ = [](std::int64_t) -> Checked<RunResults> {
    return tl::unexpected<Diagnostics>(Diagnostics{{{ErrorCode::kNotWritten, "disk full"}}});
  };
  EXPECT_EQ(sweep()->not_written->message, "disk full");
  EXPECT_THAT(asked_, ElementsAre(1));
}

TEST_F(SweepTest, TablesThatCannotBeWrittenAreSaidAndTheOthersAreThere) {
  fs::create_directories(options_.folder + "/sweep.csv/in");
  fs::create_directories(options_.folder + "/points");
  EXPECT_TRUE(sweep()->not_written);
  EXPECT_TRUE(fs::exists(options_.folder + "/report.html"));
}

}  // namespace
}  // namespace soliton
