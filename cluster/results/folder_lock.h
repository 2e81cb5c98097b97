// Allows one controller per folder: a file `lock` that identifies its owner.
//
// On one host the kernel decides: the file is locked (by open file description) from before it has
// its name until its owner ends, however it ends, and regardless of the namespaces of the two
// processes. Between hosts, told apart by the kernel's boot id in the file, a lease decides: the
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
// How long take() waits for another owner to release the lock: a killed process keeps its lock
// until the kernel has cleaned up, and a process that replaces a stale lock holds it for a moment.
inline constexpr std::chrono::milliseconds kLockPatience{500};

class FolderLock {
 public:
  // Takes `folder`/lock. kNotWritten: another run has it (the message says which), the file `lock`
  // was not written by soliton, or the folder is not writable. REQUIRES: the folder exists.
  static Result<FolderLock> take(const std::string& folder,
                                 std::chrono::milliseconds patience = kLockPatience);
  // The same for an open folder; `shown` is its path for messages.
  static Result<FolderLock> take(int folder, const std::string& shown,
                                 std::chrono::milliseconds patience = kLockPatience);

  FolderLock(FolderLock&& other) noexcept = default;
  FolderLock& operator=(FolderLock&&) = delete;
  // Removes the file if this process still owns it; does nothing in a forked child.
  ~FolderLock();

  // Checks that this process still owns the lock; safe from any thread. kNotWritten: the folder was
  // removed, or the lock was removed or taken over (the message says by whom).
  Status check() const;
  // Renews the lease if due, every 5 s; from one thread only. Fails like check(), and with
  // kNotWritten if the lease could not be renewed for its whole length.
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

// Reads a folder's file `lock`; kInvalid if there is none that soliton wrote.
Result<LockOwner> read_lock(int folder);

}  // namespace soliton
