// A text file that grows by whole lines while others read it, and holds whole lines whenever its
// writer is killed.
//
//   Result<GrowingFile> file = folder.grow("requests.csv");
//   Status s = file->append("0,1,2\n1,1,2\n");
//
// The kernel ends a write() of a killed process between two pages. So a write holds whole lines of
// one page, and lines that cross from one page to the next are written by a short-lived process in
// a session of its own: it outlives the kill of its maker, finishes and ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/results/file_io.h"
#include "protocol/base/result.h"

namespace soliton {

class GrowingFile {
 public:
  // Of an open, empty file; `shown` is its path for messages.
  GrowingFile(FileHandle file, std::string shown)
      : file_(std::move(file)), shown_(std::move(shown)) {}

  // Not buffered: meant for many lines once in a while. A write that fails on the way (a full disk)
  // is cut back to the last whole line and is kNotWritten, as every call after it: the file stays a
  // prefix of what was given. REQUIRES: `lines` is empty or ends with a line end.
  Status append(std::string_view lines);
  // To disk; kNotWritten.
  Status sync();
  std::uint64_t size() const { return size_; }

 private:
  FileHandle file_;
  std::string shown_;
  std::uint64_t size_ = 0;
  std::optional<Error> failed_;
};

// How many bytes of `lines` go into one write at offset `size` of a file: whole lines within one
// page, or a line alone that crosses from one page to the next.
std::size_t piece_length(std::string_view lines, std::uint64_t size);

}  // namespace soliton
