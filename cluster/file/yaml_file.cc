#include "cluster/file/yaml_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "cluster/yaml/files.h"

namespace soliton {
namespace {

const YamlKey* key_among(const YamlValue& root, std::initializer_list<std::string_view> names) {
  for (const YamlKey& key : root.keys)
    if (std::find(names.begin(), names.end(), key.name) != names.end()) return &key;
  return nullptr;
}

// The key that tells the kind; null: none does.
const YamlKey* telling_key(const YamlValue& root, FileKind& kind) {
  kind = FileKind::kExperiment;
  if (const YamlKey* key = key_among(root, {"cluster", "series", "grid", "points", "find"}))
    return key;
  kind = FileKind::kCluster;
  if (const YamlKey* key = key_among(root, {"nodes", "model", "workload"})) return key;
  const YamlValue* said = root.find("kind");
  // A key without a value is as good as absent.
  if (said != nullptr && said->kind != YamlValue::Kind::kNull) {
    const YamlKey* key = key_among(root, {"kind"});
    const std::string& what = said->text;
    kind = what == "npu" || what == "cpu" ? FileKind::kDevice : FileKind::kTopology;
    return key;
  }
  if (const YamlKey* key = key_among(root, {"base"})) return kind = FileKind::kDevice, key;
  return nullptr;
}

constexpr const char* kNames[] = {"a cluster file", "an experiment", "a device", "a topology"};
constexpr const char* kContents[] = {
    "has nodes and a model, as configs/quickstart.yaml (soliton list configs)",
    "has a name, the cluster file it changes and series of points (docs/experiments.md)",
    "has a kind and what that takes, as configs/devices/custom.yaml",
    "has a kind and what that takes, as topologies/rack.yaml"};

std::string name_of(FileKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::string use_of(FileKind kind, const std::string& file) {
  switch (kind) {
    case FileKind::kCluster:
      return fmt::format("soliton run {}", file);
    case FileKind::kExperiment:
      return fmt::format("soliton sweep {}", file);
    case FileKind::kDevice:
      return fmt::format("name it in a cluster file's nodes, as device: {}", file);
    case FileKind::kTopology:
      return fmt::format("name it in a cluster file, as topology: {}", file);
  }
  return "";
}

}  // namespace

FileKind kind_of(const YamlValue& root) {
  FileKind kind = FileKind::kCluster;
  return telling_key(root, kind) == nullptr ? FileKind::kCluster : kind;
}

Checked<YamlFile> yaml_of_text(const std::string& text, const std::string& file) {
  Checked<YamlValue> root = parse_yaml(text, file);
  if (!root) return tl::unexpected<Diagnostics>(std::move(root.error()));
  return YamlFile{file, std::move(*root), {}};
}

Checked<YamlFile> read_yaml(const std::string& file) {
  FilesRead files;
  files.note(file);
  const Result<std::string> text = read_text_file(file, kYamlBytesLimit);
  if (!text) return tl::unexpected<Diagnostics>(Diagnostics{{text.error()}});
  Checked<YamlFile> yaml = yaml_of_text(*text, file);
  if (yaml) yaml->files = std::move(files);
  return yaml;
}

Diagnostics refuse_other_kind(const YamlFile& yaml, FileKind wanted) {
  Diagnostics problems;
  const std::string shown = printable(yaml.file);
  if (yaml.root.kind == YamlValue::Kind::kNull) {
    problems.add(ErrorCode::kInvalid,
                 fmt::format("{}:1:1: the file is empty; {} {}", shown, name_of(wanted),
                             kContents[static_cast<std::size_t>(wanted)]));
    return problems;
  }
  FileKind kind = wanted;
  const YamlKey* key = telling_key(yaml.root, kind);
  if (key != nullptr && kind != wanted)
    problems.add(ErrorCode::kInvalid, fmt::format("{}:{}:{}: this is {}, not {}: {}", shown,
                                                  key->mark.line, key->mark.column, name_of(kind),
                                                  name_of(wanted), use_of(kind, shown)));
  return problems;
}

}  // namespace soliton
