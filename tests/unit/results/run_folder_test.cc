#include "cluster/results/run_folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>

#include "cluster/results/file_io.h"
#include "cluster/results/results.h"
#include "tests/unit/results/lock_holder.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

unsigned mode_of(const std::string& path) {
  return static_cast<unsigned>(fs::status(path).permissions());
}

TEST(RunFolder, IsNamedAfterTheRunAndItsSecondAndHasALogFolder) {
  const ScratchFolder scratch;
  const RunFolderOptions options{"gru/2816 on 4", "20261122-071204", "", scratch / "runs"};
  const RunFolder first = RunFolder::open(options).value();
  const RunFolder second = RunFolder::open(options).value();
  EXPECT_EQ(first.path(), scratch / "runs/gru-2816-on-4-20261122-071204");
  EXPECT_EQ(second.path(), first.path() + "-2");
  EXPECT_TRUE(fs::is_directory(first.path() + "/log"));
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
    ASSERT_TRUE(write_file(old.path() + "/log/fpga0.log", "old"));
  }
  const Result<RunFolder> again = RunFolder::open({"x", "", scratch / "out", ""});
  ASSERT_TRUE(again);
  EXPECT_FALSE(fs::exists(scratch / "out/results.json"));
  EXPECT_FALSE(fs::exists(scratch / "out/trace.json"));
  EXPECT_TRUE(fs::is_empty(again->path() + "/log"));
  EXPECT_TRUE(fs::exists(scratch / "out/notes.txt"));
}

TEST(RunFolder, OfAKilledControllerIsUsedAgainButNotOfALivingOne) {
  const ScratchFolder scratch;
  LockHolder holder(scratch.path());
  ASSERT_TRUE(write_file(scratch / "results.json", results_json(RunResults{})));
  const Result<RunFolder> refused =
      RunFolder::open({"x", "", scratch.path(), "", std::chrono::milliseconds{0}});
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

TEST(RunFolder, LogsArePrivateAndAppendedTo) {
  const ScratchFolder scratch;
  const RunFolder folder = RunFolder::open({"x", "", scratch / "out", ""}).value();
  for (const char* text : {"one\n", "two\n"}) {
    const Result<FileHandle> log = folder.open_log("fpga0");
    ASSERT_TRUE(log);
    EXPECT_NE(fcntl(log->get(), F_GETFD) & FD_CLOEXEC, 0);
    ASSERT_TRUE(write_all(log->get(), text, "log"));
  }
  ASSERT_TRUE(folder.write("log/soliton.log", "end\n"));
  EXPECT_EQ(read_whole_file(scratch / "out/log/fpga0.log").value(), "one\ntwo\n");
  EXPECT_EQ(read_whole_file(scratch / "out/log/soliton.log").value(), "end\n");
  EXPECT_EQ(mode_of(scratch / "out/log"), 0700u);
  EXPECT_EQ(mode_of(scratch / "out/log/fpga0.log"), 0600u);
  EXPECT_EQ(mode_of(scratch / "out/log/soliton.log"), 0600u);
}

TEST(RunFolder, ShowsTheLastLinesOfALog) {
  const ScratchFolder scratch;
  const RunFolder folder = RunFolder::open({"x", "", scratch / "out", ""}).value();
  EXPECT_EQ(folder.last_log_lines("fpga0", 3), "");
  const Result<FileHandle> log = folder.open_log("fpga0");
  ASSERT_TRUE(log);
  EXPECT_EQ(folder.last_log_lines("fpga0", 3), "");
  ASSERT_TRUE(write_all(log->get(), "first\n\nthird\nlast", "log"));
  EXPECT_EQ(folder.last_log_lines("fpga0", 1), "\n    last");
  EXPECT_EQ(folder.last_log_lines("fpga0", 3), "\n    \n    third\n    last");
  EXPECT_EQ(folder.last_log_lines("fpga0", 9), "\n    first\n    \n    third\n    last");
  ASSERT_TRUE(write_all(log->get(), std::string(1 << 20, 'x') + "\nend\n", "log"));
  EXPECT_EQ(folder.last_log_lines("fpga0", 1), "\n    end");
}

TEST(RunFolder, ARenamedFolderGetsEverythingAndItsStandInNothing) {
  const ScratchFolder scratch;
  for (const bool link : {false, true}) {
    RunFolder folder = RunFolder::open({"x", "", scratch / "out", ""}).value();
    EXPECT_EQ(folder.current_path(), scratch / "out");
    fs::rename(scratch / "out", scratch / "moved");
    fs::create_directory(scratch / "other");
    if (link)
      fs::create_directory_symlink(scratch / "other", scratch / "out");
    else
      fs::rename(scratch / "other", scratch / "out");
    ASSERT_TRUE(folder.write("results.json", "{}"));
    ASSERT_TRUE(folder.write("log/soliton.log", "end\n"));
    ASSERT_TRUE(folder.open_log("fpga0"));
    ASSERT_TRUE(folder.grow("requests.csv").value().append("request\n"));
    ASSERT_TRUE(folder.renew());
    EXPECT_TRUE(fs::is_empty(scratch / "out/"));
    EXPECT_EQ(read_whole_file(scratch / "moved/requests.csv").value(), "request\n");
    EXPECT_EQ(read_whole_file(scratch / "moved/log/soliton.log").value(), "end\n");
    EXPECT_EQ(fs::canonical(folder.current_path()), fs::canonical(scratch / "moved"));
    for (const char* name : {"out", "other", "moved"}) fs::remove_all(scratch / name);
  }
}

TEST(RunFolder, ARemovedFolderIsNotWritten) {
  const ScratchFolder scratch;
  const RunFolder folder = RunFolder::open({"x", "", scratch / "out", ""}).value();
  GrowingFile rows = folder.grow("requests.csv").value();
  fs::remove_all(scratch / "out");
  fs::create_directory(scratch / "out");
  const auto said = [](const auto& result) {
    return result ? "" : std::to_string(exit_status(result.error().code)) + result.error().message;
  };
  for (const std::string& text :
       {said(folder.write("results.json", "{}")), said(folder.write("log/soliton.log", "")),
        said(folder.write("results.json", "{}", {.durable = false})),
        said(folder.grow("progress.jsonl")), said(folder.open_log("fpga0"))})
    EXPECT_EQ(text, "6cannot write " + (scratch / "out: the folder was removed during the run"));
  EXPECT_TRUE(fs::is_empty(scratch / "out"));
}

// As a user other than root, whom no permission stops.
TEST(RunFolder, AFolderMadeReadOnlyKeepsWhatItHas) {
  const ScratchFolder scratch;
  fs::permissions(scratch.path(), fs::perms::all);
  const pid_t child = fork();
  if (child == 0) {
    if (getuid() == 0 && setresuid(65534, 65534, 65534) != 0) _exit(2);
    const RunFolder folder = RunFolder::open({"x", "", scratch / "out", ""}).value();
    bool good = folder.write("results.json", "old").has_value();
    fs::permissions(scratch / "out", fs::perms::owner_read | fs::perms::owner_exec);
    const Status refused = folder.write("results.json", "new");
    good = good && !refused && refused.error().code == ErrorCode::kNotWritten &&
           refused.error().message.find("Permission denied") != std::string::npos;
    fs::permissions(scratch / "out", fs::perms::owner_all);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_whole_file(scratch / "out/results.json").value(), "old");
}

TEST(RunFolder, NothingIsNamedOnceTheLockIsLost) {
  const ScratchFolder scratch;
  const RunFolder folder = RunFolder::open({"x", "", scratch / "out", ""}).value();
  ASSERT_TRUE(folder.write("results.json", "mine"));
  LockOwner other = this_process(0).value();
  other.who = "anna";
  ASSERT_TRUE(write_file(scratch / "out/lock", lock_text(other)));
  const Status refused = folder.write("results.json", "late");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotWritten);
  EXPECT_THAT(refused.error().message, HasSubstr("taken over by"));
  EXPECT_THAT(refused.error().message, HasSubstr("anna"));
  EXPECT_EQ(read_whole_file(scratch / "out/results.json").value(), "mine");
  EXPECT_FALSE(folder.grow("requests.csv"));
}

TEST(RunFolder, QuickWritesReplaceLikeDurableOnes) {
  const ScratchFolder scratch;
  const RunFolder folder = RunFolder::open({"x", "", scratch / "out", ""}).value();
  for (const char* text : {"first", "second"})
    ASSERT_TRUE(folder.write("results.json", text, {.durable = false}));
  EXPECT_EQ(read_whole_file(scratch / "out/results.json").value(), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch / "out"), {}), 3);  // with log and lock
}

TEST(RunFolder, RemovesEveryFileARunWritesAndNothingElse) {
  const ScratchFolder scratch;
  fs::create_directories(scratch / "out/log/deeper");
  fs::create_directories(scratch / "precious");
  ASSERT_TRUE(write_file(scratch / "precious/file", "mine"));
  for (const char* name : {"results.json", "progress.jsonl", "outputs.npy", "requests.csv.part-3-7",
                           "log/deeper/fpga0.log"})
    ASSERT_TRUE(write_file(scratch / (std::string("out/") + name), "old"));
  fs::create_directory_symlink(scratch / "precious", scratch / "out/log/link");
  const Result<RunFolder> again = RunFolder::open({"x", "", scratch / "out", ""});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch / "out"), {}), 2);  // log and lock
  EXPECT_TRUE(fs::is_empty(scratch / "out/log"));
  EXPECT_EQ(read_whole_file(scratch / "precious/file").value(), "mine");
}

TEST(RunStamp, IsSortable) {
  EXPECT_THAT(run_stamp(0), testing::MatchesRegex("19(69|70)(12|01)[0-9][0-9]-[0-9]+"));
  EXPECT_LT(run_stamp(1'700'000'000), run_stamp(1'800'000'000));
}

}  // namespace
}  // namespace soliton
