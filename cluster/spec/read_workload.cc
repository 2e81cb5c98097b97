#include <algorithm>

#include "cluster/spec/files.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

// The open-loop arrivals bring keys of their own; saying that they are unknown would only confuse.
bool is_supported(MapReader& map) {
  std::string arrival = "closed";
  if (map.text("arrival", arrival) && arrival != "closed") {
    const bool later = arrival == "poisson" || arrival == "trace";
    map.error(
        "arrival",
        later ? fmt::format("\"{}\" is not supported in this version; supported: closed", arrival)
              : fmt::format("\"{}\" is not known{}", arrival, suggestion(arrival, {"closed"})));
    return !later;
  }
  return true;
}

void read_files(MapReader& map, const ReadSite& site, WorkloadSpec& out) {
  const YamlValue* input = map.find("input");
  if (input != nullptr && input->kind == YamlValue::Kind::kMap)
    map.error("input",
              "a file for each model input is not supported in this version: name one .npy file, "
              "or random");
  else if (input != nullptr && (input->kind != YamlValue::Kind::kScalar || input->text != "random"))
    read_path(map, site, "input", out.input);
  for (const auto& [key, member] : {std::pair{"lengths", &WorkloadSpec::lengths},
                                    {"labels", &WorkloadSpec::labels},
                                    {"golden", &WorkloadSpec::golden}}) {
    if (map.find(key) == nullptr) continue;
    if (input == nullptr || input->text == "random")
      map.error(key, "belongs to an input file, but the input is random");
    else
      read_path(map, site, key, out.*member);
  }
}

}  // namespace

void read_workload(MapReader& cluster, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                   WorkloadSpec& out) {
  const YamlValue* value = cluster.find("workload");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, "workload", "workload");
  if (!map.is_map()) return;
  if (map.find("kind") != nullptr) return read_traffic(map, nodes, out.traffic.emplace());
  if (!is_supported(map)) return;
  map.integer("clients", out.clients, 1, 65'536);
  map.integer("requests", out.requests, 1, 100'000'000);
  map.duration("think", out.think, Duration{0});
  read_files(map, site, out);
  map.finish();
}

}  // namespace soliton
