#include "cluster/results/growing_file.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr std::uint64_t kPage = 4096;  // the smallest page of any Linux machine

std::uint64_t room_in_page(std::uint64_t size) { return kPage - size % kPage; }

// Writes a piece at `size`; on failure cuts the file back to whole lines. Returns 0 or errno. Runs
// in a process that shares this one's memory: system calls only.
int write_piece(int fd, std::string_view piece, std::uint64_t size) {
  std::size_t done = 0;
  while (done < piece.size()) {
    const ssize_t count =
        pwrite(fd, piece.data() + done, piece.size() - done, static_cast<off_t>(size + done));
    if (count < 0 && errno == EINTR) continue;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
      continue;
    }
    const int error = count == 0 ? ENOSPC : errno;
    const std::size_t whole = piece.substr(0, done).rfind('\n') + 1;  // npos + 1 is 0: none
    return ftruncate(fd, static_cast<off_t>(size + whole)) == 0 ? error : errno;
  }
  return 0;
}

int write_lines(int fd, std::string_view lines, std::uint64_t size) {
  while (!lines.empty()) {
    const std::size_t length = piece_length(lines, size);
    if (const int error = write_piece(fd, lines.substr(0, length), size); error != 0) return error;
    lines.remove_prefix(length);
    size += length;
  }
  return 0;
}

// write_lines() by a process that a signal to this one, or to its group, does not reach.
int write_lines_apart(int fd, std::string_view lines, std::uint64_t size) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);  // no handler of ours may run in both
  const pid_t child = vfork();
  if (child == 0) {
    setsid();
    _exit(write_lines(fd, lines, size));
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (child < 0) return write_lines(fd, lines, size);  // a limit on processes
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) break;  // nobody is to be waited for where SIGCHLD is ignored
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) return WEXITSTATUS(status);
  struct stat about {};
  if (fstat(fd, &about) != 0) return errno;
  return static_cast<std::uint64_t>(about.st_size) == size + lines.size() ? 0 : EIO;
}

}  // namespace

std::size_t piece_length(std::string_view lines, std::uint64_t size) {
  const std::size_t last = lines.substr(0, room_in_page(size)).rfind('\n');
  const std::size_t end = last != std::string_view::npos ? last : lines.find('\n');
  return end == std::string_view::npos ? lines.size() : end + 1;
}

Status GrowingFile::append(std::string_view lines) {
  SOLITON_CHECK(lines.empty() || lines.back() == '\n');
  if (failed_) return tl::unexpected<Error>(*failed_);
  const bool in_one_page = lines.size() <= room_in_page(size_);
  const int error = in_one_page ? write_lines(file_.get(), lines, size_)
                                : write_lines_apart(file_.get(), lines, size_);
  if (error != 0) {
    failed_ = not_written(shown_, "write", error).value();
    return tl::unexpected<Error>(*failed_);
  }
  size_ += lines.size();
  return {};
}

}  // namespace soliton
