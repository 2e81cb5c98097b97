#include "cluster/results/old_run.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include "cluster/results/file_io.h"
#include "cluster/results/folder_lock.h"

namespace soliton {
namespace {

// What a run writes. Anything else in a folder belongs to the user.
constexpr std::array<std::string_view, 16> kRunFiles = {
    "results.json", "events.csv",   "links.csv",      "links_series.csv",
    "summary.txt",  "requests.csv", "progress.jsonl", "outputs.npy",
    "trace.json",   "report.html",  "cluster.yaml",   "columns.json",
    "plan.svg",     "plan.json",    "plan.txt",       "lock"};

// A write that was cut off where the file system has no nameless files leaves
// "results.json.part-PID-N".
bool is_run_file(const std::string& name) {
  const std::string whole = name.substr(0, name.find(".part-"));
  return std::find(kRunFiles.begin(), kRunFiles.end(), whole) != kRunFiles.end();
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

// The names in a folder, without "." and "..".
Result<std::vector<std::string>> list(int folder, const std::string& shown) {
  FileHandle own(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, CloseFolder> entries(own ? fdopendir(own.get()) : nullptr);
  if (!entries) return not_written(shown, "list", errno);
  static_cast<void>(own.release());
  std::vector<std::string> out;
  errno = 0;
  while (const dirent* entry = readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") out.push_back(name);
  }
  if (errno != 0) return not_written(shown, "list", errno);
  return out;
}

// A file, a symbolic link, or a folder with all below it.
Status remove_tree(int folder, const std::string& name, const std::string& shown) {
  if (unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return not_written(shown, "remove", errno);
  const FileHandle below(
      openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!below) return not_written(shown, "remove", errno);
  const Result<std::vector<std::string>> names = list(below.get(), shown);
  if (!names) return tl::unexpected<Error>(names.error());
  for (const std::string& inner : *names)
    if (Status removed = remove_tree(below.get(), inner, shown + "/" + inner); !removed)
      return removed;
  if (unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0) return not_written(shown, "remove", errno);
  return {};
}

// A file, or a folder if it is empty.
Status remove_one(int folder, const std::string& name, const std::string& shown) {
  if (unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno == EISDIR && unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0) return {};
  return not_written(shown, "remove", errno);
}

bool has_results(int folder) {
  constexpr std::string_view kHead = "{\n  \"soliton\": ";
  const FileHandle file = open_regular(folder, "results.json", O_RDONLY);
  std::array<char, kHead.size()> head{};
  return file && pread(file.get(), head.data(), head.size(), 0) == ssize_t{head.size()} &&
         std::string_view(head.data(), head.size()) == kHead;
}

}  // namespace

Result<bool> is_run_folder(int folder, const std::string& shown) {
  if (has_results(folder) || read_lock(folder)) return true;
  const Result<std::vector<std::string>> names = list(folder, shown);
  if (!names) return tl::unexpected<Error>(names.error());
  return std::all_of(names->begin(), names->end(), [](const std::string& name) {
    return name == kLogFolder || is_run_file(name);
  });
}

Status remove_old_run(int folder, const std::string& shown) {
  const Result<std::vector<std::string>> names = list(folder, shown);
  if (!names) return tl::unexpected<Error>(names.error());
  for (const std::string& name : *names) {
    const std::string path = shown + "/" + name;
    Status removed;
    if (name == kLogFolder)
      removed = remove_tree(folder, name, path);
    else if (is_run_file(name) && name != "lock")
      removed = remove_one(folder, name, path);
    if (!removed) return removed;
  }
  return {};
}

}  // namespace soliton
