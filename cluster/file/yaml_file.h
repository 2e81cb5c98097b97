// A YAML file of ours from its name: read, parsed, and held against what it is wanted as.
#pragma once

#include <string>

#include "cluster/yaml/yaml_tree.h"
#include "protocol/base/files_read.h"

namespace soliton {

// What a file says, by the keys at its top. One that says nothing is taken for a cluster file.
enum class FileKind : std::uint8_t { kCluster, kExperiment, kDevice, kTopology };
FileKind kind_of(const YamlValue& root);

// A file that was read once, as a stream can be.
struct YamlFile {
  std::string file;  // as named by the user, for messages and relative paths
  YamlValue root;
  FilesRead files;  // itself, as it was when it was opened; none of a text
};

// `file` may be anything read_text_file() takes; at most kYamlBytesLimit.
Checked<YamlFile> read_yaml(const std::string& file);
Checked<YamlFile> yaml_of_text(const std::string& text, const std::string& file);

// Why it cannot be read as `wanted`: it is empty, or a file of another kind. Says what to do with
// it instead. Empty when it can.
Diagnostics refuse_other_kind(const YamlFile& yaml, FileKind wanted);

}  // namespace soliton
