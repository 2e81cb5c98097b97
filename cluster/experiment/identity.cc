#include "cluster/experiment/identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "cluster/results/file_io.h"
#include "cluster/results/sha256.h"
#include "cluster/yaml/files.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

constexpr int kRecordVersion = 1;

// Length and text, so that no two lists of parts give the same bytes.
void update_framed(Sha256& digest, std::string_view text) {
  digest.update(fmt::format("{}:", text.size()));
  digest.update(text);
}

// Unset when the file is not `expected`, or did not stay so while it was read.
std::optional<std::string> digest_of(const std::string& path, const FileStamp& expected) {
  const FileHandle file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file || stamp_of(file.get()) != expected) return std::nullopt;
  Sha256 digest;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (true) {
    const ssize_t count = read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    digest.update(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  }
  if (stamp_of(file.get()) != expected) return std::nullopt;
  return digest.hex();
}

// The files a cluster names beside its devices and topologies.
std::vector<std::string*> named_files(ClusterSpec& spec) {
  std::vector<std::string*> out{&spec.model.onnx, &spec.workload.lengths, &spec.workload.labels,
                                &spec.workload.golden, &spec.key_file};
  if (spec.workload.input != "random") out.push_back(&spec.workload.input);
  std::erase_if(out, [](const std::string* path) { return path->empty(); });
  return out;
}

// Seen from `folder`, unless only one of the two is absolute.
std::string seen_from(const std::string& folder, const std::string& path) {
  const fs::path file(path), base(folder);
  if (file.is_absolute() != base.is_absolute()) return path;
  const fs::path seen = file.lexically_normal().lexically_relative(base.lexically_normal());
  return seen.empty() ? path : seen.string();
}

std::string text_member(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

bool parse_files(const Json& json, std::vector<RecordedFile>& out) {
  const auto files = json.find("files");
  if (files == json.end() || !files->is_array()) return false;
  for (const Json& file : *files) {
    if (!file.is_object()) return false;
    out.push_back({text_member(file, "path"), text_member(file, "sha256")});
  }
  return true;
}

}  // namespace

std::optional<std::string> FileDigests::of(const FilesRead::File& file) {
  if (!file.stamp) return std::nullopt;
  const auto known = known_.find(file.path);
  if (known != known_.end() && known->second.stamp == *file.stamp) return known->second.digest;
  const std::optional<std::string> digest = digest_of(file.path, *file.stamp);
  if (digest) known_[file.path] = {*file.stamp, *digest};
  return digest;
}

std::optional<std::string> cluster_identity(const ClusterSpec& spec, const std::string& build,
                                            FileDigests& digests) {
  if (build.empty()) return std::nullopt;
  ClusterSpec by_content = spec;
  for (std::string* path : named_files(by_content)) {
    const std::optional<std::string> digest = digests.of({*path, stamp_of(*path)});
    if (!digest) return std::nullopt;
    *path = "/" + *digest;  // absolute: written the same from every folder
  }
  Sha256 identity;
  update_framed(identity, build);
  update_framed(identity, write_cluster(by_content, "/"));
  for (const FilesRead::File& file : spec.files_read.files()) {
    const std::optional<std::string> digest = digests.of(file);
    if (!digest) return std::nullopt;
    update_framed(identity, *digest);
  }
  return identity.hex();
}

std::string record_text(const PointRecord& record) {
  Json files = Json::array();
  for (const RecordedFile& file : record.files)
    files.push_back({{"path", file.path}, {"sha256", file.sha256}});
  const Json out{{"version", kRecordVersion},
                 {"cluster", record.cluster},
                 {"results", record.results},
                 {"files", std::move(files)}};
  return json_text(out, JsonLayout::kRows) + "\n";
}

std::optional<PointRecord> parse_record(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("version", Json()) != kRecordVersion) return std::nullopt;
  PointRecord record{text_member(json, "cluster"), {}, text_member(json, "results")};
  if (!parse_files(json, record.files)) return std::nullopt;
  return record;
}

// A file of the cluster that another process read in another state is not the one of the identity.
std::optional<std::vector<RecordedFile>> record_files(const ClusterSpec& spec,
                                                      const std::vector<FilesRead::File>& files,
                                                      FileDigests& digests) {
  std::vector<RecordedFile> out;
  for (const FilesRead::File& file : files) {
    for (const FilesRead::File& known : spec.files_read.files())
      if (known.path == file.path && known.stamp != file.stamp) return std::nullopt;
    const std::optional<std::string> digest = digests.of(file);
    if (!digest) return std::nullopt;
    if (!spec.files_read.has(file.path))
      out.push_back({seen_from(folder_of(spec.file), file.path), *digest});
  }
  return out;
}

bool unchanged(const ClusterSpec& spec, const std::vector<RecordedFile>& files,
               FileDigests& digests) {
  return std::ranges::all_of(files, [&](const RecordedFile& file) {
    const std::string path = resolve_path(folder_of(spec.file), file.path);
    return digests.of({path, stamp_of(path)}) == file.sha256;
  });
}

}  // namespace soliton
