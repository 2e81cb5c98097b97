// Recognises and removes what an earlier run left in a folder that is to be used again.
#pragma once

#include <string>

#include "protocol/base/result.h"

namespace soliton {

inline constexpr const char* kLogFolder = "log";

// For both functions `folder` is an open folder and `shown` its path for messages.

// Whether the folder is empty, contains a run's results or lock, or contains only files that a run
// writes. kNotWritten: it cannot be listed.
Result<bool> is_run_folder(int folder, const std::string& shown);
// Removes the files that a run writes, except the lock, and leaves all others. kNotWritten.
Status remove_old_run(int folder, const std::string& shown);

}  // namespace soliton
