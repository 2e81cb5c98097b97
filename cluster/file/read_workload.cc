#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"

namespace soliton {
namespace {

// Traces bring keys of their own; saying that they are unknown would only confuse.
bool is_supported(MapReader& map) {
  const YamlValue* value = map.scalar("arrival");
  if (value != nullptr && value->text == "trace") {
    map.error("arrival", "\"trace\" is not supported in this version; supported: closed, poisson");
    return false;
  }
  return true;
}

// Records the position of each file's name, for errors in that file.
void note_files(MapReader& map, WorkloadSpec& out) {
  for (const auto& [key, path] : {std::pair{"input", &out.input},
                                  {"lengths", &out.lengths},
                                  {"labels", &out.labels},
                                  {"golden", &out.golden}})
    if (map.find(key) != nullptr && !path->empty() && *path != "random")
      out.files.push_back({key, *path, map.context().where(map.mark_of(key))});
}

void read_input(MapReader& map, WorkloadSpec& out) {
  const YamlValue* input = map.find("input");
  const bool is_scalar = input != nullptr && input->kind == YamlValue::Kind::kScalar;
  if (input != nullptr && input->kind == YamlValue::Kind::kMap)
    map.error("input",
              "a file for each model input is not supported in this version: name one .npy file, "
              "or random");
  else if (input != nullptr && !(is_scalar && input->text == "random"))
    read_path(map, "input", out.input);
  if (input != nullptr && !(is_scalar && input->text == "random")) return;
  for (const char* key : {"lengths", "labels", "golden"})
    if (map.find(key) != nullptr)
      map.error(key, "belongs to an input file, but the input is random");
}

}  // namespace

void read_workload(MapReader& cluster, const std::vector<NodeSpec>& nodes, WorkloadSpec& out) {
  const YamlValue* value = cluster.find("workload");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, kWorkloadFields, "workload");
  if (!map.is_map()) return;
  out.position = cluster.context().where(value->mark);
  if (map.find("kind") != nullptr) return read_traffic(map, nodes, out.traffic.emplace());
  if (!is_supported(map)) return;
  read_input(map, out);
  read_fields(map, kRequestFields, &out);
  note_files(map, out);
  map.finish();
}

}  // namespace soliton
