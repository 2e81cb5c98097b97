#include "cluster/results/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <sstream>
#include <utility>

#include "cluster/results/file_io.h"
#include "cluster/results/results.h"

namespace soliton {
namespace {

constexpr const char* kHead = "soliton-lock 1";

std::string machine_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

// "key value" lines after the head.
std::string field(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(key + " ")) return line.substr(key.size() + 1);
  return "";
}

tl::unexpected<Error> taken(const std::string& folder, const LockOwner& owner) {
  return failure(
      ErrorCode::kNotWritten,
      fmt::format(
          "{} is in use by process {} on {}; wait for it, or write elsewhere (--out). When that "
          "process is gone, remove {}/lock",
          folder, owner.pid, owner.machine, folder));
}

// Fails when a living owner or somebody else's file stands in the way.
Status check_free(const std::string& folder, const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return {};
  const Result<std::string> text = read_whole_file(path);
  if (!text) return failure(ErrorCode::kNotWritten, text.error().message);
  const Result<LockOwner> owner = parse_lock(*text);
  if (!owner)
    return failure(ErrorCode::kNotWritten, fmt::format("{}: {}", path, owner.error().message));
  if (is_alive(*owner)) return taken(folder, *owner);
  return {};
}

}  // namespace

Result<LockOwner> owner_of_process(int pid) {
  Result<std::string> stat = read_whole_file(fmt::format("/proc/{}/stat", pid));
  if (!stat) return tl::unexpected<Error>(stat.error());
  // The command's name is in parentheses and may hold anything; the state (field 3) follows the
  // last one.
  const std::size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos) return invalid("unreadable /proc entry");
  std::istringstream fields(stat->substr(name_end + 1));
  std::string state, word;
  fields >> state;
  for (int number = 4; number <= 22; ++number) fields >> word;
  if (!fields || state == "Z" || state == "X")
    return invalid(fmt::format("process {} has ended", pid));
  Result<std::string> boot = read_whole_file("/proc/sys/kernel/random/boot_id");
  if (!boot) return tl::unexpected<Error>(boot.error());
  return LockOwner{pid, word, trimmed(*boot), machine_name()};
}

std::string lock_text(const LockOwner& owner) {
  return fmt::format("{}\npid {}\nstart {}\nboot {}\nmachine {}\n", kHead, owner.pid,
                     owner.start_ticks, owner.boot_id, owner.machine);
}

Result<LockOwner> parse_lock(const std::string& text) {
  LockOwner owner{0, field(text, "start"), field(text, "boot"), field(text, "machine")};
  const std::string pid = field(text, "pid");
  const auto [end, error] = std::from_chars(pid.data(), pid.data() + pid.size(), owner.pid);
  const bool whole = error == std::errc{} && end == pid.data() + pid.size() && owner.pid > 0;
  if (!text.starts_with(kHead) || !whole || owner.start_ticks.empty() || owner.boot_id.empty())
    return invalid("not a lock file of soliton");
  return owner;
}

bool is_alive(const LockOwner& owner) {
  const Result<LockOwner> now = owner_of_process(owner.pid);
  if (now && now->boot_id == owner.boot_id) return now->start_ticks == owner.start_ticks;
  const Result<LockOwner> self = owner_of_process(getpid());
  const bool same_boot = self && self->boot_id == owner.boot_id;
  return !same_boot && owner.machine != machine_name();
}

Result<FolderLock> FolderLock::take(const std::string& folder) {
  const std::string path = folder + "/lock";
  const FileHandle claim(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!claim) return not_written(path, "open folder", errno);
  while (flock(claim.get(), LOCK_EX) != 0)
    if (errno != EINTR) return not_written(path, "lock folder", errno);
  if (Status free = check_free(folder, path); !free) return tl::unexpected<Error>(free.error());
  const Result<LockOwner> self = owner_of_process(getpid());
  if (!self) return failure(ErrorCode::kEnvironment, self.error().message);
  if (Status written = write_file(path, lock_text(*self)); !written)
    return tl::unexpected<Error>(written.error());
  return FolderLock(path, getpid());
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : path_(std::exchange(other.path_, {})), owner_(std::exchange(other.owner_, 0)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(owner_, other.owner_);
  return *this;
}

FolderLock::~FolderLock() {
  if (owner_ == getpid()) unlink(path_.c_str());
}

}  // namespace soliton
