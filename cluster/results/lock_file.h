// The text format of a run folder's file `lock`. folder_lock.h describes its use.
#pragma once

#include <ctime>
#include <string>

#include "protocol/base/result.h"

namespace soliton {

struct LockOwner {
  int version = 2;          // 1: before leases; without token, who and when
  std::string token;        // identifies the run: 128 random bits as hexadecimal digits
  std::string who;          // the user
  std::string machine;      // host name; for messages only
  std::string boot_id;      // of the host's kernel; if equal to ours, kernel locks decide
  int pid = 0;              // in its own pid namespace; for messages only
  std::string when;         // UTC
  std::string start_ticks;  // version 1 only: field 22 of /proc/PID/stat
};

// This process as an owner with a new token; kEnvironment if the system does not provide the data.
Result<LockOwner> this_process(std::time_t now);
std::string lock_text(const LockOwner& owner);
// kInvalid: not a lock file of soliton.
Result<LockOwner> parse_lock(const std::string& text);
// "process 4242 of anna on host7 since 2026-11-22T07:12:04Z".
std::string to_string(const LockOwner& owner);

// Whether the owner that wrote a lock of version 1 on this host still runs. Such a process holds no
// kernel lock, so it is looked up by pid and start time.
bool is_alive_version_1(const LockOwner& owner);

}  // namespace soliton
