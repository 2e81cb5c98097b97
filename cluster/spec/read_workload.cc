#include <algorithm>

#include "cluster/spec/files.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

// Traces bring keys of their own; saying that they are unknown would only confuse.
bool is_supported(MapReader& map) {
  std::string arrival = "closed";
  if (map.text("arrival", arrival) && arrival == "trace") {
    map.error("arrival", "\"trace\" is not supported in this version; supported: closed, poisson");
    return false;
  }
  return true;
}

void read_arrival(MapReader& map, WorkloadSpec& out) {
  Choices<std::string> choices;
  for (const std::string& name : arrivals()) choices.emplace_back(name, name);
  map.choice("arrival", out.arrival, choices);
  const bool has_rate = map.find("rate") != nullptr;
  map.quantity<EventRate>("rate", out.rate, parse_event_rate, EventRate{1},
                          EventRate{1'000'000'000});
  const bool poisson = out.arrival == "poisson";
  if (poisson && !has_rate)
    map.error("arrival", "poisson needs workload.rate, requests a second: rate: 20 k/s");
  if (!poisson && has_rate)
    map.error("rate", "belongs to arrival: poisson; closed clients send when they have an answer");
  if (poisson && map.find("think") != nullptr)
    map.error("think", "belongs to arrival: closed; poisson requests do not wait for answers");
}

void read_file(MapReader& map, const ReadSite& site, const char* key, std::string& path,
               WorkloadSpec& out) {
  if (read_path(map, site, key, path))
    out.files.push_back({key, path, map.context().where(map.mark_of(key))});
}

void read_files(MapReader& map, const ReadSite& site, WorkloadSpec& out) {
  const YamlValue* input = map.find("input");
  if (input != nullptr && input->kind == YamlValue::Kind::kMap)
    map.error("input",
              "a file for each model input is not supported in this version: name one .npy file, "
              "or random");
  else if (input != nullptr && (input->kind != YamlValue::Kind::kScalar || input->text != "random"))
    read_file(map, site, "input", out.input, out);
  for (const auto& [key, member] : {std::pair{"lengths", &WorkloadSpec::lengths},
                                    {"labels", &WorkloadSpec::labels},
                                    {"golden", &WorkloadSpec::golden}}) {
    if (map.find(key) == nullptr) continue;
    if (input == nullptr || input->text == "random")
      map.error(key, "belongs to an input file, but the input is random");
    else
      read_file(map, site, key, out.*member, out);
  }
}

}  // namespace

const std::vector<std::string>& arrivals() {
  static const std::vector<std::string> names = {"closed", "poisson"};
  return names;
}

void read_workload(MapReader& cluster, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                   WorkloadSpec& out) {
  const YamlValue* value = cluster.find("workload");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, "workload", "workload");
  if (!map.is_map()) return;
  out.position = cluster.context().where(value->mark);
  if (map.find("kind") != nullptr) return read_traffic(map, nodes, out.traffic.emplace());
  if (!is_supported(map)) return;
  map.integer("clients", out.clients, 1, 65'536);
  map.integer("requests", out.requests, 1, 100'000'000);
  map.duration("think", out.think, Duration{0});
  read_arrival(map, out);
  read_files(map, site, out);
  map.finish();
}

}  // namespace soliton
