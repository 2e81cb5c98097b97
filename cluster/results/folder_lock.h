// One controller a folder: a file `lock` that names its owner (process, its start time, the boot of
// the machine).
//
// The file outlives an owner that was killed; it then names a process that no longer is, and the
// next one takes it over. Claims are serialised by an advisory lock on the folder, so two
// controllers never take over the same stale lock.
#pragma once

#include <string>

#include "protocol/base/result.h"

namespace soliton {

class FolderLock {
 public:
  // Takes `folder`/lock. kNotWritten: another living process has it (named), the file `lock` is not
  // one of ours, or the folder cannot be written. REQUIRES: the folder exists.
  static Result<FolderLock> take(const std::string& folder);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  // Removes the file; in a forked child it does nothing.
  ~FolderLock();

 private:
  FolderLock(std::string path, int owner) : path_(std::move(path)), owner_(owner) {}

  std::string path_;
  int owner_ = 0;
};

// Who wrote a lock file. Fields are texts as the kernel prints them.
struct LockOwner {
  int pid = 0;
  std::string start_ticks;  // field 22 of /proc/PID/stat: since boot
  std::string boot_id;
  std::string machine;
};

// The owner a process of this machine would write for `pid`; kInvalid when there is no such living
// process.
Result<LockOwner> owner_of_process(int pid);
std::string lock_text(const LockOwner& owner);
// kInvalid: not a lock file of ours.
Result<LockOwner> parse_lock(const std::string& text);
// Whether the process still runs. An owner on another machine counts as alive: it cannot be asked.
bool is_alive(const LockOwner& owner);

}  // namespace soliton
