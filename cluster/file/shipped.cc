#include "cluster/file/shipped.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "cluster/yaml/files.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code problem;
  return fs::is_directory(path, problem);
}

bool is_input(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".npu";
}

// Shipped files, those next to the root first: "quickstart" before one of that name further down.
std::vector<fs::path> shipped_files(const DataRoot& data) {
  std::vector<fs::path> files;
  for (const char* folder : {"configs", "topologies"}) {
    std::error_code problem;
    for (fs::recursive_directory_iterator at(fs::path(data.path) / folder, problem), end;
         !problem && at != end; at.increment(problem))
      if (is_input(at->path())) files.push_back(at->path());
  }
  const auto depth = [](const fs::path& path) { return std::distance(path.begin(), path.end()); };
  std::sort(files.begin(), files.end(), [&](const fs::path& a, const fs::path& b) {
    return depth(a) != depth(b) ? depth(a) < depth(b) : a < b;
  });
  return files;
}

}  // namespace

Result<std::string> find_input(const std::string& given, const DataRoot& data) {
  std::error_code problem;
  if (given.empty() || is_stream(given) || (fs::exists(given, problem) && !is_folder(given)))
    return given;
  const fs::path path(given);
  if (path.is_absolute()) return given;
  for (const char* folder : {"", "configs"})
    for (const char* ending : {"", ".yaml", ".npu"}) {
      const std::string below =
          (fs::path(data.path) / folder / (given + ending)).lexically_normal().string();
      if (is_regular_file(below)) return below;
    }
  if (path.has_parent_path()) return given;
  std::vector<std::string> names;
  for (const fs::path& file : shipped_files(data)) {
    if (file.stem() == path || file.filename() == path) return file.string();
    names.push_back(file.stem().string());
  }
  const std::string near = given.size() > 64 ? "" : nearest_name(path.stem().string(), names);
  const std::string missing = explain_missing_file(given);
  if (near.empty() || is_folder(given) || missing.find("did you mean") != std::string::npos)
    return given;
  return invalid(fmt::format("{}; did you mean the shipped \"{}\"? (soliton list configs)", missing,
                             printable(near)));
}

}  // namespace soliton
