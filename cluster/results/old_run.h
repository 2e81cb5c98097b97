// What an earlier run left in a folder that is asked for again.
#pragma once

#include <string>

#include "protocol/base/result.h"

namespace soliton {

inline constexpr const char* kLogFolder = "log";

// Of an open folder; `shown` is its path for messages. kNotWritten: it cannot be listed.

// Whether it is empty, or has a run's results or lock in it, or nothing but what a run writes.
Result<bool> is_run_folder(int folder, const std::string& shown);
// Removes what a run writes, but not the lock, and leaves the rest. kNotWritten.
Status remove_old_run(int folder, const std::string& shown);

}  // namespace soliton
