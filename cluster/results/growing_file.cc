#include "cluster/results/growing_file.h"

#include <unistd.h>

#include <cerrno>

#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr std::uint64_t kPage = 4096;  // the smallest page of any Linux machine

}  // namespace

std::size_t piece_length(std::string_view lines, std::uint64_t size) {
  const std::uint64_t room = kPage - size % kPage;
  const std::size_t last = lines.substr(0, room).rfind('\n');
  const std::size_t end = last != std::string_view::npos ? last : lines.find('\n');
  return end == std::string_view::npos ? lines.size() : end + 1;
}

Status GrowingFile::append(std::string_view lines) {
  SOLITON_CHECK(lines.empty() || lines.back() == '\n');
  if (failed_) return tl::unexpected<Error>(*failed_);
  while (!lines.empty()) {
    const std::size_t length = piece_length(lines, size_);
    if (Status written = write_piece(lines.substr(0, length)); !written) {
      failed_ = written.error();
      return written;
    }
    lines.remove_prefix(length);
  }
  return {};
}

Status GrowingFile::write_piece(std::string_view piece) {
  std::size_t done = 0;
  while (done < piece.size()) {
    const ssize_t count = pwrite(file_.get(), piece.data() + done, piece.size() - done,
                                 static_cast<off_t>(size_ + done));
    if (count < 0 && errno == EINTR) continue;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
      continue;
    }
    const int error = count == 0 ? ENOSPC : errno;
    size_ += piece.substr(0, done).rfind('\n') + 1;  // npos + 1 is 0: no whole line
    if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0)
      return not_written(shown_, "cut off half a line", errno);
    return not_written(shown_, "write", error);
  }
  size_ += piece.size();
  return {};
}

Status GrowingFile::sync() {
  if (fdatasync(file_.get()) != 0) return not_written(shown_, "fsync", errno);
  return {};
}

}  // namespace soliton
