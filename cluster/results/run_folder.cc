#include "cluster/results/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <climits>
#include <filesystem>
#include <system_error>

#include "cluster/results/draft.h"
#include "cluster/results/old_run.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

constexpr int kSameSecondLimit = 1000;
constexpr off_t kLogTail = 64 * 1024;
// Logs may quote text that other users should not read.
constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPrivateFile = 0600;

// A name of the cluster file as a file name: no separators, no control characters, no leading dot.
std::string file_name(const std::string& name) {
  std::string out;
  for (const char c : name)
    out += std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ? c : '-';
  if (out.empty() || out[0] == '.') out.insert(0, "run");
  constexpr std::size_t kLongest = 100;
  return out.substr(0, kLongest);
}

struct OpenFolder {
  std::string path;
  FileHandle handle;
};

Result<OpenFolder> opened(const std::string& path) {
  OpenFolder folder{path, open_folder(path)};
  if (!folder.handle) return not_written(path, "open folder", errno);
  return folder;
}

Result<OpenFolder> make_stamped(const RunFolderOptions& options) {
  if (Status made = make_folders(options.base); !made) return tl::unexpected<Error>(made.error());
  const std::string first =
      fmt::format("{}/{}-{}", options.base, file_name(options.name), options.stamp);
  for (int attempt = 1; attempt <= kSameSecondLimit; ++attempt) {
    const std::string path = attempt == 1 ? first : fmt::format("{}-{}", first, attempt);
    if (mkdir(path.c_str(), 0777) == 0) return opened(path);
    if (errno != EEXIST) return not_written(path, "make folder", errno);
  }
  return not_written(first, "make folder", EEXIST);
}

Result<OpenFolder> take_given(const std::string& out) {
  if (Status made = make_folders(out); !made) return tl::unexpected<Error>(made.error());
  Result<OpenFolder> folder = opened(out);
  if (!folder) return folder;
  const Result<bool> ours = is_run_folder(folder->handle.get(), out);
  if (!ours) return tl::unexpected<Error>(ours.error());
  if (!*ours)
    return invalid(
        fmt::format("{} holds files that no run wrote; name an empty or a new folder", out));
  return folder;
}

Result<FileHandle> make_log_folder(const OpenFolder& folder) {
  const int parent = folder.handle.get();
  const std::string shown = folder.path + "/" + kLogFolder;
  if (mkdirat(parent, kLogFolder, kPrivateFolder) != 0)
    return not_written(shown, "make folder", errno);
  FileHandle log(openat(parent, kLogFolder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!log) return not_written(shown, "open folder", errno);
  return log;
}

std::string log_name(const std::string& node) { return node + ".log"; }

}  // namespace

std::string run_stamp(std::time_t now) {
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return text;
}

Status make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return not_written(path, "make folder", error.value());
  if (!fs::is_directory(path, error)) return not_written(path, "make folder", ENOTDIR);
  return {};
}

Result<RunFolder> RunFolder::open(const RunFolderOptions& options) {
  Result<OpenFolder> folder = options.out.empty() ? make_stamped(options) : take_given(options.out);
  if (!folder) return tl::unexpected<Error>(folder.error());
  const int handle = folder->handle.get();
  Result<FolderLock> lock = FolderLock::take(handle, folder->path, options.patience);
  if (!lock) return tl::unexpected<Error>(lock.error());
  // Two hosts that take over the same lease both believe they own it until the next check.
  if (Status ours = lock->check(); !ours) return tl::unexpected<Error>(ours.error());
  if (Status removed = remove_old_run(handle, folder->path); !removed)
    return tl::unexpected<Error>(removed.error());
  Result<FileHandle> log = make_log_folder(*folder);
  if (!log) return tl::unexpected<Error>(log.error());
  return RunFolder(folder->path, std::move(folder->handle), std::move(*lock), std::move(*log));
}

std::string RunFolder::current_path() const {
  struct stat mine {
  }, there{};
  if (fstat(folder_.get(), &mine) != 0 || mine.st_nlink == 0) return path_;
  if (stat(path_.c_str(), &there) == 0 && there.st_ino == mine.st_ino &&
      there.st_dev == mine.st_dev)
    return path_;
  std::error_code error;
  const fs::path now = fs::read_symlink(fmt::format("/proc/self/fd/{}", folder_.get()), error);
  return error ? path_ : now.string();
}

FilePlace RunFolder::place_of(const std::string& name) const {
  const std::string in_log = fmt::format("{}/", kLogFolder);
  const std::string shown = path_ + "/" + name;
  if (name.starts_with(in_log))
    return {log_.get(), name.substr(in_log.size()), shown, kPrivateFile};
  return {folder_.get(), name, shown};
}

Status RunFolder::write(const std::string& name, std::string_view content,
                        const WriteOptions& options) const {
  Status written = write_file(place_of(name), content, options, [this] { return lock_.check(); });
  return written ? written : because(written.error());
}

tl::unexpected<Error> RunFolder::because(Error error) const {
  const Status ours = lock_.check();
  return tl::unexpected<Error>(ours ? std::move(error) : ours.error());
}

Result<GrowingFile> RunFolder::grow(const std::string& name) const {
  FilePlace place = place_of(name);
  Result<Draft> draft = Draft::open(place.folder, place.name, place.shown, place.mode);
  if (!draft) return because(draft.error());
  if (Status ours = lock_.check(); !ours) return tl::unexpected<Error>(ours.error());
  if (Status named = draft->replace(); !named) return tl::unexpected<Error>(named.error());
  return GrowingFile(draft->release(), std::move(place.shown));
}

Result<FileHandle> RunFolder::open_log(const std::string& node) const {
  const std::string name = log_name(node);
  FileHandle file(openat(log_.get(), name.c_str(),
                         O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
                         kPrivateFile));
  if (file) return file;
  const int error = errno;
  Error unopened =
      not_written(fmt::format("{}/{}/{}", path_, kLogFolder, name), "open", error).value();
  if (error == EMFILE || error == ENFILE) unopened.code = ErrorCode::kEnvironment;
  return because(std::move(unopened));
}

std::string RunFolder::last_log_lines(const std::string& node, std::size_t lines) const {
  const FileHandle file = open_regular(log_.get(), log_name(node), O_RDONLY);
  const off_t size = file ? lseek(file.get(), 0, SEEK_END) : 0;
  if (size <= 0) return "";
  const off_t from = std::max<off_t>(0, size - kLogTail);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  const ssize_t count = pread(file.get(), text.data(), text.size(), from);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
  if (text.ends_with('\n')) text.pop_back();
  std::string out;
  for (; lines > 0 && !text.empty(); --lines) {
    const std::size_t begin = text.rfind('\n') + 1;  // npos + 1 is 0: the first line
    out = fmt::format("\n    {}{}", text.substr(begin), out);
    text.resize(begin == 0 ? 0 : begin - 1);
  }
  return out;
}

Status RunFolder::renew() { return lock_.renew(std::chrono::steady_clock::now()); }

}  // namespace soliton
