// The files of clusters and experiments as a ConfigMap of Kubernetes, so that a pod sees them as they lie
// here.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "protocol/base/result.h"

namespace soliton {

struct ManifestFiles {
  std::string config_map;  // its lines below `metadata`: data, binaryData
  std::string items;       // of a volume: which key has which path
  // Where a file is that was given as `path`, below the volume.
  std::string path_of(const std::string& path) const;

  std::string root;  // the folder that all files lie in
};

// Those that come with the program are left out. kInvalid: one cannot be read, or all together are larger
// than a ConfigMap may be.
Checked<ManifestFiles> manifest_files(const std::set<std::string>& paths, const DataRoot& data);
// Every file that `spec` needs, itself included.
Checked<std::set<std::string>> files_of_cluster(const std::string& file, const Overrides& overrides,
                                                const DataRoot& data);

// A name as Kubernetes has it: letters, digits and '-'.
std::string kubernetes_name(const std::string& name);

}  // namespace soliton
