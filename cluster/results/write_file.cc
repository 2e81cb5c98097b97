// The content goes into a file without a name (O_TMPFILE), which is named only when it is whole and
// on disk: a process killed on the way leaves nothing behind. Where the file system has no such
// files, a named one beside the target is used.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "cluster/results/file_io.h"
#include "cluster/results/results.h"

namespace soliton {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A name beside `path` that no other write of any process uses.
std::string part_name(const std::string& path) {
  static std::atomic<unsigned> ordinal{0};
  return fmt::format("{}.part-{}-{}", path, getpid(), ordinal.fetch_add(1));
}

struct Draft {
  FileHandle file;
  std::string name;  // "" while the file has none
};

Result<Draft> open_draft(const std::string& path) {
  Draft draft;
  draft.file = FileHandle(open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  if (draft.file) return draft;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
    return not_written(path, "open", errno);
  draft.name = part_name(path);
  draft.file = FileHandle(open(draft.name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666));
  if (!draft.file) return not_written(path, "open", errno);
  return draft;
}

// Gives a nameless draft the name `name`. False with EEXIST when there is such a file.
bool link_draft(const Draft& draft, const std::string& name) {
  const std::string self = fmt::format("/proc/self/fd/{}", draft.file.get());
  return linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

Status publish(Draft& draft, const std::string& path) {
  if (draft.name.empty()) {
    if (link_draft(draft, path)) return {};
    if (errno != EEXIST) return not_written(path, "link", errno);
    const std::string part = part_name(path);
    if (!link_draft(draft, part)) return not_written(path, "link", errno);
    draft.name = part;
  }
  if (rename(draft.name.c_str(), path.c_str()) != 0) return not_written(path, "rename", errno);
  draft.name.clear();
  return {};
}

Status sync_folder(const std::string& path) {
  const FileHandle folder(open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return not_written(path, "open folder", errno);
  if (fsync(folder.get()) != 0 && errno != EINVAL) return not_written(path, "fsync folder", errno);
  return {};
}

Status write_draft(Draft& draft, const std::string& path, std::string_view content) {
  if (Status written = write_all(draft.file.get(), content, path); !written) return written;
  if (fsync(draft.file.get()) != 0) return not_written(path, "fsync", errno);
  if (Status published = publish(draft, path); !published) return published;
  if (close(draft.file.release()) != 0) return not_written(path, "close", errno);
  return sync_folder(path);
}

}  // namespace

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
  std::string out;
  char buffer[65536];
  while (true) {
    const ssize_t count = read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return invalid(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    if (count == 0) return out;
    out.append(buffer, static_cast<std::size_t>(count));
    if (out.size() > kReadLimit)
      return invalid(fmt::format("{} is larger than {} bytes", path, kReadLimit));
  }
}

Status write_file(const std::string& path, std::string_view content) {
  Result<Draft> draft = open_draft(path);
  if (!draft) return tl::unexpected<Error>(draft.error());
  Status status = write_draft(*draft, path, content);
  if (!draft->name.empty()) unlink(draft->name.c_str());
  return status;
}

}  // namespace soliton
