// Paths named in cluster files, and reading small text files.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

// Folder of a file, "" for one in the working folder.
std::string folder_of(const std::string& file);
// `path` as seen from `folder`, without "." and inner "..".
std::string resolve_path(const std::string& folder, const std::string& path);
// `path`, written so that it resolves to the same file from `folder`.
std::string path_from(const std::string& folder, const std::string& path);

bool is_regular_file(const std::string& path);
// Why `path` is not a file one can read, naming the nearest entry of its folder: `no file "x"; did
// you mean "y"?`.
std::string explain_missing_file(const std::string& path);
// A regular file of at most `limit` bytes. Errors: missing (with the nearest name), too big,
// unreadable.
Result<std::string> read_text_file(const std::string& path, std::size_t limit);
// Files NAME.yaml right in `folder`, as NAME, sorted.
std::vector<std::string> yaml_stems(const std::string& folder);

}  // namespace soliton
