// One controller a folder: a file `lock` that says who it is.
//
// On one host the kernel decides: the file is locked (by open file description) from before it has
// its name until its owner ends, however it ends, and in whatever namespaces the owner and the
// asker live. Between hosts, which the kernel id in the file tells apart, a lease decides: the
// owner renews the file's time every 5 s, and after 60 s without renewal the folder is free. Ages
// are measured against a file just touched in the same folder, so clocks need not agree. Where a
// file system has no locks, the lease decides alone.
//
//   Result<FolderLock> lock = FolderLock::take("runs/x");
//   once a second: Status s = lock->renew(std::chrono::steady_clock::now());
//   before each rename in the folder: Status s = lock->check();
#pragma once

#include <chrono>
#include <string>

#include "cluster/results/file_io.h"
#include "cluster/results/lock_file.h"
#include "protocol/base/result.h"

namespace soliton {

inline constexpr std::chrono::seconds kLeaseRenewal{5};
inline constexpr std::chrono::seconds kLeaseLimit{60};
// How long a claim waits for an owner to let go: a killed one keeps its lock until the kernel has
// taken it apart, and one that takes over a stale lock holds that for a moment.
inline constexpr std::chrono::milliseconds kLockPatience{500};

class FolderLock {
 public:
  // Takes `folder`/lock. kNotWritten: another run has it (named), the file `lock` is not one of
  // ours, or the folder cannot be written. REQUIRES: the folder exists.
  static Result<FolderLock> take(const std::string& folder,
                                 std::chrono::milliseconds patience = kLockPatience);
  // The same of an open folder; `shown` is its path for messages.
  static Result<FolderLock> take(int folder, const std::string& shown,
                                 std::chrono::milliseconds patience = kLockPatience);

  FolderLock(FolderLock&& other) noexcept = default;
  FolderLock& operator=(FolderLock&&) = delete;
  // Removes the file if it still is ours; in a forked child it does nothing.
  ~FolderLock();

  // Whether the folder's lock still is ours; any thread. kNotWritten: the folder was removed, or
  // the lock was removed or taken over (by whom).
  Status check() const;
  // Renews the lease when that is due, which is every 5 s; one thread. Errors are check()'s, and
  // kNotWritten when the lease could not be renewed as long as it lasts.
  Status renew(std::chrono::steady_clock::time_point now);

 private:
  FolderLock(FileHandle folder, std::string shown, FileHandle file, LockOwner self);
  bool is_ours() const;
  Status why_lost() const;

  FileHandle folder_;
  std::string shown_;
  FileHandle file_;  // closing it gives up the kernel's lock
  LockOwner self_;
  std::chrono::steady_clock::time_point renewed_;
};

// What a folder's file `lock` says; kInvalid without one of ours.
Result<LockOwner> read_lock(int folder);

}  // namespace soliton
