// Paths named in cluster files, and reading small text files.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

// Whether `file` names an open stream of this process rather than a file on disk: "-" (standard
// input), /dev/stdin, /dev/fd/N (process substitution), /proc/self/fd/N.
bool is_stream(const std::string& file);
// Folder of a file; "" for a file in the working folder and for a stream.
std::string folder_of(const std::string& file);
// `path` as seen from `folder`, without "." and inner "..".
std::string resolve_path(const std::string& folder, const std::string& path);
// `path`, written so that it resolves to the same file from `folder`.
std::string path_from(const std::string& folder, const std::string& path);

bool is_regular_file(const std::string& path);
// Says why `path` cannot be read as a file, and names the nearest entry of its folder: `no file
// "x"; did you mean "y"?`.
std::string explain_missing_file(const std::string& path);
// Reads at most `limit` bytes from a regular file, a stream, or a named pipe. A named pipe that
// stays silent for two seconds is refused, so that no command waits forever; a stream (is_stream())
// is read to its end however long that takes. Errors: missing (with the nearest name), a folder, a
// device such as /dev/zero, a silent pipe, too big, unreadable.
Result<std::string> read_text_file(const std::string& path, std::size_t limit);
// The files NAME.yaml directly in `folder`, as NAME, sorted.
std::vector<std::string> yaml_stems(const std::string& folder);

}  // namespace soliton
