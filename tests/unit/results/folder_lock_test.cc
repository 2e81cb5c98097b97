#include "cluster/results/folder_lock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <optional>

#include "cluster/results/write_file.h"
#include "tests/unit/results/lock_holder.h"
#include "tests/unit/results/poor_file_system.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::chrono::milliseconds kAtOnce{0};
constexpr const char* kOtherBoot = "11111111-2222-3333-4444-555555555555";

// A lock as another host's run would have left it, renewed `age` ago.
void plant(const ScratchFolder& folder, const LockOwner& owner, seconds age,
           std::optional<std::string> text = std::nullopt) {
  ASSERT_TRUE(write_file(folder / "lock", text ? *text : lock_text(owner)));
  struct stat about {};
  ASSERT_EQ(stat((folder / "lock").c_str(), &about), 0);
  const timespec then{about.st_mtim.tv_sec - age.count(), 0};
  const std::array<timespec, 2> times{then, then};
  ASSERT_EQ(utimensat(AT_FDCWD, (folder / "lock").c_str(), times.data(), 0), 0);
}

LockOwner on_another_host() {
  LockOwner owner = this_process(0).value();
  owner.boot_id = kOtherBoot;
  owner.machine = "host7";
  owner.who = "anna";
  owner.pid = 4242;
  return owner;
}

std::string version_1(int pid, const std::string& start, const std::string& boot) {
  return "soliton-lock 1\npid " + std::to_string(pid) + "\nstart " + start + "\nboot " + boot +
         "\nmachine host7\n";
}

LockOwner owner_in(const ScratchFolder& folder) {
  return parse_lock(read_whole_file(folder / "lock").value()).value();
}

TEST(FolderLock, KeepsASecondOwnerOutAndNamesTheFirst) {
  const ScratchFolder folder;
  const LockHolder holder(folder.path());
  const Result<FolderLock> second = FolderLock::take(folder.path(), kAtOnce);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kNotWritten);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(holder.pid())));
}

TEST(FolderLock, KeepsOutASecondOwnerOfTheSameProcess) {
  const ScratchFolder folder;
  const Result<FolderLock> first = FolderLock::take(folder.path());
  ASSERT_TRUE(first);
  EXPECT_FALSE(FolderLock::take(folder.path(), kAtOnce));
  EXPECT_TRUE(first->check());
}

TEST(FolderLock, OfAKilledProcessIsTakenOverAtOnce) {
  const ScratchFolder folder;
  LockHolder holder(folder.path());
  holder.kill(SIGKILL);
  holder.reap();
  ASSERT_TRUE(fs::exists(folder / "lock"));
  const Result<FolderLock> next = FolderLock::take(folder.path());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(owner_in(folder).pid, getpid());
}

TEST(FolderLock, OfAZombieIsTakenOver) {
  const ScratchFolder folder;
  const LockHolder holder(folder.path());
  holder.kill(SIGKILL);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(holder.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(FolderLock::take(folder.path()));
}

// What the file says about its owner's process decides nothing: another pid namespace has other
// numbers, a cloned machine the same name.
TEST(FolderLock, OfALivingOwnerIsKeptWhateverItsNumbersSay) {
  const ScratchFolder folder;
  const Result<FolderLock> first = FolderLock::take(folder.path());
  ASSERT_TRUE(first);
  LockOwner strange = owner_in(folder);
  strange.pid = 1 << 30;
  const FileHandle file(open((folder / "lock").c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  ASSERT_TRUE(write_all(file.get(), lock_text(strange), "lock"));
  EXPECT_FALSE(FolderLock::take(folder.path(), kAtOnce));
  EXPECT_TRUE(first->check());
}

TEST(FolderLock, OfAnotherHostIsKeptWhileItsLeaseIsRenewed) {
  const ScratchFolder folder;
  for (const seconds age : {seconds{0}, seconds{30}, seconds{58}}) {
    plant(folder, on_another_host(), age);
    const Result<FolderLock> refused = FolderLock::take(folder.path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kNotWritten);
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr("process 4242 of anna on host7"), HasSubstr("60 s")));
  }
}

TEST(FolderLock, OfAnotherHostIsFreeAfterAMinuteWithoutRenewal) {
  const ScratchFolder folder;
  plant(folder, on_another_host(), seconds{61});
  const Result<FolderLock> next = FolderLock::take(folder.path());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_TRUE(next->check());
  EXPECT_EQ(owner_in(folder).pid, getpid());
}

TEST(FolderLock, OfAnotherHostWithATimeThatNeverComesIsFree) {
  const ScratchFolder folder;
  plant(folder, on_another_host(), seconds{-90 * 86400});
  EXPECT_TRUE(FolderLock::take(folder.path()));
}

TEST(FolderLock, OfThePreviousVersionIsTakenOverWhenItsOwnerIsGone) {
  const LockOwner self = this_process(0).value();
  const ScratchFolder folder;
  plant(folder, {}, seconds{0}, version_1(getpid(), "1", self.boot_id));  // the number was reused
  EXPECT_TRUE(FolderLock::take(folder.path()));
  plant(folder, {}, seconds{61}, version_1(1, "1", kOtherBoot));
  EXPECT_TRUE(FolderLock::take(folder.path()));
}

TEST(FolderLock, OfThePreviousVersionIsKeptWhileItsOwnerLives) {
  const LockOwner self = this_process(0).value();
  std::string stat = read_whole_file("/proc/self/stat").value();
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string start;
  for (int ordinal = 3; ordinal <= 22; ++ordinal) fields >> start;
  const ScratchFolder folder;
  plant(folder, {}, seconds{600}, version_1(getpid(), start, self.boot_id));
  EXPECT_FALSE(FolderLock::take(folder.path(), kAtOnce));
}

TEST(FolderLock, IsRenewedEveryFiveSecondsAndNotMoreOften) {
  const ScratchFolder folder;
  const auto start = std::chrono::steady_clock::now();
  Result<FolderLock> lock = FolderLock::take(folder.path());
  ASSERT_TRUE(lock);
  const std::array<timespec, 2> old{{{1'000'000, 0}, {1'000'000, 0}}};
  const auto written = [&] {
    struct stat about {};
    stat((folder / "lock").c_str(), &about);
    return about.st_mtim.tv_sec;
  };
  ASSERT_EQ(utimensat(AT_FDCWD, (folder / "lock").c_str(), old.data(), 0), 0);
  ASSERT_TRUE(lock->renew(start + seconds{4}));
  EXPECT_EQ(written(), 1'000'000);
  ASSERT_TRUE(lock->renew(start + seconds{3600}));
  EXPECT_GT(written(), 1'000'000);
}

TEST(FolderLock, ThatWasTakenOverIsLostAndSaysToWhom) {
  const ScratchFolder folder;
  Result<FolderLock> lock = FolderLock::take(folder.path());
  ASSERT_TRUE(lock);
  plant(folder, on_another_host(), seconds{0});
  for (const Status& lost :
       {lock->check(), lock->renew(std::chrono::steady_clock::now() + seconds{3600})}) {
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::kNotWritten);
    EXPECT_THAT(lost.error().message, HasSubstr("taken over by process 4242 of anna on host7"));
  }
}

// A server may give a new file the identity of one that was removed; the token tells them apart.
TEST(FolderLock, WithAnothersTokenInItIsLost) {
  const ScratchFolder folder;
  const Result<FolderLock> lock = FolderLock::take(folder.path());
  ASSERT_TRUE(lock);
  const FileHandle file(open((folder / "lock").c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  ASSERT_TRUE(write_all(file.get(), lock_text(on_another_host()), "lock"));
  const Status lost = lock->check();
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message, HasSubstr("anna"));
}

TEST(FolderLock, ThatWasRemovedIsLostAndSoIsItsFolder) {
  const ScratchFolder scratch;
  fs::create_directory(scratch / "out");
  const Result<FolderLock> lock = FolderLock::take(scratch / "out");
  ASSERT_TRUE(lock);
  fs::remove(scratch / "out/lock");
  EXPECT_THAT(lock->check().error().message, HasSubstr("`lock` was removed"));
  fs::remove(scratch / "out");
  EXPECT_THAT(lock->check().error().message, HasSubstr("the folder was removed"));
}

TEST(FolderLock, FollowsItsFolderWhenThatIsRenamed) {
  const ScratchFolder scratch;
  fs::create_directory(scratch / "out");
  {
    const Result<FolderLock> lock = FolderLock::take(scratch / "out");
    ASSERT_TRUE(lock);
    fs::rename(scratch / "out", scratch / "elsewhere");
    fs::create_directory(scratch / "out");
    EXPECT_TRUE(lock->check());
    EXPECT_FALSE(FolderLock::take(scratch / "elsewhere", kAtOnce));
  }
  EXPECT_TRUE(fs::is_empty(scratch / "elsewhere"));
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
    EXPECT_FALSE(FolderLock::take(folder.path(), kAtOnce));
  }
  EXPECT_FALSE(fs::exists(folder / "lock"));
}

TEST(FolderLock, LeavesTheLockOfWhoTookItOver) {
  const ScratchFolder folder;
  {
    const Result<FolderLock> lock = FolderLock::take(folder.path());
    ASSERT_TRUE(lock);
    plant(folder, on_another_host(), seconds{0});
  }
  EXPECT_EQ(owner_in(folder).who, "anna");
}

class PoorFileSystem : public testing::TestWithParam<std::vector<Lack>> {};

// Without locks the lease alone decides, of owners on this host too.
TEST_P(PoorFileSystem, TheLeaseDecides) {
  const ScratchFolder folder;
  EXPECT_TRUE(holds_without(GetParam(), [&] {
    const Result<FolderLock> first = FolderLock::take(folder.path());
    const Result<FolderLock> second = FolderLock::take(folder.path(), kAtOnce);
    return first && first->check() && !second;
  }));
  EXPECT_TRUE(fs::is_empty(folder.path()));
  LockOwner killed = this_process(0).value();
  plant(folder, killed, seconds{58});
  EXPECT_TRUE(holds_without(GetParam(), [&] {
    const Result<FolderLock> refused = FolderLock::take(folder.path(), kAtOnce);
    return !refused && refused.error().message.find("60 s") != std::string::npos;
  }));
  plant(folder, killed, seconds{61});
  EXPECT_TRUE(holds_without(GetParam(), [&] {
    const Result<FolderLock> next = FolderLock::take(folder.path());
    return next && next->check() && owner_in(folder).token != killed.token;
  }));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

INSTANTIATE_TEST_SUITE_P(FolderLock, PoorFileSystem,
                         testing::Values(without_locks(ENOLCK), without_locks(EOPNOTSUPP),
                                         without_locks(ENOSYS),
                                         without_locks(ENOLCK) + without_nameless_files(),
                                         without_locks(ENOLCK) + without_nameless_files() +
                                             without_hard_links()));

TEST(FolderLock, NeedsNeitherNamelessFilesNorHardLinks) {
  for (const std::vector<Lack>& lacks :
       {without_nameless_files(), without_nameless_files() + without_hard_links()}) {
    const ScratchFolder folder;
    EXPECT_TRUE(holds_without(lacks, [&] {
      const Result<FolderLock> first = FolderLock::take(folder.path());
      return first && first->check() && !FolderLock::take(folder.path(), kAtOnce);
    }));
    EXPECT_TRUE(fs::is_empty(folder.path()));
    LockOwner killed = this_process(0).value();
    plant(folder, killed, seconds{0});
    EXPECT_TRUE(holds_without(lacks, [&] { return FolderLock::take(folder.path()).has_value(); }));
    EXPECT_TRUE(fs::is_empty(folder.path()));
  }
}

TEST(FolderLock, RefusesByNameWhatIsNoLock) {
  const std::vector<std::function<void(const std::string&)>> strangers = {
      [](const std::string& path) { ASSERT_TRUE(write_file(path, "mine\n")); },
      [](const std::string& path) { ASSERT_TRUE(write_file(path, "")); },
      [](const std::string& path) { ASSERT_TRUE(write_file(path, std::string(1 << 20, 'x'))); },
      [](const std::string& path) { fs::create_directory(path); },
      [](const std::string& path) { fs::create_symlink("/etc/passwd", path); },
      [](const std::string& path) { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); },
  };
  for (const auto& put : strangers) {
    const ScratchFolder folder;
    put(folder / "lock");
    const Result<FolderLock> lock = FolderLock::take(folder.path());
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code, ErrorCode::kNotWritten);
    EXPECT_THAT(lock.error().message, HasSubstr(folder / "lock is not a lock file of soliton"));
    EXPECT_TRUE(fs::symlink_status(folder / "lock").type() != fs::file_type::not_found);
  }
}

TEST(FolderLock, IsNotInheritedByPrograms) {
  const ScratchFolder folder;
  const Result<FolderLock> lock = FolderLock::take(folder.path());
  ASSERT_TRUE(lock);
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = fs::read_symlink(entry.path(), error).string();
    if (target.find(folder.path()) == std::string::npos) continue;
    const int flags = fcntl(std::stoi(entry.path().filename().string()), F_GETFD);
    EXPECT_NE(flags & FD_CLOEXEC, 0) << target;
  }
}

TEST(LockText, ReadsBackWhatWasWrittenAndRefusesTheRest) {
  LockOwner owner = on_another_host();
  owner.machine = "machine with blanks";
  const Result<LockOwner> back = parse_lock(lock_text(owner));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->token, owner.token);
  EXPECT_EQ(back->who, "anna");
  EXPECT_EQ(back->machine, "machine with blanks");
  EXPECT_EQ(back->boot_id, kOtherBoot);
  EXPECT_EQ(back->pid, 4242);
  EXPECT_EQ(back->when, "1970-01-01T00:00:00Z");
  for (const char* text :
       {"", "soliton-lock 1\n", "soliton-lock 1\npid x\nstart 1\nboot b\n",
        "soliton-lock 1\npid -1\nstart 1\nboot b\n", "pid 1\nstart 1\nboot b\n",
        "soliton-lock 2\npid 1\nboot b\n", "soliton-lock 3\npid 1\nboot b\ntoken t\n"})
    EXPECT_FALSE(parse_lock(text)) << text;
}

TEST(LockText, TokensDiffer) {
  const std::string one = this_process(0).value().token, two = this_process(0).value().token;
  EXPECT_EQ(one.size(), 32u);
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace soliton
