// The JSON Schemas of all kinds of files, as shipped beside the configurations.
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

// Their choices of devices, topologies and formats are those shipped in `data`.
std::vector<FileSchema> file_schemas(const DataRoot& data);

}  // namespace soliton
