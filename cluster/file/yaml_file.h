// One of our YAML files by name: reads it, parses it, and checks that it is of the kind wanted.
#pragma once

#include <string>

#include "cluster/yaml/yaml_tree.h"
#include "protocol/base/files_read.h"

namespace soliton {

// The kind of a file, recognised by its top-level keys. A file without any is taken for a cluster
// file.
enum class FileKind : std::uint8_t { kCluster, kExperiment, kDevice, kTopology };
FileKind kind_of(const YamlValue& root);

// A parsed file. Passed on rather than read again, because a stream can be read only once.
struct YamlFile {
  std::string file;  // as named by the user, for messages and relative paths
  YamlValue root;
  FilesRead files;  // the file itself, as it was when opened; empty for a text
};

// `file` may be anything that read_text_file() accepts, up to kYamlBytesLimit.
Checked<YamlFile> read_yaml(const std::string& file);
Checked<YamlFile> yaml_of_text(const std::string& text, const std::string& file);

// Says why the file cannot be read as `wanted` (it is empty or of another kind) and what to do with
// it instead. No diagnostics if it can.
Diagnostics refuse_other_kind(const YamlFile& yaml, FileKind wanted);

}  // namespace soliton
