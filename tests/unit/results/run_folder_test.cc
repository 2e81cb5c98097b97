#include "cluster/results/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/results/file_io.h"
#include "cluster/results/results.h"
#include "tests/unit/results/lock_holder.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(RunFolder, IsNamedAfterTheRunAndItsSecondAndHasALogFolder) {
  const ScratchFolder scratch;
  const RunFolderOptions options{"gru/2816 on 4", "20261122-071204", "", scratch / "runs"};
  const RunFolder first = RunFolder::open(options).value();
  const RunFolder second = RunFolder::open(options).value();
  EXPECT_EQ(first.path(), scratch / "runs/gru-2816-on-4-20261122-071204");
  EXPECT_EQ(second.path(), first.path() + "-2");
  EXPECT_TRUE(fs::is_directory(first.log_folder()));
  ASSERT_TRUE(first.write("summary.txt", "good\n"));
  EXPECT_EQ(read_whole_file(first.path() + "/summary.txt").value(), "good\n");
}

TEST(RunFolder, NamesCannotLeaveTheBase) {
  const ScratchFolder scratch;
  for (const char* name : {"../../x", "..", "", ".hidden", "a\nb"}) {
    const RunFolder folder = RunFolder::open({name, "1", "", scratch / "runs"}).value();
    EXPECT_EQ(fs::path(folder.path()).parent_path(), scratch / "runs");
    EXPECT_NE(fs::path(folder.path()).filename().string()[0], '.');
  }
}

TEST(RunFolder, RefusesAFolderWithOtherThings) {
  const ScratchFolder scratch;
  ASSERT_TRUE(write_file(scratch / "thesis.tex", "text"));
  const Result<RunFolder> folder = RunFolder::open({"x", "", scratch.path(), ""});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(fs::exists(scratch / "thesis.tex"));
  EXPECT_FALSE(fs::exists(scratch / "lock"));
}

TEST(RunFolder, OverwritesAnOldRunAndKeepsTheUsersNotes) {
  const ScratchFolder scratch;
  {
    const RunFolder old = RunFolder::open({"x", "", scratch / "out", ""}).value();
    ASSERT_TRUE(old.write("results.json", results_json(RunResults{})));
    ASSERT_TRUE(old.write("trace.json", "{}"));
    ASSERT_TRUE(old.write("notes.txt", "mine"));
    ASSERT_TRUE(write_file(old.log_folder() + "/fpga0.log", "old"));
  }
  const Result<RunFolder> again = RunFolder::open({"x", "", scratch / "out", ""});
  ASSERT_TRUE(again);
  EXPECT_FALSE(fs::exists(scratch / "out/results.json"));
  EXPECT_FALSE(fs::exists(scratch / "out/trace.json"));
  EXPECT_TRUE(fs::is_empty(again->log_folder()));
  EXPECT_TRUE(fs::exists(scratch / "out/notes.txt"));
}

TEST(RunFolder, OfAKilledControllerIsUsedAgainButNotOfALivingOne) {
  const ScratchFolder scratch;
  LockHolder holder(scratch.path());
  ASSERT_TRUE(write_file(scratch / "results.json", results_json(RunResults{})));
  const Result<RunFolder> refused = RunFolder::open({"x", "", scratch.path(), ""});
  EXPECT_TRUE(fs::exists(scratch / "results.json"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotWritten);
  holder.kill(SIGKILL);
  holder.reap();
  EXPECT_TRUE(RunFolder::open({"x", "", scratch.path(), ""}));
}

TEST(RunFolder, AFileWhereTheFolderShouldBeIsNotWritten) {
  const ScratchFolder scratch;
  ASSERT_TRUE(write_file(scratch / "runs", "a file"));
  const Result<RunFolder> given = RunFolder::open({"x", "1", scratch / "runs", ""});
  const Result<RunFolder> made = RunFolder::open({"x", "1", "", scratch / "runs"});
  ASSERT_FALSE(given);
  ASSERT_FALSE(made);
  EXPECT_EQ(given.error().code, ErrorCode::kNotWritten);
  EXPECT_EQ(made.error().code, ErrorCode::kNotWritten);
}

TEST(RunStamp, IsSortable) {
  EXPECT_THAT(run_stamp(0), testing::MatchesRegex("19(69|70)(12|01)[0-9][0-9]-[0-9]+"));
  EXPECT_LT(run_stamp(1'700'000'000), run_stamp(1'800'000'000));
}

}  // namespace
}  // namespace soliton
