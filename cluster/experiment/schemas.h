// The JSON Schemas of all kinds of files, as they are shipped beside the configurations.
#pragma once

#include <string>
#include <vector>

#include "cluster/file/spec.h"

namespace soliton {

struct FileSchema {
  std::string kind;  // "cluster", "experiment", "device", "topology"
  std::string path;  // from the data root: "configs/cluster.schema.json"
  const FieldTable* table = nullptr;
  std::string text;
};

// Names of devices, topologies and formats in them are those that come with `data`.
std::vector<FileSchema> file_schemas(const DataRoot& data);

}  // namespace soliton
