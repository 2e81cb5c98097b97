// A text file that grows by whole lines while others read it, and ends with a whole line even if
// its writer is killed.
//
//   Result<GrowingFile> file = folder.grow("requests.csv");
//   Status s = file->append("0,1,2\n1,1,2\n");
//
// The kernel stops the write() of a killed process only between two pages. Each write therefore
// consists of whole lines within one page; a line that crosses a page boundary is written by a
// short-lived process in a session of its own, which survives the kill of its parent and completes
// the line.
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
  // Takes an open, empty file; `shown` is its path for messages.
  GrowingFile(FileHandle file, std::string shown)
      : file_(std::move(file)), shown_(std::move(shown)) {}

  // Not buffered: pass many lines at once. If a write fails (a full disk), the file is cut back to
  // its last whole line, and this and every later call return kNotWritten; the file is always a
  // prefix of the lines given. REQUIRES: `lines` is empty or ends with a line end.
  Status append(std::string_view lines);
  std::uint64_t size() const { return size_; }

 private:
  FileHandle file_;
  std::string shown_;
  std::uint64_t size_ = 0;
  std::optional<Error> failed_;
};

// Number of bytes of `lines` for one write at offset `size` of a file: whole lines within one page,
// or a single line that crosses a page boundary.
std::size_t piece_length(std::string_view lines, std::uint64_t size);

}  // namespace soliton
