#include "partition/onnx/bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace soliton::onnx_import {

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::int64_t> regular_size(const File& file) {
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode))
    return invalid("is not a regular file");
  return static_cast<std::int64_t>(info.st_size);
}

Result<std::string> read_at(const File& file, std::int64_t offset, std::int64_t length) {
  std::string bytes(static_cast<std::size_t>(length), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(file.fd(), bytes.data() + filled, bytes.size() - filled,
                                static_cast<off_t>(offset) + static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return invalid(fmt::format("cannot be read: {}", std::strerror(errno)));
    if (got == 0) return invalid("became shorter while it was read");
    filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<std::string> read_file(const std::string& path, std::int64_t limit) {
  // Non-blocking, so that a pipe in place of a file is refused instead of waited for.
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) return invalid(fmt::format("cannot be opened: {}", std::strerror(errno)));
  const Result<std::int64_t> size = regular_size(file);
  if (!size) return tl::unexpected(size.error());
  if (*size == 0) return invalid("is empty");
  if (*size > limit) return invalid(fmt::format("has {} bytes; at most {}", *size, limit));
  return read_at(file, 0, *size);
}

}  // namespace soliton::onnx_import
