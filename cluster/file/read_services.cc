// `services:`, each with what a file without it says once.
#include <set>

#include "cluster/file/parts.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr const char* kOneService[] = {"model", "placement", "partition", "service", "workload"};

void read_nodes_of(MapReader& map, const std::vector<NodeSpec>& nodes, NamedService& out) {
  const YamlValue* value = map.find("nodes");
  if (value == nullptr || nodes.empty()) return;
  std::set<std::string> named;
  const auto add = [&](const YamlValue& item) {
    for (std::string& name : read_node_names(map.context(), item, map.label_of("nodes"), nodes))
      named.insert(std::move(name));
  };
  if (value->kind == YamlValue::Kind::kList)
    for (const YamlValue& item : value->items) add(item);
  else
    add(*value);
  for (const NodeSpec& node : nodes)
    if (named.contains(node.name)) out.nodes.push_back(node.name);
}

// Devices that wait for each other within a request cannot be shared (node/service/shared_npu.h).
void keep_to_one_device(MapReader& map, PartitionSpec& partition) {
  if (partition.min_nodes > 1 || partition.max_nodes > 1)
    map.error("share", "needs a model with one device a copy, and partition asks for more");
  partition.max_nodes = 1;
}

void read_service(MapReader& map, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                  NamedService& out) {
  if (const YamlValue* name = map.require("name"); name != nullptr)
    if (const std::optional<FieldValue> value = read_value(map, "name")) out.name = value->text();
  read_nodes_of(map, nodes, out);
  read_model(map, out.model);
  read_placement(map, nodes, out.placement);
  read_partition(map, nodes, out.partition);
  if (const YamlValue* workload = map.find("workload");
      workload != nullptr && workload->find("kind") != nullptr)
    map.error("workload", "has a kind, which is communication; it belongs into workloads: [...]");
  else
    read_workload(map, site, nodes, out.workload);
  read_fields(map, kServicesFields, &out.service);
  out.service.position =
      fmt::format("{}: {}", map.context().where(map.mark_of("replicas")), map.label_of("replicas"));
  if (out.service.share) keep_to_one_device(map, out.partition);
  map.finish();
}

}  // namespace

void read_services(MapReader& cluster, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                   std::vector<NamedService>& out) {
  const YamlValue* list = cluster.find("services");
  if (list == nullptr) return;
  for (const char* key : kOneService)
    if (cluster.find(key) != nullptr)
      cluster.error(key, "belongs into an entry of services, which stand in place of it");
  if (list->kind != YamlValue::Kind::kList || list->items.empty())
    return cluster.error("services", "must be a list of services such as {name: a, model: {...}}");
  if (list->items.size() > kServicesMost)
    return cluster.error("services", fmt::format("has {} entries; at most {} run at once",
                                                 list->items.size(), kServicesMost));
  std::set<std::string> used;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    MapReader map(cluster.context(), list->items[i], kServicesFields,
                  fmt::format("services[{}]", i));
    if (!map.is_map()) continue;
    NamedService& service = out.emplace_back();
    service.position = cluster.context().where(list->items[i].mark);
    read_service(map, site, nodes, service);
    if (!service.name.empty() && !used.insert(service.name).second)
      map.error("name", fmt::format("\"{}\" is used twice", service.name));
  }
}

ClusterSpec with_service(const ClusterSpec& spec, std::size_t number) {
  ClusterSpec out = spec;
  if (spec.services.empty()) return out;
  const NamedService& service = spec.services[number];
  out.services.clear();
  out.workloads.clear();
  out.model = service.model;
  out.placement = service.placement;
  out.partition = service.partition;
  out.service = service.service;
  out.workload = service.workload;
  out.service_name = service.name;
  if (number > 0) out.seed = Random(spec.seed, "service").bits(number);
  if (out.model.rnn) out.model.rnn->seed = out.seed;
  return out;
}

}  // namespace soliton
