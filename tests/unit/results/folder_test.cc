#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/results/file_io.h"
#include "cluster/results/results.h"
#include "cluster/results/run_folder.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A child that takes the folder, tells so and waits to be killed.
pid_t child_with_lock(const std::string& folder) {
  int ready[2];
  EXPECT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Result<FolderLock> lock = FolderLock::take(folder);
    const char good = lock ? 'y' : 'n';
    if (write(ready[1], &good, 1) != 1) _exit(1);
    while (true) pause();
  }
  char good = 0;
  EXPECT_EQ(read(ready[0], &good, 1), 1);
  EXPECT_EQ(good, 'y');
  close(ready[0]);
  close(ready[1]);
  return child;
}

void kill_and_reap(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST(FolderLock, KeepsASecondOwnerOutAndNamesTheFirst) {
  const ScratchFolder folder;
  const pid_t child = child_with_lock(folder.path());
  const Result<FolderLock> second = FolderLock::take(folder.path());
  kill_and_reap(child);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kNotWritten);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(child)));
}

TEST(FolderLock, OfAKilledProcessIsTakenOver) {
  const ScratchFolder folder;
  kill_and_reap(child_with_lock(folder.path()));
  ASSERT_TRUE(fs::exists(folder / "lock"));
  EXPECT_TRUE(FolderLock::take(folder.path()));
}

TEST(FolderLock, OfAZombieIsTakenOver) {
  const ScratchFolder folder;
  const pid_t child = child_with_lock(folder.path());
  kill(child, SIGKILL);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(FolderLock::take(folder.path()));
  waitpid(child, nullptr, 0);
}

TEST(FolderLock, OfAReusedProcessNumberOrAnEarlierBootIsStale) {
  const LockOwner self = owner_of_process(getpid()).value();
  EXPECT_TRUE(is_alive(self));
  LockOwner reused = self;
  reused.start_ticks = "1";
  EXPECT_FALSE(is_alive(reused));
  LockOwner earlier = self;
  earlier.boot_id = "11111111-2222-3333-4444-555555555555";
  EXPECT_FALSE(is_alive(earlier));
  earlier.machine = "another-machine";
  EXPECT_TRUE(is_alive(earlier));
}

TEST(FolderLock, GoesWithItsOwnerButNotWithAForkedChild) {
  const ScratchFolder folder;
  {
    std::optional<FolderLock> lock(FolderLock::take(folder.path()).value());
    const pid_t child = fork();
    if (child == 0) {
      lock.reset();
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    EXPECT_TRUE(fs::exists(folder / "lock"));
  }
  EXPECT_FALSE(fs::exists(folder / "lock"));
}

TEST(FolderLock, LeavesSomebodyElsesFileAlone) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file(folder / "lock", "mine\n"));
  EXPECT_FALSE(FolderLock::take(folder.path()));
  EXPECT_EQ(read_whole_file(folder / "lock").value(), "mine\n");
}

TEST(ParseLock, ReadsBackWhatWasWrittenAndRefusesTheRest) {
  const LockOwner owner{42, "777", "boot-id", "machine with blanks"};
  const Result<LockOwner> back = parse_lock(lock_text(owner));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->pid, 42);
  EXPECT_EQ(back->start_ticks, "777");
  EXPECT_EQ(back->boot_id, "boot-id");
  EXPECT_EQ(back->machine, "machine with blanks");
  for (const char* text : {"", "soliton-lock 1\n", "soliton-lock 1\npid x\nstart 1\nboot b\n",
                           "soliton-lock 1\npid -1\nstart 1\nboot b\n", "pid 1\nstart 1\nboot b\n"})
    EXPECT_FALSE(parse_lock(text)) << text;
}

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
  const pid_t child = child_with_lock(scratch.path());
  ASSERT_TRUE(write_file(scratch / "results.json", results_json(RunResults{})));
  const Result<RunFolder> refused = RunFolder::open({"x", "", scratch.path(), ""});
  EXPECT_TRUE(fs::exists(scratch / "results.json"));
  kill_and_reap(child);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotWritten);
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
