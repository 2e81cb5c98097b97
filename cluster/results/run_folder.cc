#include "cluster/results/run_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "cluster/results/file_io.h"
#include "cluster/results/results.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

constexpr int kSameSecondLimit = 1000;
// What a run writes. Anything else in a folder belongs to the user.
constexpr std::array<std::string_view, 9> kRunFiles = {
    "results.json", "summary.txt", "requests.csv", "trace.json", "report.html",
    "cluster.yaml", "plan.svg",    "plan.json",    "lock"};
constexpr std::string_view kLogFolder = "log";

// A write that was cut off where the file system has no nameless files leaves
// "results.json.part-PID-N".
bool is_run_file(const std::string& name) {
  const std::string whole = name.substr(0, name.find(".part-"));
  return std::find(kRunFiles.begin(), kRunFiles.end(), whole) != kRunFiles.end();
}

bool has_results(const fs::path& folder) {
  const Result<std::string> text = read_whole_file((folder / "results.json").string());
  return text && text->starts_with("{\n  \"soliton\": ");
}

bool has_lock(const fs::path& folder) {
  const Result<std::string> text = read_whole_file((folder / "lock").string());
  return text && parse_lock(*text);
}

// Empty, or with a run's results or lock in it, or with nothing but what a run writes.
Result<bool> is_run_folder(const fs::path& folder) {
  if (has_results(folder) || has_lock(folder)) return true;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) return not_written(folder.string(), "list", error.value());
  return std::all_of(fs::begin(entries), fs::end(entries), [](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return name == kLogFolder || is_run_file(name);
  });
}

Status remove_old_run(const fs::path& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    std::error_code failed;
    if (name == kLogFolder)
      fs::remove_all(entry.path(), failed);
    else if (is_run_file(name) && name != "lock")
      fs::remove(entry.path(), failed);
    if (failed) return not_written(entry.path().string(), "remove", failed.value());
  }
  if (error) return not_written(folder.string(), "list", error.value());
  return {};
}

// A name of the cluster file as a file name: no separators, no control characters, no leading dot.
std::string file_name(const std::string& name) {
  std::string out;
  for (const char c : name)
    out += std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ? c : '-';
  if (out.empty() || out[0] == '.') out.insert(0, "run");
  constexpr std::size_t kLongest = 100;
  return out.substr(0, kLongest);
}

Result<std::string> make_stamped(const RunFolderOptions& options) {
  if (Status made = make_folders(options.base); !made) return tl::unexpected<Error>(made.error());
  const std::string first =
      fmt::format("{}/{}-{}", options.base, file_name(options.name), options.stamp);
  for (int attempt = 1; attempt <= kSameSecondLimit; ++attempt) {
    const std::string path = attempt == 1 ? first : fmt::format("{}-{}", first, attempt);
    if (mkdir(path.c_str(), 0777) == 0) return path;
    if (errno != EEXIST) return not_written(path, "make folder", errno);
  }
  return not_written(first, "make folder", EEXIST);
}

Result<std::string> take_given(const std::string& out) {
  if (Status made = make_folders(out); !made) return tl::unexpected<Error>(made.error());
  const Result<bool> ours = is_run_folder(out);
  if (!ours) return tl::unexpected<Error>(ours.error());
  if (!*ours)
    return invalid(
        fmt::format("{} holds files that no run wrote; name an empty or a new folder", out));
  return out;
}

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
  Result<std::string> path = options.out.empty() ? make_stamped(options) : take_given(options.out);
  if (!path) return tl::unexpected<Error>(path.error());
  Result<FolderLock> lock = FolderLock::take(*path);
  if (!lock) return tl::unexpected<Error>(lock.error());
  if (Status removed = remove_old_run(*path); !removed)
    return tl::unexpected<Error>(removed.error());
  RunFolder folder(*path, std::move(*lock));
  if (Status made = make_folders(folder.log_folder()); !made)
    return tl::unexpected<Error>(made.error());
  return folder;
}

Status RunFolder::write(const std::string& name, std::string_view content) const {
  return write_file(path_ + "/" + name, content);
}

}  // namespace soliton
