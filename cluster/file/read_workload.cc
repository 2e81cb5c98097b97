#include <algorithm>
#include <set>

#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

// Clients are on CPU hosts; a glob may match others as well.
void read_hosts(MapReader& map, const std::vector<NodeSpec>& nodes, WorkloadSpec& out) {
  const YamlValue* value = map.find("hosts");
  if (value == nullptr || nodes.empty()) return;
  std::set<std::string> named;
  const auto add = [&](const YamlValue& item) {
    const bool all = item.kind == YamlValue::Kind::kScalar && item.text == "all";
    bool any = false;
    std::vector<std::string> names;
    if (!all) names = read_node_names(map.context(), item, map.label_of("hosts"), nodes);
    std::vector<std::string> hosts;
    for (const NodeSpec& node : nodes) {
      if (node.device.kind != Device::Kind::kCpu) continue;
      hosts.push_back(node.name);
      if (!all && std::ranges::find(names, node.name) == names.end()) continue;
      named.insert(node.name);
      any = true;
    }
    if (!any && (all || !names.empty()))
      map.context().error(item.mark,
                          fmt::format("{}: {} has no CPU, and clients are on CPU hosts{}",
                                      map.label_of("hosts"), all ? "no node" : names.front(),
                                      all ? "" : suggestion(names.front(), hosts)));
  };
  if (value->kind == YamlValue::Kind::kList)
    for (const YamlValue& item : value->items) add(item);
  else
    add(*value);
  for (const NodeSpec& node : nodes)
    if (named.contains(node.name)) out.hosts.push_back(node.name);
  if (out.hosts.size() > 1 && out.arrival == "closed" &&
      out.clients < static_cast<std::int64_t>(out.hosts.size()))
    map.error("hosts",
              fmt::format("{} clients cannot be spread over {} hosts: allowed are {} hosts, "
                          "or more clients",
                          out.clients, out.hosts.size(), out.clients));
}

// As many requests as the file has instants, unless the cluster file asks for fewer.
void read_trace(MapReader& map, const ReadSite& site, WorkloadSpec& out) {
  if (out.arrival != "trace" || out.instants.empty()) return;
  Checked<std::vector<Duration>> instants = read_instants(out.instants, site.files);
  if (!instants) return map.context().include(map.mark_of("instants"), std::move(instants.error()));
  out.arrivals = std::move(*instants);
  const auto rows = static_cast<std::int64_t>(out.arrivals.size());
  if (map.find("requests") == nullptr)
    out.requests = rows;
  else if (out.requests > rows)
    map.error("requests", fmt::format("{} is more than the {} instants of {}", out.requests, rows,
                                      out.instants));
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

// The names of workloads are those of their kinds, and "ping-2", "ping-3" where one has been used.
std::string free_name(const std::string& kind, const std::set<std::string>& used) {
  std::string name = kind;
  for (int number = 2; used.contains(name); ++number) name = fmt::format("{}-{}", kind, number);
  return name;
}

}  // namespace

void read_workloads(MapReader& cluster, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                    std::vector<NamedTraffic>& out) {
  const YamlValue* list = cluster.find("workloads");
  if (list == nullptr) return;
  if (list->kind != YamlValue::Kind::kList || list->items.empty())
    return cluster.error("workloads",
                         "must be a list of workloads such as {kind: ping, from: a, to: b}");
  if (list->items.size() > kWorkloadsMost)
    return cluster.error("workloads", fmt::format("has {} entries; at most {} run at once",
                                                  list->items.size(), kWorkloadsMost));
  std::set<std::string> used;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    MapReader map(cluster.context(), list->items[i], kWorkloadsFields,
                  fmt::format("workloads[{}]", i));
    if (!map.is_map()) continue;
    NamedTraffic& workload = out.emplace_back();
    workload.position = cluster.context().where(list->items[i].mark);
    read_field(map, "name", &workload);
    read_field(map, "start", &workload);
    if (map.require("kind") == nullptr) {
      out.pop_back();
      continue;
    }
    read_traffic(map, site, nodes, workload.traffic);
    if (workload.name.empty()) workload.name = free_name(workload.traffic.kind->name, used);
    if (!used.insert(workload.name).second)
      map.error("name", fmt::format("\"{}\" is used twice", workload.name));
    // Each message has a byte more, which says whose it is.
    if (workload.traffic.bytes == static_cast<std::uint64_t>(kMessageMost.count))
      map.error("bytes",
                "is 1 GiB, but of several workloads each message takes a byte more; "
                "allowed is a byte less");
  }
  const bool measured = std::any_of(out.begin(), out.end(), [](const NamedTraffic& workload) {
    return is_measured(workload.traffic);
  });
  if (!measured && !out.empty() && cluster.find("model") == nullptr &&
      cluster.find("services") == nullptr)
    cluster.error("workloads",
                  "has none that is measured, and the run would have no end; add one "
                  "that is, or a model");
}

void read_workload(MapReader& cluster, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                   WorkloadSpec& out) {
  const YamlValue* value = cluster.find("workload");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, kWorkloadFields, cluster.label_of("workload"));
  if (!map.is_map()) return;
  out.position = cluster.context().where(value->mark);
  if (map.find("kind") != nullptr) {
    read_traffic(map, site, nodes, out.traffic.emplace());
    if (!is_measured(*out.traffic))
      map.error("kind", fmt::format("{} is not measured and has no end; it belongs into workloads: "
                                    "[...], beside one that has, or beside a model",
                                    out.traffic->kind->name));
    return;
  }
  read_input(map, out);
  read_fields(map, kRequestFields, &out);
  read_hosts(map, nodes, out);
  read_trace(map, site, out);
  note_files(map, out);
  map.finish();
}

}  // namespace soliton
