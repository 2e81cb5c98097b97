#include "cluster/cli/manifest_files.h"

#include <fmt/format.h>

#include <filesystem>

#include "cluster/results/file_io.h"
#include "cluster/run/run.h"
#include "protocol/base/text.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

// The limit of etcd for an object is 1 MiB, all of it.
constexpr std::size_t kBytesMost = 1'000'000;

fs::path whole(const std::string& path) {
  std::error_code error;
  const fs::path out = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? fs::path(path) : out;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const fs::path seen = path.lexically_relative(folder);
  return !seen.empty() && *seen.begin() != "..";
}

std::string base64(const std::string& bytes) {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0U;
    };
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    const std::size_t digits = std::min<std::size_t>(bytes.size() - i, 3) + 1;
    for (std::size_t d = 0; d < 4; ++d)
      out += d < digits ? kDigits[group >> (18 - 6 * d) & 63] : '=';
  }
  return out;
}

bool is_text(const std::string& bytes) {
  // Whether it is UTF-8 is known to the writer of JSON alone, which replaces what is not.
  return bytes.find('\0') == std::string::npos &&
         Json::parse(json_text(Json(bytes), JsonLayout::kLine)).get<std::string>() == bytes;
}

fs::path common_folder(const std::set<fs::path>& paths) {
  fs::path out = paths.begin()->parent_path();
  for (const fs::path& path : paths)
    while (!is_below(path, out) && out != out.parent_path()) out = out.parent_path();
  return out;
}

}  // namespace

std::string kubernetes_name(const std::string& name) {
  std::string out;
  for (const char c : name)
    out += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c
           : c >= 'A' && c <= 'Z'                           ? static_cast<char>(c - 'A' + 'a')
                                                            : '-';
  out = out.substr(0, 40);  // what is appended must fit 63
  while (!out.empty() && out.back() == '-') out.pop_back();
  while (!out.empty() && (out.front() == '-' || (out.front() >= '0' && out.front() <= '9')))
    out.erase(out.begin());
  return out.empty() ? "soliton" : out;
}

std::string ManifestFiles::path_of(const std::string& path) const {
  return whole(path).lexically_relative(root).string();
}

Checked<std::set<std::string>> files_of_cluster(const std::string& file, const Overrides& overrides,
                                                const DataRoot& data) {
  const Checked<std::unique_ptr<PreparedRun>> run =
      prepare(file, overrides, data, {.plan = false, .weights = false});
  if (!run) return tl::unexpected<Diagnostics>(run.error());
  std::set<std::string> out{file};
  for (const FilesRead::File& read : (*run)->spec.files_read.files()) out.insert(read.path);
  return out;
}

Checked<ManifestFiles> manifest_files(const std::set<std::string>& paths, const DataRoot& data) {
  std::set<fs::path> carried;
  // What the program finds in the image by itself need not be carried.
  for (const std::string& path : paths)
    if (!is_below(whole(path), whole(data.path) / "configs" / "devices") &&
        !is_below(whole(path), whole(data.path) / "topologies"))
      carried.insert(whole(path));
  Diagnostics problems;
  ManifestFiles out;
  out.root = common_folder(carried).string();
  std::string texts, binaries;
  std::size_t number = 0, bytes = 0;
  for (const fs::path& path : carried) {
    const Result<std::string> content = read_whole_file(path.string());
    if (!content) {
      problems.add(content.error());
      continue;
    }
    const std::string key = fmt::format("file{}", number++);
    const bool text = is_text(*content);
    const std::string value =
        json_text(Json(text ? *content : base64(*content)), JsonLayout::kLine);
    bytes += value.size();
    (text ? texts : binaries) += fmt::format("  {}: {}\n", key, value);
    out.items +=
        fmt::format("              - {{key: {}, path: {}}}\n", key,
                    json_text(Json(path.lexically_relative(out.root).string()), JsonLayout::kLine));
  }
  if (bytes > kBytesMost)
    problems.add(
        ErrorCode::kInvalid,
        fmt::format("the files of this experiment have {} bytes, and a ConfigMap holds {}: "
                    "put them into the image or on a volume, and run it from there",
                    bytes, kBytesMost));
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  if (!texts.empty()) out.config_map += "data:\n" + texts;
  if (!binaries.empty()) out.config_map += "binaryData:\n" + binaries;
  return out;
}

}  // namespace soliton
