// File descriptors, and reading and writing through them.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "protocol/base/result.h"

namespace soliton {

// Owns a descriptor; -1: none.
class FileHandle {
 public:
  explicit FileHandle(int fd = -1) : fd_(fd) {}
  ~FileHandle();
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// kNotWritten, "cannot write PATH: what (errno text)".
tl::unexpected<Error> not_written(const std::string& path, const std::string& what, int error);

// Writes all of `content`, continuing after short writes and signals. `path` is for messages.
Status write_all(int fd, std::string_view content, const std::string& path);

// The file's text; kInvalid if it cannot be read or is larger than kReadLimit bytes.
inline constexpr std::size_t kReadLimit = std::size_t{256} << 20;
Result<std::string> read_whole_file(const std::string& path);
// Reads from the current position of `fd` to the end. `path` is for messages.
Result<std::string> read_all(int fd, const std::string& path, std::size_t limit = kReadLimit);

// Opens a folder for work by descriptor, which stays with this folder even if its path is renamed
// or replaced. On failure the handle is invalid and errno says why.
FileHandle open_folder(const std::string& path);
// Opens the regular file `name` in `folder`; does not follow a symbolic link or wait for a FIFO's
// writer. On failure the handle is invalid and errno says why (EINVAL: not a regular file).
FileHandle open_regular(int folder, const std::string& name, int flags);

}  // namespace soliton
