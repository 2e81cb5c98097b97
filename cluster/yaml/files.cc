#include "cluster/yaml/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cluster/yaml/yaml_tree.h"

namespace soliton {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kEntriesLimit = 10'000;  // of a folder looked through for a near name

std::vector<std::string> entries(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  fs::directory_iterator at(folder.empty() ? fs::path(".") : folder, problem);
  for (; !problem && at != fs::directory_iterator() && names.size() < kEntriesLimit;
       at.increment(problem))
    names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

bool is_there(const fs::path& path) {
  std::error_code problem;
  return fs::exists(path, problem);
}

// The first part of `path` that does not exist.
fs::path first_missing(const fs::path& path) {
  fs::path so_far;
  for (const fs::path& part : path) {
    so_far /= part;
    if (!is_there(so_far)) return so_far;
  }
  return path;
}

}  // namespace

bool is_stream(const std::string& file) {
  return file == "-" || file == "/dev/stdin" || file.starts_with("/dev/fd/") ||
         file.starts_with("/proc/self/fd/");
}

std::string folder_of(const std::string& file) {
  return is_stream(file) ? "" : fs::path(file).parent_path().string();
}

std::string resolve_path(const std::string& folder, const std::string& path) {
  return (fs::path(folder) / path).lexically_normal().string();
}

std::string path_from(const std::string& folder, const std::string& path) {
  std::error_code problem;
  const fs::path file = fs::absolute(path, problem).lexically_normal();
  const fs::path base = fs::absolute(folder.empty() ? "." : folder, problem).lexically_normal();
  // ".." out of a symbolic link leads elsewhere than its spelling says.
  const fs::path real = fs::weakly_canonical(base, problem);
  if (problem || fs::path(path).is_absolute() ||
      real != (base.has_filename() ? base : base.parent_path()))
    return file.string();
  return file.lexically_relative(real).string();
}

bool is_regular_file(const std::string& path) {
  std::error_code problem;
  return fs::is_regular_file(path, problem);
}

std::string explain_missing_file(const std::string& path) {
  if (is_there(path)) return fmt::format("\"{}\" is not a file", printable(path));
  const fs::path missing = first_missing(fs::path(path).lexically_normal());
  const std::string name = missing.filename().string();
  const std::string near =
      name.size() > 64 ? "" : nearest_name(name, entries(missing.parent_path()));
  const std::string what = missing == fs::path(path).lexically_normal() ? "file" : "folder";
  return fmt::format("no {} \"{}\"{}", what, printable(missing.string()),
                     near.empty() ? "" : fmt::format("; did you mean \"{}\"?", printable(near)));
}

namespace {

constexpr int kSilenceMs = 2'000;  // of a named pipe

// A descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

tl::unexpected<Error> cannot_read(const std::string& path, int problem) {
  return invalid(fmt::format("cannot read \"{}\": {}", printable(path), std::strerror(problem)));
}

// How long a silence may last, in ms; -1 (forever) for a stream, which ends when its writer does.
Result<int> patience(const std::string& path, int descriptor, const struct stat& status) {
  struct statfs system {};
  if (S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode)) return -1;
  if (S_ISFIFO(status.st_mode))
    return fstatfs(descriptor, &system) == 0 && system.f_type == PIPEFS_MAGIC ? -1 : kSilenceMs;
  if (S_ISCHR(status.st_mode) && (path == "-" || isatty(descriptor) != 0)) return -1;
  return invalid(fmt::format("\"{}\" is a {}, not a file", printable(path),
                             S_ISDIR(status.st_mode) ? "folder" : "device"));
}

tl::unexpected<Error> too_big(const std::string& path, std::size_t limit) {
  return invalid(fmt::format("\"{}\" has more than {} bytes, the limit", printable(path), limit));
}

Result<std::string> read_all(const std::string& path, int descriptor, std::size_t limit,
                             int silence_ms) {
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  std::string text;
  for (;;) {
    pollfd wait{descriptor, POLLIN, 0};
    const int ready = poll(&wait, 1, silence_ms);
    if (ready == 0)
      return invalid(fmt::format("\"{}\" is a pipe that no process writes to", printable(path)));
    if (ready < 0 && errno == EINTR) continue;
    const std::size_t held = text.size();
    text.resize(held + kPiece);
    const ssize_t size = read(descriptor, text.data() + held, kPiece);
    const int problem = errno;
    text.resize(held + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (size < 0 && problem != EINTR && problem != EAGAIN) return cannot_read(path, problem);
    if (text.size() > limit) return too_big(path, limit);
    if (size == 0) return text;
  }
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t limit) {
  if (path != "-" && !is_there(path)) return invalid(explain_missing_file(path));
  // Opening a named pipe or a terminal line must not wait.
  const Descriptor file(path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                    : open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (file.number() < 0 || fstat(file.number(), &status) != 0) return cannot_read(path, errno);
  const Result<int> silence = patience(path, file.number(), status);
  if (!silence) return tl::unexpected<Error>(silence.error());
  if (S_ISREG(status.st_mode) && static_cast<std::uintmax_t>(status.st_size) > limit)
    return invalid(fmt::format("\"{}\" has {} bytes; the limit is {}", printable(path),
                               status.st_size, limit));
  return read_all(path, file.number(), limit, *silence);
}

std::vector<std::string> yaml_stems(const std::string& folder) {
  std::vector<std::string> stems;
  for (const std::string& name : entries(folder))
    if (name.ends_with(".yaml")) stems.push_back(name.substr(0, name.size() - 5));
  // Sorted again as names: the file "bw-s10-product.yaml" comes before "bw-s10.yaml".
  std::sort(stems.begin(), stems.end());
  return stems;
}

}  // namespace soliton
