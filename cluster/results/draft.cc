#include "cluster/results/draft.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

namespace soliton {
namespace {

// A name that no other draft of any process uses.
std::string part_name(const std::string& name) {
  static std::atomic<unsigned> ordinal{0};
  return fmt::format("{}.part-{}-{}", name, getpid(), ordinal.fetch_add(1));
}

// Gives the open file `fd`, which has no name, a first one. False leaves errno.
bool link_nameless(int fd, int folder, const std::string& name) {
  const std::string self = fmt::format("/proc/self/fd/{}", fd);
  return linkat(AT_FDCWD, self.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

bool without_nameless_files(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL;
}

// A file with one name gets another one that is free. False leaves errno.
bool move_to_free_name(int folder, const std::string& from, const std::string& to) {
  if (linkat(folder, from.c_str(), folder, to.c_str(), 0) == 0) {
    unlinkat(folder, from.c_str(), 0);
    return true;
  }
  if (errno == EEXIST) return false;
  // No hard links here.
  if (renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (faccessat(folder, to.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return false;
  }
  return renameat(folder, from.c_str(), folder, to.c_str()) == 0;
}

}  // namespace

Result<Draft> Draft::open(int folder, std::string name, std::string shown, mode_t mode) {
  Draft draft(folder, std::move(name), std::move(shown));
  draft.file_ = FileHandle(openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  if (draft.file_) return draft;
  if (!without_nameless_files(errno)) return not_written(draft.shown_, "open", errno);
  const std::string part = part_name(draft.name_);
  draft.file_ =
      FileHandle(openat(folder, part.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode));
  if (!draft.file_) return not_written(draft.shown_, "open", errno);
  draft.part_ = part;
  return draft;
}

Draft::Draft(Draft&& other) noexcept
    : folder_(other.folder_),
      name_(std::move(other.name_)),
      shown_(std::move(other.shown_)),
      file_(std::move(other.file_)),
      part_(std::exchange(other.part_, {})) {}

Draft::~Draft() {
  if (!part_.empty()) unlinkat(folder_, part_.c_str(), 0);
}

Status Draft::write(std::string_view content) const {
  return write_all(file_.get(), content, shown_);
}

Status Draft::sync() const {
  if (fsync(file_.get()) != 0) return not_written(shown_, "fsync", errno);
  return {};
}

Result<bool> Draft::publish_new() {
  const bool named = part_.empty() ? link_nameless(file_.get(), folder_, name_)
                                   : move_to_free_name(folder_, part_, name_);
  if (!named && errno == EEXIST) return false;
  if (!named) return not_written(shown_, "link", errno);
  part_.clear();
  return true;
}

Status Draft::link_part() {
  const std::string part = part_name(name_);
  if (!link_nameless(file_.get(), folder_, part)) return not_written(shown_, "link", errno);
  part_ = part;
  return {};
}

Status Draft::replace() {
  if (part_.empty()) {
    if (link_nameless(file_.get(), folder_, name_)) return {};
    if (errno != EEXIST) return not_written(shown_, "link", errno);
    if (Status linked = link_part(); !linked) return linked;
  }
  if (renameat(folder_, part_.c_str(), folder_, name_.c_str()) != 0)
    return not_written(shown_, "rename", errno);
  part_.clear();
  return {};
}

Status Draft::close() {
  if (::close(file_.release()) != 0) return not_written(shown_, "close", errno);
  return {};
}

}  // namespace soliton
