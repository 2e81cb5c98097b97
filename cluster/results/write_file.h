// Whole files: written beside, then named.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace soliton {

struct WriteOptions {
  // On disk before it is named, and its name before the call returns. Without it a killed process
  // leaves the old file or the new one all the same; a machine that loses power may leave neither.
  bool durable = true;
};

// Writes `content` beside `path` and renames: the old file or the new one, never half. kNotWritten.
Status write_file(const std::string& path, std::string_view content);

// The same in a folder that is open.
struct FilePlace {
  int folder = -1;    // descriptor
  std::string name;   // in it
  std::string shown;  // the path for messages
  unsigned mode = 0666;
};
// `before_rename` is asked last before the file gets its name; its failure is the call's.
Status write_file(const FilePlace& place, std::string_view content, const WriteOptions& options,
                  const std::function<Status()>& before_rename);

}  // namespace soliton
