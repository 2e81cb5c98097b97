#include "cluster/experiment/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cluster/results/file_io.h"
#include "tests/unit/experiment/samples.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Runs points by a table of latencies, and remembers what it was asked to run.
class SweepTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write_file(scratch_ / "base.yaml", "name: base\n"));
    experiment_.name = "scale";
    experiment_.cluster = scratch_ / "base.yaml";
    experiment_.series = {sample::series("rows", Scaling::kStrong, {1, 2, 4})};
    options_.folder = scratch_ / "out";
    options_.progress = [this](const std::string& line) { lines_.push_back(line); };
  }

  Result<Sweep> sweep() {
    asked_.clear();
    return run_sweep(
        experiment_,
        [this](const std::string& file, const Overrides& overrides) -> Checked<RunResults> {
          EXPECT_EQ(file, experiment_.cluster);
          asked_.push_back(overrides.back());
          if (runner_) return runner_(overrides.back());
          return sample::run(400 /
                             std::stol(overrides.back().substr(overrides.back().find('=') + 1)));
        },
        options_);
  }

  std::string text_of(const std::string& name) {
    return read_whole_file(options_.folder + "/" + name).value_or("");
  }

  ScratchFolder scratch_;
  Experiment experiment_;
  SweepOptions options_;
  std::function<Checked<RunResults>(const std::string&)> runner_;
  std::vector<std::string> asked_, lines_;
};

constexpr const char* kOne = "partition.max_nodes=1";
constexpr const char* kTwo = "partition.max_nodes=2";
constexpr const char* kFour = "partition.max_nodes=4";

TEST_F(SweepTest, RunsEveryPointOnceAndWritesEverything) {
  const Result<Sweep> result = sweep();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->complete);
  EXPECT_EQ(result->ran, 3u);
  EXPECT_THAT(asked_, ElementsAre(kOne, kTwo, kFour));
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

TEST_F(SweepTest, ANewOrChangedPointAloneIsRun) {
  ASSERT_TRUE(sweep());
  experiment_.series[0].points[1].overrides = {"seed=9", kTwo};
  experiment_.series[0].points.push_back({8, {"partition.max_nodes=8"}});
  ASSERT_TRUE(sweep());
  EXPECT_THAT(asked_, ElementsAre(kTwo, "partition.max_nodes=8"));
}

TEST_F(SweepTest, AChangedBaseFileOrOtherInputsRunEverythingAgain) {
  ASSERT_TRUE(sweep());
  ASSERT_TRUE(write_file(experiment_.cluster, "name: base\nseed: 2\n"));
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
  options_.inputs = "another device file";
  ASSERT_TRUE(sweep());
  EXPECT_EQ(asked_.size(), 3u);
}

TEST_F(SweepTest, InterruptedBetweenPointsKeepsTheFinishedOnesAndMarksTheTable) {
  options_.stop = [this] { return asked_.size() == 2; };
  const Result<Sweep> first = sweep();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->interrupted);
  EXPECT_FALSE(first->complete);
  EXPECT_THAT(asked_, ElementsAre(kOne, kTwo));
  EXPECT_THAT(text_of("table.txt"), HasSubstr("PARTIAL"));
  EXPECT_THAT(text_of("table.txt"), HasSubstr("not run"));
  EXPECT_THAT(text_of("report.html"), HasSubstr("not complete"));
  options_.stop = nullptr;
  const Result<Sweep> second = sweep();
  ASSERT_TRUE(second);
  EXPECT_THAT(asked_, ElementsAre(kFour));
  EXPECT_TRUE(second->complete);
  EXPECT_THAT(text_of("table.txt"), Not(HasSubstr("PARTIAL")));
}

TEST_F(SweepTest, InterruptedInsideThePointRunsItAgain) {
  bool stopped = false;
  options_.stop = [&] { return stopped; };
  runner_ = [&](const std::string& point) -> Checked<RunResults> {
    RunResults r = sample::run(100);
    r.complete = point != kFour;
    stopped = !r.complete;
    return r;
  };
  const Result<Sweep> first = sweep();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->interrupted);
  EXPECT_FALSE(first->first_failure);
  runner_ = nullptr;
  stopped = false;
  ASSERT_TRUE(sweep());
  EXPECT_THAT(asked_, ElementsAre(kFour));
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
  runner_ = [](const std::string& point) -> Checked<RunResults> {
    if (point != kTwo) return sample::run(100);
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
  runner_ = [](const std::string&) -> Checked<RunResults> {
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
  runner_ = [&](const std::string&) -> Checked<RunResults> {
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
  runner_ = [](const std::string&) -> Checked<RunResults> { return sample::run(100); };
  ASSERT_TRUE(sweep());
  EXPECT_THAT(asked_, ElementsAre("seed=7", "seed=7", "seed=7"));
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

TEST_F(SweepTest, RefusesAMissingBaseFileAndAFolderThatCannotBeMade) {
  options_.folder = scratch_ / "base.yaml/out";
  EXPECT_EQ(sweep().error().code, ErrorCode::kNotWritten);
  options_.folder = scratch_ / "out";
  experiment_.cluster = scratch_ / "gone.yaml";
  EXPECT_EQ(sweep().error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace soliton
