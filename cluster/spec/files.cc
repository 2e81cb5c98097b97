#include "cluster/spec/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cluster/spec/yaml_tree.h"

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

// The first part of `path` that is not there.
fs::path first_missing(const fs::path& path) {
  fs::path so_far;
  for (const fs::path& part : path) {
    so_far /= part;
    if (!is_there(so_far)) return so_far;
  }
  return path;
}

}  // namespace

std::string folder_of(const std::string& file) { return fs::path(file).parent_path().string(); }

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

Result<std::string> read_text_file(const std::string& path, std::size_t limit) {
  if (!is_regular_file(path)) return invalid(explain_missing_file(path));
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(path, problem);
  if (problem)
    return invalid(fmt::format("cannot read \"{}\": {}", printable(path), problem.message()));
  if (size > limit)
    return invalid(
        fmt::format("\"{}\" has {} bytes; the limit is {}", printable(path), size, limit));
  std::ifstream stream(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(size), '\0');
  stream.read(text.data(), static_cast<std::streamsize>(size));
  if (!stream && size > 0) return invalid(fmt::format("cannot read \"{}\"", printable(path)));
  return text;
}

std::vector<std::string> yaml_stems(const std::string& folder) {
  std::vector<std::string> stems;
  for (const std::string& name : entries(folder))
    if (name.ends_with(".yaml")) stems.push_back(name.substr(0, name.size() - 5));
  // Not the order of the files: "bw-s10-product.yaml" stands before "bw-s10.yaml".
  std::sort(stems.begin(), stems.end());
  return stems;
}

}  // namespace soliton
