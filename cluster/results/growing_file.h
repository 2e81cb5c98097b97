// A text file that grows by whole lines while others read it, and holds whole lines whenever its
// writer is killed.
//
//   Result<GrowingFile> file = folder.grow("requests.csv");
//   Status s = file->append("0,1,2\n1,1,2\n");
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

  // Not buffered. A write that fails on the way (a full disk) is cut back to the last whole line
  // and is kNotWritten, as every call after it: the file stays a prefix of what was given.
  // REQUIRES: `lines` is empty or ends with a line end.
  Status append(std::string_view lines);
  // To disk; kNotWritten.
  Status sync();
  std::uint64_t size() const { return size_; }

 private:
  Status write_piece(std::string_view piece);

  FileHandle file_;
  std::string shown_;
  std::uint64_t size_ = 0;
  std::optional<Error> failed_;
};

// How many bytes of `lines` go into one write at offset `size` of a file. A process may be killed
// between two pages of one write, so a piece is whole lines within one page; only a line that
// itself crosses a page border goes alone across it.
std::size_t piece_length(std::string_view lines, std::uint64_t size);

}  // namespace soliton
