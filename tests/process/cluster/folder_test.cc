// The run folder in the hands of others: a second run, another host, a full disk, a folder that is
// moved or removed while a run writes to it.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "cluster/results/folder_lock.h"
#include "cluster/results/growing_file.h"
#include "cluster/results/write_file.h"
#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr const char* kWhySkipped = "needs root: namespaces and mounts";

std::vector<std::string> run_into(const std::string& out, int requests = 50) {
  return {"run",
          "configs/quickstart.yaml",
          "--quiet",
          "--out",
          out,
          "--set",
          fmt::format("workload.requests={}", requests)};
}

constexpr int kLong = 2'000'000;

// Does `what` in namespaces of its own, which end with it. False: they cannot be had.
bool apart(int namespaces, const std::function<void()>& what) {
  bool entered = false;
  std::thread([&] {
    entered = unshare(namespaces) == 0;
    if (entered && (namespaces & CLONE_NEWNS))
      entered = mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (entered) what();
  }).join();
  return entered;
}

bool mount_memory(const std::string& path, const std::string& options, unsigned long flags = 0) {
  fs::create_directories(path);
  return mount("none", path.c_str(), "tmpfs", flags, options.c_str()) == 0;
}

TEST(Folder, ASecondRunIsRefusedByTheFirstsNameAndTheFirstGoesOn) {
  const TemporaryFolder folder;
  Running first(run_into(folder.file("run"), kLong));
  ASSERT_EQ(first.wait_for_nodes(5).size(), 5u);
  const std::string owner = fmt::format("is in use by process {} of ", first.pid());
  const Ended second = run_soliton(run_into(folder.file("run")));
  EXPECT_EQ(second.status, 6);
  EXPECT_THAT(second.err, HasSubstr(owner));
  // In another pid namespace the first one's number means nothing.
  Ended elsewhere{6, "", owner};
  const bool entered =
      apart(CLONE_NEWPID, [&] { elsewhere = run_soliton(run_into(folder.file("run"))); });
  EXPECT_EQ(elsewhere.status, 6);
  EXPECT_THAT(elsewhere.err, HasSubstr(owner));
  ::kill(first.pid(), SIGINT);
  EXPECT_EQ(first.wait().status, 130);
  EXPECT_FALSE(read_json(folder.file("run/results.json"))["complete"]);
  EXPECT_FALSE(fs::exists(folder.file("run/lock")));
  if (!entered) GTEST_SKIP() << kWhySkipped;
}

TEST(Folder, AKilledRunInAnotherPidNamespaceLeavesItFree) {
  const TemporaryFolder folder;
  const bool entered = apart(CLONE_NEWPID, [&] {
    Running first(run_into(folder.file("run"), kLong));
    while (!fs::exists(folder.file("run/lock"))) std::this_thread::yield();
    ::kill(first.pid(), SIGKILL);
    EXPECT_EQ(first.wait().status, 128 + SIGKILL);
  });
  if (!entered) GTEST_SKIP() << kWhySkipped;
  EXPECT_TRUE(fs::exists(folder.file("run/lock")));
  EXPECT_EQ(run_soliton(run_into(folder.file("run"))).status, 0);
}

TEST(Folder, OfAnotherHostIsRefusedForAMinuteAndThenTaken) {
  const TemporaryFolder folder;
  LockOwner other = this_process(0).value();
  other.boot_id = "11111111-2222-3333-4444-555555555555";
  other.machine = "host7";
  other.who = "anna";
  fs::create_directory(folder.file("run"));
  folder.write("run/lock", lock_text(other));
  const Ended refused = run_soliton(run_into(folder.file("run")));
  EXPECT_EQ(refused.status, 6);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("of anna on host7"), HasSubstr("free 60 s after")));
  const std::time_t then = std::time(nullptr) - 61;
  const std::array<timespec, 2> times{{{then, 0}, {then, 0}}};
  ASSERT_EQ(utimensat(AT_FDCWD, folder.file("run/lock").c_str(), times.data(), 0), 0);
  EXPECT_EQ(run_soliton(run_into(folder.file("run"))).status, 0);
}

// The lease of a run that was stopped for more than a minute may be another host's by then.
TEST(Folder, ARunThatLostItEndsAndNamesWhoHasIt) {
  const TemporaryFolder folder;
  Running run(run_into(folder.file("run"), kLong));
  const auto nodes = run.wait_for_nodes(5);
  LockOwner other = this_process(0).value();
  other.who = "anna";
  ASSERT_TRUE(write_file(folder.file("run/lock"), lock_text(other)));
  const Ended ended = run.wait();
  EXPECT_EQ(ended.status, 6);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("was taken over by process"), HasSubstr("of anna on")));
  EXPECT_TRUE(all_gone(nodes, 1000));
  EXPECT_THAT(read_text(folder.file("run/lock")), HasSubstr(other.token));
}

TEST(Folder, ThatIsRemovedEndsTheRun) {
  const TemporaryFolder folder;
  Running run(run_into(folder.file("run"), kLong));
  const auto nodes = run.wait_for_nodes(5);
  ASSERT_EQ(nodes.size(), 5u);
  std::error_code error;  // a file may come while others are removed
  while (fs::exists(folder.file("run"))) fs::remove_all(folder.file("run"), error);
  fs::create_directory(folder.file("run"));
  const Ended ended = run.wait();
  EXPECT_EQ(ended.status, 6);
  EXPECT_THAT(ended.err, HasSubstr("the folder was removed during the run"));
  EXPECT_TRUE(all_gone(nodes, 1000));
  EXPECT_TRUE(fs::is_empty(folder.file("run")));
}

TEST(Folder, ThatIsSwappedGetsNothingInTheWrongPlace) {
  const TemporaryFolder folder;
  Running run(run_into(folder.file("run"), kLong));
  ASSERT_EQ(run.wait_for_nodes(5).size(), 5u);
  fs::rename(folder.file("run"), folder.file("moved"));
  fs::create_directory(folder.file("precious"));
  fs::create_directory_symlink(folder.file("precious"), folder.file("run"));
  ::kill(run.pid(), SIGINT);
  EXPECT_EQ(run.wait().status, 130);
  EXPECT_TRUE(fs::is_empty(folder.file("precious")));
  EXPECT_FALSE(read_json(folder.file("moved/results.json"))["complete"]);
  EXPECT_THAT(read_text(folder.file("moved/log/soliton.log")), HasSubstr("interrupted"));
  EXPECT_THAT(read_text(folder.file("moved/summary.txt")), HasSubstr(folder.file("moved")));
  EXPECT_FALSE(fs::exists(folder.file("moved/lock")));
}

// Logs go to the same disk: they lose lines, and no process ends for it.
TEST(Folder, AFullDiskIsNotWrittenWhateverTheLayout) {
  const TemporaryFolder folder;
  const bool entered = apart(CLONE_NEWNS, [&] {
    for (const char* kib : {"12", "16", "20"})
      for (const std::vector<std::string>& how : {std::vector<std::string>{"--processes", "packed"},
                                                  {"--time", "virtual"},
                                                  {"--time", "wall"}}) {
        const std::string disk = folder.file("disk");
        ASSERT_TRUE(mount_memory(disk, fmt::format("size={}k", kib)));
        std::vector<std::string> arguments = run_into(disk + "/run", 2000);
        arguments.insert(arguments.end(), how.begin(), how.end());
        const Ended ended = run_soliton(arguments);
        EXPECT_EQ(ended.status, 6) << kib << " " << how[1] << " " << ended.err;
        EXPECT_THAT(ended.err,
                    AllOf(HasSubstr("No space left on device"), Not(HasSubstr("ended by"))));
        const std::string rows = read_text(disk + "/run/requests.csv");
        EXPECT_TRUE(rows.empty() || rows.ends_with('\n'));
        ASSERT_EQ(umount(disk.c_str()), 0);
      }
  });
  if (!entered) GTEST_SKIP() << kWhySkipped;
}

TEST(Folder, OnAReadOnlyDiskIsNotWritten) {
  const TemporaryFolder folder;
  const bool entered = apart(CLONE_NEWNS, [&] {
    ASSERT_TRUE(mount_memory(folder.file("disk"), "", MS_RDONLY));
    for (const char* out : {"disk", "disk/run"}) {
      const Ended ended = run_soliton(run_into(folder.file(out)));
      EXPECT_EQ(ended.status, 6);
      EXPECT_THAT(ended.err, HasSubstr("Read-only file system"));
    }
  });
  if (!entered) GTEST_SKIP() << kWhySkipped;
}

// The kernel ends a write of a killed process between two pages.
TEST(Folder, AGrowingFileHoldsWholeLinesWheneverItsWriterIsKilled) {
  const TemporaryFolder folder;
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += fmt::format("{},{},{:x}\n", i, i * 31, i * 0x9e3779b9u);
  for (int kill_after_ms = 2; kill_after_ms < 32; ++kill_after_ms) {
    const std::string path = folder.file("rows");
    const pid_t writer = fork();
    if (writer == 0) {
      GrowingFile file(FileHandle(open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR, 0600)), path);
      while (file.append(lines)) continue;
      _exit(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kill_after_ms));
    ::kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    // What was begun is finished by a process that is nobody's child any more.
    for (std::uintmax_t before = 1, now = 0; before != now;) {
      before = fs::exists(path) ? fs::file_size(path) : 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      now = fs::exists(path) ? fs::file_size(path) : 0;
    }
    const std::string text = read_text(path);
    EXPECT_TRUE(text.empty() || text.ends_with('\n')) << kill_after_ms;
  }
}

}  // namespace
}  // namespace soliton
