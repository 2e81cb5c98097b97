// Cluster files as texts, for tests.
#pragma once

#include <string>
#include <utility>

#include "cluster/file/spec.h"
#include "cluster/file/yaml_file.h"

namespace soliton {

// As read_cluster(); `file` is for messages and relative paths.
inline Checked<ClusterSpec> read_cluster_text(const std::string& text, const std::string& file,
                                              const Overrides& overrides, const DataRoot& data) {
  Checked<YamlFile> yaml = yaml_of_text(text, file);
  if (!yaml) return tl::unexpected<Diagnostics>(std::move(yaml.error()));
  ClusterReading reading = read_cluster_parts(std::move(*yaml), overrides, data);
  if (!reading.problems.empty()) return tl::unexpected<Diagnostics>(std::move(reading.problems));
  return std::move(reading.spec);
}

}  // namespace soliton
