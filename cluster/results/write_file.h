// Writes whole files: first under a temporary name or none, then renamed.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace soliton {

struct WriteOptions {
  // Sync the content to disk before the rename, and the name before the call returns. Without this,
  // a killed process still leaves the old file or the new one, but a machine that loses power may
  // leave neither.
  bool durable = true;
};

// Replaces the file `path` atomically: readers see the old content or the new one, never a part.
// kNotWritten.
Status write_file(const std::string& path, std::string_view content);

// A place for a file in an open folder.
struct FilePlace {
  int folder = -1;    // descriptor, not owned
  std::string name;   // in it
  std::string shown;  // the path for messages
  unsigned mode = 0666;
};
// The same there. `before_rename` is called just before the file gets its name; if it fails, the
// call fails with its error.
Status write_file(const FilePlace& place, std::string_view content, const WriteOptions& options,
                  const std::function<Status()>& before_rename);

}  // namespace soliton
