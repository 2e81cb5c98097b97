#include "cluster/results/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "cluster/results/draft.h"

namespace soliton {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr const char* kName = "lock";
constexpr std::size_t kTextLimit = 4096;
constexpr milliseconds kBetweenTries{20};
constexpr int kChangesLimit = 100;  // of a lock that comes and goes while it is looked at

enum class KernelLock { kHeld, kBusy, kNone };

// Locks the whole file for this descriptor. kNone: the file system has no locks.
KernelLock lock_by_kernel(int fd) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  while (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
    if (errno == EAGAIN || errno == EACCES) return KernelLock::kBusy;
    if (errno != EINTR) return KernelLock::kNone;
  }
  return KernelLock::kHeld;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

// Whether the folder's `lock` is the open file, which another process may have unlinked or replaced
// since it was opened.
bool has_the_name(int folder, int fd) {
  struct stat open_one {
  }, named_one{};
  return fstat(fd, &open_one) == 0 &&
         fstatat(folder, kName, &named_one, AT_SYMLINK_NOFOLLOW) == 0 &&
         same_file(open_one, named_one);
}

nanoseconds time_of(const struct stat& about) {
  return seconds(about.st_mtim.tv_sec) + nanoseconds(about.st_mtim.tv_nsec);
}

// How long ago the lease was renewed by the clock of the folder's file system, which touching the
// draft reads. A time as far in the future is no renewal either: somebody set that clock back.
Result<seconds> lease_age(const Draft& draft, int lock, const std::string& shown) {
  struct stat now {
  }, renewed{};
  if (futimens(draft.descriptor(), nullptr) != 0 || fstat(draft.descriptor(), &now) != 0 ||
      fstat(lock, &renewed) != 0)
    return not_written(shown, "read times", errno);
  const nanoseconds age = time_of(now) - time_of(renewed);
  return std::chrono::duration_cast<seconds>(age < nanoseconds{} ? -age : age);
}

tl::unexpected<Error> in_use(const std::string& folder, const LockOwner& owner) {
  return failure(ErrorCode::kNotWritten,
                 fmt::format("{} is in use by {}; wait for it, or write elsewhere (--out)", folder,
                             to_string(owner)));
}

tl::unexpected<Error> leased(const std::string& folder, const LockOwner& owner, seconds age) {
  return failure(
      ErrorCode::kNotWritten,
      fmt::format("{} is in use by {}, renewed {} s ago; it is free {} s after the last renewal: "
                  "wait, or write elsewhere (--out)",
                  folder, to_string(owner), age.count(), kLeaseLimit.count()));
}

// What a claim finds at the place of its lock.
struct Found {
  enum class Kind { kGone, kBusy, kFree };
  Kind kind = Kind::kGone;
  FileHandle file;  // kFree: the stale lock, which nobody else takes over while this is open
  LockOwner owner;
};

// One claim of a folder.
class Claim {
 public:
  Claim(int folder, const std::string& shown, const LockOwner& self, milliseconds patience)
      : folder_(folder), shown_(shown), self_(self), patience_(patience) {}

  // The locked file, under its name.
  Result<FileHandle> run() {
    if (Status drafted = make_draft(); !drafted) return tl::unexpected<Error>(drafted.error());
    for (int changes = 0; changes < kChangesLimit;) {
      const Result<bool> named = draft_->publish_new();
      if (!named) return tl::unexpected<Error>(named.error());
      if (*named) return draft_->release();
      const Result<Found> found = look();
      if (!found) return tl::unexpected<Error>(found.error());
      if (found->kind == Found::Kind::kFree) return take_over();
      if (found->kind == Found::Kind::kGone) ++changes;
      if (found->kind == Found::Kind::kBusy) {
        if (patience_ <= milliseconds{}) return in_use(shown_, found->owner);
        std::this_thread::sleep_for(kBetweenTries);
        patience_ -= kBetweenTries;
      }
    }
    return failure(ErrorCode::kNotWritten,
                   fmt::format("{}: its file `lock` comes and goes", shown_));
  }

 private:
  // Complete, on disk and locked before it becomes visible to others.
  Status make_draft() {
    Result<Draft> draft = Draft::open(folder_, kName, shown_ + "/" + kName);
    if (!draft) return tl::unexpected<Error>(draft.error());
    draft_.emplace(std::move(*draft));
    kernel_ = lock_by_kernel(draft_->descriptor());
    if (Status written = draft_->write(lock_text(self_)); !written) return written;
    return draft_->sync();
  }

  Result<FileHandle> take_over() {
    if (Status replaced = draft_->replace(); !replaced)
      return tl::unexpected<Error>(replaced.error());
    return draft_->release();
  }

  Result<Found> look() {
    Found found;
    found.file = open_regular(folder_, kName, O_RDWR);
    if (!found.file && errno == ENOENT) return found;
    if (!found.file && (errno == ELOOP || errno == EISDIR || errno == ENXIO || errno == EINVAL))
      return not_ours();
    if (!found.file) return closed_to_us(errno);
    const KernelLock kernel =
        kernel_ == KernelLock::kNone ? KernelLock::kNone : lock_by_kernel(found.file.get());
    const Result<std::string> text = read_all(found.file.get(), kName, kTextLimit);
    const Result<LockOwner> owner = text ? parse_lock(*text) : invalid(text.error().message);
    if (!has_the_name(folder_, found.file.get())) return found;
    if (!owner) return not_ours();
    found.owner = *owner;
    return judge(std::move(found), kernel);
  }

  Result<Found> judge(Found found, KernelLock kernel) {
    const bool here = found.owner.boot_id == self_.boot_id;
    found.kind = Found::Kind::kFree;
    if (kernel == KernelLock::kBusy) {
      found.kind = Found::Kind::kBusy;
    } else if (here && found.owner.version == 1) {
      if (is_alive_version_1(found.owner)) found.kind = Found::Kind::kBusy;
    } else if (!here || kernel == KernelLock::kNone) {
      const Result<seconds> age = lease_age(*draft_, found.file.get(), shown_);
      if (!age) return tl::unexpected<Error>(age.error());
      if (*age < kLeaseLimit) return leased(shown_, found.owner, *age);
    }
    return found;
  }

  tl::unexpected<Error> not_ours() const {
    return failure(ErrorCode::kNotWritten,
                   fmt::format("{}/{} is not a lock file of soliton; move it away, or write "
                               "elsewhere (--out)",
                               shown_, kName));
  }

  // Usually owned by another user.
  tl::unexpected<Error> closed_to_us(int error) const {
    const Result<LockOwner> owner = read_lock(folder_);
    return not_written(shown_ + "/" + kName,
                       owner ? fmt::format("open the lock of {}", to_string(*owner)) : "open",
                       error);
  }

  int folder_;
  const std::string& shown_;
  const LockOwner& self_;
  milliseconds patience_;
  std::optional<Draft> draft_;
  KernelLock kernel_ = KernelLock::kNone;
};

}  // namespace

Result<LockOwner> read_lock(int folder) {
  const FileHandle file = open_regular(folder, kName, O_RDONLY);
  if (!file) return invalid("no lock file");
  const Result<std::string> text = read_all(file.get(), kName, kTextLimit);
  return text ? parse_lock(*text) : invalid(text.error().message);
}

Result<FolderLock> FolderLock::take(const std::string& folder, milliseconds patience) {
  const FileHandle opened = open_folder(folder);
  if (!opened) return not_written(folder + "/" + kName, "open folder", errno);
  return take(opened.get(), folder, patience);
}

Result<FolderLock> FolderLock::take(int folder, const std::string& shown, milliseconds patience) {
  FileHandle own(fcntl(folder, F_DUPFD_CLOEXEC, 0));
  if (!own) return not_written(shown, "open folder", errno);
  Result<LockOwner> self = this_process(std::time(nullptr));
  if (!self) return tl::unexpected<Error>(self.error());
  Result<FileHandle> file = Claim(own.get(), shown, *self, patience).run();
  if (!file) return tl::unexpected<Error>(file.error());
  return FolderLock(std::move(own), shown, std::move(*file), std::move(*self));
}

FolderLock::FolderLock(FileHandle folder, std::string shown, FileHandle file, LockOwner self)
    : folder_(std::move(folder)),
      shown_(std::move(shown)),
      file_(std::move(file)),
      self_(std::move(self)),
      renewed_(std::chrono::steady_clock::now()) {}

// The name goes first: whoever gets the kernel's lock of a file that has lost its name tries again.
FolderLock::~FolderLock() {
  if (file_ && self_.pid == getpid() && is_ours()) unlinkat(folder_.get(), kName, 0);
}

// The token beside the file's identity: a server may give the identity of a replaced file again.
bool FolderLock::is_ours() const {
  if (!has_the_name(folder_.get(), file_.get())) return false;
  const Result<LockOwner> owner = read_lock(folder_.get());
  return owner && owner->token == self_.token;
}

Status FolderLock::check() const { return is_ours() ? Status{} : why_lost(); }

Status FolderLock::why_lost() const {
  const auto lost = [this](const std::string& how) {
    return failure(ErrorCode::kNotWritten, fmt::format("cannot write {}: {}", shown_, how));
  };
  struct stat about {};
  if (fstat(folder_.get(), &about) != 0 || about.st_nlink == 0)
    return lost("the folder was removed during the run");
  if (faccessat(folder_.get(), kName, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
    return lost(errno == ENOENT ? "its file `lock` was removed during the run"
                                : "its file `lock` cannot be reached");
  const Result<LockOwner> owner = read_lock(folder_.get());
  if (!owner) return lost("its file `lock` was replaced during the run");
  return lost(fmt::format("it was taken over by {}", to_string(*owner)));
}

Status FolderLock::renew(std::chrono::steady_clock::time_point now) {
  if (now - renewed_ < kLeaseRenewal) return {};
  if (Status ours = check(); !ours) return ours;
  if (futimens(file_.get(), nullptr) == 0) {
    renewed_ = now;
    return {};
  }
  if (now - renewed_ < kLeaseLimit) return {};
  return not_written(shown_ + "/" + kName, "renew", errno);
}

}  // namespace soliton
