// Descriptors of files, and what is read and written through them.
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

// Writes all of `content`, through short writes and signals. `path` is for messages.
Status write_all(int fd, std::string_view content, const std::string& path);

// The file's text; kInvalid when it cannot be read or is larger than `limit` bytes.
inline constexpr std::size_t kReadLimit = std::size_t{256} << 20;
Result<std::string> read_whole_file(const std::string& path);
// From where `fd` stands. `path` is for messages.
Result<std::string> read_all(int fd, const std::string& path, std::size_t limit = kReadLimit);

// The folder, to be worked in by descriptor: what is done through it is done in this folder,
// whatever has its name by then. An invalid handle leaves errno.
FileHandle open_folder(const std::string& path);
// A regular file `name` in `folder`, never through a symbolic link, never waiting for a FIFO's
// writer. An invalid handle leaves errno (EINVAL: not a regular file).
FileHandle open_regular(int folder, const std::string& name, int flags);

}  // namespace soliton
