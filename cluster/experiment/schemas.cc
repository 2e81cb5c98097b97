#include "cluster/experiment/schemas.h"

#include <fmt/format.h>

#include "cluster/experiment/experiment.h"
#include "cluster/file/cluster_fields.h"
#include "cluster/yaml/files.h"
#include "cluster/yaml/json_schema.h"
#include "protocol/tensor/format.h"

namespace soliton {
namespace {

std::vector<std::string> known_names(std::string_view kind, const DataRoot& data) {
  if (kind == "devices") return yaml_stems(resolve_path(data.path, "configs/devices"));
  if (kind == "topologies") return yaml_stems(resolve_path(data.path, "topologies"));
  std::vector<std::string> formats;
  for (const NumberFormat& format : builtin_formats()) formats.push_back(format.name);
  return formats;
}

}  // namespace

std::vector<FileSchema> file_schemas(const DataRoot& data) {
  const KnownNames names = [&](std::string_view kind) { return known_names(kind, data); };
  std::vector<FileSchema> out;
  for (const FieldTable* table :
       {&kClusterFields, &kExperimentFields, &kDeviceFields, &kTopologyFields}) {
    const std::string kind(table->name);
    out.push_back({kind, fmt::format("configs/{}.schema.json", kind), table,
                   json_text(json_schema(*table, fmt::format("Soliton {} file", kind), names),
                             JsonLayout::kIndented) +
                       "\n"});
  }
  return out;
}

}  // namespace soliton
