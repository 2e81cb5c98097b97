#include "cluster/results/file_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace soliton {

FileHandle::~FileHandle() {
  if (fd_ >= 0) close(fd_);
}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

tl::unexpected<Error> not_written(const std::string& path, const std::string& what, int error) {
  return failure(ErrorCode::kNotWritten,
                 fmt::format("cannot write {}: {} ({})", path, what, std::strerror(error)));
}

Status write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t count = write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return not_written(path, "write", errno);
    if (count == 0) return not_written(path, "write", ENOSPC);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::string> read_whole_file(const std::string& path) {
  const FileHandle file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return invalid(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  return read_all(file.get(), path);
}

Result<std::string> read_all(int fd, const std::string& path, std::size_t limit) {
  std::string out;
  char buffer[65536];
  while (true) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return invalid(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    if (count == 0) return out;
    out.append(buffer, static_cast<std::size_t>(count));
    if (out.size() > limit) return invalid(fmt::format("{} is larger than {} bytes", path, limit));
  }
}

FileHandle open_folder(const std::string& path) {
  return FileHandle(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

FileHandle open_regular(int folder, const std::string& name, int flags) {
  FileHandle file(
      openat(folder, name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0) return FileHandle();
  if (S_ISREG(about.st_mode)) return file;
  errno = EINVAL;
  return FileHandle();
}

}  // namespace soliton
