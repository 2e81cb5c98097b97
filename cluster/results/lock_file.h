// What a run folder's file `lock` says, as text. folder_lock.h says what is done with it.
#pragma once

#include <ctime>
#include <string>

#include "protocol/base/result.h"

namespace soliton {

struct LockOwner {
  int version = 2;          // 1: of soliton before leases; without token, who and when
  std::string token;        // 128 random bits as hexadecimal digits: of this one run
  std::string who;          // the user
  std::string machine;      // host name: for people, decides nothing
  std::string boot_id;      // of the host's kernel: decides whether its locks can be asked
  int pid = 0;              // in its own pid namespace: for people, decides nothing
  std::string when;         // UTC
  std::string start_ticks;  // version 1 alone: field 22 of /proc/PID/stat
};

// This process as an owner with a new token; kEnvironment when the machine does not say.
Result<LockOwner> this_process(std::time_t now);
std::string lock_text(const LockOwner& owner);
// kInvalid: not a lock file of ours.
Result<LockOwner> parse_lock(const std::string& text);
// "process 4242 of anna on host7 since 2026-11-22T07:12:04Z".
std::string to_string(const LockOwner& owner);

// Whether the owner that wrote a lock of version 1 on this host still runs. Such a process holds
// no lock of the kernel.
bool is_alive_version_1(const LockOwner& owner);

}  // namespace soliton
