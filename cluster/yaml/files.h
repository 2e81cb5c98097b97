// Paths named in cluster files, and reading small text files.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

// Whether `file` stands for what the caller hands over: "-" for standard input, /dev/stdin,
// /dev/fd/N (process substitution), /proc/self/fd/N.
bool is_stream(const std::string& file);
// Folder of a file, "" for one in the working folder and for a stream.
std::string folder_of(const std::string& file);
// `path` as seen from `folder`, without "." and inner "..".
std::string resolve_path(const std::string& folder, const std::string& path);
// `path`, written so that it resolves to the same file from `folder`.
std::string path_from(const std::string& folder, const std::string& path);

bool is_regular_file(const std::string& path);
// Why `path` is not a file one can read, naming the nearest entry of its folder: `no file "x"; did
// you mean "y"?`.
std::string explain_missing_file(const std::string& path);
// At most `limit` bytes of a regular file, a stream, or a named pipe that somebody writes: one that
// stays silent for two seconds is refused, so that nothing waits for ever. A pipe that is handed
// over is read to its end. Errors: missing (with the nearest name), a folder, a device such as
// /dev/zero, a silent pipe, too big, unreadable.
Result<std::string> read_text_file(const std::string& path, std::size_t limit);
// Files NAME.yaml right in `folder`, as NAME, sorted.
std::vector<std::string> yaml_stems(const std::string& folder);

}  // namespace soliton
