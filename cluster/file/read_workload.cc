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
  for (const NamedFile& file : out.inputs)
    out.files.push_back({"input." + file.name, file.path, file.position});
  for (const NamedFile& file : out.goldens)
    out.files.push_back({"golden." + file.name, file.path, file.position});
}

// One file, or one for each name.
void read_files(MapReader& map, std::string_view key, std::string& one,
                std::vector<NamedFile>& several) {
  const YamlValue* value = map.find(key);
  if (value == nullptr) return;
  if (value->kind != YamlValue::Kind::kMap) {
    read_path(map, key, one);
    return;
  }
  one = "";
  read_named_files(map, key, several);
}

void read_input(MapReader& map, WorkloadSpec& out) {
  const YamlValue* input = map.find("input");
  const bool random =
      input == nullptr || (input->kind == YamlValue::Kind::kScalar && input->text == "random");
  if (!random) {
    read_files(map, "input", out.input, out.inputs);
    read_files(map, "golden", out.golden, out.goldens);
    return;
  }
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
